package book

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cnnbook/cnnbook/kernelext/internal/testkit"
)

// TestRenderAgain checks that a second run reads and writes only what has changed, and that nothing outdated remains.
func TestRenderAgain(t *testing.T) {
	s := site(t, "# Showing things\n\nWith `other` words.")
	s.Cache = t.TempDir()
	other := filepath.Join(t.TempDir(), "other.md")
	testkit.WriteFiles(t, filepath.Dir(other), map[string]string{"other.md": "# Other\n\nFirst.\n"})
	s.Sources, s.Pages = filepath.Dir(other), []string{"other.md"}
	render := func() {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(s.Out), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := Render(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	made := func(name string) time.Time {
		t.Helper()
		found, err := filepath.Glob(filepath.Join(s.Cache, "site", "*", "pages", name))
		if err != nil || len(found) != 1 {
			t.Fatalf("%s: %v, %v", name, found, err)
		}
		info, err := os.Stat(found[0])
		if err != nil {
			t.Fatal(err)
		}
		return info.ModTime()
	}
	render()
	notebook, single, page := made("01-show.html"), made(filepath.Join("single", "01-show.html")), made("other.html")
	testkit.WriteFiles(t, filepath.Dir(other), map[string]string{"other.md": "# Other\n\nSecond.\n"})
	render()
	if !made("01-show.html").Equal(notebook) {
		t.Error("the page of a notebook that has not changed was rebuilt")
	}
	if !made(filepath.Join("single", "01-show.html")).Equal(single) {
		t.Log("Sphinx copied the page of one file again")
	}
	if !made("other.html").After(page) {
		t.Error("the page that changed was not")
	}
	if data, err := os.ReadFile(filepath.Join(s.Out, "other.html")); err != nil || !strings.Contains(string(data), "Second.") {
		t.Errorf("the page is outdated: %v", err)
	}

	// A warning is repeated on each run until its cause is removed, although Sphinx reports it only when it reads a page.
	testkit.WriteFiles(t, filepath.Dir(other), map[string]string{"other.md": "# Other\n\n{gone}`x`\n"})
	for range 2 {
		if err := Render(t.Context(), s); !errors.Is(err, ErrSite) {
			t.Errorf("got %v, expected ErrSite", err)
		}
	}
	s.Pages = nil
	render()
	if _, err := os.Stat(filepath.Join(s.Out, "other.html")); !errors.Is(err, os.ErrNotExist) {
		t.Error("a page that is gone is still there")
	}
}

// TestRenderRefusesStaleNotebooks checks that no page shows a result of older code.
//
// Promise(pages/fresh): No page shows a result that is older than its notebook or its code.
func TestRenderRefusesStaleNotebooks(t *testing.T) {
	dir := t.TempDir()
	source, executed := filepath.Join(dir, "01-show.ipynb"), filepath.Join(dir, "executed", "01-show.ipynb")
	if err := os.Mkdir(filepath.Dir(executed), 0o755); err != nil {
		t.Fatal(err)
	}
	nb, err := readNotebook(filepath.Join("testdata", "01-show.ipynb"))
	if err != nil {
		t.Fatal(err)
	}
	if err := nb.write(source, 0o644); err != nil {
		t.Fatal(err)
	}
	record := Record{Data: "drawn", Budget: "smoke", Seed: 1, SourceSHA256: nb.sourceSHA256(), CodeSHA256: "then", Backend: "cpu"}
	if err := (normaliser{kernel: kernelspecInfo{"Go", "go", "cnnbook"}, record: &record}).apply(nb); err != nil {
		t.Fatal(err)
	}
	if err := nb.write(executed, 0o644); err != nil {
		t.Fatal(err)
	}
	s := Site{Notebooks: []string{"01-show.ipynb"}, Executed: filepath.Dir(executed), Out: filepath.Join(dir, "pages"), Formulas: "x", Sources: dir, Code: "now"}
	if err := Render(t.Context(), s); !errors.Is(err, ErrStale) || !strings.Contains(err.Error(), "the code that 01-show.ipynb imports has changed") {
		t.Errorf("got %v, expected ErrStale", err)
	}
	if _, err := os.Stat(s.Out); !errors.Is(err, os.ErrNotExist) {
		t.Error("there are pages")
	}

	want := Record{Data: "drawn", Budget: "smoke", Seed: 1, CodeSHA256: "then", Backend: "cpu"}
	if err := want.Fits(executed, source); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Record){
		"data":    func(r *Record) { r.DataSHA256 = "other" },
		"budget":  func(r *Record) { r.Budget = "cpu" },
		"seed":    func(r *Record) { r.Seed = 2 },
		"backend": func(r *Record) { r.Backend = "cuda" },
		"code":    func(r *Record) { r.CodeSHA256 = "now" },
	} {
		changed := want
		change(&changed)
		if err := changed.Fits(executed, source); !errors.Is(err, ErrStale) || !strings.Contains(err.Error(), name) {
			t.Errorf("another %s: got %v, expected ErrStale", name, err)
		}
	}
}

func TestResultsPage(t *testing.T) {
	readme := filepath.Join(t.TempDir(), "README.md")
	testkit.WriteFiles(t, filepath.Dir(readme), map[string]string{"README.md": "# Notebooks\n\n| a |\n|---|\n\n## About\n\nNo figures.\n\n## Accuracy\n\n| b |\n|---|\n" +
		"\n[one](01-x.ipynb#part), [two](02-y.ipynb), [web](https://example.org), ![p](p.png)\n\n## More\n"})
	page, err := resultsPage(readme, map[string]string{"01-x.ipynb": "01-x"})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"# Results\n\n## Accuracy", "[one](01-x.ipynb#part), two, [web](https://example.org)", "## More"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in %s", want, page)
		}
	}
	testkit.WriteFiles(t, filepath.Dir(readme), map[string]string{"README.md": "# Notebooks\n"})
	if _, err := resultsPage(readme, nil); err == nil || !strings.Contains(err.Error(), "README.md: expected a section") {
		t.Error(err)
	}
}
