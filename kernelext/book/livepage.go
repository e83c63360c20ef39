package book

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/cnnbook/cnnbook/kernelext/internal/text"
)

// livePage is a page of its own that a cell shows, a kernelext.Page.
type livePage struct {
	File  string // relative to the first page
	Title string
}

// maxLivePage is the most that such a page may take.
const maxLivePage = 4_000_000

var (
	carriedPage = regexp.MustCompile(`<template class="cnnbook-page" data-name="([a-z0-9-]+)" data-title="([^"]*)">([A-Za-z0-9+/=]*)</template>`)
	pageNote    = regexp.MustCompile(`<p class="cnnbook-page-note">[^<]*</p>`)
)

// takePages writes the pages that a notebook's outputs carry into the files of the book, beside the notebook's own, and puts links to
// them into copies of the cells.
func takePages(cells []notebookCell, page string, files map[string][]byte) ([]notebookCell, []livePage, error) {
	cells = slices.Clone(cells)
	var taken []livePage
	for i, cell := range cells {
		cells[i].Outputs = slices.Clone(cell.Outputs)
		for j, o := range cell.Outputs {
			var source multiline
			if json.Unmarshal(o.Data["text/html"], &source) != nil || !carriedPage.MatchString(string(source)) {
				continue
			}
			var failed error
			linked := carriedPage.ReplaceAllStringFunc(string(source), func(found string) string {
				m := carriedPage.FindStringSubmatch(found)
				data, err := unpackedPage(m[3])
				if err != nil {
					failed = fmt.Errorf("cell %d shows the page %q, which is damaged: %w", i+1, m[1], err)
					return ""
				}
				live := livePage{File: page + "-" + m[1] + ".html", Title: html.UnescapeString(m[2])}
				for n := 2; files["downloads/"+live.File] != nil || files[strings.TrimSuffix(live.File, ".html")+".md"] != nil; n++ {
					live.File = fmt.Sprintf("%s-%s-%d.html", page, m[1], n)
				}
				files["downloads/"+live.File] = data
				taken = append(taken, live)
				return fmt.Sprintf(`<p class="book-live"><a href="%s">%s</a> <span>opens as a page of its own, and works without a kernel.</span></p>`, text.Escape(path.Base(live.File)), text.EscapeLine(live.Title))
			})
			if failed != nil {
				return nil, nil, failed
			}
			value, err := marshal(multiline(pageNote.ReplaceAllString(linked, "")), "")
			if err != nil {
				return nil, nil, err
			}
			o.Data = maps.Clone(o.Data)
			o.Data["text/html"] = value
			cells[i].Outputs[j] = o
		}
	}
	return cells, taken, nil
}

// unpackedPage is the page that an output carries compressed.
func unpackedPage(packed string) ([]byte, error) {
	compressed, err := base64.StdEncoding.DecodeString(packed)
	if err != nil {
		return nil, err
	}
	r, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(r, maxLivePage+1))
	if err == nil && len(data) > maxLivePage {
		err = fmt.Errorf("it takes more than %d bytes", maxLivePage)
	}
	return data, err
}

// liveLinks links to pages in Markdown, each in a line's format.
func liveLinks(pages []livePage, format string) string {
	var b strings.Builder
	for _, p := range pages {
		fmt.Fprintf(&b, format, fmt.Sprintf(`<a href="%s">%s</a>`, text.Escape(p.File), text.EscapeLine(p.Title)))
	}
	return b.String()
}
