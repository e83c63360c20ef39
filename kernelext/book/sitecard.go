package book

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"regexp"
	"strings"
	"time"

	"github.com/cnnbook/cnnbook/internal/number"
	"github.com/cnnbook/cnnbook/kernelext/internal/text"
)

// tagCover marks the cell whose last image stands for the notebook on the first page.
const tagCover = "cover"

// picture is an image of a notebook's outputs.
type picture struct {
	name string // of its file, such as cover-01-show.png
	data []byte
	alt  string
}

// figureImage matches an image as this project's figures contain it.
var figureImage = regexp.MustCompile(`<img alt="([^"]*)" src="data:image/(png|svg\+xml);base64,([A-Za-z0-9+/=]+)"`)

// cover returns the last image of the cell with the tag "cover" or, if no cell has it, of the whole notebook.
func (nb *notebook) cover(page string) (picture, bool) {
	var found picture
	for _, cell := range nb.Cells {
		tags, err := readCellTags(cell.Metadata)
		tagged := err == nil && tags.has(tagCover)
		for _, output := range cell.Outputs {
			var source multiline
			if json.Unmarshal(output.Data["text/html"], &source) != nil {
				continue
			}
			for _, m := range figureImage.FindAllStringSubmatch(string(source), -1) {
				data, err := base64.StdEncoding.DecodeString(m[3])
				if err == nil {
					ending, _, _ := strings.Cut(m[2], "+")
					found = picture{"cover-" + page + "." + ending, data, html.UnescapeString(m[1])}
				}
			}
		}
		if tagged && found.data != nil {
			break
		}
	}
	return found, found.data != nil
}

// buildFigures says for the first page what this build of the notebook gave: the validation accuracy of the runs behind its figures, how
// long its cells took, and on which machine. It is empty for a notebook with neither runs nor a time.
func buildFigures(receipts []Receipt, record Record) string {
	lowest, highest, runs := "", "", map[string]bool{}
	for _, r := range receipts {
		if a := r["accuracy"]; a != "" { // all have four decimals: their order is that of the numbers
			if lowest == "" {
				lowest, highest = a, a
			}
			lowest, highest = min(lowest, a), max(highest, a)
			runs[r["identity"]] = true
		}
	}
	var parts []string
	switch {
	case len(runs) == 1 && lowest == highest:
		parts = append(parts, "validation accuracy "+lowest)
	case len(runs) > 0:
		parts = append(parts, fmt.Sprintf("validation accuracy %s to %s in %s", lowest, highest, number.Counted(len(runs), "run")))
	}
	if record.Seconds > 0 {
		parts = append(parts, text.SpanText(time.Duration(record.Seconds*float64(time.Second))))
	}
	if len(parts) == 0 {
		return ""
	}
	for _, f := range record.Facts {
		switch f.Name {
		case "data", "budget":
			parts = append(parts, f.Name+" "+f.Value)
		case "machine":
			parts = append(parts, f.Value)
		}
	}
	return strings.Join(parts, "; ")
}

// sentenceEnd matches the end of a sentence and the beginning of the next.
var sentenceEnd = regexp.MustCompile(`[.?!] +[\p{Lu}*_]`)

// finding returns the first sentence of the notebook's last paragraph that begins with **Finding.**
func (nb *notebook) finding() string {
	const mark = "**Finding.**"
	found := ""
	for _, cell := range nb.Cells {
		if cell.CellType != cellMarkdown {
			continue
		}
		for block := range strings.SplitSeq(strings.ReplaceAll(string(cell.Source), "\r\n", "\n"), "\n\n") {
			if rest, ok := strings.CutPrefix(strings.TrimSpace(block), mark); ok {
				found = text.CleanLine(rest)
			}
		}
	}
	return firstSentence(found)
}

// firstSentence returns a paragraph up to its first full stop, question mark or exclamation mark before a capital letter.
func firstSentence(paragraph string) string {
	if end := sentenceEnd.FindStringIndex(paragraph); end != nil {
		return paragraph[:end[0]+1]
	}
	return paragraph
}
