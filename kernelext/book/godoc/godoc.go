// Package godoc renders the documentation of a module's Go packages as pages in Markdown (MyST).
package godoc

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/build"
	"go/doc"
	"go/doc/comment"
	"go/parser"
	"go/printer"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/cnnbook/cnnbook/kernelext/internal/text"
)

// Page is the Go documentation of one package as a page in Markdown (MyST). Its anchors are those of
// pkg.go.dev: Name, Type.Method, hdr-Heading.
type Page struct {
	Page     string // name of the page: package-cnn, package-cnn-diagram
	Folder   string // of the package in its module: cnn/diagram
	Name     string // of the package
	Synopsis string // first sentence of its documentation
	Markdown string
	Symbols  []string // anchors of the exported identifiers
}

// Pages makes a page for each package at or below the given folders of the module in folder module, whose import path is path. Internal packages, commands
// and test data are left out.
func Pages(module, path string, folders []string) ([]Page, error) {
	var sources []*packageSource
	for _, folder := range folders {
		err := filepath.WalkDir(filepath.Join(module, folder), func(dir string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.IsDir() {
				return err
			}
			if name := entry.Name(); name == "internal" || name == "testdata" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") {
				return fs.SkipDir
			}
			source, err := readPackage(module, path, dir)
			if err == nil && source != nil {
				sources = append(sources, source)
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("documentation of %s: %w", folder, err)
		}
	}
	known := map[string]string{} // page of each import path
	for _, s := range sources {
		known[s.doc.ImportPath] = s.page()
	}
	var pages []Page
	for _, s := range sources {
		w := packageWriter{packageSource: s, known: known}
		page, err := w.write()
		if err != nil {
			return nil, fmt.Errorf("documentation of %s: %w", s.doc.ImportPath, err)
		}
		pages = append(pages, page)
	}
	return pages, nil
}

// packageSource is a parsed package.
type packageSource struct {
	folder string // in its module
	files  *token.FileSet
	doc    *doc.Package
}

// page returns the name of the package's page.
func (s *packageSource) page() string { return "package-" + strings.ReplaceAll(s.folder, "/", "-") }

// readPackage parses the Go files of a folder that are built on this platform, and the tests, which hold the examples;
// nil if the folder holds no importable package.
func readPackage(module, modulePath, dir string) (*packageSource, error) {
	found, err := build.ImportDir(dir, 0)
	if _, none := err.(*build.NoGoError); none {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if found.Name == "main" {
		return nil, nil
	}
	rel, err := filepath.Rel(module, dir)
	if err != nil {
		return nil, err
	}
	s := &packageSource{folder: filepath.ToSlash(rel), files: token.NewFileSet()}
	var files []*ast.File
	for _, name := range slices.Concat(found.GoFiles, found.CgoFiles, found.TestGoFiles, found.XTestGoFiles) {
		file, err := parser.ParseFile(s.files, filepath.Join(dir, name), nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	s.doc, err = doc.NewFromFiles(s.files, files, path.Join(modulePath, s.folder))
	return s, err
}

// packageWriter writes the page of one package.
type packageWriter struct {
	*packageSource
	known   map[string]string
	out     bytes.Buffer
	symbols []string
	failed  error
}

func (w *packageWriter) write() (Page, error) {
	p := w.doc
	fmt.Fprintf(&w.out, "# Package %s\n\n```go\nimport %q\n```\n\n", p.Name, p.ImportPath)
	w.comment(p.Doc, 2)
	w.examples(p.Examples)
	w.values("Constants", p.Consts)
	w.values("Variables", p.Vars)
	if len(p.Funcs) > 0 {
		w.out.WriteString("## Functions\n\n")
		w.functions(p.Funcs, 3)
	}
	if len(p.Types) > 0 {
		w.out.WriteString("## Types\n\n")
	}
	for _, t := range p.Types {
		w.anchor(t.Name)
		w.anchor(membersOf(t)...)
		fmt.Fprintf(&w.out, "### type %s\n\n", t.Name)
		w.code(t.Decl)
		w.comment(t.Doc, 4)
		w.examples(t.Examples)
		w.values("", t.Consts)
		w.values("", t.Vars)
		w.functions(t.Funcs, 4)
		w.functions(t.Methods, 4)
	}
	return Page{
		Page: w.page(), Folder: w.folder, Name: p.Name, Synopsis: p.Synopsis(p.Doc),
		Markdown: w.out.String(), Symbols: w.symbols,
	}, w.failed
}

// anchor writes an anchor with the name that pkg.go.dev uses.
func (w *packageWriter) anchor(names ...string) {
	for _, name := range names {
		fmt.Fprintf(&w.out, "<div class=\"book-anchor\" id=%q></div>\n\n", name)
		w.symbols = append(w.symbols, name)
	}
}

// membersOf returns the names of a struct's exported fields and an interface's methods: Type.Member.
func membersOf(t *doc.Type) []string {
	var names []string
	for _, spec := range t.Decl.Specs {
		spec, ok := spec.(*ast.TypeSpec)
		if !ok {
			continue
		}
		var members *ast.FieldList
		switch kind := spec.Type.(type) {
		case *ast.StructType:
			members = kind.Fields
		case *ast.InterfaceType:
			members = kind.Methods
		}
		if members == nil {
			continue
		}
		for _, field := range members.List {
			for _, name := range field.Names {
				if name.IsExported() {
					names = append(names, spec.Name.Name+"."+name.Name)
				}
			}
		}
	}
	return names
}

func (w *packageWriter) values(heading string, groups []*doc.Value) {
	if heading != "" && len(groups) > 0 {
		fmt.Fprintf(&w.out, "## %s\n\n", heading)
	}
	for _, group := range groups {
		w.anchor(slices.DeleteFunc(slices.Clone(group.Names), func(name string) bool { return !ast.IsExported(name) })...)
		w.code(group.Decl)
		w.comment(group.Doc, 4)
	}
}

func (w *packageWriter) functions(functions []*doc.Func, level int) {
	for _, f := range functions {
		name, title := f.Name, "func "+f.Name
		if f.Recv != "" {
			receiver := strings.TrimPrefix(f.Recv, "*")
			receiver, _, _ = strings.Cut(receiver, "[")
			name, title = receiver+"."+f.Name, fmt.Sprintf("func (%s) %s", f.Recv, f.Name)
		}
		w.anchor(name)
		fmt.Fprintf(&w.out, "%s %s\n\n", strings.Repeat("#", level), text.EscapeMarkdown(title))
		w.code(f.Decl)
		w.comment(f.Doc, level+1)
		w.examples(f.Examples)
	}
}

func (w *packageWriter) examples(examples []*doc.Example) {
	for _, e := range examples {
		title := "Example"
		if e.Suffix != "" {
			title += ": " + strings.ReplaceAll(e.Suffix, "_", " ")
		}
		fmt.Fprintf(&w.out, "**%s**\n\n", text.EscapeMarkdown(title))
		w.comment(e.Doc, 5)
		w.fence("go", w.exampleCode(e))
		if e.Output != "" {
			w.out.WriteString("Output:\n\n")
			w.fence("text", e.Output)
		}
	}
}

var outputComment = regexp.MustCompile(`(?i)[ \t]*//[ \t]*(unordered )?output:`)

// exampleCode returns the body of an example without the comment that holds its output.
func (w *packageWriter) exampleCode(e *doc.Example) string {
	text := w.source(&printer.CommentedNode{Node: e.Code, Comments: e.Comments})
	if inner, isBlock := strings.CutPrefix(text, "{"); isBlock {
		text = strings.ReplaceAll(strings.TrimSuffix(inner, "}"), "\n\t", "\n")
	}
	if at := outputComment.FindStringIndex(text); at != nil {
		text = text[:at[0]]
	}
	return strings.Trim(text, "\n ")
}

func (w *packageWriter) code(node any) { w.fence("go", w.source(node)) }

// source prints a node as gofmt does.
func (w *packageWriter) source(node any) string {
	var b bytes.Buffer
	config := printer.Config{Mode: printer.UseSpaces | printer.TabIndent, Tabwidth: 8}
	if err := config.Fprint(&b, w.files, node); err != nil && w.failed == nil {
		w.failed = err
	}
	return b.String()
}

// fence writes a block of code between fences longer than any run of backquotes in it.
func (w *packageWriter) fence(language, code string) {
	fence := "```"
	for strings.Contains(code, fence) {
		fence += "`"
	}
	fmt.Fprintf(&w.out, "%s%s\n%s\n%s\n\n", fence, language, strings.TrimRight(code, "\n"), fence)
}

// comment writes a documentation comment: https://go.dev/doc/comment.
func (w *packageWriter) comment(text string, level int) {
	if strings.TrimSpace(text) == "" {
		return
	}
	p := w.doc.Printer()
	p.DocLinkURL = w.link
	p.HeadingLevel = level
	p.HeadingID = func(*comment.Heading) string { return "" }
	parsed := w.doc.Parser().Parse(text)
	for _, block := range parsed.Content {
		switch block := block.(type) {
		case *comment.Code:
			w.fence(languageOf(block.Text), block.Text)
			continue
		case *comment.Heading:
			fmt.Fprintf(&w.out, "<div class=\"book-anchor\" id=%q></div>\n\n", block.DefaultID())
		}
		part := p.Markdown(&comment.Doc{Content: []comment.Block{block}, Links: parsed.Links})
		w.out.Write(bytes.ReplaceAll(part, []byte("$"), []byte(`\$`))) // a dollar begins a formula
		w.out.WriteByte('\n')
	}
}

// languageOf distinguishes Go from other text in a comment's code block: what parses is Go.
func languageOf(code string) string {
	for _, form := range []string{"package p\n%s", "package p\nfunc _() {\n%s\n}"} {
		if _, err := parser.ParseFile(token.NewFileSet(), "", fmt.Sprintf(form, code), 0); err == nil {
			return "go"
		}
	}
	return "text"
}

// link returns the target of [Name] in a comment: a page of the book, in the form that its configuration expects, or
// pkg.go.dev.
func (w *packageWriter) link(link *comment.DocLink) string {
	importPath := link.ImportPath
	if importPath == "" {
		importPath = w.doc.ImportPath
	}
	page, ours := w.known[importPath]
	if !ours {
		return link.DefaultURL("https://pkg.go.dev")
	}
	anchor := link.Name
	if link.Recv != "" {
		anchor = link.Recv + "." + link.Name
	}
	return "go:" + page + "#" + anchor
}

// Symbols maps the exported identifiers to their documentation: cnn.OpenRun to package-cnn.html#OpenRun.
func Symbols(pages []Page) map[string]string {
	symbols := map[string]string{}
	for _, page := range pages {
		symbols[page.Name] = page.Page + ".html"
		for _, name := range page.Symbols {
			symbols[page.Name+"."+name] = page.Page + ".html#" + name
		}
	}
	return symbols
}
