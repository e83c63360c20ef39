package book

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// tagSlideCode marks a code cell whose code a slide shows.
const tagSlideCode = "slide-code"

// Kinds of cells in slides: https://nbconvert.readthedocs.io/en/latest/config_options.html and JupyterLab's property inspector.
const (
	slideNew      = "slide"
	slideContinue = "-"
	slideSkip     = "skip"
	slideNotes    = "notes"
)

// deck returns the notebook as slides: a notebook whose cells have nbconvert's slide types. A notebook that has some of its
// own keeps them. Otherwise each heading begins a slide with its first paragraph, its formulas, tables and finding, and each output a
// slide of its own; what else the text says goes into the speaker's notes. Code is left out unless its cell
// has the tag slide-code; so are exercises.
func (nb *notebook) deck() ([]byte, error) {
	out := *nb
	out.Cells = nil
	own, err := nb.hasSlideTypes()
	if err != nil {
		return nil, err
	}
	d := deckMaker{}
	for i, cell := range nb.Cells {
		tags, err := readCellTags(cell.Metadata)
		if err != nil {
			return nil, fmt.Errorf("cell %d: %w", i+1, err)
		}
		cell.Outputs = withoutChoices(cell.Outputs)
		switch {
		case own:
			err = d.keep(cell, tags)
		case nb.ofExercise(i) || tags.has(TagSolution):
		case cell.CellType == cellMarkdown:
			err = d.text(cell)
		case cell.CellType == cellCode:
			err = d.code(cell, tags)
		}
		if err != nil {
			return nil, fmt.Errorf("cell %d: %w", i+1, err)
		}
	}
	out.Cells = d.cells
	if len(out.Cells) > 0 { // nbconvert's slides need a first one
		tags, err := readCellTags(out.Cells[0].Metadata)
		if err != nil {
			return nil, err
		}
		if out.Cells[0].Metadata, err = asSlide(tags, slideNew, out.Cells[0].CellType != cellCode || tags.has(tagSlideCode)); err != nil {
			return nil, err
		}
	}
	stableIDs(out.Cells)
	return out.encode()
}

// slideType is the type that a cell's author gave it; empty if none.
func slideType(tags cellTags) (string, error) {
	var s struct {
		Type string `json:"slide_type"`
	}
	if raw := tags.rest["slideshow"]; len(raw) > 0 {
		if err := json.Unmarshal(raw, &s); err != nil {
			return "", fmt.Errorf("slideshow: %w", err)
		}
	}
	return s.Type, nil
}

func (nb *notebook) hasSlideTypes() (bool, error) {
	for i, cell := range nb.Cells {
		tags, err := readCellTags(cell.Metadata)
		if err != nil {
			return false, fmt.Errorf("cell %d: %w", i+1, err)
		}
		kind, err := slideType(tags)
		if err != nil {
			return false, fmt.Errorf("cell %d: %w", i+1, err)
		}
		if kind != "" && kind != slideContinue {
			return true, nil
		}
	}
	return false, nil
}

// ofExercise reports whether a cell belongs to an exercise: its code, its check, or the text before its code.
func (nb *notebook) ofExercise(i int) bool {
	for ; i < len(nb.Cells); i++ {
		tags, err := readCellTags(nb.Cells[i].Metadata)
		if err == nil && (tags.has(TagExercise) || tags.has(TagCheck)) {
			return true
		}
		if nb.Cells[i].CellType != cellMarkdown || i+1 < len(nb.Cells) && strings.HasPrefix(string(nb.Cells[i+1].Source), "#") {
			return false
		}
	}
	return false
}

// deckMaker makes the cells of slides.
type deckMaker struct {
	cells   []notebookCell
	section string // the last heading
	said    int    // characters of text on the last slide, beside its headings
	outputs int    // on the last slide
}

// shortText is how many characters of text leave room on a slide for an output.
const shortText = 240

// asSlide gives a cell a slide type, and hides its code.
func asSlide(tags cellTags, kind string, code bool) (json.RawMessage, error) {
	if tags.rest == nil {
		tags.rest = map[string]json.RawMessage{}
	}
	show, err := json.Marshal(map[string]string{"slide_type": kind})
	if err != nil {
		return nil, err
	}
	tags.rest["slideshow"] = show
	if !code {
		tags.rest["transient"] = json.RawMessage(`{"remove_source":true}`)
	}
	return tags.encode()
}

// keep takes a cell as its author typed it.
func (d *deckMaker) keep(cell notebookCell, tags cellTags) error {
	kind, err := slideType(tags)
	if err != nil || kind == slideSkip {
		return err
	}
	if kind == "" {
		kind = slideContinue
	}
	if cell.Metadata, err = asSlide(tags, kind, cell.CellType != cellCode || tags.has(tagSlideCode)); err != nil {
		return err
	}
	d.cells = append(d.cells, cell)
	return nil
}

func (d *deckMaker) add(kind, source string, attachments json.RawMessage) error {
	metadata, err := asSlide(cellTags{}, kind, true)
	if err != nil {
		return err
	}
	d.cells = append(d.cells, notebookCell{CellType: cellMarkdown, Metadata: metadata, Source: multiline(source), Attachments: attachments})
	return nil
}

// text puts the headings, first paragraphs, formulas and findings of a cell on slides, and the rest into notes.
func (d *deckMaker) text(cell notebookCell) error {
	var slide, notes []string
	paragraphs := 0
	flush := func() error {
		if len(slide) > 0 {
			kind := slideNew
			if d.onlyHeadings() {
				kind = slideContinue
			}
			if err := d.add(kind, strings.Join(slide, "\n\n"), cell.Attachments); err != nil {
				return err
			}
			d.outputs = 0
			if d.said = len(strings.Join(slide[1:], "")); !strings.HasPrefix(slide[0], "#") {
				d.said += len(slide[0])
			}
		}
		if len(notes) > 0 && len(d.cells) > 0 {
			if err := d.add(slideNotes, strings.Join(notes, "\n\n"), cell.Attachments); err != nil {
				return err
			}
		}
		slide, notes, paragraphs = nil, nil, 0
		return nil
	}
	for _, block := range markdownBlocks(string(cell.Source)) {
		switch kind := blockKind(block); {
		case kind == blockHeading:
			if err := flush(); err != nil {
				return err
			}
			heading, rest, _ := strings.Cut(block, "\n")
			d.section = strings.TrimSpace(strings.TrimLeft(heading, "#"))
			slide = append(slide, heading)
			if rest = strings.TrimSpace(rest); rest != "" {
				slide, paragraphs = append(slide, rest), 1
			}
		case kind == blockFormula || kind == blockFinding || kind == blockPicture || kind == blockTable:
			if len(slide) == 0 && d.section != "" {
				slide = append(slide, d.running())
			}
			slide, paragraphs = append(slide, block), paragraphs+1
		case kind == blockText && paragraphs == 0 && len(slide) > 0:
			slide, paragraphs = append(slide, block), 1
		default:
			notes = append(notes, block)
		}
	}
	return flush()
}

// onlyHeadings reports whether the last slide has nothing but headings.
func (d *deckMaker) onlyHeadings() bool { return len(d.cells) > 0 && d.said == 0 && d.outputs == 0 }

// isText reports whether outputs are text in Markdown.
func isText(outputs []cellOutput) bool {
	return len(outputs) == 1 && len(outputs[0].Data["text/markdown"]) > 0
}

// running is the heading of a slide that continues a section.
func (d *deckMaker) running() string { return "#### " + d.section }

// code puts each output of a cell on a slide of its own, and its code if the author asks for it.
func (d *deckMaker) code(cell notebookCell, tags cellTags) error {
	show := tags.has(tagSlideCode)
	var parts [][]cellOutput
	for _, o := range cell.Outputs {
		if page, shown := o.Data["text/html"]; shown {
			if strings.Contains(string(page), `class=\"cnnbook-live`) {
				continue // the progress of a training
			}
			parts = append(parts, []cellOutput{o})
		} else if _, shown := o.Data["text/markdown"]; shown || o.OutputType == outputStream && show {
			parts = append(parts, []cellOutput{o})
		}
	}
	if len(parts) == 0 && show {
		parts = [][]cellOutput{nil}
	}
	for i, outputs := range parts {
		kind := slideContinue
		switch room := d.said <= shortText && d.outputs == 0; {
		case room || len(d.cells) == 0 || isText(outputs):
		case d.section == "":
			kind = slideNew
		default:
			if err := d.add(slideNew, d.running(), nil); err != nil {
				return err
			}
			d.outputs = 0
		}
		if !isText(outputs) {
			d.said, d.outputs = 0, d.outputs+1
		}
		part := cell
		part.Outputs = outputs
		copied, err := readCellTags(cell.Metadata)
		if err != nil {
			return err
		}
		if part.Metadata, err = asSlide(copied, kind, show && i == 0); err != nil {
			return err
		}
		d.cells = append(d.cells, part)
	}
	return nil
}

// Kinds of blocks in Markdown.
const (
	blockText = iota
	blockHeading
	blockFormula
	blockFinding
	blockPicture
	blockTable
	blockOther // lists, code, HTML
)

var blockStart = regexp.MustCompile(`^(?:[-*+] |\d+[.)] |<|:::|` + "```" + `|>)`)

func blockKind(block string) int {
	switch {
	case strings.HasPrefix(block, "#"):
		return blockHeading
	case strings.HasPrefix(block, "$$"):
		return blockFormula
	case strings.HasPrefix(block, "**Finding.**"):
		return blockFinding
	case strings.HasPrefix(block, "!["):
		return blockPicture
	case strings.HasPrefix(block, "|"):
		return blockTable
	case blockStart.MatchString(block):
		return blockOther
	}
	return blockText
}

// markdownBlocks divides Markdown at blank lines, but not within code, formulas and what is folded.
func markdownBlocks(source string) (blocks []string) {
	var open string
	for block := range strings.SplitSeq(strings.ReplaceAll(source, "\r\n", "\n"), "\n\n") {
		last := len(blocks) - 1
		if block = strings.Trim(block, "\n"); block == "" {
			continue
		}
		if open != "" {
			blocks[last] += "\n\n" + block
		} else {
			blocks, last = append(blocks, block), last+1
		}
		open = stillOpen(blocks[last])
	}
	return blocks
}

// stillOpen returns what a block leaves open.
func stillOpen(block string) string {
	if strings.Count(block, "<details") > strings.Count(block, "</details>") {
		return "<details"
	}
	for _, mark := range []string{"```", "$$"} {
		if strings.Count(block, mark)%2 == 1 {
			return mark
		}
	}
	return ""
}
