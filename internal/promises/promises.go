// Package promises writes docs/PROMISES.md from the tests that hold each promise, so
// that the page cannot claim what no test checks.
//
// A test holds a promise by a line in its doc comment. One of the tests states it,
// up to the next blank line or the next such line; the others only name it. Text
// without the colon says what this test adds:
//
//	// Promise(runs/resume): A training that is stopped anywhere and resumed ends
//	// with the weights of one that was never stopped.
//	// Promise(runs/resume) a process killed at 20 random moments
//	func TestKilled(t *testing.T) {
//
// The word before the slash is the section of the page, see [Sections].
//
//	go generate ./internal/promises
//
// writes the page anew; a test fails while it is not what that would write.
package promises

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

//go:generate go run ./generate

// Page is the path of the generated page in the module.
const Page = "docs/PROMISES.md"

// Section is a part of the page.
type Section struct{ Key, Title string }

// Sections are the parts of the page, in order.
func Sections() []Section {
	return []Section{
		{"agreement", "Agreement with Keras and others"},
		{"compute", "The same numbers on every path"},
		{"runs", "Runs"},
		{"files", "Files and data"},
		{"kernel", "The kernel and Jupyter"},
		{"setup", "Set-up"},
		{"pages", "The book's pages"},
		{"courses", "Courses"},
	}
}

// Promise is one sentence and the tests that hold it.
type Promise struct {
	Key      string // section/name
	Sentence string
	Tests    []Test
}

// Test is a test function that holds a promise.
type Test struct {
	Name, File string // File is the path in the module, with slashes
	Remark     string // what this one adds; may be empty
}

// Collect reads the promises from all test files of a module, sorted by section and key.
// Errors name the file and line: a promise without a sentence or with two, an unknown
// section, a mark that does not stand in the doc comment of a test.
func Collect(module fs.FS) ([]Promise, error) {
	c := collector{found: make(map[string]*Promise)}
	err := fs.WalkDir(module, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && skipped(entry.Name()):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(name, "_test.go"):
			return nil
		}
		source, err := fs.ReadFile(module, name)
		if err != nil || !bytes.Contains(source, []byte("// Promise(")) {
			return err
		}
		return c.file(name, source)
	})
	if err != nil {
		return nil, err
	}
	return c.sorted()
}

func skipped(folder string) bool {
	return folder == "testdata" || folder == "promises" || strings.HasPrefix(folder, ".") || strings.HasPrefix(folder, "_")
}

type collector struct{ found map[string]*Promise }

func (c *collector) file(name string, source []byte) error {
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, name, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	tests := make(map[*ast.CommentGroup]string)
	for _, d := range parsed.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Doc != nil && isTest(f) {
			tests[f.Doc] = f.Name.Name
		}
	}
	for _, group := range parsed.Comments {
		for _, m := range marks(group) {
			err := c.add(m, Test{Name: tests[group], File: name, Remark: m.remark})
			if err != nil {
				return fmt.Errorf("%s: %w", files.Position(m.at), err)
			}
		}
	}
	return nil
}

func isTest(f *ast.FuncDecl) bool {
	name := f.Name.Name
	return f.Recv == nil && (strings.HasPrefix(name, "Test") || strings.HasPrefix(name, "Fuzz") || strings.HasPrefix(name, "Example"))
}

// mark is one Promise(…) in a comment.
type mark struct {
	at                    token.Pos
	key, sentence, remark string
}

var markLine = regexp.MustCompile(`^// Promise\(([^)]*)\)(:?)\s*(.*)$`)

func marks(group *ast.CommentGroup) []mark {
	var found []mark
	open := false // whether a further line belongs to the last mark
	sentence := false
	for _, line := range group.List {
		parts := markLine.FindStringSubmatch(line.Text)
		switch {
		case parts != nil:
			m := mark{at: line.Pos(), key: parts[1]}
			open, sentence = true, parts[2] == ":"
			if sentence {
				m.sentence = parts[3]
			} else {
				m.remark = parts[3]
			}
			found = append(found, m)
		case line.Text == "//":
			open = false
		case open && sentence:
			last := &found[len(found)-1]
			last.sentence += " " + strings.TrimSpace(strings.TrimPrefix(line.Text, "//"))
		case open:
			last := &found[len(found)-1]
			last.remark += " " + strings.TrimSpace(strings.TrimPrefix(line.Text, "//"))
		}
	}
	return found
}

func (c *collector) add(m mark, t Test) error {
	section, name, ok := strings.Cut(m.key, "/")
	known := slices.ContainsFunc(Sections(), func(s Section) bool { return s.Key == section })
	switch {
	case t.Name == "":
		return fmt.Errorf("Promise(%s) is not in the doc comment of a test", m.key)
	case !ok || name == "" || !known:
		return fmt.Errorf("Promise(%s): want section/name with one of the sections of package promises", m.key)
	}
	p := c.found[m.key]
	if p == nil {
		p = &Promise{Key: m.key}
		c.found[m.key] = p
	}
	if m.sentence != "" {
		if p.Sentence != "" {
			return fmt.Errorf("Promise(%s) is stated twice", m.key)
		}
		p.Sentence = m.sentence
	}
	same := slices.IndexFunc(p.Tests, func(old Test) bool { return old.Name == t.Name && old.File == t.File })
	if same < 0 {
		p.Tests = append(p.Tests, t)
		return nil
	}
	p.Tests[same].Remark = cmp.Or(p.Tests[same].Remark, t.Remark)
	return nil
}

func (c *collector) sorted() ([]Promise, error) {
	var all []Promise
	for _, p := range c.found {
		if p.Sentence == "" {
			return nil, fmt.Errorf("%s: %s names Promise(%s), which no test states", p.Tests[0].File, p.Tests[0].Name, p.Key)
		}
		slices.SortFunc(p.Tests, func(a, b Test) int {
			return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Name, b.Name))
		})
		all = append(all, *p)
	}
	place := func(p Promise) int {
		return slices.IndexFunc(Sections(), func(s Section) bool { return strings.HasPrefix(p.Key, s.Key+"/") })
	}
	slices.SortFunc(all, func(a, b Promise) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a.Key, b.Key))
	})
	return all, nil
}

// Markdown is the page that shows promises.
func Markdown(all []Promise) []byte {
	var b bytes.Buffer
	b.WriteString("# What you can rely on\n\n" +
		"Each promise is held by tests: when one of them fails, the promise is broken.\n\n" +
		"*This page is generated from the tests by `go generate ./internal/promises`. To change it, edit their comments.*\n")
	for _, s := range Sections() {
		title := "\n## " + s.Title + "\n"
		for _, p := range all {
			if !strings.HasPrefix(p.Key, s.Key+"/") {
				continue
			}
			b.WriteString(title)
			title = ""
			writePromise(&b, p)
		}
	}
	return b.Bytes()
}

func writePromise(b *bytes.Buffer, p Promise) {
	fmt.Fprintf(b, "\n**%s**\n\n", p.Sentence)
	folder := ""
	for _, t := range p.Tests {
		if d := path.Dir(t.File); d != folder {
			if folder != "" {
				b.WriteString("\n")
			}
			folder = d
			fmt.Fprintf(b, "- %s: ", packageName(d))
		} else {
			b.WriteString(", ")
		}
		fmt.Fprintf(b, "[%s](../%s)", t.Name, t.File)
		if t.Remark != "" {
			fmt.Fprintf(b, " (%s)", t.Remark)
		}
	}
	b.WriteString("\n")
}

func packageName(folder string) string {
	if folder == "." {
		return "the commands"
	}
	return "`" + folder + "`"
}
