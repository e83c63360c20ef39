package session

import (
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"strings"
)

// chunkKind is what a chunk of a cell is.
type chunkKind int

const (
	statement chunkKind = iota
	define              // x, y := …
	variable            // var …
	constant
	typedef
	function
	method
	imports
)

// chunk is a declaration or statement on a cell's outermost level.
type chunk struct {
	kind      chunkKind
	text      string
	line, col int
	names     []string // that it declares
	recv      string   // a method's type
	node      ast.Node // nil for an empty statement
	fset      *token.FileSet
	base      int  // subtract it from an offset in fset to get one in text
	expr      bool // an expression that stands alone
	silent    bool // ends in a semicolon of the author's own
	generic   bool

	native any    // a compiled function; text and node are its signature then
	full   string // and this is its source
}

func (c *chunk) offset(p token.Pos) int { return c.fset.Position(p).Offset - c.base }

// place gives a position in the cell, line and column counted from 1.
func (c *chunk) place(at token.Pos) (line, col int) {
	p := c.fset.Position(at)
	if p.Line > 1 {
		return c.line + p.Line - 1, p.Column
	}
	return c.line, max(1, p.Column-c.base+c.col-1)
}

// split cuts a cell into chunks. A line "%%" is accepted and means nothing; other lines that begin with % or ! are
// commands for the kernel, which takes them out before.
func split(text string) ([]*chunk, error) {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, "%%") || strings.HasPrefix(l, "%main") {
			lines[i] = ""
		} else if strings.HasPrefix(l, "%") || strings.HasPrefix(l, "!") {
			return nil, &Problem{Line: i + 1, Col: 1, Text: "a command for the kernel: " + l}
		}
	}
	s := splitter{src: []byte(strings.Join(lines, "\n")), start: -1}
	chunks, err := s.cut()
	if err != nil {
		return nil, err
	}
	for _, c := range chunks {
		if err := c.parse(); err != nil {
			return nil, err
		}
	}
	return chunks, nil
}

// splitter finds where chunks end: at a semicolon or line end outside all brackets.
type splitter struct {
	src        []byte
	file       *token.File
	chunks     []*chunk
	start, end int
	first      token.Token
	second     token.Token
}

func (s *splitter) cut() ([]*chunk, error) {
	s.file = token.NewFileSet().AddFile("", -1, len(s.src))
	var scan scanner.Scanner
	var errs scanner.ErrorList
	scan.Init(s.file, s.src, func(p token.Position, m string) { errs.Add(p, m) }, 0)
	depth, header := 0, false // header: between for, if or switch and its brace
	for {
		pos, tok, lit := scan.Scan()
		if tok == token.EOF {
			s.flush(false)
			break
		}
		if tok == token.SEMICOLON && depth == 0 && !(header && lit == ";") {
			header = false
			s.flush(lit == ";")
			continue
		}
		off := s.file.Offset(pos)
		if s.start < 0 {
			s.start, s.first = off, tok
		} else if s.second == token.ILLEGAL {
			s.second = tok
		}
		switch tok {
		case token.FOR, token.IF, token.SWITCH, token.SELECT:
			header = header || depth == 0
		case token.LPAREN, token.LBRACK, token.LBRACE:
			if tok == token.LBRACE && depth == 0 {
				header = false
			}
			depth++
		case token.RPAREN, token.RBRACK, token.RBRACE:
			depth--
		}
		if tok == token.SEMICOLON && lit == "\n" {
			continue
		}
		n := len(lit)
		if n == 0 || !tok.IsLiteral() && !tok.IsKeyword() {
			n = len(tok.String())
		}
		s.end = off + n
	}
	if errs.Len() > 0 {
		return s.chunks, &Problem{Line: errs[0].Pos.Line, Col: errs[0].Pos.Column, Text: errs[0].Msg}
	}
	return s.chunks, nil
}

// flush ends the chunk that is open.
func (s *splitter) flush(silent bool) {
	if s.start < 0 {
		return
	}
	p := s.file.PositionFor(s.file.Pos(s.start), false) // as it stands, whatever a comment //line says
	c := &chunk{text: string(s.src[s.start:s.end]), line: p.Line, col: p.Column, silent: silent}
	switch s.first {
	case token.IMPORT:
		c.kind = imports
	case token.CONST:
		c.kind = constant
	case token.TYPE:
		c.kind = typedef
	case token.VAR:
		c.kind = variable
	case token.FUNC:
		c.kind = function
	}
	s.chunks = append(s.chunks, c)
	s.start, s.first, s.second = -1, token.ILLEGAL, token.ILLEGAL
}

// parse finds out what the chunk declares.
func (c *chunk) parse() error {
	c.fset = token.NewFileSet()
	var first error
	if c.kind != statement {
		const head = "package p;"
		f, err := parser.ParseFile(c.fset, "", head+c.text, parser.SkipObjectResolution)
		c.base = len(head)
		if err == nil && (len(f.Decls) == 1 || c.kind == imports) {
			c.declares(f.Decls[0])
			return nil
		}
		if err != nil && c.kind != function { // a function literal that is called, perhaps
			return c.problem(err)
		}
		first = err
		c.kind, c.fset = statement, token.NewFileSet()
	}
	const head = "package p;func _() {"
	f, err := parser.ParseFile(c.fset, "", head+c.text+"\n}", parser.SkipObjectResolution)
	c.base = len(head)
	if err != nil && first == nil && c.parseList() {
		return nil
	}
	if err != nil {
		if first != nil {
			c.base, err = len("package p;"), first
		}
		return c.problem(err)
	}
	body := f.Decls[0].(*ast.FuncDecl).Body.List
	if len(body) == 0 {
		return nil
	}
	c.node = body[0]
	switch s := body[0].(type) {
	case *ast.AssignStmt:
		if s.Tok != token.DEFINE {
			break
		}
		c.kind = define
		for _, l := range s.Lhs {
			id, ok := l.(*ast.Ident)
			if !ok {
				return &Problem{Line: c.line, Col: c.col, Text: "non-name on left side of :="}
			}
			c.names = append(c.names, id.Name)
		}
	case *ast.ExprStmt:
		c.expr = true
	case *ast.ReturnStmt:
		return &Problem{Line: c.line, Col: c.col, Text: "a return outside a function: the cell ends at its last line"}
	}
	return nil
}

// parseList takes the chunk for several expressions: a, b
func (c *chunk) parseList() bool {
	const head = "package p;func _() { _("
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "", head+c.text+",\n)}", parser.SkipObjectResolution)
	if err != nil {
		return false
	}
	body := f.Decls[0].(*ast.FuncDecl).Body.List
	if len(body) != 1 {
		return false
	}
	st, ok := body[0].(*ast.ExprStmt)
	if !ok {
		return false
	}
	call, ok := st.X.(*ast.CallExpr)
	if !ok || len(call.Args) < 2 {
		return false
	}
	c.fset, c.base, c.expr = fset, len(head), true
	c.node = &ast.CompositeLit{Elts: call.Args}
	return true
}

func (c *chunk) declares(decl ast.Decl) {
	c.node = decl
	switch d := decl.(type) {
	case *ast.FuncDecl:
		c.names = []string{d.Name.Name}
		c.generic = d.Type.TypeParams != nil
		if d.Recv != nil && len(d.Recv.List) == 1 {
			c.kind = method
			c.recv = typeName(d.Recv.List[0].Type)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				c.names = append(c.names, spec.Name.Name)
				c.generic = c.generic || spec.TypeParams != nil
			case *ast.ValueSpec:
				for _, n := range spec.Names {
					c.names = append(c.names, n.Name)
				}
			}
		}
	}
}

// problem places a parser's error in the cell.
func (c *chunk) problem(err error) error {
	list, ok := err.(scanner.ErrorList)
	if !ok || len(list) == 0 {
		return &Problem{Line: c.line, Col: c.col, Text: err.Error()}
	}
	e := list[0]
	line, col := e.Pos.Line, e.Pos.Column
	if line == 1 {
		col = max(1, col-c.base) + c.col - 1
	}
	last := c.line + strings.Count(c.text, "\n")
	return &Problem{Line: min(line+c.line-1, last), Col: col, Text: e.Msg}
}

// typeName is the name in a receiver's type.
func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.ParenExpr:
		return typeName(e.X)
	case *ast.IndexExpr:
		return typeName(e.X)
	case *ast.IndexListExpr:
		return typeName(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// mentions lists the identifiers in a node, and those that stand before a dot.
func mentions(n ast.Node) (names, dotted map[string]bool) {
	names, dotted = map[string]bool{}, map[string]bool{}
	if n == nil {
		return names, dotted
	}
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if id, ok := n.X.(*ast.Ident); ok {
				dotted[id.Name] = true
			}
			ast.Inspect(n.X, func(n ast.Node) bool {
				if id, ok := n.(*ast.Ident); ok {
					names[id.Name] = true
				}
				return true
			})
			return true
		case *ast.Ident:
			names[n.Name] = true
		}
		return true
	})
	return names, dotted
}
