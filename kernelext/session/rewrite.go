package session

import (
	"go/ast"
	"go/token"
	"strings"

	"golang.org/x/tools/go/ast/astutil"
)

// methodPrefix makes a method of a cell's that begins in lower case one that reflection finds: interpreted code reaches the
// methods of earlier cells' types by reflection.
const methodPrefix = "M__"

// rewrite changes a cell's syntax where the interpreter differs from compiled Go, or does not end when it should:
//
//   - every loop looks whether the cell is interrupted;
//   - recover lets pass what ends the cell: an interrupt, os.Exit, log.Fatal, runtime.Goexit;
//   - a goroutine that panics ends itself with a message, not the process;
//   - defer in the body of a range over a function needs another defer in the function around it;
//   - methods that begin in lower case are exported.
func (c *cell) rewrite(f *ast.File) {
	c.guardRecover(f)
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil && deferInRange(fn.Body) {
			emptyDefer(fn.Body)
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ForStmt:
			heedInterrupt(n.Body)
		case *ast.RangeStmt:
			heedInterrupt(n.Body)
		case *ast.FuncLit:
			if deferInRange(n.Body) {
				emptyDefer(n.Body)
			}
		case *ast.GoStmt:
			guardGoroutine(n)
		}
		return true
	})
	c.renameMethods(f)
}

// heedInterrupt begins a loop's body with: if __s.Stop { __s.Halt() }
func heedInterrupt(body *ast.BlockStmt) {
	p := body.Lbrace
	body.List = append([]ast.Stmt{&ast.IfStmt{
		If: p, Cond: helper(p, "Stop"),
		Body: &ast.BlockStmt{Lbrace: p, Rbrace: p, List: []ast.Stmt{&ast.ExprStmt{X: &ast.CallExpr{Fun: helper(p, "Halt"), Lparen: p, Rparen: p}}}},
	}}, body.List...)
}

// guardRecover makes __s.Own(recover()) of recover(), unless recover is a name of the notebook's own.
func (c *cell) guardRecover(f *ast.File) {
	const name = "recover"
	if c.s.env[name] != nil || declaredNames(f)[name] {
		return
	}
	astutil.Apply(f, nil, func(cur *astutil.Cursor) bool {
		call, ok := cur.Node().(*ast.CallExpr)
		if !ok || len(call.Args) > 0 {
			return true
		}
		if id, ok := call.Fun.(*ast.Ident); ok && id.Name == name {
			p := call.Pos()
			own := &ast.CallExpr{Fun: helper(p, "Own"), Lparen: p, Args: []ast.Expr{call}, Rparen: call.Rparen}
			cur.Replace(own)
		}
		return true
	})
}

func helper(p token.Pos, name string) ast.Expr {
	return &ast.SelectorExpr{X: &ast.Ident{NamePos: p, Name: "__s"}, Sel: &ast.Ident{NamePos: p, Name: name}}
}

// deferInRange says whether a function's body defers within a range and nowhere else.
func deferInRange(body *ast.BlockStmt) bool {
	in, out := false, false
	var walk func(n ast.Node, within bool)
	walk = func(n ast.Node, within bool) {
		ast.Inspect(n, func(m ast.Node) bool {
			switch m := m.(type) {
			case *ast.FuncLit:
				return false
			case *ast.RangeStmt:
				if !within {
					walk(m.Body, true)
					return false
				}
			case *ast.DeferStmt:
				if within {
					in = true
				} else {
					out = true
				}
			}
			return true
		})
	}
	walk(body, false)
	return in && !out
}

// emptyDefer begins a function with: defer func() {}()
func emptyDefer(body *ast.BlockStmt) {
	body.List = append([]ast.Stmt{deferred(body.Lbrace, nil)}, body.List...)
}

func deferred(p token.Pos, list []ast.Stmt) ast.Stmt {
	lit := &ast.FuncLit{
		Type: &ast.FuncType{Func: p, Params: &ast.FieldList{Opening: p, Closing: p}},
		Body: &ast.BlockStmt{Lbrace: p, Rbrace: p, List: list},
	}
	return &ast.DeferStmt{Defer: p, Call: &ast.CallExpr{Fun: lit, Lparen: p, Rparen: p}}
}

// guardGoroutine makes the goroutine of a go statement begin with a defer that catches its panics: that of a function
// literal, or of a call without arguments, which becomes one.
func guardGoroutine(g *ast.GoStmt) {
	p := g.Go
	lit, ok := g.Call.Fun.(*ast.FuncLit)
	if !ok {
		if len(g.Call.Args) > 0 {
			return
		}
		if _, plain := g.Call.Fun.(*ast.Ident); !plain {
			return
		}
		lit = &ast.FuncLit{
			Type: &ast.FuncType{Func: p, Params: &ast.FieldList{Opening: p, Closing: p}},
			Body: &ast.BlockStmt{Lbrace: p, Rbrace: p, List: []ast.Stmt{&ast.ExprStmt{X: g.Call}}},
		}
		g.Call = &ast.CallExpr{Fun: lit, Lparen: p, Rparen: p}
	}
	id := func() ast.Expr { return &ast.Ident{NamePos: p, Name: "e__"} }
	catch := &ast.IfStmt{
		If: p,
		Init: &ast.AssignStmt{Lhs: []ast.Expr{id()}, TokPos: p, Tok: token.DEFINE,
			Rhs: []ast.Expr{&ast.CallExpr{Fun: &ast.Ident{NamePos: p, Name: "recover"}, Lparen: p, Rparen: p}}},
		Cond: &ast.BinaryExpr{X: id(), OpPos: p, Op: token.NEQ, Y: &ast.Ident{NamePos: p, Name: "nil"}},
		Body: &ast.BlockStmt{Lbrace: p, Rbrace: p, List: []ast.Stmt{
			&ast.ExprStmt{X: &ast.CallExpr{Fun: helper(p, "Caught"), Lparen: p, Args: []ast.Expr{id()}, Rparen: p}}}},
	}
	lit.Body.List = append([]ast.Stmt{deferred(p, []ast.Stmt{catch})}, lit.Body.List...)
}

// renameMethods exports methods that begin in lower case, unless a struct of a cell has a field of the same name.
func (c *cell) renameMethods(f *ast.File) {
	s := c.s
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.StructType:
			for _, field := range n.Fields.List {
				for _, id := range field.Names {
					if !s.methods[id.Name] {
						s.fields[id.Name] = true
					}
				}
			}
		}
		return true
	})
	note := func(id *ast.Ident) {
		if !id.IsExported() && id.Name != "_" && !s.fields[id.Name] && !strings.HasPrefix(id.Name, methodPrefix) {
			s.methods[id.Name] = true
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Recv != nil {
				note(n.Name)
			}
		case *ast.InterfaceType:
			for _, m := range n.Methods.List {
				for _, id := range m.Names {
					note(id)
				}
			}
		}
		return true
	})
	rename := func(id *ast.Ident) {
		if s.methods[id.Name] {
			id.Name = methodPrefix + id.Name
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Recv != nil {
				rename(n.Name)
			}
		case *ast.InterfaceType:
			for _, m := range n.Methods.List {
				for _, id := range m.Names {
					rename(id)
				}
			}
		case *ast.StructType:
			for _, field := range n.Fields.List {
				for _, id := range field.Names {
					rename(id)
				}
			}
		case *ast.SelectorExpr:
			rename(n.Sel)
		}
		return true
	})
}
