package session

import (
	"fmt"
	"strings"
)

// Join makes one compiled Go program of a notebook's cells: of functions, methods and types declared again the last one
// counts, and what stands after %% runs in the order of the cells. A cell that does not parse is an error that names it.
func Join(cells []string) (program string, err error) {
	imported, at := map[string]bool{}, map[string]int{}
	var importLines, decls []string
	var body strings.Builder
	for i, source := range cells {
		chunks, err := split(source)
		if err != nil {
			return "", fmt.Errorf("cell %d: %w", i+1, err)
		}
		fmt.Fprintf(&body, "{ // cell %d\n", i+1)
		_, running, _ := strings.Cut("\n"+source, "\n%%")
		for _, c := range chunks {
			key := strings.Join(append([]string{c.recv}, c.names...), ".")
			switch {
			case c.kind == imports:
				for _, spec := range importsOf([]*chunk{c}) {
					if p := spec.Path.Value; !imported[p] {
						imported[p], importLines = true, append(importLines, "import "+p)
					}
				}
			case c.kind == function, c.kind == method, c.kind == typedef, running == "" && c.kind != statement && c.kind != define:
				if old, ok := at[key]; ok {
					decls[old] = ""
				}
				at[key], decls = len(decls), append(decls, c.text)
			default:
				body.WriteString(c.text + "\n")
			}
		}
		body.WriteString("}\n")
	}
	return "package main\n" + strings.Join(importLines, "\n") + "\n" + strings.Join(decls, "\n\n") + "\nfunc main() {\n" + body.String() + "}\n", nil
}
