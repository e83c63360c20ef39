package kernelext

import (
	"encoding/base64"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/cnnbook/cnnbook/kernelext/internal/smallpng"
	"github.com/cnnbook/cnnbook/kernelext/internal/text"
	"github.com/janpfeifer/gonb/gonbui"
)

// A page carries at most so many choices of an explorer, of at most so many bytes together.
const (
	pageChoices = 200
	pageBytes   = 3_000_000
)

// still shows the stills one below the other. In a headless run of a notebook, the choices for a page come with them.
func (e Explorer) still() error {
	stills := e.Stills
	if len(stills) == 0 {
		stills = []int{e.Start}
	}
	var html, plain []string
	var receipts []map[string]string
	for _, choice := range stills {
		b, err := e.bundleOf(choice)
		if err != nil {
			return err
		}
		html = append(html, `<p>`+text.EscapeLine(e.name(choice))+`:</p>`+b.HTML)
		plain = append(plain, e.name(choice)+":\n"+b.Text)
		receipts = addReceipts(receipts, b.Receipts...)
	}
	note := fmt.Sprintf("In JupyterLab, run this cell to choose among all %d.", e.count())
	plain = append(plain, note)
	shown := bundle{Text: strings.Join(plain, "\n"), Receipts: receipts}
	if gonbui.IsNotebook {
		templates := ""
		if os.Getenv(EnvStill) != "" {
			var err error
			if templates, err = e.templates(stills[0]); err != nil {
				return err
			}
		}
		shown.HTML = fmt.Sprintf(`<div class="cnnbook-explorer mathjax_ignore" data-label="%s" data-named="%v">%s<div class="cnnbook-stills">%s<p>%s</p></div></div>`,
			text.EscapeLine(e.Label), len(e.Choices) > 0, templates, strings.Join(html, "\n"), note)
	}
	return Display(shown)
}

// bundleOf is what a choice shows.
func (e Explorer) bundleOf(choice int) (bundle, error) {
	items, err := e.Show(choice)
	if err == nil {
		var b bundle
		if b, err = Row(items...).(row).bundle(); err == nil {
			return b, nil
		}
	}
	return bundle{}, fmt.Errorf("%s: %w", e.name(choice), err)
}

// templates are the choices that a page carries, with smaller images: all, or as many as fit, evenly spread. Browsers show
// nothing of them by themselves.
func (e Explorer) templates(start int) (string, error) {
	limit := pageChoices
	if e.OnPage > 0 {
		limit = min(e.OnPage, limit)
	}
	chosen, sizes := spread(e.count(), limit, start), 0
	parts := make([]string, 0, len(chosen))
	for i := 0; i < len(chosen); i++ {
		choice := chosen[i]
		b, err := e.bundleOf(choice)
		if err != nil {
			return "", err
		}
		first := ""
		if choice == start {
			first = " data-start"
		}
		part := fmt.Sprintf(`<template class="cnnbook-choice" data-name="%s"%s>%s</template>`, text.EscapeLine(e.name(choice)), first, smallImages(b.HTML))
		parts = append(parts, part)
		sizes += len(part)
		if mean := sizes / len(parts); mean*len(chosen) > pageBytes && len(parts) == min(10, len(chosen)) {
			// The first ten say how many fit, with a reserve; they are shown again, evenly spread.
			fewer := spread(e.count(), max(2, pageBytes*9/10/mean), start)
			if len(fewer) < len(chosen) {
				chosen, parts, sizes, i = fewer, parts[:0], 0, -1
			}
		}
		if sizes > pageBytes {
			return "", nil // the choices differ too much in size: the stills remain
		}
	}
	return strings.Join(parts, ""), nil
}

// spread returns at most limit of the numbers below n, evenly spread, with the first, the last and one more.
func spread(n, limit, also int) []int {
	if n <= limit {
		limit = n
	}
	var chosen []int
	for i := range limit {
		chosen = append(chosen, i*(n-1)/max(1, limit-1))
	}
	if !slices.Contains(chosen, also) && limit > 2 {
		nearest := 1
		for i := 1; i < limit-1; i++ {
			if abs(chosen[i]-also) < abs(chosen[nearest]-also) {
				nearest = i
			}
		}
		chosen[nearest] = also
	}
	slices.Sort(chosen)
	return slices.Compact(chosen)
}

func abs(n int) int { return max(n, -n) }

var pngSource = regexp.MustCompile(`(src="data:image/png;base64,)([A-Za-z0-9+/=]+)(" width="[0-9]+")`)

// smallImages gives the PNG images of a figure half their pixels and at most 256 colours. Their size on the page stays.
func smallImages(html string) string {
	return pngSource.ReplaceAllStringFunc(html, func(source string) string {
		m := pngSource.FindStringSubmatch(source)
		data, err := base64.StdEncoding.DecodeString(m[2])
		if err == nil {
			data, err = smallpng.Palette(data)
		}
		if err != nil {
			return source // larger, and as good
		}
		return m[1] + base64.StdEncoding.EncodeToString(data) + m[3]
	})
}
