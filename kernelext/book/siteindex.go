package book

import (
	"cmp"
	"fmt"
	"html/template"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/cnnbook/cnnbook/internal/atomicfile"
	"github.com/cnnbook/cnnbook/kernelext/book/godoc"
	"github.com/cnnbook/cnnbook/kernelext/internal/text"
)

// indexEntry is a notebook's entry on the first page of a book.
type indexEntry struct {
	Page    string // name without extension
	Title   string
	Lead    string
	Finding string   // one sentence; may be empty
	Figures string   // of this build: accuracy, time, machine; may be empty
	Cover   *picture // may be nil
	Live    []livePage

	Slides, Print bool // it has slides, and a PDF
}

// siteContents is the content of the first page.
type siteContents struct {
	Notebooks []indexEntry
	Pages     []string // in Markdown
	Packages  []godoc.Page
	Verified  Verification
}

// name returns the notebook's number and title.
func (e indexEntry) name() string {
	title := cmp.Or(e.Title, e.Page)
	if number, _, ok := strings.Cut(path.Base(e.Page), "-"); ok && len(number) == 2 && strings.Trim(number, "0123456789") == "" {
		return number + " " + title
	}
	return title
}

// question is the first sentence of the notebook's text.
func (e indexEntry) question() string {
	return firstSentence(strings.ReplaceAll(text.CleanLine(e.Lead), "**", ""))
}

// card shows a notebook on the first page: its picture, its question and its finding, and its other forms.
func (e indexEntry) card() string {
	var b strings.Builder
	b.WriteString("::::{container} book-card\n")
	if e.Cover != nil {
		fmt.Fprintf(&b, "<a href=\"%s.html\"><img class=\"book-cover\" loading=\"lazy\" src=\"_static/%s\" alt=\"%s\"></a>\n\n",
			text.Escape(e.Page), text.Escape(e.Cover.name), text.EscapeLine(e.Cover.alt))
	}
	fmt.Fprintf(&b, "**[%s](%s.ipynb)**\n\n", text.EscapeMarkdown(e.name()), e.Page)
	if e.Lead != "" {
		b.WriteString(e.question() + "\n\n")
	}
	if e.Finding != "" {
		b.WriteString("*Finding:* " + e.Finding + "\n\n")
	}
	if e.Figures != "" {
		b.WriteString("*This build:* " + text.EscapeMarkdown(e.Figures) + "\n\n")
	}
	b.WriteString(liveLinks(e.Live, "%s\n\n"))
	fmt.Fprintf(&b, "<a href=\"single/%s.html\">in one file</a> · <a href=\"single/%s.ipynb\">executed notebook</a>", text.Escape(e.Page), text.Escape(e.Page))
	if e.Slides {
		fmt.Fprintf(&b, " · <a href=\"slides/%s.html\">slides</a>", text.Escape(e.Page))
	}
	if e.Print {
		fmt.Fprintf(&b, " · <a href=\"pdf/%s.pdf\">PDF</a>", text.Escape(e.Page))
	}
	b.WriteString("\n::::\n\n")
	return b.String()
}

// index returns the first page in Markdown (MyST).
func (s Site) index(c siteContents) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n", text.EscapeMarkdown(s.Title))
	if s.Lead != "" {
		b.WriteString(strings.TrimSpace(s.Lead) + "\n\n")
	}
	if len(c.Notebooks) > 0 {
		first := c.Notebooks[0]
		fmt.Fprintf(&b, "**Start here:** [%s](%s.ipynb)\n\n", text.EscapeMarkdown(first.name()), first.Page)
	}
	for _, e := range c.Notebooks {
		b.WriteString(liveLinks(e.Live, "**Try it, without a kernel:** %s\n\n"))
	}
	b.WriteString(c.Verified.paragraph())
	b.WriteString("## Notebooks\n\n")
	for _, e := range c.Notebooks {
		b.WriteString(e.card())
	}
	if s.Results != "" {
		fmt.Fprintf(&b, "## Results\n\n[Results](%s.md) in tables, and how each was obtained.\n\n", resultsName)
	}
	b.WriteString(s.Citation.section(cmp.Or(s.URL, s.Repository)))
	if len(c.Packages) > 0 {
		b.WriteString("## Packages\n\n")
	}
	for _, p := range c.Packages {
		fmt.Fprintf(&b, "- [%s](%s.md): %s\n", text.EscapeMarkdown(p.Folder), p.Page, text.EscapeMarkdown(p.Synopsis))
	}
	var notebooks, pages, packages []string
	for _, e := range c.Notebooks {
		notebooks = append(notebooks, fmt.Sprintf("%s <%s>", strings.NewReplacer("<", "", ">", "").Replace(e.name()), e.Page))
	}
	if s.Results != "" {
		pages = append(pages, resultsName)
	}
	pages = append(pages, c.Pages...)
	for _, p := range c.Packages {
		packages = append(packages, fmt.Sprintf("%s <%s>", p.Folder, p.Page))
	}
	writeTree(&b, "Notebooks", notebooks)
	writeTree(&b, "About", pages)
	writeTree(&b, "Packages", packages)
	return b.String()
}

// writeTree lists pages for the sidebar.
func writeTree(b *strings.Builder, caption string, entries []string) {
	if len(entries) > 0 {
		fmt.Fprintf(b, "\n```{toctree}\n:hidden:\n:caption: %s\n\n%s\n```\n", caption, strings.Join(entries, "\n"))
	}
}

// siteIndex is the template of the page that lists several books.
var siteIndex = template.Must(template.New("index").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}}</title>
<style>
:root { color-scheme: light dark; }
body { font: 1rem/1.6 system-ui, sans-serif; max-width: 46rem; margin: 3rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; }
ul { list-style: none; padding: 0; }
li { padding: 0.8rem 0; border-top: 1px solid rgba(128, 128, 128, 0.4); }
a { font-weight: 600; }
p { margin: 0.2rem 0 0; }
</style>
</head>
<body>
<h1>{{.Title}}</h1>
<p>The same notebooks, executed with different data, budgets and seeds.</p>
<ul>
{{range .Books}}<li><a href="{{.Folder}}/index.html">{{.Folder}}</a>
<p>{{len .Notebooks}} notebooks, made {{.Made}}{{range .Facts}} · {{.Name}}: {{.Value}}{{end}}</p></li>
{{end}}</ul>
</body>
</html>
`))

// WriteSiteIndex writes index.html into a folder whose folders are books, newest first. Other folders are left out.
func WriteSiteIndex(root, title string) error {
	entries, err := os.ReadDir(root)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSite, err)
	}
	type book struct {
		Folder    string
		Notebooks []string
		Facts     []Fact
		Made      string
		at        time.Time
	}
	var books []book
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") {
			continue // a book in the making
		}
		if b, err := readBook(filepath.Join(root, entry.Name())); err == nil {
			books = append(books, book{entry.Name(), b.Notebooks, b.Facts, b.Made.Format(time.DateTime + " MST"), b.Made})
		}
	}
	slices.SortFunc(books, func(a, b book) int { return cmp.Or(b.at.Compare(a.at), strings.Compare(a.Folder, b.Folder)) })
	var page strings.Builder
	if err := siteIndex.Execute(&page, map[string]any{"Title": title, "Books": books}); err != nil {
		return fmt.Errorf("%w: %w", ErrSite, err)
	}
	if err := atomicfile.WriteBytes(filepath.Join(root, "index.html"), []byte(page.String()), 0o644); err != nil {
		return fmt.Errorf("%w: %w", ErrSite, err)
	}
	return nil
}
