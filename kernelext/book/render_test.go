package book

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/kernelext/internal/kerneltest"
)

// executedNotebook writes a notebook with outputs of every kind that cells show.
func executedNotebook(t *testing.T, path, lead string) {
	t.Helper()
	nb, err := readNotebook(filepath.Join("testdata", "01-show.ipynb"))
	if err != nil {
		t.Fatal(err)
	}
	nb.Cells[0].Source = multiline(lead)
	data, err := os.ReadFile(filepath.Join("..", "testdata", "shown.json")) // package kernelext's tests check that cells show this
	if err != nil {
		t.Fatal(err)
	}
	var shown []map[string]json.RawMessage
	if err := json.Unmarshal(data, &shown); err != nil {
		t.Fatal(err)
	}
	receipts, err := json.Marshal(string(twoReceipts)) // as a kernel sends it
	if err != nil {
		t.Fatal(err)
	}
	shown[0][kernelext.ReceiptMIME] = receipts
	for _, form := range shown {
		nb.Cells[2].Outputs = append(nb.Cells[2].Outputs, cellOutput{OutputType: outputDisplay, Data: form})
	}
	nb.Cells[2].Outputs = append(nb.Cells[2].Outputs, stream("stdout", "printed\n"))
	if err := (normaliser{kernel: kernelspecInfo{"Go", "go", "cnnbook"}, record: &Record{Facts: []Fact{{"backend", "xla <cpu>"}}}}).apply(nb); err != nil {
		t.Fatal(err)
	}
	if err := nb.write(path, 0o644); err != nil {
		t.Fatal(err)
	}
}

func site(t *testing.T, lead string) Site {
	t.Helper()
	env := kerneltest.Environment(t)
	formulas, err := env.Formulas(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	notebook := filepath.Join(dir, "01-show.ipynb")
	executedNotebook(t, notebook, lead)
	return Site{
		Sources: dir, Executed: dir, Notebooks: []string{"01-show.ipynb"}, Out: filepath.Join(dir, "pages", "drawn-smoke-seed1"),
		Title: "A book <of> tests", Lead: "All of it in **one** page.",
		Facts: []Fact{{"data", "drawn"}, {"backend", "xla <cpu>"}}, Python: env.Python, Environ: env.Environ(), Formulas: formulas,
	}
}

// loads matches what a page or a style sheet loads from other sites; links do not count.
var loads = regexp.MustCompile(`(?i)(?:<(?:script|img|iframe|source|video|audio|embed)\b[^>]*\bsrc\s*=\s*["']?|<link\b[^>]*\bhref\s*=\s*["']?|url\(\s*["']?|@import\s+["']?)((?:https?:)?//[^"')\s>]+)`)

func TestRender(t *testing.T) {
	s := site(t, "# Showing things\n\nWhat a cell shows, with $E = mc^2$.")
	parent := filepath.Dir(s.Out)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Render(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	read := func(name string) string {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(s.Out, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	page := read("01-show.html")
	for _, want := range []string{
		`<figure class="cnnbook-figure`, `alt="A grey field."`, "Nothing &lt;b&gt;but&lt;/b&gt; grey.", `class="cnnbook-live`, `class="cnnbook-table`,
		"highlight-go", `class="math`, "<dt>backend</dt><dd>xla &lt;cpu&gt;</dd>", "_static/mathjax.js", "_static/book.css",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	for _, want := range []string{`href="single/01-show.html"`, `href="single/01-show.ipynb"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	executed, err := readNotebook(filepath.Join(s.Out, "single", "01-show.ipynb"))
	if err != nil {
		t.Fatal(err)
	}
	if receipts, err := executed.receiptsOf(); err != nil || len(receipts) != 2 {
		t.Errorf("the executed notebook next to the pages has receipts %v, %v", receipts, err)
	}
	if record, err := ReadRecord(filepath.Join(s.Out, "single", "01-show.ipynb")); err != nil || len(record.Facts) == 0 {
		t.Errorf("the executed notebook next to the pages: %+v, %v", record, err)
	}
	index := read("index.html")
	for _, want := range []string{"A book &lt;of&gt; tests", "<strong>one</strong>", "Showing things", "What a cell shows", `href="single/01-show.html"`} {
		if !strings.Contains(index, want) {
			t.Errorf("the first page has no %s", want)
		}
	}
	if single := read("single/01-show.html"); !strings.Contains(single, "A grey field.") || !strings.Contains(single, "xla &lt;cpu&gt;") {
		t.Error("the page that is one file lacks figure or facts")
	}
	for _, want := range []string{`<meta name="description" content="What a cell shows, with`, `property="og:title"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	if strings.Contains(page, "og:image") {
		t.Error("the page has a preview picture, whose address nobody knows")
	}
	read("404.html")
	read(".nojekyll")
	checkNothingLoaded(t, s.Out)

	// A second run replaces the pages, and leaves neither temporary folders nor old pages.
	if err := os.WriteFile(filepath.Join(s.Out, "old.html"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	s.URL, s.Repository = "https://example.org/book", "https://github.com/a/b"
	if err := Render(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	for name, wants := range map[string][]string{
		"01-show.html": {`og:image" content="https://example.org/book/_static/cover-01-show.png"`, "https://mybinder.org/v2/gh/a/b/main"},
		"404.html":     {`<base href="https://example.org/book/">`},
		"sitemap.xml":  {"<loc>https://example.org/book/01-show.html</loc>"},
	} {
		for _, want := range wants {
			if !strings.Contains(read(name), want) {
				t.Errorf("%s has no %s", name, want)
			}
		}
	}
	if _, err := os.Stat(filepath.Join(s.Out, "old.html")); !errors.Is(err, os.ErrNotExist) {
		t.Error("an old page is still there")
	}
	entries, err := filepath.Glob(filepath.Join(parent, "*"))
	if err != nil || len(entries) != 2 || filepath.Ext(entries[0]) != ".lock" {
		t.Errorf("found %v (%v), expected only the lock and the pages", entries, err)
	}
}

// checkNothingLoaded checks every page and style sheet.
func checkNothingLoaded(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".html" && filepath.Ext(path) != ".css" {
			return err
		}
		data, err := os.ReadFile(path)
		for _, match := range loads.FindAllSubmatch(data, -1) {
			t.Errorf("%s loads %s", path, match[1])
		}
		for _, img := range regexp.MustCompile(`<img\b[^>]*>`).FindAll(data, -1) {
			if filepath.Ext(path) == ".html" && !regexp.MustCompile(`\balt="[^"]`).Match(img) {
				t.Errorf("%s: no alternative text in %.100s", path, img)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Promise(pages/links)
func TestRenderFailure(t *testing.T) {
	s := site(t, "# Broken\n\n{nowhere}`a role that does not exist`.\n\n### too deep")
	if err := os.MkdirAll(s.Out, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.Out, siteMarker), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	err := Render(t.Context(), s)
	if !errors.Is(err, ErrSite) || !strings.Contains(err.Error(), "01-show.ipynb, cell 1, line 3: ") || !strings.Contains(err.Error(), s.Out+".log") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v, expected the first warning in one line, with the log", err)
	}
	if log, err := os.ReadFile(s.Out + ".log"); err != nil || !strings.Contains(string(log), "nowhere") {
		t.Errorf("log: %.300s, %v", log, err)
	}
	if _, err := readBook(s.Out); err != nil {
		t.Errorf("the old pages were removed: %v", err)
	}
}

func TestRenderRefusesOtherFolders(t *testing.T) {
	dir := t.TempDir()
	precious := filepath.Join(dir, "thesis.txt")
	if err := os.WriteFile(precious, []byte("years"), 0o644); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		site Site
		want string
	}{
		{"other files", Site{Notebooks: []string{"a.ipynb"}, Formulas: "x", Out: dir}, dir + " holds other files and is not a book; choose another folder"},
		{"a file", Site{Notebooks: []string{"a.ipynb"}, Formulas: "x", Out: precious}, "thesis.txt: not a directory; choose another folder"},
		{"address", Site{Notebooks: []string{"01-x.ipynb"}, URL: "example.org", Formulas: "x", Out: dir}, `address of the pages: expected one such as https://example.org/book/, found "example.org"`},
		{"no notebooks", Site{Formulas: "x", Out: dir}, "there are no executed notebooks"},
		{"no formulas", Site{Notebooks: []string{"a.ipynb"}, Out: dir}, "there is no MathJax script"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := Render(context.Background(), test.site)
			if !errors.Is(err, ErrSite) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, expected %q", err, test.want)
			}
		})
	}
	if data, err := os.ReadFile(precious); err != nil || string(data) != "years" {
		t.Errorf("the other file: %q, %v", data, err)
	}
}

func TestSphinxCause(t *testing.T) {
	failed := errors.New("exit status 1")
	names := map[string]origin{"part/a-b": {name: "part/a b.ipynb"}, "about": {name: "about.md"}, "code": {"code.ipynb", 1}}
	tests := [][2]string{
		{"a\n01.ipynb:10: WARNING: undefined label\n02.ipynb: ERROR: b\n", "01.ipynb:10: WARNING: undefined label (and 1 more)"},
		{"part/a-b.ipynb:20016: WARNING: unknown role", "part/a b.ipynb, cell 2, line 15: WARNING: unknown role"},
		{"part/a-b.ipynb:120001: WARNING: unknown role", "part/a b.ipynb, cell 12, line 1: WARNING: unknown role"},
		{"code.ipynb:20003: WARNING: unknown role", "code.ipynb, cell 1, line 2: WARNING: unknown role"},
		{"part/a-b.ipynb:1: WARNING: no title", "part/a b.ipynb: WARNING: no title"},
		{"about.md:7: WARNING: unknown role", "about.md, line 7: WARNING: unknown role"},
		{"error: one thing\n", "error: one thing"},
		{"Traceback\nValueError: x\n", "exit status 1: ValueError: x"},
		{"", "exit status 1"},
	}
	for _, test := range tests {
		if got := sphinxCause(test[0], sphinxWarnings(test[0], names), failed); got != test[1] {
			t.Errorf("got %q, expected %q", got, test[1])
		}
	}
}

func TestWriteSiteIndex(t *testing.T) {
	root := t.TempDir()
	for i, name := range []string{"drawn-smoke-seed1", "real-cpu-seed1", ".hidden", "other"} {
		dir := filepath.Join(root, name)
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if name == "other" {
			continue
		}
		data, err := json.Marshal(bookJSON{Notebooks: []string{"a"}, Facts: []Fact{{"data", "<script>"}}, Made: time.Unix(int64(i)*1000, 0).UTC()})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, siteMarker), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := WriteSiteIndex(root, "Books & more"); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(root, "index.html"))
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	newer, older := strings.Index(page, "real-cpu-seed1/index.html"), strings.Index(page, "drawn-smoke-seed1/index.html")
	if newer < 0 || older < newer || strings.Contains(page, "hidden") || strings.Contains(page, "other/") || strings.Contains(page, "<script>") || !strings.Contains(page, "Books &amp; more") {
		t.Errorf("got\n%s", page)
	}
}
