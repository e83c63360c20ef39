package book

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/kernelext/internal/testkit"
)

func TestReadBook(t *testing.T) {
	dir := t.TempDir()
	if _, err := ReadBook(dir); !errors.Is(err, ErrBook) || !strings.Contains(err.Error(), "book init") {
		t.Errorf("a folder without a description: %v", err)
	}
	for source, want := range map[string]string{
		"title: A book\nstrict: true\n":           "",
		"":                                        "found no title",
		"author: x\n":                             "found no title",
		"title: x\ntitel: y\n":                    "line 2: field titel is unknown",
		"title: x\nnotebooks: a.ipynb\n":          "line 2: cannot unmarshal",
		"title: x\nnotebooks: [../a.ipynb]\n":     `"../a.ipynb": expected a name below the folder`,
		"title: x\nnotebooks: [\"[\"]\n":          "syntax error in pattern",
		"title: x\nbibliography: [none.bib]\n":    "book.yaml names none.bib, which is not a file",
		"title: x\n\tlogo: a\n":                   "line 2",
		"title: x\nresults: .\n":                  "which is not a file",
		"title: A book\nlogo: /etc/hostname\n":    "expected a name below",
		"title: [a\n":                             "line 1",
		"title: A book\nauthor: [one, another]\n": "line 2",
	} {
		testkit.WriteFiles(t, dir, map[string]string{BookFile: source})
		b, err := ReadBook(dir)
		if want == "" {
			if err != nil || b.Title != "A book" || !b.Strict || b.Dir != dir {
				t.Errorf("%q: %+v, %v", source, b, err)
			}
			continue
		}
		if !errors.Is(err, ErrBook) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: got %v, expected one line with %q", source, err, want)
		}
	}
}

func FuzzBook(f *testing.F) {
	f.Add([]byte("title: x\nnotebooks: [a.ipynb]\n"))
	f.Add([]byte("title: [\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if b, err := parseBook(data); err == nil && strings.TrimSpace(b.Title) == "" {
			t.Error("a book without a title")
		}
	})
}

// Promise(pages/own): A book of your own is a folder with any notebooks and one small file. Notebooks may have any name and
// be in any folder below; those that the book leaves out are named.
func TestNotebookNames(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{}
	for _, name := range []string{"intro.ipynb", "Über alles (2).ipynb", "part/b.ipynb", "part/deep/a.ipynb", "02-x.ipynb", "x.failed.ipynb", "notes.md",
		".hidden/h.ipynb", "_site/drawn/s.ipynb", "site/drawn/book.json", "site/drawn/p.ipynb", "site/drawn-notebooks/p.ipynb", ".ipynb_checkpoints/c.ipynb"} {
		files[name] = "{}"
	}
	testkit.WriteFiles(t, dir, files)
	all := []string{"02-x.ipynb", "intro.ipynb", "part/b.ipynb", "part/deep/a.ipynb", "Über alles (2).ipynb"}
	for _, test := range []struct {
		patterns, names, leftOut []string
		err                      string
	}{
		{nil, all, nil, ""},
		{[]string{"part/*.ipynb", "intro.ipynb"}, []string{"part/b.ipynb", "intro.ipynb"}, []string{"02-x.ipynb", "part/deep/a.ipynb", "Über alles (2).ipynb"}, ""},
		{[]string{"intro.ipynb", "*.ipynb"}, []string{"intro.ipynb", "02-x.ipynb", "Über alles (2).ipynb"}, []string{"part/b.ipynb", "part/deep/a.ipynb"}, ""},
		{[]string{"none.ipynb"}, nil, nil, `book.yaml: notebooks: there is no "none.ipynb"`},
	} {
		names, leftOut, err := Book{Dir: dir, Notebooks: test.patterns}.NotebookNames()
		if test.err != "" {
			if !errors.Is(err, ErrBook) || !strings.Contains(err.Error(), test.err) {
				t.Errorf("%v: got %v, expected %q", test.patterns, err, test.err)
			}
			continue
		}
		if err != nil || !slices.Equal(names, test.names) || !slices.Equal(leftOut, test.leftOut) {
			t.Errorf("%v: got %q, left out %q, %v", test.patterns, names, leftOut, err)
		}
	}
	if _, _, err := (Book{Dir: t.TempDir()}).NotebookNames(); !errors.Is(err, ErrBook) {
		t.Errorf("an empty folder: %v", err)
	}

	for only, want := range map[string][]string{
		"":                  all,
		"02":                {"02-x.ipynb"},
		"a, 02,intro.ipynb": {"02-x.ipynb", "intro.ipynb", "part/deep/a.ipynb"},
		"part":              {"part/b.ipynb", "part/deep/a.ipynb"},
		"part/deep/a":       {"part/deep/a.ipynb"},
		"notebooks/02-x":    {"02-x.ipynb"},
		"Über alles (2)":    {"Über alles (2).ipynb"},
		"0":                 nil,
		"02,":               nil,
	} {
		got, err := Book{Dir: dir}.Choose(only)
		if !slices.Equal(got, want) || (err == nil) != (want != nil) {
			t.Errorf("%q: %v, %v; want %v", only, got, err, want)
		}
	}
}

func TestPageNames(t *testing.T) {
	got := pageNames([]string{"01-x.ipynb", "index.ipynb", "01-x.md", "a b/c#d.ipynb", "a-b/c-d.ipynb", "static/x.ipynb", "A-B/C-D.ipynb", "_x/??.ipynb", "Über.ipynb"}, map[string]bool{"index": true})
	want := map[string]string{"01-x.ipynb": "01-x", "index.ipynb": "index-2", "01-x.md": "01-x-2", "a b/c#d.ipynb": "a-b/c-d", "a-b/c-d.ipynb": "a-b/c-d-2",
		"static/x.ipynb": "pages/static/x", "A-B/C-D.ipynb": "A-B/C-D-3", "_x/??.ipynb": "x/page--", "Über.ipynb": "Über"}
	for name, page := range want {
		if got[name] != page {
			t.Errorf("%s: %s, want %s", name, got[name], page)
		}
	}
}

func TestInit(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "book")
	if err := Init(dir); err != nil {
		t.Fatal(err)
	}
	b, err := ReadBook(dir)
	if err != nil {
		t.Fatal(err)
	}
	names, leftOut, err := b.NotebookNames()
	if err != nil || len(names) != 1 || len(leftOut) != 0 {
		t.Fatalf("%v, %v, %v", names, leftOut, err)
	}
	nb, err := readNotebook(b.path(names[0]))
	if err != nil || len(nb.Cells) != 10 {
		t.Errorf("%v; expected ten cells", err)
	}
	if !testkit.Exists(filepath.Join(dir, ".gitignore")) {
		t.Error("no .gitignore")
	}
	testkit.OnePlainLine(t, Init(dir), fs.ErrExist, "holds files")
}

func TestOurBook(t *testing.T) {
	b, err := ReadBook("../../notebooks")
	if err != nil {
		t.Fatal(err)
	}
	names, leftOut, err := b.NotebookNames()
	if err != nil || len(names) < 9 || len(leftOut) > 0 || !b.Strict {
		t.Errorf("%v, left out %v, %v", names, leftOut, err)
	}
	if pages, err := b.pageNames(); err != nil || !slices.Equal(pages, []string{"the-write-up-cell-by-cell.md"}) {
		t.Errorf("%v, %v", pages, err)
	}
}
