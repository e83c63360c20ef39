package session

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
)

// order makes the order of evaluation that of Go's compiler where the language leaves it open: in x + f(), (x, f()) and
// the like the compiler calls f first and reads the variable x then, the interpreter the other way round. Calls that
// follow the reading of a variable within a statement are moved before it, into variables of their own.
type order struct {
	info    *types.Info
	n       int
	changed bool
}

func (o *order) file(f *ast.File) bool {
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BlockStmt:
			n.List = o.list(n.List)
		case *ast.CaseClause:
			n.Body = o.list(n.Body)
		case *ast.CommClause:
			n.Body = o.list(n.Body)
		}
		return true
	})
	return o.changed
}

func (o *order) list(stmts []ast.Stmt) []ast.Stmt {
	var out []ast.Stmt
	for _, s := range stmts {
		exprs, first := o.operands(s)
		if len(exprs) > 0 && o.needs(exprs, first) {
			var pre []ast.Stmt
			for _, e := range exprs {
				o.hoistWithin(e, &pre, len(exprs) == 1 && !first)
			}
			o.changed = o.changed || len(pre) > 0
			out = append(out, pre...)
		}
		out = append(out, s)
	}
	return out
}

// operands are the expressions that a statement evaluates once, in their order; first says that a variable is read before
// them, as x is in x += f().
func (o *order) operands(s ast.Stmt) (exprs []*ast.Expr, first bool) {
	add := func(list []ast.Expr) {
		for i := range list {
			exprs = append(exprs, &list[i])
		}
	}
	switch s := s.(type) {
	case *ast.ExprStmt:
		exprs = append(exprs, &s.X)
	case *ast.SendStmt:
		exprs = append(exprs, &s.Chan, &s.Value)
	case *ast.AssignStmt:
		for _, l := range s.Lhs {
			if x, ok := l.(*ast.IndexExpr); ok {
				exprs = append(exprs, &x.X, &x.Index)
			}
		}
		add(s.Rhs)
		first = s.Tok != token.ASSIGN && s.Tok != token.DEFINE
	case *ast.ReturnStmt:
		add(s.Results)
	case *ast.IfStmt:
		if s.Init == nil {
			exprs = append(exprs, &s.Cond)
		}
	case *ast.SwitchStmt:
		if s.Init == nil && s.Tag != nil {
			exprs = append(exprs, &s.Tag)
		}
	case *ast.RangeStmt:
		exprs = append(exprs, &s.X)
	case *ast.DeclStmt:
		if d, ok := s.Decl.(*ast.GenDecl); ok && d.Tok == token.VAR && len(d.Specs) == 1 {
			add(d.Specs[0].(*ast.ValueSpec).Values)
		}
	}
	return exprs, first
}

// needs says whether a variable is read before a call is made.
func (o *order) needs(exprs []*ast.Expr, read bool) bool {
	need := false
	var walk func(e ast.Expr)
	walk = func(e ast.Expr) {
		ast.Inspect(e, func(n ast.Node) bool {
			if need {
				return false
			}
			switch n := n.(type) {
			case *ast.FuncLit:
				return false
			case *ast.SelectorExpr:
				walk(n.X)
				return false
			case *ast.KeyValueExpr:
				if _, field := n.Key.(*ast.Ident); !field {
					walk(n.Key)
				}
				walk(n.Value)
				return false
			case *ast.Ident:
				if v, ok := o.info.Uses[n].(*types.Var); ok && !v.IsField() {
					read = true
				}
			case *ast.BinaryExpr:
				if n.Op == token.LAND || n.Op == token.LOR {
					before := read
					walk(n.X)
					read = before
					return false
				}
			case *ast.CallExpr:
				if !o.calls(n) {
					for _, a := range n.Args {
						walk(a)
					}
					return false
				}
				if read {
					need = true
					return false
				}
				if o.needs(o.callOperands(n), false) {
					need = true
				}
				return false
			}
			return true
		})
	}
	for _, e := range exprs {
		walk(*e)
	}
	return need
}

// callOperands are what a call evaluates before it is made.
func (o *order) callOperands(call *ast.CallExpr) (exprs []*ast.Expr) {
	if sel, ok := call.Fun.(*ast.SelectorExpr); ok {
		if _, plain := sel.X.(*ast.Ident); !plain {
			exprs = append(exprs, &sel.X)
		}
	}
	for i := range call.Args {
		exprs = append(exprs, &call.Args[i])
	}
	return exprs
}

// calls says whether a call expression calls a function, rather than converting or being built in.
func (o *order) calls(call *ast.CallExpr) bool {
	tv, ok := o.info.Types[call.Fun]
	return ok && !tv.IsType() && !tv.IsBuiltin()
}

// hoistWithin moves the calls in an expression into variables. The outermost one stays when top is set: it is made last.
func (o *order) hoistWithin(e *ast.Expr, pre *[]ast.Stmt, top bool) {
	switch x := (*e).(type) {
	case *ast.ParenExpr:
		o.hoistWithin(&x.X, pre, top)
	case *ast.CallExpr:
		if !o.calls(x) {
			for i := range x.Args {
				o.hoistWithin(&x.Args[i], pre, false)
			}
			return
		}
		for _, a := range o.callOperands(x) {
			o.hoistWithin(a, pre, false)
		}
		tv := o.info.Types[x]
		if _, tuple := tv.Type.(*types.Tuple); tuple || top || tv.IsVoid() {
			return
		}
		o.n++
		name := fmt.Sprintf("t__%d", o.n)
		p := x.Pos()
		*pre = append(*pre, &ast.AssignStmt{Lhs: []ast.Expr{&ast.Ident{NamePos: p, Name: name}}, TokPos: p, Tok: token.DEFINE, Rhs: []ast.Expr{x}})
		*e = &ast.Ident{NamePos: p, Name: name}
	case *ast.BinaryExpr:
		o.hoistWithin(&x.X, pre, false)
		if x.Op != token.LAND && x.Op != token.LOR { // the right side may not be evaluated at all
			o.hoistWithin(&x.Y, pre, false)
		}
	case *ast.UnaryExpr:
		o.hoistWithin(&x.X, pre, false)
	case *ast.StarExpr:
		o.hoistWithin(&x.X, pre, false)
	case *ast.SelectorExpr:
		if _, plain := x.X.(*ast.Ident); !plain {
			o.hoistWithin(&x.X, pre, false)
		}
	case *ast.IndexExpr:
		o.hoistWithin(&x.X, pre, false)
		o.hoistWithin(&x.Index, pre, false)
	case *ast.SliceExpr:
		o.hoistWithin(&x.X, pre, false)
		for _, i := range []*ast.Expr{&x.Low, &x.High, &x.Max} {
			if *i != nil {
				o.hoistWithin(i, pre, false)
			}
		}
	case *ast.TypeAssertExpr:
		o.hoistWithin(&x.X, pre, false)
	case *ast.CompositeLit:
		for i, el := range x.Elts {
			if kv, ok := el.(*ast.KeyValueExpr); ok {
				if _, plain := kv.Key.(*ast.Ident); !plain {
					o.hoistWithin(&kv.Key, pre, false)
				}
				o.hoistWithin(&kv.Value, pre, false)
				continue
			}
			o.hoistWithin(&x.Elts[i], pre, false)
		}
	}
}
