package session

import (
	"fmt"
	"go/ast"
	"go/types"
	"maps"
	"slices"
	"strings"
)

// olderSuffix marks the name by which a cell reads the variable that it is about to declare again: x := fmt.Sprint(x).
const olderSuffix = "__before"

// source is the cell as a Go file: its declarations, its variables as variables of the package, and a function with its
// statements. The initial values of the variables are there twice, once for their types and once, in the function, to be
// set in the cell's order; the first are not run.
func (c *cell) source() string {
	var b strings.Builder
	b.WriteString("package main\n")
	c.writeImports(&b)
	for _, d := range c.decls {
		fmt.Fprintf(&b, "//line cell[%d]:%d:%d\n%s\n", d.cell, d.line, d.col, d.text)
	}
	c.writeVariables(&b)
	fmt.Fprintf(&b, "func %s() {\n", bodyName)
	for i, ch := range c.chunks {
		c.writeStatement(&b, i, ch)
	}
	b.WriteString("}\n")
	c.writeKeep(&b)
	return b.String()
}

// keptName is how a cell names a type of earlier cells that it may meet in an interface.
func keptName(i int) string { return fmt.Sprintf("T__%d", i) }

// writeKeep makes the cell's types ones that are converted to interfaces: the interpreter compiles the methods of no others.
func (c *cell) writeKeep(b *strings.Builder) {
	fmt.Fprintf(b, "func %s() {\n", keepName)
	for _, d := range c.decls {
		if d.kind == typedef && !d.generic {
			fmt.Fprintf(b, "_, _ = any(*new(%[1]s)), any(new(%[1]s))\n", d.key)
		}
	}
	for _, name := range c.keep {
		fmt.Fprintf(b, "_ = any(%s)\n", name)
	}
	if c.invokes {
		for i := range c.s.loader.methodical {
			fmt.Fprintf(b, "_, _ = any(*new(%[1]s)), any(new(%[1]s))\n", keptName(i))
		}
	}
	b.WriteString("}\n")
}

func (c *cell) line(b *strings.Builder, line, col int) {
	fmt.Fprintf(b, "//line cell[%d]:%d:%d\n", c.n, line, col)
}

func (c *cell) writeImports(b *strings.Builder) {
	used := map[string]bool{}
	for _, ch := range c.chunks {
		_, dotted := mentions(ch.node)
		maps.Copy(used, dotted)
	}
	for _, d := range c.decls {
		maps.Copy(used, d.dotted)
	}
	for _, name := range slices.Sorted(maps.Keys(used)) {
		p, ok := c.s.imports[name]
		if !ok && c.s.env[name] == nil {
			p, ok = c.s.byName[name]
		}
		if ok && !c.vars[name] {
			fmt.Fprintf(b, "import %s %q\n", name, p)
		}
	}
	fmt.Fprintf(b, "import __s %q\n", helperPath)
}

// writeVariables declares the cell's variables and constants.
func (c *cell) writeVariables(b *strings.Builder) {
	seen := map[string]bool{}
	for i, ch := range c.chunks {
		switch ch.kind {
		case constant:
			c.line(b, ch.line, ch.col)
			b.WriteString(c.textOf(i) + "\n")
		case variable:
			c.line(b, ch.line, ch.col)
			b.WriteString(c.textOf(i) + "\n")
			for _, n := range ch.names {
				seen[n] = true
			}
		case define:
			var names []string
			for _, n := range ch.names {
				if seen[n] {
					n = "_"
				}
				seen[n] = true
				names = append(names, n)
			}
			text := c.textOf(i)
			c.line(b, ch.line, ch.col)
			b.WriteString("var " + strings.Join(names, ", ") + " =" + text[strings.Index(text, ":=")+2:] + "\n")
		}
	}
	for _, n := range slices.Sorted(maps.Keys(c.moved)) {
		fmt.Fprintf(b, "var %s %s\n", n, types.TypeString(c.s.env[n].Type(), func(p *types.Package) string {
			if isCellPath(p) {
				return ""
			}
			return p.Name()
		}))
	}
}

// textOf is the text of a chunk, in which variables that are declared again here or further down are read under the name
// of the older one.
func (c *cell) textOf(i int) string {
	ch := c.chunks[i]
	later := map[string]bool{} // declared for the first time at or after chunk i
	for _, other := range c.chunks[:i] {
		for _, n := range other.names {
			later[n] = false
		}
	}
	any := false
	for _, other := range c.chunks[i:] {
		if other.kind != define && other.kind != variable {
			continue
		}
		for _, n := range other.names {
			if _, known := later[n]; known {
				continue
			}
			_, isVar := c.s.env[n].(*types.Var)
			later[n] = isVar
			any = any || isVar
		}
	}
	if !any || ch.node == nil || ch.kind == function || ch.kind == method || ch.kind == typedef {
		return ch.text
	}
	return c.withOlder(ch, later)
}

// withOlder writes x__before for the free uses of the names in a chunk.
func (c *cell) withOlder(ch *chunk, names map[string]bool) string {
	declared := map[int]bool{} // offsets of the names that the chunk declares
	switch n := ch.node.(type) {
	case *ast.AssignStmt:
		if ch.kind == define {
			for _, l := range n.Lhs {
				declared[ch.offset(l.Pos())] = true
			}
		}
	case *ast.GenDecl:
		for _, spec := range n.Specs {
			if v, ok := spec.(*ast.ValueSpec); ok {
				for _, id := range v.Names {
					declared[ch.offset(id.Pos())] = true
				}
			}
		}
	}
	var at []int
	for _, id := range freeIdents(ch) {
		off := id.off
		if names[id.name] && !declared[off] {
			at = append(at, off+len(id.name))
			c.older[id.name] = true
		}
	}
	slices.Sort(at)
	text := ch.text
	for _, off := range slices.Backward(slices.Compact(at)) {
		text = text[:off] + olderSuffix + text[off:]
	}
	return text
}

func (c *cell) writeStatement(b *strings.Builder, i int, ch *chunk) {
	if ch.node != nil && (ch.kind == statement || ch.kind == define || ch.kind == variable) {
		fmt.Fprintf(b, "__s.Line(%d)\n", ch.line)
	}
	switch ch.kind {
	case statement:
		if ch.node == nil {
			return
		}
		if f := c.wrap[i]; f != "" {
			fmt.Fprintf(b, "__s.%s(\n", f)
			c.line(b, ch.line, ch.col)
			b.WriteString(c.textOf(i) + ",\n)\n")
			return
		}
		c.line(b, ch.line, ch.col)
		b.WriteString(c.textOf(i) + "\n")
	case define:
		text := c.textOf(i)
		o := strings.Index(text, ":=")
		c.line(b, ch.line, ch.col)
		b.WriteString(text[:o] + " =" + text[o+2:] + "\n")
		fmt.Fprintf(b, "__s.At(%d)\n", i)
	case variable:
		c.writeVariable(b, i, ch)
		fmt.Fprintf(b, "__s.At(%d)\n", i)
	}
}

// writeVariable sets variables declared with var, one specification after the other.
func (c *cell) writeVariable(b *strings.Builder, i int, ch *chunk) {
	again := &chunk{kind: variable, text: c.textOf(i), line: ch.line, col: ch.col}
	if again.parse() != nil {
		return
	}
	for _, spec := range again.node.(*ast.GenDecl).Specs {
		spec := spec.(*ast.ValueSpec)
		p := again.fset.Position(spec.Pos())
		l, col := ch.line+p.Line-1, p.Column
		if p.Line == 1 {
			col = max(1, p.Column-again.base+ch.col-1)
		}
		if len(spec.Values) == 0 {
			t := again.text[again.offset(spec.Type.Pos()):again.offset(spec.Type.End())]
			for _, n := range spec.Names {
				if n.Name != "_" {
					c.line(b, l, col)
					fmt.Fprintf(b, "%s = *new(%s)\n", n.Name, t)
				}
			}
			continue
		}
		var names []string
		for _, n := range spec.Names {
			names = append(names, n.Name)
		}
		c.line(b, l, col)
		values := again.text[again.offset(spec.Values[0].Pos()):again.offset(spec.End())]
		b.WriteString(strings.Join(names, ", ") + " = " + values + "\n")
	}
}
