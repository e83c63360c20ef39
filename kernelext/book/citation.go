package book

import (
	"cmp"
	"fmt"
	"os"
	"strings"

	"github.com/cnnbook/cnnbook/kernelext/internal/text"
	"gopkg.in/yaml.v3"
)

// Citation is the part of a citation file (CITATION.cff, format 1.2, citation-file-format.github.io) that the first page shows: who
// made the book, its license, and how to cite it and what it rests on.
type Citation struct {
	cited      `yaml:",inline"`
	Message    string  `yaml:"message"`
	License    string  `yaml:"license"`
	References []cited `yaml:"references"`
}

// cited is a work that can be cited.
type cited struct {
	Type        string                `yaml:"type"`
	Title       string                `yaml:"title"`
	Authors     []person              `yaml:"authors"`
	Year        int                   `yaml:"year"`
	Released    string                `yaml:"date-released"` // 2026-01-31
	Version     string                `yaml:"version"`
	DOI         string                `yaml:"doi"`
	URL         string                `yaml:"url"`
	Journal     string                `yaml:"journal"`
	Institution struct{ Name string } `yaml:"institution"`
}

// person is a human being or, with a name alone, an organisation.
type person struct {
	Name   string `yaml:"name"`
	Family string `yaml:"family-names"`
	Given  string `yaml:"given-names"`
}

// bibtex is the author's name in BibTeX, which does not take an organisation's name apart.
func (p person) bibtex() string {
	if p.Name != "" {
		return "{" + bibtexText(p.Name) + "}"
	}
	return strings.TrimSuffix(bibtexText(p.Family)+", "+bibtexText(p.Given), ", ")
}

// readCitation reads a citation file. Title, authors and license must be there.
func readCitation(name string) (*Citation, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("%w: citation: %w", ErrBook, err)
	}
	var c Citation
	if err := yaml.Unmarshal(data, &c); err != nil {
		return nil, fmt.Errorf("%w: %s: %s", ErrBook, name, text.OneLine(err.Error()))
	}
	for _, field := range []struct {
		name  string
		found bool
	}{{"title", c.Title != ""}, {"authors", len(c.Authors) > 0}, {"license", c.License != ""}} {
		if !field.found {
			return nil, fmt.Errorf("%w: %s: expected a field %q of the Citation File Format, found none", ErrBook, name, field.name)
		}
	}
	return &c, nil
}

// section is the first page's section on citing and reusing the book, in Markdown. address is where the book is, or empty.
func (c *Citation) section(address string) string {
	if c == nil {
		return ""
	}
	var names, entries []string
	for _, a := range c.Authors {
		names = append(names, cmp.Or(a.Name, strings.TrimSpace(a.Given+" "+a.Family)))
	}
	self := c.cited
	self.Type, self.URL = cmp.Or(self.Type, "software"), cmp.Or(self.URL, address)
	for _, w := range append([]cited{self}, c.References...) {
		entries = append(entries, w.bibtex())
	}
	return fmt.Sprintf("## Cite and reuse\n\nBy %s, under the license %s. %s\n\n```bibtex\n%s\n```\n\n", text.EscapeMarkdown(strings.Join(names, ", ")),
		text.EscapeMarkdown(c.License), text.EscapeMarkdown(c.Message), strings.Join(entries, "\n\n"))
}

// bibtexKinds are BibTeX's names of the Citation File Format's types; other works are "misc".
var bibtexKinds = map[string]string{"article": "article", "book": "book", "report": "techreport", "software": "software", "thesis": "phdthesis"}

// bibtex is the work's entry in BibTeX.
func (w cited) bibtex() string {
	var authors []string
	for _, a := range w.Authors {
		authors = append(authors, a.bibtex())
	}
	year := ""
	switch {
	case w.Year > 0:
		year = fmt.Sprint(w.Year)
	case len(w.Released) >= 4:
		year = w.Released[:4]
	}
	var b strings.Builder
	fmt.Fprintf(&b, "@%s{%s,\n", cmp.Or(bibtexKinds[w.Type], "misc"), w.key(year))
	for _, f := range []struct{ name, value string }{
		{"title", "{" + bibtexText(w.Title) + "}"}, {"author", strings.Join(authors, " and ")}, {"year", year}, {"version", bibtexText(w.Version)},
		{"journal", bibtexText(w.Journal)}, {"institution", bibtexText(w.Institution.Name)}, {"doi", w.DOI}, {"url", w.URL},
	} {
		if f.value != "" && f.value != "{}" {
			fmt.Fprintf(&b, "  %s = {%s},\n", f.name, text.CleanLine(f.value))
		}
	}
	return b.String() + "}"
}

// key names the entry: the first author's family name, or the title's first word, and the year.
func (w cited) key(year string) string {
	word := w.Title
	if len(w.Authors) > 0 {
		word = cmp.Or(w.Authors[0].Family, word)
	}
	letters := func(r rune) bool { return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9') }
	if words := strings.FieldsFunc(strings.ToLower(word), letters); len(words) > 0 {
		return words[0] + year
	}
	return "book" + year
}

// bibtexText escapes what BibTeX and LaTeX would read as commands.
func bibtexText(s string) string {
	return strings.NewReplacer(`\`, "", "{", "", "}", "", "&", `\&`, "%", `\%`, "#", `\#`, "_", `\_`, "$", `\$`).Replace(text.CleanLine(s))
}
