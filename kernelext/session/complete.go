package session

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/tools/go/types/typeutil"
)

// Complete lists the names that may stand at a place of a cell, and what is typed of them already. After a dot they are those of a
// package, a value or a type. Line and column are counted as in [Session.EditorFile].
//
// A language server knows more, but reads for seconds what cells import before it answers. The session has it all: but for generic
// functions of other packages.
func (s *Session) Complete(source string, line, col int, values bool) (names []string, typed string) {
	file, at := s.EditorFile(source, line, col, values)
	s.mu.Lock()
	defer s.mu.Unlock()
	c := completion{fset: token.NewFileSet(), found: map[string]bool{}}
	if !c.parse(file, at, col) {
		return nil, ""
	}
	c.info = &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}}
	config := types.Config{
		Importer: s.ctx.Importer, Error: func(error) {}, // half a cell has mistakes
		Sizes: types.SizesFor("gc", runtime.GOARCH),
	}
	c.pkg, _ = config.Check("main", c.fset, []*ast.File{c.file}, c.info)
	if c.selector != nil {
		c.selected(c.selector.X)
	} else {
		c.visible()
	}
	return c.names(), c.typed
}

// placeholder stands at the place: with it "cifar." can be parsed.
const placeholder = "place__"

// completion finds names for one place.
type completion struct {
	fset     *token.FileSet
	file     *ast.File
	info     *types.Info
	pkg      *types.Package
	typed    string
	ident    *ast.Ident
	selector *ast.SelectorExpr // whose name is asked for, or nil
	literal  *ast.CompositeLit // whose key or element is asked for, or nil
	found    map[string]bool
}

// parse finds the identifier at the place. It is false if there is none: within a text or a comment.
func (c *completion) parse(file string, line, col int) bool {
	lines := strings.Split(file, "\n")
	if line < 0 || line >= len(lines) || col < 0 || col > len(lines[line]) {
		return false
	}
	lines[line] = lines[line][:col] + placeholder + lines[line][col:]
	c.file, _ = parser.ParseFile(c.fset, "cell", strings.Join(lines, "\n"), parser.SkipObjectResolution|parser.AllErrors)
	if c.file == nil {
		return false
	}
	ast.Inspect(c.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			if before, _, ok := strings.Cut(n.Name, placeholder); ok {
				c.ident, c.typed = n, before
			}
		case *ast.SelectorExpr:
			if strings.Contains(n.Sel.Name, placeholder) {
				c.selector = n
			}
		case *ast.CompositeLit:
			for _, e := range n.Elts {
				if pair, ok := e.(*ast.KeyValueExpr); ok {
					e = pair.Key
				}
				if id, ok := e.(*ast.Ident); ok && strings.Contains(id.Name, placeholder) {
					c.literal = n
				}
			}
		}
		return true
	})
	return c.ident != nil
}

// selected finds what may follow x and a dot.
func (c *completion) selected(x ast.Expr) {
	if id, ok := x.(*ast.Ident); ok {
		if p, ok := c.info.Uses[id].(*types.PkgName); ok {
			scope := p.Imported().Scope()
			for _, name := range scope.Names() {
				c.add(scope.Lookup(name))
			}
			return
		}
	}
	t := c.info.Types[x].Type
	if t == nil {
		return
	}
	for _, m := range typeutil.IntuitiveMethodSet(t, nil) {
		c.add(m.Obj())
	}
	if c.info.Types[x].IsValue() {
		c.fields(t, map[types.Type]bool{})
	}
}

// fields finds the fields of a struct, and those of what it embeds.
func (c *completion) fields(t types.Type, seen map[types.Type]bool) {
	if p, ok := t.Underlying().(*types.Pointer); ok {
		t = p.Elem()
	}
	st, ok := t.Underlying().(*types.Struct)
	if !ok || seen[t] {
		return
	}
	seen[t] = true
	for f := range st.Fields() {
		c.add(f)
		if f.Embedded() {
			c.fields(f.Type(), seen)
		}
	}
}

// visible finds what is declared at the place, and within a literal of a struct its fields.
func (c *completion) visible() {
	if c.literal != nil {
		if t := c.info.Types[c.literal].Type; t != nil {
			c.fields(t, map[types.Type]bool{})
		}
	}
	for scope := c.pkg.Scope().Innermost(c.ident.Pos()); scope != nil; scope = scope.Parent() {
		for _, name := range scope.Names() {
			if _, obj := scope.LookupParent(name, c.ident.Pos()); obj != nil {
				c.add(obj)
			}
		}
	}
}

// add takes an object whose name can be written at the place and begins with what is typed, in capitals or not.
func (c *completion) add(obj types.Object) {
	name := obj.Name()
	ours := obj.Exported() || obj.Pkg() == nil || obj.Pkg() == c.pkg
	if _, ok := obj.(*types.PkgName); ok {
		ours = true
	}
	if ours && name != "_" && !strings.HasPrefix(name, "cell__") && !strings.Contains(name, placeholder) &&
		strings.HasPrefix(strings.ToLower(name), strings.ToLower(c.typed)) {
		c.found[name] = true
	}
}

// names are those found, first those that begin exactly with what is typed.
func (c *completion) names() []string {
	var exact, others []string
	for name := range c.found {
		if strings.HasPrefix(name, c.typed) {
			exact = append(exact, name)
		} else {
			others = append(others, name)
		}
	}
	slices.Sort(exact)
	slices.Sort(others)
	return append(exact, others...)
}
