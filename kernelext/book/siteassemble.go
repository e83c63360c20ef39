package book

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/cnnbook/cnnbook/kernelext/book/godoc"
	"github.com/cnnbook/cnnbook/kernelext/internal/cache"
	"github.com/cnnbook/cnnbook/kernelext/internal/text"
	"github.com/cnnbook/cnnbook/kernelext/setup"
)

// resultsName is the name of the results page.
const resultsName = "results"

// notFound is the page that a server shows for an address without one.
const notFound = "---\norphan: true\n---\n\n# This page does not exist\n\nIt may have another name now. [The first page](index.md) lists all notebooks.\n"

// siteJSON is what conf.py reads. It changes only when the pages do.
type siteJSON struct {
	Title     string            `json:"title"`
	Facts     []Fact            `json:"facts"`
	Notebooks []string          `json:"notebooks"`
	Records   map[string][]Fact `json:"records"` // page of a notebook → facts of its own run
	Symbols   map[string]string `json:"symbols"` // cnn.OpenRun → package-cnn.html#OpenRun

	URL          string            `json:"url"`
	Repository   string            `json:"repository"`
	Descriptions map[string]string `json:"descriptions"` // page → one sentence
	Covers       map[string]string `json:"covers"`       // page → its picture, relative to the first page
}

// assemble returns Sphinx's source files: slash-separated name → content.
func (s Site) assemble() (map[string][]byte, error) {
	files := map[string][]byte{}
	err := fs.WalkDir(scripts, "site", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files[name[len("site/"):]], err = scripts.ReadFile(name)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if files["static/mathjax.js"], err = os.ReadFile(s.Formulas); err != nil {
		return nil, fmt.Errorf("MathJax script: %w", err)
	}
	for _, path := range s.Pages {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		files[filepath.Base(path)] = s.withoutMissing(data)
	}
	book := siteJSON{Title: s.Title, Facts: s.Facts, Notebooks: s.notebookNames(), URL: s.URL, Repository: s.Repository}
	var index siteContents
	if index.Notebooks, book.Records, err = s.readNotebooks(files); err != nil {
		return nil, err
	}
	book.Descriptions, book.Covers = map[string]string{"index": text.CleanLine(s.Lead)}, map[string]string{}
	for _, e := range index.Notebooks {
		book.Descriptions[e.Page] = e.question()
		if e.Cover != nil {
			book.Covers[e.Page] = "_static/" + e.Cover.name
			book.Covers["index"] = cmp.Or(book.Covers["index"], book.Covers[e.Page])
		}
	}
	files["404.md"] = []byte(notFound)
	if s.Results != "" {
		text, err := resultsPage(s.Results, book.Notebooks)
		if err != nil {
			return nil, err
		}
		files[resultsName+".md"] = []byte(text)
	}
	if index.Packages, err = godoc.Pages(s.Module, setup.ModulePath, s.Packages); err != nil {
		return nil, err
	}
	for _, page := range index.Packages {
		files[page.Page+".md"] = []byte(page.Markdown)
	}
	book.Symbols = godoc.Symbols(index.Packages)
	if files["site.json"], err = marshal(book, " "); err != nil {
		return nil, err
	}
	files["index.md"] = []byte(s.index(index))
	return files, nil
}

// notebookLink matches a link to another notebook in Markdown, in a notebook's JSON too.
var notebookLink = regexp.MustCompile(`\[([^\]\n]+)\]\((\d\d-[^)\s#]*\.ipynb)\)`)

// withoutMissing makes plain text of links to notebooks that are not in the book, which may hold only some of them.
func (s Site) withoutMissing(source []byte) []byte {
	names := s.notebookNames()
	return notebookLink.ReplaceAllFunc(source, func(link []byte) []byte {
		parts := notebookLink.FindSubmatch(link)
		if slices.Contains(names, string(parts[2])) {
			return link
		}
		return parts[1]
	})
}

func (s Site) notebookNames() []string {
	names := make([]string, 0, len(s.Notebooks))
	for _, path := range s.Notebooks {
		names = append(names, filepath.Base(path))
	}
	return names
}

// readNotebooks adds the notebooks and their pictures for the first page to files. It returns each notebook's entry on
// that page and the facts of its run.
func (s Site) readNotebooks(files map[string][]byte) ([]indexEntry, map[string][]Fact, error) {
	entries, records := make([]indexEntry, 0, len(s.Notebooks)), map[string][]Fact{}
	for _, path := range s.Notebooks {
		nb, err := readNotebook(path)
		if err != nil {
			return nil, nil, err
		}
		title, lead := nb.title()
		entry := indexEntry{Page: stem(path), Title: title, Lead: lead, Finding: nb.finding()}
		if cover, ok := nb.cover(stem(path)); ok {
			entry.Cover = &cover
			files["static/"+cover.name] = cover.data
		}
		entries = append(entries, entry)
		record, err := nb.record(filepath.Base(path))
		if err != nil {
			return nil, nil, err
		}
		records[stem(path)] = record.Facts
		folded, err := nb.foldForPage()
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
		}
		files[filepath.Base(path)] = s.withoutMissing(folded)
	}
	return entries, records, nil
}

// siteWork is Sphinx's working folder. It is kept between runs if the Site has a cache: Sphinx then reads
// and writes only what has changed.
type siteWork struct{ dir string }

func (w siteWork) source() string { return filepath.Join(w.dir, "source") } // what Sphinx reads
func (w siteWork) pages() string  { return filepath.Join(w.dir, "pages") }  // what it writes
func (w siteWork) read() string   { return filepath.Join(w.dir, "read") }   // what it caches of source
func (w siteWork) key() string    { return filepath.Join(w.dir, "key") }    // hash of the other inputs; exists only once the pages are complete

// openWork fills the folder's source. A folder that is incomplete, or was made with other tools or another set of pages,
// is emptied first: Sphinx would keep removed pages, and would not repeat earlier warnings.
func (s Site) openWork(temp string, files map[string][]byte) (siteWork, error) {
	w := siteWork{filepath.Join(temp, "work")}
	if s.Cache != "" {
		w.dir = filepath.Join(s.Cache, "site", stem(s.Out)+"-"+cache.Hash(s.Out))
	}
	parts := []string{s.Python} // its folder's name depends on all its packages
	for _, name := range slices.Sorted(maps.Keys(files)) {
		parts = append(parts, name)
		if ext := path.Ext(name); ext == ".py" || path.Dir(name) != "." && ext != ".png" && ext != ".svg" {
			parts = append(parts, string(files[name]))
		}
	}
	script, err := scripts.ReadFile("python/book_site.py")
	if err != nil {
		return w, err
	}
	key := cache.Hash(append(parts, string(script))...)
	if found, err := os.ReadFile(w.key()); err != nil || string(found) != key {
		if err := cache.RemoveTree(w.dir); err != nil {
			return w, err
		}
	}
	for _, dir := range []string{w.source(), w.pages(), w.read()} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return w, err
		}
	}
	// Until the pages are complete, the key has another name.
	if err := os.Remove(w.key()); err != nil && !os.IsNotExist(err) {
		return w, err
	}
	if err := os.WriteFile(w.key()+cache.PartialSuffix, []byte(key), 0o644); err != nil {
		return w, err
	}
	return w, w.fill(files)
}

// fill writes only the files whose content has changed: Sphinx compares modification times.
func (w siteWork) fill(files map[string][]byte) error {
	for name, data := range files {
		target := filepath.Join(w.source(), filepath.FromSlash(name))
		if old, err := os.ReadFile(target); err == nil && string(old) == string(data) {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(target, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// complete lets the next run continue from here.
func (w siteWork) complete() error { return os.Rename(w.key()+cache.PartialSuffix, w.key()) }

// resultsPage makes a page of the results in a README: its second-level sections from the first with a table on.
// Links to notebooks lead to those of the book; other links, which would lead out of it, become plain text.
func resultsPage(readme string, notebooks []string) (string, error) {
	data, err := os.ReadFile(readme)
	if err != nil {
		return "", err
	}
	sections := strings.Split("\n"+strings.ReplaceAll(string(data), "\r\n", "\n"), "\n## ")[1:]
	first := slices.IndexFunc(sections, func(section string) bool { return strings.Contains(section, "\n|") })
	if first < 0 {
		return "", fmt.Errorf("%s: expected a section (## …) with a table of results, found none", filepath.Base(readme))
	}
	text := markdownLink.ReplaceAllStringFunc("## "+strings.Join(sections[first:], "\n## "), func(link string) string {
		parts := markdownLink.FindStringSubmatch(link)
		target, _, _ := strings.Cut(parts[2], "#")
		if strings.Contains(target, "://") || target == "" || slices.Contains(notebooks, target) {
			return link
		}
		return parts[1]
	})
	return "# Results\n\n" + text, nil
}

// markdownLink matches a link in Markdown.
var markdownLink = regexp.MustCompile(`\[([^\]\n]+)\]\(([^)\s]+)\)`)
