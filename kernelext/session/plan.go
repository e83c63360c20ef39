package session

import (
	"fmt"
	"go/ast"
	"go/types"
	"maps"
	"slices"
	"sort"
	"strings"
)

// decl is a declaration of a type, function or method that lasts, with its source: when a type is declared again, what
// mentions it is compiled again with it.
type decl struct {
	key       string // name, or Type.method
	kind      chunkKind
	text      string
	cell      int
	line, col int
	mentions  map[string]bool
	dotted    map[string]bool
	generic   bool
	native    any // a compiled function, whose text is its signature
	source    string
}

// cell is a cell on its way to a package.
type cell struct {
	s       *Session
	n       int
	chunks  []*chunk
	decls   []*decl         // of this cell, and those that are compiled again with it
	vars    map[string]bool // variables and constants it declares
	retyped map[string]bool // types that get a new identity
	moved   map[string]bool // variables whose type gets a new identity and which keep their value
	lost    []string        // variables whose type has changed
	older   map[string]bool // variables declared again with what they held before
	wrap    map[int]string  // chunk → function of the session around its expression
	dropped []*decl         // those of earlier cells that do not fit any more
	keep    []string        // variables of generic types
	before  *cellPackage    // the variables in older
	invokes bool            // calls methods of interfaces
	structs map[int]bool    // struct types of earlier cells that it has, too

	pkg  *types.Package
	file *ast.File
	info *types.Info
	path string
}

// Functions that each cell's package has: its statements, and one that is never called and makes the interpreter compile the
// methods of all the cell's types.
const (
	bodyName = "cell__body"
	keepName = "cell__keep"
)

// declsOf lists what a chunk declares for good.
func declsOf(ch *chunk, n int) []*decl {
	names, dotted := mentions(ch.node)
	d := decl{kind: ch.kind, text: ch.text, cell: n, line: ch.line, col: ch.col, mentions: names, dotted: dotted, native: ch.native, source: ch.text}
	if ch.native != nil {
		d.source = ch.full
	}
	switch ch.kind {
	case method:
		d.key = ch.recv + "." + ch.names[0]
	case function:
		d.key = ch.names[0]
	case typedef:
		return typeDecls(ch, d)
	}
	return []*decl{&d}
}

func typeDecls(ch *chunk, d decl) []*decl {
	var ds []*decl
	group := ch.node.(*ast.GenDecl)
	for _, spec := range group.Specs {
		e, spec := d, spec.(*ast.TypeSpec)
		e.key, e.generic = spec.Name.Name, spec.TypeParams != nil
		if group.Lparen.IsValid() {
			e.text = "type " + ch.text[ch.offset(spec.Pos()):ch.offset(spec.End())]
			e.source = e.text
			p := ch.fset.Position(spec.Pos())
			e.line, e.col = ch.line+p.Line-1, max(1, p.Column-5)
		}
		e.mentions, e.dotted = mentions(spec)
		ds = append(ds, &e)
	}
	return ds
}

// plan decides what is compiled with the cell: its own declarations, and those of earlier cells that mention a type
// which gets a new identity, because it is declared again or gets another method, or a function declared again.
func (c *cell) plan() {
	s := c.s
	mine := map[string]*decl{}
	c.vars, c.moved, c.retyped, c.older = map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, ch := range c.chunks {
		switch ch.kind {
		case typedef, function, method:
			for _, d := range declsOf(ch, c.n) {
				if d.kind == function && (d.key == "init" || d.key == "_") {
					d.key += fmt.Sprint("#", len(mine))
				}
				mine[d.key] = d
			}
		case define, variable, constant:
			for _, n := range ch.names {
				c.vars[n] = true
			}
		}
	}
	redone := map[string]bool{} // functions declared again
	for key, d := range mine {
		switch d.kind {
		case typedef:
			if _, ok := s.decls[key]; ok {
				c.retyped[key] = true
			}
		case method:
			t, _, _ := strings.Cut(key, ".")
			if _, ok := s.decls[t]; ok && mine[t] == nil {
				c.retyped[t] = true
			}
		case function:
			if _, ok := s.decls[key]; ok && key != "main" {
				redone[key] = true
			}
		}
	}
	c.addDependents(mine, redone)
	for _, d := range mine {
		c.decls = append(c.decls, d)
	}
	sort.Slice(c.decls, func(i, j int) bool {
		a, b := c.decls[i], c.decls[j]
		return a.cell < b.cell || a.cell == b.cell && (a.line < b.line || a.line == b.line && a.col < b.col)
	})
}

func (c *cell) addDependents(mine map[string]*decl, redone map[string]bool) {
	s := c.s
	add := func(d *decl) {
		if mine[d.key] == nil && !c.vars[d.key] {
			mine[d.key] = d
		}
	}
	for n := -1; n != len(mine); {
		n = len(mine)
		for t := range c.retyped {
			if d := s.decls[t]; d != nil {
				add(d)
			}
			for key, d := range s.decls {
				if strings.HasPrefix(key, t+".") {
					add(d)
				}
			}
		}
		for _, d := range s.decls {
			if mine[d.key] == d {
				continue
			}
			touched := false
			for t := range c.retyped {
				touched = touched || d.mentions[t]
			}
			if d.kind == function {
				for f := range redone {
					touched = touched || d.mentions[f]
				}
			}
			if !touched {
				continue
			}
			switch d.kind {
			case typedef:
				c.retyped[d.key] = true
			case method:
				r, _, _ := strings.Cut(d.key, ".")
				c.retyped[r] = true
			case function:
				redone[d.key] = true
			}
			add(d)
		}
		c.planMoves()
		for _, d := range s.decls { // functions that use a variable which moves
			for v := range c.moved {
				if d.kind == function && d.mentions[v] {
					add(d)
				}
			}
		}
	}
}

// planMoves says which variables have a type that gets a new identity: they move when the type's text is the same, and
// are lost when it is not.
func (c *cell) planMoves() {
	c.lost = nil
	if len(c.retyped) == 0 {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(c.s.env)) {
		v, ok := c.s.env[name].(*types.Var)
		if !ok || c.vars[name] {
			continue
		}
		touched, same := false, true
		walkNamed(v.Type(), func(n *types.Named) {
			t := n.Obj().Name()
			if c.s.byPkg[n.Obj().Pkg()] == nil || !c.retyped[t] {
				return
			}
			touched = true
			for _, ch := range c.chunks {
				if ch.kind == typedef && slices.Contains(ch.names, t) {
					old := c.s.decls[t]
					for _, d := range declsOf(ch, c.n) {
						same = same && (d.key != t || old != nil && d.text == old.text)
					}
				}
			}
		})
		if touched && same {
			c.moved[name] = true
		} else if touched {
			delete(c.moved, name)
			c.lost = append(c.lost, name)
		}
	}
}

// walkNamed calls f for every named type within t, going into those of cells.
func walkNamed(t types.Type, f func(*types.Named)) {
	seen := map[types.Type]bool{}
	var w func(types.Type)
	w = func(t types.Type) {
		if t == nil || seen[t] {
			return
		}
		seen[t] = true
		switch t := t.(type) {
		case *types.Named:
			f(t)
			for i := range t.TypeArgs().Len() {
				w(t.TypeArgs().At(i))
			}
			if isCellPath(t.Obj().Pkg()) {
				w(t.Underlying())
			}
		case *types.Alias:
			w(types.Unalias(t))
		case *types.Pointer:
			w(t.Elem())
		case *types.Slice:
			w(t.Elem())
		case *types.Array:
			w(t.Elem())
		case *types.Chan:
			w(t.Elem())
		case *types.Map:
			w(t.Key())
			w(t.Elem())
		case *types.Struct:
			for i := range t.NumFields() {
				w(t.Field(i).Type())
			}
		case *types.Signature:
			w(t.Params())
			w(t.Results())
		case *types.Tuple:
			for i := range t.Len() {
				w(t.At(i).Type())
			}
		case *types.Interface:
			for i := range t.NumMethods() {
				w(t.Method(i).Type())
			}
		}
	}
	w(t)
}
