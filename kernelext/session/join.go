package session

import (
	"fmt"
	"go/types"
	"maps"
	"slices"
	"strings"
)

// Join makes one compiled Go program of a notebook's cells that does what they do one after the other in a session: cells'
// variables are the program's, the value of a cell's last expression is shown, and an expression that stands alone and ends in
// an error that is not nil ends the program. show is the import path of a package whose function Cell(values ...any) shows
// values and ends the program with such an error.
//
// Of functions, methods and types declared again the last one counts, in earlier cells too. A variable declared again with
// another type and a constant with another value are errors, and so is a cell that does not compile; they name the cell.
func Join(cells []string, show string) (program string, err error) {
	s, err := New(nil)
	if err != nil {
		return "", err
	}
	j := joiner{s: s, imports: map[string]string{show: "show__"}, declared: map[string]string{}, last: map[string]string{}}
	for i, source := range cells {
		c, err := s.typesOnly(i+1, source)
		if err == nil {
			err = j.add(c)
		}
		if err != nil {
			return "", fmt.Errorf("cell %d: %w", i+1, err)
		}
	}
	return j.program(), nil
}

// typesOnly checks a cell and adopts what it declares, without building or running it.
func (s *Session) typesOnly(n int, source string) (*cell, error) {
	s.text[n] = strings.Split(source, "\n")
	s.cells++
	c := &cell{s: s, n: n, path: buildPath(s.cells)}
	var err error
	if c.chunks, err = split(source); err != nil {
		return nil, err
	}
	if err := s.takeImports(c.chunks); err != nil {
		return nil, err
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	for _, name := range c.declares() {
		s.env[name] = c.pkg.Scope().Lookup(name)
		delete(s.imports, name)
	}
	for _, d := range c.decls {
		s.decls[d.key] = d
	}
	p := &cellPackage{n: n, pkg: c.pkg, path: c.path}
	s.packages, s.byPkg[c.pkg] = append(s.packages, p), p
	return c, nil
}

// declares lists the names that the cell adds to the session.
func (c *cell) declares() (names []string) {
	scope := c.pkg.Scope()
	for _, name := range scope.Names() {
		ours := strings.HasPrefix(name, "T__") || strings.HasPrefix(name, "S__") || name == bodyName || name == keepName
		if !ours && name != "main" && name != "init" && scope.Lookup(name).Pkg() == c.pkg {
			names = append(names, name)
		}
	}
	return names
}

// joiner collects the parts of a program.
type joiner struct {
	s        *Session
	imports  map[string]string // path → name
	declared map[string]string // variables and constants → their declaration
	order    []string          // of the keys in last
	last     map[string]string // functions, methods and types → the last declaration
	body     strings.Builder
}

func (j *joiner) add(c *cell) error {
	scope := c.pkg.Scope()
	for name := range c.vars {
		if v, ok := scope.Lookup(name).(*types.Var); ok && v.Pkg() == c.pkg {
			if err := j.declare(name, "var "+name+" "+types.TypeString(v.Type(), j.qualified)); err != nil {
				return err
			}
		}
	}
	fmt.Fprintf(&j.body, "{ // cell %d\n", c.n)
	for i, ch := range c.chunks {
		j.use(c, ch)
		switch ch.kind {
		case imports:
		case function, method, typedef:
			key := strings.Join(append([]string{ch.recv}, ch.names...), ".")
			if _, again := j.last[key]; !again {
				j.order = append(j.order, key)
			}
			j.last[key] = ch.text
		case constant:
			if err := j.declare(strings.Join(ch.names, ", "), ch.text); err != nil {
				return err
			}
		case variable:
			c.writeVariable(&j.body, i, ch)
		case define:
			before, after, _ := strings.Cut(ch.text, ":=")
			j.body.WriteString(before + "=" + after + "\n")
		case statement:
			text := ch.text
			if around := map[string]string{"Show": "Cell", "Drop": "Drop"}[c.wrap[i]]; around != "" {
				text = "show__." + around + "(\n" + text + ",\n)"
			}
			j.body.WriteString(text + "\n")
		}
	}
	j.body.WriteString("}\n")
	return nil
}

// declare adds a variable or constant of the program.
func (j *joiner) declare(name, text string) error {
	if old, ok := j.declared[name]; ok && old != text {
		return fmt.Errorf("declared again as %q, was %q: not possible in one program", text, old)
	}
	j.declared[name] = text
	return nil
}

// use imports the packages that a chunk mentions.
func (j *joiner) use(c *cell, ch *chunk) {
	_, dotted := mentions(ch.node)
	for name := range dotted {
		p, ok := j.s.imports[name]
		if !ok && j.s.env[name] == nil {
			p, ok = j.s.byName[name]
		}
		if ok && !c.vars[name] {
			j.imports[p] = name
		}
	}
}

// qualified names a package in the type of a variable.
func (j *joiner) qualified(p *types.Package) string {
	if isCellPath(p) {
		return ""
	}
	if name, ok := j.imports[p.Path()]; ok {
		return name
	}
	j.imports[p.Path()] = p.Name()
	return p.Name()
}

func (j *joiner) program() string {
	var b strings.Builder
	b.WriteString("package main\n\n")
	j.imports["context"] = "context"
	for _, p := range slices.Sorted(maps.Keys(j.imports)) {
		fmt.Fprintf(&b, "import %s %q\n", j.imports[p], p)
	}
	b.WriteString("\nvar ctx = context.Background()\n")
	for _, name := range slices.Sorted(maps.Keys(j.declared)) {
		b.WriteString(j.declared[name] + "\n")
	}
	for _, key := range j.order {
		b.WriteString("\n" + j.last[key] + "\n")
	}
	b.WriteString("\nfunc main() {\n" + j.body.String() + "}\n")
	return b.String()
}
