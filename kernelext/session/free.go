package session

import (
	"go/ast"
	"go/parser"
	"go/token"
)

// place is an identifier in a chunk's text.
type place struct {
	name string
	off  int
}

// freeIdents lists the identifiers of a chunk that nothing within it declares. Keys in composite literals count only where
// the literal's type is written as a map or an array; elsewhere they may be fields.
func freeIdents(ch *chunk) []place {
	head := "package p;func _() {"
	if ch.kind == variable || ch.kind == constant {
		head = "package p;"
	}
	fset := token.NewFileSet()
	text := head + ch.text
	if head != "package p;" {
		text += "\n}"
	}
	f, err := parser.ParseFile(fset, "", text, 0) // with the parser's resolution of names
	if err != nil {
		return nil
	}
	var out []place
	for _, id := range f.Unresolved {
		out = append(out, place{id.Name, fset.Position(id.Pos()).Offset - len(head)})
	}
	if ch.kind == define || ch.kind == variable { // the chunk's own names are resolved to themselves
		own := map[string]bool{}
		for _, n := range ch.names {
			own[n] = true
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && own[id.Name] && id.Obj != nil && declaredBy(id.Obj, f) {
				out = append(out, place{id.Name, fset.Position(id.Pos()).Offset - len(head)})
			}
			return true
		})
	}
	return out
}

// declaredBy says whether the object is one of the chunk's own variables rather than of a function literal within it.
//
//lint:ignore SA1019 the parser's own resolution within one chunk is what is asked for; nothing is type-checked yet
func declaredBy(o *ast.Object, f *ast.File) bool {
	switch d := f.Decls[0].(type) {
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			if o.Decl == spec {
				return true
			}
		}
	case *ast.FuncDecl:
		return len(d.Body.List) > 0 && o.Decl == d.Body.List[0]
	}
	return false
}
