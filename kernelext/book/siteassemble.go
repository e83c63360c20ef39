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
	Title        string            `json:"title"`
	Author       string            `json:"author"`
	Logo         string            `json:"logo"` // a file of the source; may be empty
	Bibliography []string          `json:"bibliography"`
	Facts        []Fact            `json:"facts"`
	Notebooks    []string          `json:"notebooks"` // pages
	Records      map[string][]Fact `json:"records"`   // page of a notebook → facts of its own run
	Symbols      map[string]string `json:"symbols"`   // cnn.OpenRun → package-cnn.html#OpenRun

	URL          string            `json:"url"`
	Repository   string            `json:"repository"`
	Branch       string            `json:"branch"`
	Hub          string            `json:"hub"`
	Folder       string            `json:"folder"`       // of the notebooks in the repository
	Sources      map[string]string `json:"sources"`      // page of a notebook → its name in that folder, without extension
	Descriptions map[string]string `json:"descriptions"` // page → one sentence
	Covers       map[string]string `json:"covers"`       // page → its picture, relative to the first page
	Titles       map[string]string `json:"titles"`       // page of a notebook → its title
	Slides       bool              `json:"slides"`       // each notebook has slides
	Print        bool              `json:"print"`        // each notebook has a PDF
}

// siteSource is what Sphinx reads.
type siteSource struct {
	files    map[string][]byte // by slash-separated name
	names    map[string]origin // by the names of the pages
	warnings []string          // about links, with their places

	notebooks []string // their pages
}

// assemble returns Sphinx's source.
func (s Site) assemble() (siteSource, error) {
	src := siteSource{files: map[string][]byte{}, names: map[string]origin{}}
	err := fs.WalkDir(scripts, "site", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			src.files[name[len("site/"):]], err = scripts.ReadFile(name)
		}
		return err
	})
	if err != nil {
		return src, err
	}
	if src.files["static/mathjax.js"], err = os.ReadFile(s.Formulas); err != nil {
		return src, fmt.Errorf("MathJax script: %w", err)
	}
	var index siteContents
	if index.Packages, err = godoc.Pages(s.Module, setup.ModulePath, s.Packages); err != nil {
		return src, err
	}
	taken := map[string]bool{"index": true, "404": true, "genindex": true, "search": true, resultsName: s.Results != "", referencesName: len(s.Bibliography) > 0}
	for _, page := range index.Packages {
		taken[page.Page] = true
		src.files[page.Page+".md"] = []byte(page.Markdown)
	}
	links := siteLinks{dir: s.Sources, pages: pageNames(slices.Concat(s.Notebooks, s.Pages), taken), files: src.files, warnings: &src.warnings}
	for name, page := range links.pages {
		src.names[page] = origin{name: name}
	}
	book := siteJSON{Title: s.Title, Author: s.Author, Facts: s.Facts, URL: s.URL, Repository: s.Repository, Hub: s.Hub,
		Branch: cmp.Or(s.Branch, "main"), Folder: s.RepositoryFolder, Symbols: godoc.Symbols(index.Packages),
		Records: map[string][]Fact{}, Sources: map[string]string{}, Descriptions: map[string]string{"index": text.CleanLine(s.Lead)}, Covers: map[string]string{}, Titles: map[string]string{}}
	book.Slides, book.Print = s.Slides != nil, s.Chromium != ""
	for name, data := range s.Slides {
		src.files["reveal/"+name] = data
	}
	for _, name := range s.Notebooks {
		entry, inserted, err := s.addNotebook(name, links, &book)
		if err != nil {
			return src, err
		}
		src.names[entry.Page] = origin{name, inserted}
		index.Notebooks = append(index.Notebooks, entry)
	}
	if err := s.addPages(links, &index); err != nil {
		return src, err
	}
	if err := s.addBookFiles(src.files, &book, &index); err != nil {
		return src, err
	}
	receipts, err := receiptsIn(s.Executed, s.Notebooks)
	if err != nil {
		return src, err
	}
	src.notebooks = book.Notebooks
	index.Verified = s.Verification.of(receipts)
	src.files["404.md"] = []byte(notFound)
	if s.Results != "" {
		text, err := resultsPage(s.source(s.Results), links.pages)
		if err != nil {
			return src, err
		}
		src.files[resultsName+".md"] = []byte(text)
	}
	if src.files["site.json"], err = marshal(book, " "); err != nil {
		return src, err
	}
	src.files["index.md"] = []byte(s.index(index))
	return src, nil
}

// addNotebook adds an executed notebook, its copy in one file and its picture for the first page. It returns its entry on
// that page.
// inserted is the number of cells that were put before its own.
func (s Site) addNotebook(name string, links siteLinks, book *siteJSON) (entry indexEntry, inserted int, err error) {
	nb, err := readNotebook(s.executed(name))
	if err != nil {
		return entry, 0, err
	}
	record, err := nb.record(name)
	if err != nil {
		return entry, 0, err
	}
	receipts, err := nb.receiptsOf()
	if err != nil {
		return entry, 0, fmt.Errorf("%s: %w", name, err)
	}
	verified, err := nb.showReceipts(record, s.Verification.of(receipts))
	if err != nil {
		return entry, 0, fmt.Errorf("%s: %w", name, err)
	}
	if err := nb.takeFrontMatter(); err != nil {
		return entry, 0, fmt.Errorf("%s: %w", name, err)
	}
	inserted = nb.needTitle(path.Base(strings.TrimSuffix(name, ".ipynb")))
	page := links.pages[name]
	title, lead := nb.title()
	entry = indexEntry{Page: page, Title: title, Lead: links.rewrite(place{name: name, single: true, cell: &notebookCell{}}, lead), Finding: nb.finding(), Figures: buildFigures(receipts, record)}
	if cover, ok := nb.cover(strings.ReplaceAll(page, "/", "-")); ok {
		entry.Cover = &cover
		links.files["static/"+cover.name] = cover.data
		book.Covers[page] = "_static/" + cover.name
		book.Covers["index"] = cmp.Or(book.Covers["index"], book.Covers[page])
	}
	if links.files["downloads/single/"+page+".ipynb"], err = links.notebook(nb, name, inserted, true); err != nil {
		return entry, 0, fmt.Errorf("%s: %w", name, err)
	}
	if nb.Cells, entry.Live, err = takePages(nb.Cells, page, links.files); err != nil {
		return entry, 0, fmt.Errorf("%s: %w", name, err)
	}
	if links.files[page+".ipynb"], err = links.notebook(nb, name, inserted, false); err != nil {
		return entry, 0, fmt.Errorf("%s: %w", name, err)
	}
	if s.Slides != nil {
		if links.files["decks/"+page+".ipynb"], err = links.deck(nb, name, inserted); err != nil {
			return entry, 0, fmt.Errorf("%s: slides: %w", name, err)
		}
	}
	entry.Slides, entry.Print = book.Slides, book.Print
	book.Notebooks = append(book.Notebooks, page)
	book.Records[page] = append(slices.Clone(record.Facts), verified...)
	book.Sources[page] = strings.TrimSuffix(name, ".ipynb")
	book.Descriptions[page] = entry.question()
	book.Titles[page] = entry.name()
	return entry, inserted, nil
}

// notebook returns a notebook with its links for its page, or for its copy in one file.
func (l siteLinks) notebook(nb *notebook, name string, inserted int, single bool) ([]byte, error) {
	return l.linked(nb, name, inserted, single).foldForPage()
}

// deck returns a notebook as slides in one file, which stand as deep as copies in one file.
func (l siteLinks) deck(nb *notebook, name string, inserted int) ([]byte, error) {
	return l.linked(nb, name, inserted, true).deck()
}

func (l siteLinks) linked(nb *notebook, name string, inserted int, single bool) *notebook {
	linked := *nb
	linked.Cells = slices.Clone(nb.Cells)
	for i := range linked.Cells {
		cell := &linked.Cells[i]
		if single {
			cell.Outputs = withoutChoices(cell.Outputs)
		} else {
			cell.Outputs = withoutReceipts(cell.Outputs)
		}
		if cell.CellType != cellMarkdown {
			continue
		}
		p := place{name: name, where: fmt.Sprintf("%s, cell %d", name, i+1-inserted), single: single, cell: cell}
		cell.Source = multiline(l.rewrite(p, string(cell.Source)))
		if !single {
			cell.Attachments = nil
		}
	}
	return &linked
}

// addPages adds the pages in Markdown.
func (s Site) addPages(links siteLinks, index *siteContents) error {
	for _, name := range s.Pages {
		data, err := os.ReadFile(s.source(name))
		if err != nil {
			return err
		}
		page := links.pages[name]
		links.files[page+".md"] = []byte(links.rewrite(place{name: name, where: name}, string(data)))
		index.Pages = append(index.Pages, page)
	}
	return nil
}

// referencesName is the name of the page with the bibliography.
const referencesName = "references"

// addBookFiles adds the logo and the bibliography, with a page for it unless a notebook or page shows it.
func (s Site) addBookFiles(files map[string][]byte, book *siteJSON, index *siteContents) (err error) {
	if s.Logo != "" {
		book.Logo = "static/logo" + strings.ToLower(path.Ext(s.Logo))
		if files[book.Logo], err = readLinked(s.Sources, s.Logo); err != nil {
			return fmt.Errorf("logo %s: %w", s.Logo, err)
		}
	}
	for i, name := range s.Bibliography {
		file := fmt.Sprintf("bibliography-%d.bib", i+1)
		if files[file], err = readLinked(s.Sources, name); err != nil {
			return fmt.Errorf("bibliography %s: %w", name, err)
		}
		book.Bibliography = append(book.Bibliography, file)
	}
	shown := func(data []byte) bool { return strings.Contains(string(data), "{bibliography}") }
	if len(s.Bibliography) > 0 && !slices.ContainsFunc(slices.Collect(maps.Values(files)), shown) {
		files[referencesName+".md"] = []byte("# References\n\n```{bibliography}\n```\n")
		index.Pages = append(index.Pages, referencesName)
	}
	return nil
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
		if ext := path.Ext(name); ext == ".py" || ext == ".bib" || path.Dir(name) == "static" && ext != ".png" && ext != ".svg" {
			parts = append(parts, string(files[name]))
		}
	}
	for _, name := range []string{"python/book_site.py", "python/book_slides.py"} {
		script, err := scripts.ReadFile(name)
		if err != nil {
			return w, err
		}
		parts = append(parts, string(script))
	}
	key := cache.Hash(parts...)
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
func resultsPage(readme string, pages map[string]string) (string, error) {
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
		if _, ok := pages[target]; ok || strings.Contains(target, "://") || target == "" {
			return link
		}
		return parts[1]
	})
	return "# Results\n\n" + text, nil
}

// markdownLink matches a link in Markdown.
var markdownLink = regexp.MustCompile(`\[([^\]\n]+)\]\(([^)\s]+)\)`)
