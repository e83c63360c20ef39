package session

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/ast/astutil"
)

// check makes a package of the cell: composes its source, parses, rewrites and type-checks it. It is checked again when
// what the types tell changes it.
func (c *cell) check() error {
	c.plan()
	c.wrap, c.structs = map[int]string{}, map[int]bool{}
	if i := c.lastChunk(); i >= 0 && c.chunks[i].expr && !calling(c.chunks[i].node) {
		c.wrap[i] = "Show"
	}
	if err := c.firstPass(); err != nil {
		return err
	}
	again := c.wrapExpressions()
	if again {
		if err := c.pass(false); err != nil {
			return err
		}
	}
	o := order{info: c.info}
	ordered, shared := o.file(c.file), c.shareStructs()
	if ordered || shared {
		return c.pass(true)
	}
	return nil
}

// firstPass checks the cell. A last expression that turns out to be none that may stand alone is shown, and what earlier
// cells declared and does not fit to a type that is declared again is left as it was.
func (c *cell) firstPass() error {
	for {
		err := c.pass(false)
		var p *Problem
		if !errors.As(err, &p) {
			return err
		}
		last := c.lastChunk()
		if p.Cell == c.n && strings.HasSuffix(p.Text, "is not used") && last >= 0 && c.chunks[last].expr && c.wrap[last] == "" && p.Line >= c.chunks[last].line {
			c.wrap[last] = "Show"
			continue
		}
		i := slices.IndexFunc(c.decls, func(d *decl) bool {
			return d.cell != c.n && d.cell == p.Cell && d.line <= p.Line && p.Line <= d.line+strings.Count(d.text, "\n")
		})
		if i < 0 {
			return err
		}
		c.dropped = append(c.dropped, c.decls[i])
		c.decls = slices.Delete(c.decls, i, i+1)
	}
}

// shareStructs makes struct types without a name that an earlier cell has, too, that cell's: their unexported fields belong
// to its package, and the types are different ones at run time otherwise.
func (c *cell) shareStructs() (changed bool) {
	l := c.s.loader
	if len(l.structs) == 0 {
		return false
	}
	c.s.samePath(true)
	defer c.s.samePath(false)
	astutil.Apply(c.file, func(cur *astutil.Cursor) bool {
		st, ok := cur.Node().(*ast.StructType)
		if _, named := cur.Parent().(*ast.TypeSpec); !ok || named {
			return true
		}
		for i, old := range l.structs {
			if t := c.info.Types[st].Type; t != nil && types.Identical(t, old) {
				c.structs[i] = true
				changed = true
				cur.Replace(&ast.Ident{NamePos: st.Pos(), Name: sharedName(i)})
				return false
			}
		}
		return true
	}, nil)
	return changed
}

func sharedName(i int) string { return fmt.Sprintf("S__%d", i) }

// pass composes and checks the cell, or checks the syntax that it has.
func (c *cell) pass(keep bool) error {
	if !keep {
		src := c.source()
		if debugSource {
			fmt.Println(src)
		}
		f, err := parser.ParseFile(c.s.ctx.FileSet, "cell", src, parser.SkipObjectResolution)
		if err != nil {
			return c.parseError(err)
		}
		c.rewrite(f)
		c.file = f
	}
	errs := c.typeCheck()
	if len(errs) > 0 && strings.Contains(errs[0].Text, "implicit assignment to unexported field") && nameFields(c.file, c.info) {
		errs = c.typeCheck()
	}
	if len(errs) > 0 {
		return errs[0].placed(c)
	}
	return nil
}

var debugSource = false

// typeCheck checks the file in a package whose scope holds what it mentions of earlier cells.
func (c *cell) typeCheck() (errs []*Problem) {
	s := c.s
	s.samePath(true)
	defer s.samePath(false)
	c.pkg = types.NewPackage(checkPath, checkPath)
	mine := declaredNames(c.file)
	names, _ := mentions(c.file)
	for name := range names {
		if obj := s.env[name]; obj != nil && !mine[name] && !slices.Contains(c.lost, name) {
			c.pkg.Scope().Insert(obj)
		}
	}
	if len(c.older) > 0 {
		s.older(c)
	}
	if c.invokes {
		for i, t := range s.loader.methodical {
			name := types.NewTypeName(token.NoPos, c.pkg, keptName(i), nil)
			types.NewAlias(name, t)
			c.pkg.Scope().Insert(name)
		}
	}
	for i := range c.structs {
		name := types.NewTypeName(token.NoPos, c.pkg, sharedName(i), nil)
		types.NewAlias(name, s.loader.structs[i])
		c.pkg.Scope().Insert(name)
	}
	c.info = &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{},
		Implicits: map[ast.Node]types.Object{}, Scopes: map[ast.Node]*types.Scope{}, Selections: map[*ast.SelectorExpr]*types.Selection{},
		Instances: map[*ast.Ident]types.Instance{}, FileVersions: map[*ast.File]string{},
	}
	seen := map[string]bool{}
	conf := types.Config{
		Importer: s.ctx.Importer, GoVersion: "go1.26", DisableUnusedImportCheck: true, Sizes: types.SizesFor("gc", runtime.GOARCH),
		Error: func(err error) {
			e, ok := err.(types.Error)
			if !ok || e.Soft || strings.HasPrefix(e.Msg, "initialization cycle") || strings.HasPrefix(e.Msg, "\t") {
				return
			}
			p := s.ctx.FileSet.Position(e.Pos)
			problem := &Problem{Line: p.Line, Col: p.Column, Text: c.plain(e.Msg), Cell: cellOf(p.Filename)}
			if !seen[problem.Error()] {
				seen[problem.Error()] = true
				errs = append(errs, problem)
			}
		},
	}
	types.NewChecker(&conf, s.ctx.FileSet, c.pkg, c.info).Files([]*ast.File{c.file})
	c.info.InitOrder = nil // the function sets the variables
	return errs
}

// declaredNames are those that a file declares on its outermost level.
func declaredNames(f *ast.File) map[string]bool {
	mine := map[string]bool{}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				mine[d.Name.Name] = true
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					mine[spec.Name.Name] = true
				case *ast.ValueSpec:
					for _, n := range spec.Names {
						mine[n.Name] = true
					}
				case *ast.ImportSpec:
					mine[spec.Name.Name] = true
				}
			}
		}
	}
	return mine
}

// plain words a type checker's message as a person knows the names.
func (c *cell) plain(msg string) string {
	msg = strings.ReplaceAll(msg, methodPrefix, "")
	msg = strings.ReplaceAll(msg, olderSuffix, "")
	msg = regexp.MustCompile(`\bmain\.`).ReplaceAllString(msg, "")
	for n := range c.s.forgotten {
		if msg == "undefined: "+n {
			msg += fmt.Sprintf(" (the type of %s was declared anew with other contents: run the cell that sets it again)", n)
		}
	}
	if pkg, _, ok := strings.Cut(strings.TrimPrefix(msg, "undefined: "), "."); ok && strings.HasPrefix(msg, "undefined: ") && c.s.knownPackage(pkg) {
		msg += " (generic functions are not in the session: if it is one, begin the cell with %compiled)"
	}
	return msg
}

func (s *Session) knownPackage(name string) bool {
	return s.imports[name] != "" || s.byName[name] != ""
}

var cellName = regexp.MustCompile(`cell\[(\d+)\]`)

func cellOf(name string) int {
	m := cellName.FindStringSubmatch(name)
	if m == nil {
		return -1
	}
	n, _ := strconv.Atoi(m[1])
	return n
}

// lastChunk is the chunk whose value is shown, or -1.
func (c *cell) lastChunk() int {
	last := -1
	for i, ch := range c.chunks {
		if ch.kind != imports && ch.node != nil {
			last = i
		}
	}
	return last
}

// calling says whether an expression may stand alone in Go.
func calling(n ast.Node) bool {
	s, ok := n.(*ast.ExprStmt)
	if !ok {
		return false
	}
	switch x := s.X.(type) {
	case *ast.CallExpr:
		id, ok := x.Fun.(*ast.Ident)
		return !ok || !slices.Contains([]string{"append", "cap", "complex", "imag", "len", "make", "max", "min", "new", "real"}, id.Name)
	case *ast.UnaryExpr:
		return x.Op == token.ARROW
	}
	return false
}

// wrapExpressions decides which expressions that stand alone go through a function of the session: the last one is shown,
// and the others end the cell when they return an error.
func (c *cell) wrapExpressions() (changed bool) {
	last := c.lastChunk()
	scope := c.pkg.Scope()
	for _, name := range scope.Names() {
		v, ok := scope.Lookup(name).(*types.Var)
		if !ok || v.Pkg() != c.pkg {
			continue
		}
		generic := false
		walkNamed(v.Type(), func(n *types.Named) {
			generic = generic || n.TypeArgs().Len() > 0 && isCellPath(n.Obj().Pkg())
		})
		if generic {
			c.keep, changed = append(c.keep, name), true
		}
	}
	for _, sel := range c.info.Selections {
		if sel.Kind() != types.FieldVal && types.IsInterface(sel.Recv()) && len(c.s.loader.methodical) > 0 {
			c.invokes, changed = true, true
		}
	}
	results := c.resultTypes()
	for i, ch := range c.chunks {
		if !ch.expr || results[i] == nil || c.wrap[i] != "" {
			continue
		}
		f := ""
		switch {
		case printing(ch.node):
		case i == last && !ch.silent:
			f = "Show"
		case endsInError(results[i]):
			f = "Drop"
		}
		if f != "" {
			c.wrap[i], changed = f, true
		}
	}
	return changed
}

// resultTypes gives the types of the expressions that stand alone in the cell; nil where there is no value.
func (c *cell) resultTypes() map[int]types.Type {
	at := map[string]types.Type{}
	for _, d := range c.file.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Name.Name != bodyName {
			continue
		}
		for _, st := range fn.Body.List {
			if x, ok := st.(*ast.ExprStmt); ok {
				tv := c.info.Types[x.X]
				p := c.s.ctx.FileSet.Position(x.Pos())
				if !tv.IsVoid() && tv.Type != nil {
					at[fmt.Sprint(p.Line, ":", p.Column)] = tv.Type
				}
			}
		}
	}
	out := map[int]types.Type{}
	for i, ch := range c.chunks {
		out[i] = at[fmt.Sprint(ch.line, ":", ch.col)]
	}
	return out
}

func endsInError(t types.Type) bool {
	if tuple, ok := t.(*types.Tuple); ok {
		if tuple.Len() == 0 {
			return false
		}
		t = tuple.At(tuple.Len() - 1).Type()
	}
	return types.Identical(t, types.Universe.Lookup("error").Type())
}

// printing says whether an expression is a call of fmt.Print or the like, whose results nobody wants to see.
func printing(n ast.Node) bool {
	s, ok := n.(*ast.ExprStmt)
	if !ok {
		return false
	}
	call, ok := s.X.(*ast.CallExpr)
	if !ok {
		return false
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	id, ok := sel.X.(*ast.Ident)
	return ok && id.Name == "fmt" && (strings.HasPrefix(sel.Sel.Name, "Print") || strings.HasPrefix(sel.Sel.Name, "Fprint"))
}

// nameFields gives the fields in literals of a cell's own struct types their names: go/types takes earlier cells for other
// packages there, where unexported fields cannot be set by position.
func nameFields(f *ast.File, info *types.Info) (changed bool) {
	ast.Inspect(f, func(n ast.Node) bool {
		lit, ok := n.(*ast.CompositeLit)
		if !ok || len(lit.Elts) == 0 {
			return true
		}
		if _, ok := lit.Elts[0].(*ast.KeyValueExpr); ok {
			return true
		}
		t := info.Types[lit].Type
		if t == nil {
			return true
		}
		if p, ok := t.Underlying().(*types.Pointer); ok { // an element without its type
			t = p.Elem()
		}
		st, ok := t.Underlying().(*types.Struct)
		if !ok || st.NumFields() != len(lit.Elts) || !isCellPath(st.Field(0).Pkg()) {
			return true
		}
		for i, e := range lit.Elts {
			lit.Elts[i] = &ast.KeyValueExpr{Key: &ast.Ident{NamePos: e.Pos(), Name: st.Field(i).Name()}, Colon: e.Pos(), Value: e}
		}
		changed = true
		return true
	})
	return changed
}
