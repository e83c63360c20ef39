package book

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/kernelext/internal/kerneltest"
	"github.com/cnnbook/cnnbook/kernelext/internal/testkit"
)

// markdownNotebook is an executed notebook of Markdown cells.
func markdownNotebook(t *testing.T, path string, cells ...notebookCell) {
	t.Helper()
	nb := notebook{NBFormat: 4, NBFormatMinor: 5}
	for i, cell := range cells {
		cell.CellType, cell.ID = cellMarkdown, fmt.Sprintf("c%d", i)
		nb.Cells = append(nb.Cells, cell)
	}
	record := Record{Facts: []Fact{{"backend", "none"}}}
	if err := (normaliser{kernel: kernelspecInfo{"Go", "go", "cnnbook"}, record: &record}).apply(&nb); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := nb.write(path, 0o644); err != nil {
		t.Fatal(err)
	}
}

// grey is a picture of one pixel.
var grey, _ = base64.StdEncoding.DecodeString("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==")

// TestDetailsOfOtherPeoplesNotebooks renders what notebooks hold that were not written for this book. What leads nowhere is
// named with its cell, and does not stop the book.
//
// Promise(pages/own) with pictures by file and by attachment, front matter, a bibliography, and links to what is not there
func TestDetailsOfOtherPeoplesNotebooks(t *testing.T) {
	s := site(t, "# unused")
	dir := s.Sources
	testkit.WriteFiles(t, dir, map[string]string{
		"pictures/a b.png": string(grey), "outside.ipynb": "{}", "data.csv": "1,2\n",
		"refs.bib": "@book{knuth, author={Knuth, D.}, title={The Art}, year={1968}, publisher={A}}\n",
		"about.md": "---\ntitle: About\n---\n\n# About this\n\nSee [the second](part%20one/Über%20(2).ipynb), and [nothing](nothing.md).\n",
	})
	attachments, err := json.Marshal(map[string]any{"grey.png": map[string]string{"image/png": base64.StdEncoding.EncodeToString(grey)}})
	if err != nil {
		t.Fatal(err)
	}
	markdownNotebook(t, filepath.Join(dir, "index.ipynb"),
		notebookCell{Source: "---\ntitle: The front\nauthors:\n  - name: A. Author\ndate: 2026-11-26\n---\nText of {cite}`knuth`."},
		notebookCell{Source: "![by file](<pictures/a b.png>) [second](<part one/Über (2).ipynb>) [data](data.csv) [about](about.md)"},
		notebookCell{Source: "[not in this run](outside.ipynb), [gone](gone.ipynb), ![lost](lost.png), [secret](../../etc/passwd), [web](https://example.org)"},
		notebookCell{Source: "## Part\n\n{unknown}`role`, $f[i](x)$"},
	)
	markdownNotebook(t, filepath.Join(dir, "part one", "Über (2).ipynb"),
		notebookCell{Source: "# Second\n\n![attached](attachment:grey.png) ![none](attachment:none.png)", Attachments: attachments},
		notebookCell{Source: "![by file](<../pictures/a b.png>), <img alt=\"html\" src=\"../pictures/a b.png\">, [first](../index.ipynb#part), `viz.Grid`\n\n```{figure} ../pictures/a b.png\n:alt: figure\n\nCaption.\n```\n\n<details><summary>A hint</summary>\n\nFolded `text`.\n\n</details>\n\nAfter."},
	)
	var warnings []string
	s.Notebooks, s.Pages, s.Bibliography = []string{"index.ipynb", "part one/Über (2).ipynb"}, []string{"about.md"}, []string{"refs.bib"}
	s.Author, s.Logo = "A. Author", "pictures/a b.png"
	s.Module, s.Packages = filepath.Join("..", ".."), []string{"viz"}
	s.URL, s.Repository, s.Hub = "https://example.org/b", "https://github.com/a/b", "https://hub.example.org"
	s.Warn = func(warning string) { warnings = append(warnings, warning) }
	if err := os.MkdirAll(filepath.Dir(s.Out), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Render(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"index.ipynb, cell 3: gone.ipynb does not exist", "index.ipynb, cell 3: lost.png does not exist", "index.ipynb, cell 3: the link to ../../etc/passwd leads out of the book",
		"part one/Über (2).ipynb, cell 1: attachment none.png: the cell has 1 attachment, and not this one", "about.md: nothing.md does not exist",
		"index.ipynb, cell 4, line 3: ",
	} {
		if n := len(slices.DeleteFunc(slices.Clone(warnings), func(w string) bool { return !strings.Contains(w, want) })); n == 0 {
			t.Errorf("no warning %q", want)
		}
	}
	if len(warnings) > 8 {
		t.Errorf("%d warnings: %q", len(warnings), warnings)
	}
	read := func(name string) string {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(s.Out, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	for name, wants := range map[string][]string{
		"index.html": {"The front", "Second", `href="part-one/%C3%9Cber--2-.html"|href="part-one/Über--2-.html"`, "_static/logo.png"},
		"index-2.html": {"The front</h1>|The front<a", "A. Author, 2026-11-26", `alt="by file"`, `href="part-one/%C3%9Cber--2-.html"|href="part-one/Über--2-.html"`, "data.csv", `href="about.html"`,
			"not in this run, gone, lost, secret", `href="references.html#`, "git-pull?repo=https", "index.ipynb"},
		"part-one/Über--2-.html": {`alt="attached"`, `alt="html"`, `alt="figure"`, `href="../index-2.html#part"`, `href="../package-viz.html#Grid"`, `../single/part-one/%C3%9Cber--2-.html`,
			"part%20one/%C3%9Cber%20%282%29.ipynb"},
		"single/part-one/Über--2-.html": {`alt="attached"|attached`, "data:image/png;base64,iVBOR",
			"<details><summary>A hint</summary>\n<p>Folded <code>text</code>.</p>\n</details>\n<p>After.</p>"},
		"references.html": {"Knuth"},
		"about.html":      {"the second</"},
		"sitemap.xml":     {"https://example.org/b/part-one/%C3%9Cber--2-.html"},
	} {
		page := read(name)
		for _, want := range wants {
			if !slices.ContainsFunc(strings.Split(want, "|"), func(w string) bool { return strings.Contains(page, w) }) {
				t.Errorf("%s has no %s", name, want)
			}
		}
		for _, gone := range []string{"gone.ipynb", "lost.png", "etc/passwd", "nothing.md"} {
			if strings.Contains(page, gone) {
				t.Errorf("%s leads to %s", name, gone)
			}
		}
	}
	for _, picture := range regexp.MustCompile(`<img[^>]* src="([^"]*)"`).FindAllStringSubmatch(read("part-one/Über--2-.html"), -1) {
		if !strings.HasPrefix(picture[1], "data:") && !testkit.Exists(filepath.Join(s.Out, "part-one", filepath.FromSlash(picture[1]))) {
			t.Errorf("there is no picture %s", picture[1])
		}
	}

	// Where warnings are errors, the first stops the book, and the old pages stay.
	s.Warn = nil
	if err := Render(t.Context(), s); !errors.Is(err, ErrSite) || !strings.Contains(err.Error(), "index.ipynb, cell 3: gone.ipynb does not exist") || strings.Contains(err.Error(), "\n") {
		t.Errorf("strict: got %v", err)
	}
	read("index.html")
}

// TestANewBook makes a book, runs it in the kernel, and runs again what changes while it is watched.
//
// Promise(pages/own) from `book init` to the pages, and again after each change
func TestANewBook(t *testing.T) {
	env := kerneltest.Environment(t)
	dir := filepath.Join(t.TempDir(), "mine")
	if err := Init(dir); err != nil {
		t.Fatal(err)
	}
	b, err := ReadBook(dir)
	if err != nil {
		t.Fatal(err)
	}
	log := &safeBuffer{}
	build := Build{
		Book: b, Params: kernelext.Params{Budget: kernelext.BudgetSmoke, Seed: 1, Runs: t.TempDir()}, Out: filepath.Join(dir, "_site"),
		Code: []string{"viz"}, Log: log, env: env,
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := build.Watch(ctx)
		done <- err
	}()
	defer stop()
	page := filepath.Join(dir, "_site", "drawn-smoke-seed1", "first.html")
	wait := func(what string, ready func() bool) {
		t.Helper()
		for end := time.Now().Add(10 * time.Minute); !ready(); time.Sleep(200 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s: not within ten minutes:\n%s", what, log)
			}
		}
	}
	upToDate := func(n int) func() bool {
		return func() bool { return strings.Count(log.String(), "is up to date") >= n }
	}
	wait("the first pages", upToDate(1))
	for _, want := range []string{"Two trainings", "✓ right", "cnnbook-figure", "references.html#", "window.svg", "Show the solution"} {
		if data, err := os.ReadFile(page); err != nil || !strings.Contains(string(data), want) {
			t.Errorf("%v: the page has no %s", err, want)
		}
	}
	if strings.Contains(log.String(), "warning: ") {
		t.Errorf("warnings about the template:\n%s", log)
	}

	nb, err := readNotebook(filepath.Join(dir, "first.ipynb"))
	if err != nil {
		t.Fatal(err)
	}
	nb.Cells = nb.Cells[:1]
	nb.Cells[0].Source = "# Shorter\n\nWithout {cite}`krizhevsky2009` code."
	if err := nb.write(filepath.Join(dir, "other (2).ipynb"), 0o644); err != nil {
		t.Fatal(err)
	}
	wait("a new notebook", upToDate(2))
	if data, err := os.ReadFile(filepath.Join(filepath.Dir(page), "other--2-.html")); err != nil || !strings.Contains(string(data), "Shorter") {
		t.Errorf("the page of the new notebook: %v", err)
	}
	if !strings.Contains(log.String(), "first.ipynb: nothing has changed since it was run") {
		t.Errorf("a notebook that has not changed ran again:\n%s", log)
	}

	testkit.WriteFiles(t, dir, map[string]string{BookFile: "titel: x\n"})
	wait("a mistake in the description", func() bool { return strings.Contains(log.String(), "field titel is unknown") })
	testkit.WriteFiles(t, dir, map[string]string{BookFile: "title: Another title\nbibliography: [references.bib]\nnotebooks: [first.ipynb]\n"})
	wait("another title", func() bool {
		data, err := os.ReadFile(filepath.Join(filepath.Dir(page), "index.html"))
		return err == nil && strings.Contains(string(data), "Another title")
	})
	if !strings.Contains(log.String(), "left out of the book: other (2).ipynb") {
		t.Errorf("a notebook was left out in silence:\n%s", log)
	}
	stop()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("watching ended with %v", err)
	}
}

// safeBuffer is a log that one goroutine writes and another reads.
type safeBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
