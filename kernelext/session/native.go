package session

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// compileMark is the line above a function that is to be compiled, for loops that are too slow interpreted. Such a function can use
// its arguments and packages, nothing that cells declare; its types are those of the session.
const compileMark = "//cnnbook:compile"

// nativePrefix begins the name of the variable by which a compiled function is found.
const nativePrefix = "Native__"

// Compiler builds a Go file of package main and returns the values of its variables of these names. The error's text has the
// compiler's messages.
type Compiler func(ctx context.Context, source string, names []string) (map[string]any, error)

// Compile sets what builds the functions that are marked for compiling. Without one they are refused.
func (s *Session) Compile(build Compiler) { s.compiler = build }

// marked says whether the line above a function, or one within the comment above it, is compileMark.
func (c *cell) marked(ch *chunk) bool {
	lines := c.s.text[c.n]
	for i := ch.line - 2; i >= 0 && i < len(lines) && strings.HasPrefix(lines[i], "//"); i-- {
		if strings.TrimSpace(lines[i]) == compileMark {
			return true
		}
	}
	return false
}

// compileMarked builds the marked functions among the chunks. What is left of them is their signature.
func (c *cell) compileMarked(chunks []*chunk) error {
	var list []*chunk
	var names []string
	for _, ch := range chunks {
		if ch.kind != function && ch.kind != method || !c.marked(ch) {
			continue
		}
		problem := ""
		switch {
		case ch.kind == method:
			problem = "only functions without a receiver can be compiled: give it as an argument"
		case ch.generic:
			problem = "a function with type parameters cannot be compiled: write it for one type"
		case ch.names[0] == "main" || ch.names[0] == "init" || ch.names[0] == "_":
			problem = fmt.Sprintf("%s cannot be compiled: give the function a name of its own", ch.names[0])
		case c.s.compiler == nil:
			problem = "this session has nothing to compile functions with"
		}
		if problem != "" {
			return &Problem{Line: ch.line, Col: ch.col, Text: problem}
		}
		list, names = append(list, ch), append(names, nativePrefix+ch.names[0])
	}
	if len(list) == 0 {
		return nil
	}
	source, err := c.nativeSource(list)
	if err != nil {
		return err
	}
	values, err := c.s.buildNatives(source, names)
	if err != nil {
		return c.nativeProblem(list, err)
	}
	for _, ch := range list {
		ch.native = values[nativePrefix+ch.names[0]]
		if err := ch.keepSignature(); err != nil {
			return err
		}
	}
	return nil
}

// nativeSource is the marked functions as a program. It says nothing of the cell's number, so that a cell that runs again as it is
// has the same.
func (c *cell) nativeSource(list []*chunk) (string, error) {
	var body strings.Builder
	for _, ch := range list {
		fmt.Fprintf(&body, "//line cell:%d:%d\n%s\nvar %s%s = %s\n", ch.line, ch.col, ch.text, nativePrefix, ch.names[0], ch.names[0])
	}
	body.WriteString("func main() {}\n")
	f, err := parser.ParseFile(token.NewFileSet(), "cell", "package main\n"+body.String(), 0) // with the parser's resolution of names
	if err != nil {
		return "", c.parseError(err)
	}
	_, dotted := mentions(f)
	imports := map[string]string{}
	for _, id := range f.Unresolved {
		p, ok := c.s.imports[id.Name]
		if !ok {
			p, ok = c.s.byName[id.Name]
		}
		if ok && dotted[id.Name] {
			imports[id.Name] = p
		}
	}
	source := "package main\n"
	for _, name := range slices.Sorted(maps.Keys(imports)) {
		source += fmt.Sprintf("import %s %q\n", name, imports[name])
	}
	return source + body.String(), nil
}

// buildNatives builds with an interrupt ending it.
func (s *Session) buildNatives(source string, names []string) (map[string]any, error) {
	ctx, cancel := context.WithCancelCause(s.base)
	s.runMu.Lock()
	s.cancel = cancel
	s.runMu.Unlock()
	note := time.AfterFunc(3*time.Second, func() {
		fmt.Fprintln(os.Stderr, "compiling: the first time that a function imports a package, Go compiles it and what it imports anew; that takes up to minutes, once")
	})
	defer note.Stop()
	values, err := s.compiler(ctx, source, names)
	s.runMu.Lock()
	s.cancel, *s.stop = nil, false
	s.runMu.Unlock()
	if ctx.Err() != nil {
		return nil, ErrInterrupted
	}
	return values, err
}

var nativePlace = regexp.MustCompile(`(?m)(?:^|[/\\])cell:(\d+):(\d+): (.*)$`)

// nativeProblem is a compiler's message with its place in the cell.
func (c *cell) nativeProblem(list []*chunk, err error) error {
	if err == ErrInterrupted {
		return err
	}
	p := &Problem{Line: list[0].line, Col: list[0].col, Text: strings.TrimSpace(err.Error())}
	if m := nativePlace.FindStringSubmatch(p.Text); m != nil {
		p.Line, _ = strconv.Atoi(m[1])
		p.Col, _ = strconv.Atoi(m[2])
		p.Text = m[3]
		if name, ok := strings.CutPrefix(p.Text, "undefined: "); ok && c.s.env[name] != nil {
			p.Text += " (a compiled function has its arguments and packages, and nothing that cells declare)"
		}
	}
	return p
}

// keepSignature drops the function's body, which is compiled.
func (c *chunk) keepSignature() error {
	fn := c.node.(*ast.FuncDecl)
	c.full = c.text
	c.text = strings.TrimRight(c.text[:c.offset(fn.Body.Pos())], " \t\n")
	again := &chunk{kind: function, text: c.text, line: c.line, col: c.col}
	if err := again.parse(); err != nil {
		return err
	}
	c.node, c.fset, c.base = again.node, again.fset, again.base
	return nil
}

// registerNatives gives the interpreter the compiled functions that the cell's package declares.
func (s *Session) registerNatives(c *cell) {
	for _, d := range c.decls {
		if d.native != nil {
			s.ctx.RegisterExternal(c.path+"."+d.key, d.native)
		}
	}
}

// nativeOf gives a compiled function that the cell's package declares, or nil.
func (c *cell) nativeOf(name string) any {
	for _, d := range c.decls {
		if d.key == name {
			return d.native
		}
	}
	return nil
}
