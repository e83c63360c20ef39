package book

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/cnnbook/cnnbook/kernelext/internal/text"
	"gopkg.in/yaml.v3"
)

// frontMatter is what the first cell of a notebook may say about it, between two lines ---.
type frontMatter struct {
	Title       string `yaml:"title"`
	Description string `yaml:"description"`
	Date        string `yaml:"date"`
	Author      any    `yaml:"author"`
	Authors     any    `yaml:"authors"`
}

// takeFrontMatter removes front matter from the notebook. A title becomes the first heading, if there is none, and authors
// and date the line below it.
func (nb *notebook) takeFrontMatter() error {
	if len(nb.Cells) == 0 || nb.Cells[0].CellType == cellCode {
		return nil
	}
	source := strings.ReplaceAll(strings.TrimLeft(string(nb.Cells[0].Source), "\n "), "\r\n", "\n")
	head, isFront := strings.CutPrefix(source, "---\n")
	head, rest, closed := strings.Cut(head+"\n", "\n---\n")
	if !isFront || !closed {
		return nil
	}
	var front frontMatter
	if err := yaml.Unmarshal([]byte(head), &front); err != nil {
		return fmt.Errorf("cell 1: front matter: %w", err)
	}
	nb.Cells[0].CellType, nb.Cells[0].Source = cellMarkdown, multiline(strings.TrimSpace(rest))
	title, _ := nb.title()
	var above []string
	if title == "" && front.Title != "" {
		above = append(above, "# "+front.Title)
	}
	by := append(people(front.Author), people(front.Authors)...)
	if front.Date != "" {
		by = append(by, front.Date)
	}
	if front.Description != "" && title == "" {
		above = append(above, front.Description)
	}
	if len(by) > 0 {
		above = append(above, "*"+strings.Join(by, ", ")+"*")
	}
	if title == "" {
		above = append(above, strings.TrimSpace(rest))
	} else {
		above = append([]string{strings.TrimSpace(rest)}, above...)
	}
	nb.Cells[0].Source = multiline(strings.TrimSpace(strings.Join(above, "\n\n")))
	return nil
}

// needTitle gives a notebook without a first heading its name as one. It returns the number of cells that it inserted.
func (nb *notebook) needTitle(name string) (inserted int) {
	for _, cell := range nb.Cells {
		if cell.CellType == cellMarkdown && firstHeading.MatchString(string(cell.Source)) {
			return 0
		}
	}
	heading := "# " + text.EscapeMarkdown(name)
	if len(nb.Cells) > 0 && nb.Cells[0].CellType == cellMarkdown {
		nb.Cells[0].Source = multiline(heading + "\n\n" + string(nb.Cells[0].Source))
		return 0
	}
	nb.Cells = append([]notebookCell{{CellType: cellMarkdown, ID: "title", Source: multiline(heading)}}, nb.Cells...)
	stableIDs(nb.Cells)
	return 1
}

// firstHeading matches a heading of the first level.
var firstHeading = regexp.MustCompile(`(?m)^(# \S|[^\n]+\n=+[ \t]*$)`)

// people lists the names in a field of front matter, in the forms that Jupyter Book and Quarto know: a name, names, or
// objects with a name.
func people(field any) (names []string) {
	switch v := field.(type) {
	case string:
		return []string{v}
	case map[string]any:
		return people(v["name"])
	case []any:
		for _, one := range v {
			names = append(names, people(one)...)
		}
	}
	return names
}
