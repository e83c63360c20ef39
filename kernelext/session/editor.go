package session

import (
	"fmt"
	"go/ast"
	"go/types"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/goplus/ixgo"
)

// EditorFile is a Go file for a language server, which completes and explains what is at a line of a cell: it declares what lives,
// and has the cell's declarations and statements in their places. Nothing in it runs, and the cell need not parse. Columns are the
// same in the cell and in the file; lines are counted from 0.
//
// Without values it declares nothing of earlier cells, for a cell that is compiled.
func (s *Session) EditorFile(source string, line, col int, values bool) (file string, fileLine int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := &editor{s: s, source: source, taken: map[string]bool{}, paths: map[string]string{}}
	e.split()
	e.header("package main")
	at := e.place(line, col)
	e.section(imports)
	if values {
		e.declareValues(wordAt(source, line, col))
	}
	e.section(function)
	e.copyVariables()
	e.header("func " + bodyName + "() {")
	e.section(statement)
	e.header("}")
	e.writeImports()
	return e.b.String(), e.start[at] + e.importLines + line
}

// editor composes the file.
type editor struct {
	s      *Session
	source string
	chunks []*chunk
	kinds  []chunkKind       // imports, function for what is declared outside functions, or statement
	starts []int             // offsets of the chunks in the source
	taken  map[string]bool   // names that the cell declares
	paths  map[string]string // name → path of packages that declarations of values name

	b           strings.Builder
	lines       int
	start       [imports + 1]int // the line at which each section begins
	importLines int              // lines that are put below the first one at the end
}

// Declarations of functions and methods, which may be half-written.
var declaresFunc = regexp.MustCompile(`^func\s*(\([^)]*\)\s*)?\w+\s*[\[(]`)

func (e *editor) split() {
	lines := strings.Split(e.source, "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, "%") || strings.HasPrefix(l, "!") {
			lines[i] = strings.Repeat(" ", len(l))
		}
	}
	e.source = strings.Join(lines, "\n")
	cut := splitter{src: []byte(e.source), start: -1}
	e.chunks, _ = cut.cut()
	for _, c := range e.chunks {
		start := c.col - 1
		for _, l := range lines[:c.line-1] {
			start += len(l) + 1
		}
		e.starts = append(e.starts, start)
		kind := statement
		switch {
		case c.kind == imports:
			kind = imports
		case c.kind == typedef, c.kind == function && declaresFunc.MatchString(c.text):
			kind = function
		}
		e.kinds = append(e.kinds, kind)
		if c.parse() == nil && kind != imports && c.kind != method {
			for _, n := range c.names {
				e.taken[n] = true
			}
		}
	}
}

// place is the section that has a place of the source: that of the chunk which has it or ends in its line.
func (e *editor) place(line, col int) chunkKind {
	offset := 0
	for i, l := range strings.SplitAfter(e.source, "\n") {
		if i == line {
			offset += min(col, len(l))
			break
		}
		offset += len(l)
	}
	for i, c := range slices.Backward(e.chunks) {
		if e.starts[i] > offset {
			continue
		}
		if end := c.line - 1 + strings.Count(c.text, "\n"); line <= end {
			return e.kinds[i]
		}
		break
	}
	return statement
}

func (e *editor) write(text string) {
	e.b.WriteString(text)
	e.lines += strings.Count(text, "\n")
}

func (e *editor) header(text string) { e.write(text + "\n") }

// section writes the source with nothing but the chunks of a kind.
func (e *editor) section(kind chunkKind) {
	e.start[kind] = e.lines
	text := []byte(e.source)
	blank := func(from, to int) {
		for i := from; i < to; i++ {
			if text[i] != '\n' {
				text[i] = ' '
			}
		}
	}
	end := 0
	for i, c := range e.chunks {
		if kind != statement {
			blank(end, e.starts[i])
		}
		end = e.starts[i] + len(c.text)
		if e.kinds[i] != kind {
			blank(e.starts[i], end)
		}
	}
	if kind != statement {
		blank(end, len(text))
	}
	e.write(string(text) + "\n")
}

// copyVariables declares the cell's variables outside its body, too, where its functions see them.
func (e *editor) copyVariables() {
	if !slices.Contains(e.kinds, function) {
		return
	}
	for i, c := range e.chunks {
		if e.kinds[i] != statement || c.node == nil {
			continue
		}
		switch c.kind {
		case variable, constant:
			e.write(c.text + "\n")
		case define:
			e.write("var " + strings.Join(c.names, ", ") + " =" + c.text[strings.Index(c.text, ":=")+2:] + "\n")
		}
	}
}

// declareValues declares what lives. word is the name that is asked about: its value is told.
func (e *editor) declareValues(word string) {
	for _, name := range slices.Sorted(maps.Keys(e.s.env)) {
		obj := e.s.env[name]
		p := e.s.byPkg[obj.Pkg()]
		if e.taken[name] || p == nil {
			continue
		}
		if d := e.s.decls[name]; d != nil {
			e.declare(d)
			for _, key := range slices.Sorted(maps.Keys(e.s.decls)) {
				if strings.HasPrefix(key, name+".") {
					e.declare(e.s.decls[key])
				}
			}
			continue
		}
		switch obj := obj.(type) {
		case *types.Var:
			note := fmt.Sprintf("of cell [%d]", p.n)
			if name == "ctx" {
				note = "ends with the interrupt of the cell that runs"
			} else if name == word && p.vars[name].IsValid() {
				if value := briefly(p.vars[name].Elem().Interface()); value != "" {
					note += ": " + value
				}
			}
			e.write(fmt.Sprintf("// %s %s\nvar %[1]s %[3]s\n", name, note, types.TypeString(obj.Type(), e.qualify)))
		case *types.Const:
			e.write(fmt.Sprintf("// %s of cell [%d]\nconst %[1]s", name, p.n))
			if b, ok := obj.Type().(*types.Basic); !ok || b.Info()&types.IsUntyped == 0 {
				e.write(" " + types.TypeString(obj.Type(), e.qualify))
			}
			e.write(" = " + obj.Val().ExactString() + "\n")
		}
	}
}

// declare writes a declaration of an earlier cell with the comment above it.
func (e *editor) declare(d *decl) {
	lines := e.s.text[d.cell]
	first := d.line - 1
	for first > 0 && first <= len(lines) && strings.HasPrefix(strings.TrimSpace(lines[first-1]), "//") {
		first--
	}
	for _, l := range lines[min(first, len(lines)):min(d.line-1, len(lines))] {
		e.write(l + "\n")
	}
	e.write(d.text + "\n")
	for name := range d.dotted {
		e.use(name)
	}
}

// use imports the package that a name means in cells.
func (e *editor) use(name string) {
	if p := e.s.imports[name]; p != "" {
		e.paths[name] = p
	} else if p := e.s.byName[name]; p != "" && e.s.env[name] == nil {
		e.paths[name] = p
	}
}

// qualify names the package of a type, and imports it under a name that nothing else has.
func (e *editor) qualify(p *types.Package) string {
	if isCellPath(p) {
		return ""
	}
	name := p.Name()
	for e.taken[name] || e.s.env[name] != nil || e.s.imports[name] != "" && e.s.imports[name] != p.Path() || e.paths[name] != "" && e.paths[name] != p.Path() {
		name += "_"
	}
	e.paths[name] = p.Path()
	return name
}

var dottedName = regexp.MustCompile(`\b([A-Za-z_]\w*)\s*\.`)

// writeImports puts the imports below the first line: those of earlier cells, and what the cell and the declarations name.
func (e *editor) writeImports() {
	for name := range e.s.imports {
		e.use(name)
	}
	// The same in all files: the language server reads a package anew, which takes a while, when its imports change.
	for _, name := range []string{"context", "errors", "fmt", "image", "math", "os", "slices", "sort", "strings", "time"} {
		e.use(name)
	}
	for name := range e.s.offered {
		e.use(name)
	}
	for _, m := range dottedName.FindAllStringSubmatch(e.source, -1) {
		e.use(m[1])
	}
	for _, c := range e.chunks {
		if c.kind == imports && c.node != nil {
			for _, spec := range importsOf([]*chunk{c}) {
				delete(e.paths, importedAs(spec))
			}
		}
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(e.paths)) {
		if !e.taken[name] {
			fmt.Fprintf(&b, "import %s %q\n", name, e.paths[name])
			e.importLines++
		}
	}
	first, rest, _ := strings.Cut(e.b.String(), "\n")
	e.b.Reset()
	e.b.WriteString(first + "\n" + b.String() + rest)
}

// importedAs is the name under which a cell imports a package.
func importedAs(spec *ast.ImportSpec) string {
	if spec.Name != nil {
		return spec.Name.Name
	}
	p := importPath(spec)
	if r, ok := ixgo.LookupPackage(p); ok {
		return r.Name
	}
	return path.Base(p)
}

// wordAt is the identifier at a place of the source.
func wordAt(source string, line, col int) string {
	lines := strings.Split(source, "\n")
	if line < 0 || line >= len(lines) {
		return ""
	}
	for _, m := range word.FindAllStringIndex(lines[line], -1) {
		if m[0] <= col && col <= m[1] {
			return lines[line][m[0]:m[1]]
		}
	}
	return ""
}

var word = regexp.MustCompile(`[\pL_][\pL\pN_]*`)
