package book

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Promise(pages/cite): The first page names authors and license and has entries in BibTeX, from the citation file alone.
func TestCitation(t *testing.T) {
	c, err := readCitation("../../CITATION.cff")
	if err != nil {
		t.Fatal(err)
	}
	got := c.section("https://example.org/book")
	for _, want := range []string{"## Cite and reuse", "By The cnnbook authors, under the license Apache\\-2\\.0.", "@software{cnnbook,\n",
		"author = {{The cnnbook authors}}", "url = {https://example.org/book}", "@techreport{krizhevsky2009,\n", "author = {Krizhevsky, Alex}", "institution = {University of Toronto}"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if got := (*Citation)(nil).section("x"); got != "" {
		t.Errorf("without a citation file: %q", got)
	}
	w := cited{Title: `50 % of C\LaTeX{} & more`, Authors: []person{{Family: "Ö", Given: "A."}, {Name: "B & C"}}, Released: "2026-01-31"}
	if got := w.bibtex(); got != "@misc{book2026,\n  title = {{50 \\% of CLaTeX \\& more}},\n  author = {Ö, A. and {B \\& C}},\n  year = {2026},\n}" {
		t.Error(got)
	}
}

func TestBadCitations(t *testing.T) {
	for content, want := range map[string]string{
		"title: x\nauthors: [{name: y}]":           `expected a field "license"`,
		"title: x\nlicense: MIT":                   `expected a field "authors"`,
		"authors: [{name: y}]\nlicense: MIT":       `expected a field "title"`,
		"title: [x":                                "line 1",
		"title: x\nauthors: {name: y}\nlicense: z": "line 2",
	} {
		name := filepath.Join(t.TempDir(), "CITATION.cff")
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := readCitation(name); !errors.Is(err, ErrBook) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", content, err)
		}
	}
	if _, err := readCitation("none.cff"); !errors.Is(err, ErrBook) {
		t.Error(err)
	}
}
