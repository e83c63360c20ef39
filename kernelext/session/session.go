package session

import (
	"errors"
	"fmt"
	"go/ast"
	"go/types"
	"os"
	"path"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"github.com/goplus/ixgo"
	_ "github.com/goplus/reflectx/icall/icall8192" // room for the methods of some thousand types
	"golang.org/x/tools/go/ssa"
)

// ErrForeign says that a cell needs what is not compiled into the session: the kernel is to compile the cell.
var ErrForeign = errors.New("not compiled into the session")

// Session is a program that grows by a package a cell.
type Session struct {
	mu       sync.Mutex
	ctx      *ixgo.Context
	loader   *loader
	cells    int                     // the number of the last cell
	text     map[int][]string        // the lines of each cell
	env      map[string]types.Object // the newest of each name
	decls    map[string]*decl
	imports  map[string]string // name → path
	byName   map[string]string // name → path of a registered package, for cells that do not import it
	offered  map[string]string // name → path of packages that cells are most likely to import
	packages []*cellPackage
	byPkg    map[*types.Package]*cellPackage
	methods  map[string]bool // methods that begin in lower case
	fields   map[string]bool // fields of cells' structs
	show     func(values ...any) error
	compiler Compiler
	own      string // the module that is compiled in; "" if there is none

	forgotten map[string]bool // variables whose type has changed
	history
	running
}

// cellPackage is what a cell became.
type cellPackage struct {
	n       int
	pkg     *types.Package
	path    string
	vars    map[string]reflect.Value // addresses
	files   []*ast.File              // kept for generic declarations
	info    *types.Info
	generic bool
}

// New starts a session. show shows the values of a cell's last expression.
func New(show func(values ...any) error) (*Session, error) {
	if !pathsWork() {
		return nil, errors.New("session: go/types of this Go release lays packages out in another way")
	}
	ctx := ixgo.NewContext(ixgo.SupportMultipleInterp)
	ctx.Lookup = func(root, p string) (string, bool) { return "", false }
	ctx.BuildContext.GOPATH, ctx.BuildContext.GOROOT = "", "" // no source of a package that is not registered
	s := &Session{
		ctx: ctx, text: map[int][]string{}, env: map[string]types.Object{}, decls: map[string]*decl{},
		imports: map[string]string{}, byName: map[string]string{}, byPkg: map[*types.Package]*cellPackage{}, offered: map[string]string{},
		methods: map[string]bool{}, fields: map[string]bool{}, forgotten: map[string]bool{}, show: show, history: newHistory(),
	}
	s.loader = &loader{Loader: ctx.Loader, reverse: map[reflect.Type]types.Type{}, installed: map[string]*ixgo.Package{}}
	ctx.Loader = s.loader
	s.registerHelpers()
	s.nameRegistered()
	return s, s.Eval(0, "var ctx = __s.Ctx()")
}

// nameRegistered finds the package that a name without an import means.
func (s *Session) nameRegistered() {
	for _, p := range ixgo.PackageList() {
		if strings.Contains(p, "internal/") || strings.HasPrefix(p, "cnnbook/") {
			continue
		}
		name := path.Base(p)
		if v, ok := strings.CutPrefix(name, "v"); ok && len(v) == 1 {
			name = path.Base(path.Dir(p))
		}
		if old, ok := s.byName[name]; !ok || len(p) < len(old) {
			s.byName[name] = p
		}
	}
	for name, p := range map[string]string{"rand": "math/rand/v2", "template": "text/template", "pprof": "runtime/pprof"} {
		if _, ok := ixgo.LookupPackage(p); ok {
			s.byName[name] = p
		}
	}
}

// Qualifies says whether the cell can run in the session: whether all that it imports is compiled in.
func (s *Session) Qualifies(source string) error {
	chunks, err := split(source)
	if err != nil {
		return nil // the session says what is wrong with it
	}
	for _, spec := range importsOf(chunks) {
		if p := importPath(spec); !registered(p) && s.refused(p) == "" {
			return fmt.Errorf("%s: %w", p, ErrForeign)
		}
	}
	return nil
}

func registered(p string) bool {
	_, ok := ixgo.LookupPackage(p)
	return ok || p == "unsafe"
}

// refused says why a package that is not registered can be had neither here nor in a compiled cell: one that is internal, one
// of Go's standard library that does not exist, or one of the module whose packages are compiled in. It is empty otherwise.
func (s *Session) refused(p string) string {
	first, _, _ := strings.Cut(p, "/")
	switch {
	case slices.Contains(strings.Split(p, "/"), "internal"):
		return p + " is internal: only its own module can import it"
	case !strings.Contains(first, ".") && p != "C" && !slices.Contains(unregistered, p):
		return fmt.Sprintf("there is no package %q in Go's standard library", p)
	case s.own != "" && strings.HasPrefix(p+"/", s.own+"/"):
		return fmt.Sprintf("cells have no package %s; they have %s (a cell that begins with %%compiled can import others of the module)", p, strings.Join(s.ownPackages(), ", "))
	}
	return ""
}

// unregistered are the packages of Go's standard library that exist and are not compiled in.
var unregistered = []string{
	"net/rpc", "net/rpc/jsonrpc", "plugin", "runtime/cgo", "runtime/race", "testing/cryptotest", "testing/fstest", "testing/iotest",
	"testing/quick", "testing/slogtest", "testing/synctest",
}

// Own names the module whose registered packages are all that cells can import of it.
func (s *Session) Own(module string) { s.own = module }

// ownPackages lists the registered packages of the session's own module, without the module's path.
func (s *Session) ownPackages() (names []string) {
	for _, p := range ixgo.PackageList() {
		if name, ok := strings.CutPrefix(p, s.own+"/"); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func importsOf(chunks []*chunk) (specs []*ast.ImportSpec) {
	for _, c := range chunks {
		specs = append(specs, c.imports()...)
	}
	return specs
}

func (c *chunk) imports() (specs []*ast.ImportSpec) {
	if c.kind == imports {
		for _, spec := range c.node.(*ast.GenDecl).Specs {
			specs = append(specs, spec.(*ast.ImportSpec))
		}
	}
	return specs
}

func importPath(spec *ast.ImportSpec) string { return strings.Trim(spec.Path.Value, "\"`") }

// Eval runs a cell and returns when it has ended. n is the number by which errors call it. Errors are *Problem, ErrForeign,
// or an ExitError.
func (s *Session) Eval(n int, source string) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() {
		if e := recover(); e != nil {
			s.samePath(false)
			err = &Problem{Cell: n, Text: fmt.Sprintf("the session cannot take this cell (%v); begin it with %%compiled", e)}
		}
	}()
	s.text[n] = strings.Split(source, "\n")
	c := &cell{s: s, n: n}
	s.cells++
	c.path = buildPath(s.cells)
	chunks, err := split(source)
	var p *Problem
	if errors.As(err, &p) {
		return p.placed(c)
	}
	err = s.takeImports(chunks)
	if errors.As(err, &p) {
		return p.placed(c)
	} else if err != nil {
		return err
	}
	err = c.compileMarked(chunks)
	if errors.As(err, &p) {
		return p.placed(c)
	} else if err != nil {
		return err
	}
	c.chunks = chunks
	if err := c.check(); err != nil {
		return err
	}
	in, err := s.build(c)
	if err != nil {
		return err
	}
	return s.run(c, in)
}

func (s *Session) takeImports(chunks []*chunk) error {
	for _, c := range chunks {
		for _, spec := range c.imports() {
			err := s.takeImport(spec)
			var p *Problem
			if errors.As(err, &p) {
				p.Line, p.Col = c.place(spec.Path.Pos())
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Session) takeImport(spec *ast.ImportSpec) error {
	p := importPath(spec)
	name := path.Base(p)
	if r, ok := ixgo.LookupPackage(p); ok {
		name = r.Name
	} else if !registered(p) {
		if text := s.refused(p); text != "" {
			return &Problem{Text: text}
		}
		return fmt.Errorf("%s: %w", p, ErrForeign)
	}
	if spec.Name != nil {
		name = spec.Name.Name
	}
	if name == "_" {
		return nil
	}
	if name == "." {
		return &Problem{Text: "import . is not for notebooks: name the package"}
	}
	s.imports[name] = p
	delete(s.env, name)
	return nil
}

// build compiles the checked cell, and gives an interpreter in which it has not run yet.
func (s *Session) build(c *cell) (in *ixgo.Interp, err error) {
	defer func() {
		if e := recover(); e != nil {
			if debugSource {
				debug.PrintStack()
			}
			err = &Problem{Text: fmt.Sprintf("the interpreter cannot take this cell (%v); begin it with %%compiled", e)}
		}
	}()
	if err := s.roomForMethods(c); err != nil {
		return nil, err
	}
	cells, others := c.needed()
	c.pkg.SetImports(others)
	s.registerNatives(c)
	for name, p := range s.storageOf(c) {
		s.ctx.RegisterExternal(c.path+"."+name, p.Interface())
	}
	for _, naive := range []bool{false, true} {
		s.ctx.BuilderMode &^= ssa.NaiveForm
		if naive {
			s.ctx.BuilderMode |= ssa.NaiveForm
		}
		pkg, err := s.buildSSA(c, cells)
		if err != nil {
			return nil, err
		}
		if orderPhis(pkg) {
			setPath(c.pkg, c.path)
			return s.ctx.NewInterp(pkg)
		}
	}
	return nil, errors.New("session: phi nodes in naive form")
}

func (s *Session) buildSSA(c *cell, cells []*cellPackage) (*ssa.Package, error) {
	s.samePath(true)
	defer s.samePath(false)
	b := s.ctx.Builder
	b.Reset()
	s.createImports(b.Program(), c.pkg)
	var generic []*ssa.Package
	for _, p := range cells {
		if !p.generic {
			b.Program().CreatePackage(p.pkg, nil, nil, false)
			continue
		}
		generic = append(generic, b.Program().CreatePackage(p.pkg, p.files, p.info, false))
	}
	for _, p := range generic {
		p.Build()
		strip(p)
	}
	// The interpreter takes types for its own whose package it compiles; those of cells all say "main".
	empty := &ast.File{Name: ast.NewIdent(checkPath)}
	b.Program().CreatePackage(types.NewPackage(checkPath, checkPath), []*ast.File{empty}, &types.Info{}, false).Build()
	pkg := b.Program().CreatePackage(c.pkg, []*ast.File{c.file}, c.info, false)
	pkg.Build()
	return pkg, nil
}

// createImports adds the packages that a cell refers to, and no others, to its program: hundreds of packages in every
// cell's would cost time and memory. Packages that are interpreted from source, for their generic functions, bring their own.
func (s *Session) createImports(prog *ssa.Program, p *types.Package) {
	created := map[*types.Package]bool{}
	var add func(p *types.Package)
	patched := func(p *types.Package) {
		list := p.Imports()
		for _, q := range list {
			if sp := s.ctx.SourcePackage(q.Path() + "@patch"); sp != nil && sp.Loaded() && sp.Package != p && !slices.Contains(list, sp.Package) {
				list = append(list[:len(list):len(list)], sp.Package)
			}
		}
		p.SetImports(list)
		for _, q := range list {
			add(q)
		}
	}
	add = func(p *types.Package) {
		if created[p] {
			return
		}
		created[p] = true
		if sp := s.ctx.SourcePackage(p.Path()); sp != nil && sp.Loaded() {
			created[sp.Package] = true
			patched(sp.Package)
			prog.CreatePackage(sp.Package, sp.Files, sp.Info, true).Build()
			return
		}
		p.MarkComplete()
		prog.CreatePackage(p, nil, nil, true).Build()
	}
	patched(p)
}

// Preload makes the packages known that cells are most likely to import.
func (s *Session) Preload(paths ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range paths {
		pkg, err := s.ctx.Importer.Import(p)
		if err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		s.offered[pkg.Name()] = p
	}
	return nil
}

// strip takes the bodies from the functions of an earlier cell that has generic declarations: they have been compiled. Its
// methods are compiled again, for the interpreter finds those of generic types by their package.
func strip(p *ssa.Package) {
	for name, m := range p.Members {
		if fn, ok := m.(*ssa.Function); ok && name != "init" {
			fn.Blocks = nil
		}
	}
}

// needed lists the packages that the cell's code refers to: those of earlier cells and the others.
func (c *cell) needed() (cells []*cellPackage, others []*types.Package) {
	seen := map[*types.Package]bool{nil: true, c.pkg: true}
	var add func(p *types.Package)
	add = func(p *types.Package) {
		if seen[p] {
			return
		}
		seen[p] = true
		own := c.s.byPkg[p]
		switch {
		case own == nil && isCellPath(p):
		case own == nil:
			others = append(others, p)
		default:
			cells = append(cells, own)
			if own.generic {
				for _, q := range p.Imports() {
					add(q)
				}
				for _, obj := range own.info.Uses {
					add(obj.Pkg())
				}
			}
		}
	}
	walk := func(t types.Type) {
		if t != nil {
			walkNamed(t, func(n *types.Named) { add(n.Obj().Pkg()) })
		}
	}
	for _, obj := range c.info.Uses {
		add(obj.Pkg())
		if isCellPath(obj.Pkg()) {
			walk(obj.Type())
		}
	}
	for _, obj := range c.info.Defs {
		if obj != nil {
			walk(obj.Type())
		}
	}
	for _, spec := range c.file.Imports {
		if p, err := c.s.ctx.Importer.Import(importPath(spec)); err == nil {
			add(p)
		}
	}
	return cells, others
}

// storageOf gives the addresses of variables that the cell declares again with the same type: they stay the same variables,
// so that functions of earlier cells see the new values. The interpreter compares the types.
func (s *Session) storageOf(c *cell) map[string]reflect.Value {
	out := map[string]reflect.Value{}
	for name := range c.vars {
		old, ok := s.env[name].(*types.Var)
		if !ok || c.older[name] {
			continue
		}
		now, ok := c.pkg.Scope().Lookup(name).(*types.Var)
		if p := s.byPkg[old.Pkg()]; ok && p != nil && types.Identical(old.Type(), now.Type()) {
			out[name] = p.vars[name]
		}
	}
	return out
}

// older puts the variables that a cell reads before it declares them again into its scope, under another name.
func (s *Session) older(c *cell) {
	path := c.path + "/before"
	pkg := types.NewPackage(path, checkPath)
	vars := map[string]reflect.Value{}
	for name := range c.older {
		old := s.env[name].(*types.Var)
		v := types.NewVar(old.Pos(), pkg, name+olderSuffix, old.Type())
		pkg.Scope().Insert(v)
		c.pkg.Scope().Insert(v)
		vars[v.Name()] = s.byPkg[old.Pkg()].vars[name]
	}
	s.loader.installed[path] = &ixgo.Package{Name: checkPath, Path: path, Vars: vars}
	c.before = &cellPackage{pkg: pkg, path: path, vars: vars}
	s.byPkg[pkg] = c.before
}

// roomForMethods refuses a cell when there would be no room for its methods: the interpreter would end the process.
func (s *Session) roomForMethods(c *cell) error {
	n := 0
	scope := c.pkg.Scope()
	for _, name := range scope.Names() {
		if t, ok := scope.Lookup(name).(*types.TypeName); ok && t.Pkg() == c.pkg && !types.IsInterface(t.Type()) {
			n += 2 * types.NewMethodSet(types.NewPointer(t.Type())).Len()
		}
	}
	if _, _, free := ixgo.IcallStat(); free < n+64 {
		return &Problem{Text: fmt.Sprintf("the session has room for %d more methods and this cell declares %d: restart the kernel", free, n)}
	}
	return nil
}

// adopt makes what the cell declared part of the session. reached is how far it ran: variables that it did not come to
// stay what they were.
func (s *Session) adopt(c *cell, in *ixgo.Interp, reached int) {
	p := &cellPackage{n: c.n, pkg: c.pkg, path: c.path, vars: map[string]reflect.Value{}}
	for _, name := range c.lost {
		delete(s.env, name)
		s.forgotten[name] = true
	}
	for _, d := range c.dropped {
		fmt.Fprintf(os.Stderr, "note: %s of cell [%d] does not fit any more: it knows the earlier types, if at all\n", d.key, d.cell)
		delete(s.decls, d.key)
	}
	set := map[string]bool{}
	for i, ch := range c.chunks {
		if i <= reached && (ch.kind == define || ch.kind == variable) {
			for _, n := range ch.names {
				set[n] = true
			}
		}
	}
	scope := c.pkg.Scope()
	for _, name := range scope.Names() {
		obj := scope.Lookup(name)
		if obj.Pkg() != c.pkg || strings.HasPrefix(name, "T__") || strings.HasPrefix(name, "S__") || name == bodyName || name == keepName || name == "main" || name == "init" {
			continue
		}
		switch obj := obj.(type) {
		case *types.Var:
			addr, ok := in.GetVarAddr(name)
			if !ok {
				continue
			}
			p.vars[name] = reflect.ValueOf(addr)
			s.loader.learn(obj.Type(), p.vars[name].Type().Elem())
			if !set[name] && !c.moved[name] {
				continue
			}
		case *types.TypeName:
			if named, ok := obj.Type().(*types.Named); ok && named.TypeParams().Len() > 0 {
				p.generic = true
			} else if rt, ok := in.GetType(name); ok {
				s.loader.learn(obj.Type(), rt)
			}
		case *types.Func:
			if obj.Type().(*types.Signature).TypeParams().Len() > 0 {
				p.generic = true
			} else if fn := c.nativeOf(name); fn != nil {
				s.loader.learn(obj.Type(), reflect.TypeOf(fn))
			} else if fn, ok := in.GetFunc(name); ok {
				s.ctx.RegisterExternal(c.path+"."+name, fn)
				s.loader.learn(obj.Type(), reflect.TypeOf(fn))
			}
		}
		s.env[name] = obj
		delete(s.imports, name)
		delete(s.forgotten, name)
	}
	if p.generic {
		for _, name := range []string{bodyName, keepName, "main"} { // they have no bodies in later cells' programs
			s.ctx.RegisterExternal(c.path+"."+name, func() {})
		}
		p.files, p.info = []*ast.File{c.file}, c.info
	}
	for _, d := range c.decls {
		if !strings.Contains(d.key, "#") && d.key != "main" {
			s.decls[d.key] = d
		}
	}
	s.loader.installed[c.path] = &ixgo.Package{Name: checkPath, Path: c.path, Vars: p.vars}
	s.packages = append(s.packages, p)
	s.byPkg[c.pkg] = p
}

// move gives variables whose type was compiled again their values: the types are laid out in memory alike.
func (s *Session) move(c *cell, in *ixgo.Interp) {
	for name := range c.moved {
		old, ok := s.byPkg[s.env[name].Pkg()]
		if !ok {
			continue
		}
		addr, ok := in.GetVarAddr(name)
		from := old.vars[name]
		if !ok || !from.IsValid() {
			continue
		}
		to := reflect.ValueOf(addr).Elem()
		if to.Type().Size() == from.Type().Elem().Size() {
			to.Set(reflect.NewAt(to.Type(), from.UnsafePointer()).Elem())
		}
	}
}
