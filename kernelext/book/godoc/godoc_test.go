package godoc

import (
	"slices"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/kernelext/internal/testkit"
)

func TestPackagePages(t *testing.T) {
	module := t.TempDir()
	testkit.WriteFiles(t, module, map[string]string{
		"a/a.go": `// Package a costs $1. It uses [b.Thing] of [github.com/cnnbook/cnnbook/a/b], and an [io.Reader].
//
// # How
//
//	x := a.New()
//
// Files:
//
//	a tree of files
package a

import (
	"io"

	"github.com/cnnbook/cnnbook/a/b"
)

// Colours.
const (
	Red = 1
	blue = 2
)

// A Pot holds things, see [Pot.Pour] and [New].
type Pot struct {
	Lid bool // says [Pot.Lid]
	secret int
}

// New makes a Pot.
func New() *Pot { return nil }

// Pour pours.
func (p *Pot) Pour(r io.Reader, t b.Thing) {}

func hidden() {}
`,
		"a/a_test.go":        "package a_test\n\nimport \"fmt\"\n\nfunc ExamplePot_Pour() {\n\tfmt.Println(\"```\")\n\t// Output: ```\n}\n",
		"a/b/b.go":           "// Package b has a Thing.\npackage b\n\n// Thing is one.\ntype Thing interface{ Do() }\n",
		"a/internal/c/c.go":  "package c\n",
		"a/cmd/main.go":      "package main\n\nfunc main() {}\n",
		"a/testdata/d/d.go":  "package d\n",
		"a/nothing/note.txt": "no Go here",
	})
	pages, err := Pages(module, "github.com/cnnbook/cnnbook", []string{"a"})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, page := range pages {
		names = append(names, page.Page)
	}
	if !slices.Equal(names, []string{"package-a", "package-a-b"}) {
		t.Fatalf("pages %v", names)
	}
	a := pages[0]
	for _, want := range []string{
		"# Package a\n", `costs \$1`, "[b.Thing](go:package-a-b#Thing)", "(go:package-a-b#)", "https://pkg.go.dev/io#Reader", "## How",
		`id="hdr-How"`, "```go\nx := a.New()", `id="Red"`, "### type Pot", `id="Pot.Lid"`, "[Pot.Pour](go:package-a#Pot.Pour)",
		"// contains filtered or unexported fields", `id="Pot.Pour"`, "**Example**", "````go\nfmt.Println(\"```\")\n````", "Output:",
	} {
		if !strings.Contains(a.Markdown, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	for _, unwanted := range []string{"secret", "hidden", "id=\"blue\"", "// Output"} {
		if strings.Contains(a.Markdown, unwanted) {
			t.Errorf("the page has %q", unwanted)
		}
	}
	symbols := Symbols(pages)
	for name, want := range map[string]string{"a": "package-a.html", "a.New": "package-a.html#New", "a.Pot.Pour": "package-a.html#Pot.Pour", "b.Thing.Do": "package-a-b.html#Thing.Do"} {
		if symbols[name] != want {
			t.Errorf("%s is at %q, expected %q", name, symbols[name], want)
		}
	}
	if t.Failed() {
		t.Log(a.Markdown)
	}
}
