package kernelext

import (
	"cmp"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// indexEntry is a notebook on the first page of a book.
type indexEntry struct {
	Page  string // name without extension
	Title string
	Lead  string
}

// index is the first page in Markdown (MyST).
func (s Site) index(entries []indexEntry) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n", escapeMarkdown(s.Title))
	if s.Lead != "" {
		b.WriteString(strings.TrimSpace(s.Lead) + "\n\n")
	}
	b.WriteString("| Notebook | What it shows | HTML |\n|:--|:--|:--|\n")
	for _, e := range entries {
		fmt.Fprintf(&b, "| [%s](%s.ipynb) | %s | <a href=\"single/%s.html\">one file</a> |\n",
			escapeMarkdown(cmp.Or(e.Title, e.Page)), e.Page, tableMarkdown(e.Lead), escape(e.Page))
	}
	writeTree := func(caption string, paths []string) {
		if len(paths) == 0 {
			return
		}
		fmt.Fprintf(&b, "\n```{toctree}\n:hidden:\n:caption: %s\n\n", caption)
		for _, path := range paths {
			b.WriteString(stem(path) + "\n")
		}
		b.WriteString("```\n")
	}
	writeTree("Notebooks", s.Notebooks)
	writeTree("About", s.Pages)
	return b.String()
}

// escapeMarkdown makes text plain in Markdown, formulas included.
func escapeMarkdown(s string) string {
	var b strings.Builder
	for _, r := range cleanLine(s) {
		if strings.ContainsRune("\\`*_{}[]()<>#+-.!|$~^&:\"'@", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// tableMarkdown keeps Markdown from ending a cell of a table.
func tableMarkdown(s string) string { return strings.ReplaceAll(cleanLine(s), "|", `\|`) }

// siteIndex is the page over several books.
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
			continue // a book that is being made
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
	if err := writeFile(filepath.Join(root, "index.html"), []byte(page.String()), 0o644); err != nil {
		return fmt.Errorf("%w: %w", ErrSite, err)
	}
	return nil
}
