package session

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// history is which cells used what earlier cells declared, by the types' knowledge of names.
type history struct {
	users map[string]map[int]bool    // name → the cells whose statements used it, themselves or through functions
	deps  map[string]map[string]bool // function → what earlier or its own cell's declarations it uses
	ran   map[string]int             // source → the number under which it ran last
}

func newHistory() history {
	return history{users: map[string]map[int]bool{}, deps: map[string]map[string]bool{}, ran: map[string]int{}}
}

// change is a name that a cell is about to declare again or to set, and what it was.
type change struct {
	name  string
	obj   types.Object
	value any               // of a variable of a basic type
	texts map[string]string // of a function, or of a type and its methods
	set   bool              // set, not declared
}

// changes lists what the cell may change of what later cells have used. Setting a variable counts only in a cell
// that runs again as it is: others set variables in the course of the notebook.
func (s *Session) changes(c *cell) (list []change) {
	names := map[string]bool{} // → declared here
	for _, ch := range c.chunks {
		switch {
		case ch.kind == method:
			names[ch.recv] = true
		case ch.kind != statement && ch.kind != imports:
			for _, n := range ch.names {
				names[n] = true
			}
		}
	}
	source := strings.Join(s.text[c.n], "\n")
	if before, ok := s.ran[source]; ok {
		for _, users := range s.users {
			delete(users, before)
		}
		for name := range c.assigned() {
			if !names[name] {
				names[name] = false
			}
		}
	}
	s.ran[source] = c.n
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if obj := s.env[name]; obj != nil && len(s.users[name]) > 0 {
			list = append(list, change{name: name, obj: obj, value: s.basicValue(obj), texts: s.textsOf(name), set: !names[name]})
		}
	}
	return list
}

// basicValue is the value of a variable or constant of a basic type, or nil.
func (s *Session) basicValue(obj types.Object) any {
	switch obj := obj.(type) {
	case *types.Const:
		return obj.Val().ExactString()
	case *types.Var:
		p := s.byPkg[obj.Pkg()]
		if p == nil || !p.vars[obj.Name()].IsValid() {
			return nil
		}
		if v := p.vars[obj.Name()].Elem(); v.Kind() <= reflect.Complex128 || v.Kind() == reflect.String {
			return v.Interface()
		}
	}
	return nil
}

// textsOf gives the source of a function, or of a type and its methods.
func (s *Session) textsOf(name string) map[string]string {
	texts := map[string]string{}
	for key, d := range s.decls {
		if key == name || strings.HasPrefix(key, name+".") {
			texts[key] = d.source
		}
	}
	return texts
}

// asItWas says whether a function, or a type and the methods it had, have the same source; a method more changes nothing that
// was computed.
func (s *Session) asItWas(texts map[string]string) bool {
	for key, text := range texts {
		if d := s.decls[key]; d == nil || d.source != text {
			return false
		}
	}
	return true
}

// staleNotes says which cells used what the cell has changed. Each use is told once.
func (s *Session) staleNotes(c *cell, list []change) (notes []string) {
	for _, ch := range list {
		obj := s.env[ch.name]
		same := ch.value != nil && obj != nil && s.basicValue(obj) == ch.value
		if _, isVar := ch.obj.(*types.Var); !isVar && ch.value == nil {
			same = s.asItWas(ch.texts)
		}
		if same || obj == ch.obj && !ch.set {
			continue
		}
		delete(s.users[ch.name], c.n)
		if cells := slices.Sorted(maps.Keys(s.users[ch.name])); len(cells) > 0 {
			notes = append(notes, fmt.Sprintf("note: %s used the earlier %s", cellList(cells), ch.name))
		}
		delete(s.users, ch.name)
	}
	return notes
}

// recordUses remembers what the cell's statements and functions use.
func (s *Session) recordUses(c *cell) {
	for _, d := range c.file.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Name.Name == keepName {
			continue
		}
		used := c.usedBy(fn)
		switch {
		case fn.Name.Name == bodyName || fn.Recv == nil && fn.Name.Name == "main":
			s.addUses(c.n, used)
		case fn.Recv != nil && len(fn.Recv.List) == 1:
			name := typeName(fn.Recv.List[0].Type) // a type's methods count as a part of it
			if s.deps[name] == nil {
				s.deps[name] = map[string]bool{}
			}
			for n := range used {
				s.deps[name][n.Name()] = true
			}
		default:
			s.deps[fn.Name.Name] = map[string]bool{}
			for n := range used {
				s.deps[fn.Name.Name][n.Name()] = true
			}
		}
	}
}

// addUses adds a cell to the users of what it uses of earlier cells, going through functions.
func (s *Session) addUses(n int, used map[types.Object]bool) {
	seen := map[string]bool{"ctx": true}
	var add func(name string)
	add = func(name string) {
		if seen[name] {
			return
		}
		seen[name] = true
		if p := s.byPkg[pkgOf(s.env[name])]; p != nil && p.n != n {
			if s.users[name] == nil {
				s.users[name] = map[int]bool{}
			}
			s.users[name][n] = true
		}
		for other := range s.deps[name] {
			add(other)
		}
	}
	for obj := range used {
		add(obj.Name())
	}
}

func pkgOf(obj types.Object) *types.Package {
	if obj == nil {
		return nil
	}
	return obj.Pkg()
}

// usedBy lists the objects of cells' outermost levels that a function uses, beyond setting them.
func (c *cell) usedBy(fn *ast.FuncDecl) map[types.Object]bool {
	used, onlySet := map[types.Object]bool{}, map[ast.Node]bool{}
	if fn.Body == nil {
		return used
	}
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		if a, ok := n.(*ast.AssignStmt); ok && a.Tok == token.ASSIGN {
			for _, l := range a.Lhs {
				onlySet[l] = true
			}
		}
		if id, ok := n.(*ast.Ident); ok && !onlySet[id] {
			if obj := c.info.Uses[id]; c.outermost(obj) {
				used[obj] = true
			}
		}
		return true
	})
	return used
}

// outermost says whether an object is declared on the outermost level of a cell.
func (c *cell) outermost(obj types.Object) bool {
	if obj == nil || obj.Pkg() == nil {
		return false
	}
	return obj.Pkg() != c.pkg && c.s.byPkg[obj.Pkg()] != nil && obj.Pkg().Scope().Lookup(obj.Name()) == obj || obj.Parent() == c.pkg.Scope()
}

// assigned lists the variables of earlier cells that the cell's statements set.
func (c *cell) assigned() map[string]bool {
	names := map[string]bool{}
	add := func(e ast.Expr) {
		if id, ok := e.(*ast.Ident); ok && c.outermost(c.info.Uses[id]) && c.info.Uses[id].Pkg() != c.pkg {
			names[id.Name] = true
		}
	}
	for _, d := range c.file.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.Name == bodyName {
			ast.Inspect(fn.Body, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.AssignStmt:
					for _, l := range n.Lhs {
						add(l)
					}
				case *ast.IncDecStmt:
					add(n.X)
				}
				return true
			})
		}
	}
	return names
}

// cellList is "cell [5]", or "cells [5], [6] and [7]".
func cellList(cells []int) string {
	var words []string
	for _, n := range cells {
		words = append(words, fmt.Sprintf("[%d]", n))
	}
	if n := len(words) - 1; n > 0 {
		return "cells " + strings.Join(words[:n], ", ") + " and " + words[n]
	}
	return "cell " + words[0]
}
