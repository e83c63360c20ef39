package kernelext

import (
	"errors"
	"fmt"
	"image"
	"strings"
	"time"

	"github.com/cnnbook/cnnbook/kernelext/internal/text"
	"github.com/janpfeifer/gonb/gonbui"
)

// ErrDisplay is wrapped by every error about an item that cannot be shown.
var ErrDisplay = errors.New("cannot display")

// Figure is a PNG image with the text that describes it; viz.Figure is one. The
// page shows a PNG at its own density: one CSS pixel for each 1/72 inch that its
// pHYs chunk states, or one for each pixel when it states none.
type Figure interface {
	PNG() ([]byte, error)
	AltText() string     // what the figure shows, for readers who cannot see it
	CaptionText() string // what the page prints below it; may be empty
}

// Drawing is an SVG drawing with the text that describes it.
type Drawing interface {
	SVG() ([]byte, error)
	AltText() string
	CaptionText() string
}

// Text is plain text, shown unchanged in a fixed-width font.
type Text string

// Markdown is text in Markdown with formulas in dollar signs. It is markup written by
// the notebook's author: never put untrusted text into it.
type Markdown string

// Display shows each item below the one before, after everything printed so far:
//
//	Figure, Drawing     a <figure> with alternative text and caption
//	viz.Lines{…} etc.   the figure that it describes: what has a method Figure() (F, error)
//	*plot.Plot          a plot of gonum, 6 by 4 inches
//	image.Image         enlarged by a whole factor when small, never smoothed (see Picture)
//	Picture, SVG        the same with your own description
//	Table               a table with caption
//	Page                a page of its own in a frame, or a link to it in the book
//	Row(…)              several of the above side by side
//	Markdown            text with formulas
//	Text, string, error, fmt.Stringer   plain text
//
// Every item has a plain-text equivalent, for readers without HTML. The text of
// figures, images and tables is escaped: it cannot be markup. Outside a notebook, Display prints the plain text on stdout.
//
// Errors wrap ErrDisplay and name the position of the item, counted from 1. Items before it are shown.
func Display(items ...any) error {
	if gonbui.IsNotebook {
		settle(100 * time.Millisecond)
	}
	err := displayOn(currentOutput(), items)
	syncNotebook(syncWait)
	return err
}

func displayOn(out output, items []any) error {
	for i, item := range items {
		b, err := bundleOf(item)
		if err != nil {
			return fmt.Errorf("%w item %d of %d: %w", ErrDisplay, i+1, len(items), err)
		}
		if err := out.show(b, ""); err != nil {
			return err
		}
	}
	return nil
}

// bundleOf turns an item into all its forms, with what it says of its origin.
func bundleOf(item any) (bundle, error) {
	b, err := formsOf(item)
	if of, ok := item.(originated); ok && err == nil {
		b.Receipts = addReceipts(b.Receipts, of.Receipts()...)
	}
	return b, err
}

func formsOf(item any) (bundle, error) {
	switch item := item.(type) {
	case nil:
		return bundle{}, errors.New("it is nil, expected a figure, image, table or text")
	case bundle:
		return item, nil
	case row:
		return item.bundle()
	case Table:
		return item.bundle()
	case *Table:
		if item == nil {
			return bundle{}, errors.New("the table is nil")
		}
		return item.bundle()
	case SVG:
		return item.bundle()
	case Picture:
		return item.bundle()
	case Page:
		return item.bundle()
	case *Page:
		if item == nil {
			return bundle{}, errors.New("the page is nil")
		}
		return item.bundle()
	case Markdown:
		return bundle{Markdown: string(item), Text: text.Clean(string(item))}, nil
	case Text:
		return textBundle(string(item)), nil
	case string:
		return textBundle(item), nil
	case Figure:
		return figureBundle(item)
	case Drawing:
		return drawingBundle(item)
	case image.Image:
		return Picture{Image: item}.bundle()
	case error:
		return textBundle(item.Error()), nil
	case fmt.Stringer:
		return textBundle(item.String()), nil
	}
	if isPlot(item) {
		return plotBundle(item)
	}
	if describesFigure(item) {
		return describedBundle(item)
	}
	return bundle{}, fmt.Errorf("no way to show a %T, expected a figure, image, table or text", item)
}

// textBundle has no HTML: a notebook shows plain text by itself.
func textBundle(s string) bundle { return bundle{Text: text.Clean(s)} }

// row is several items side by side.
type row []any

// Row is an item for Display that shows others side by side. They keep their sizes and wrap where the
// page is too narrow, so that many of equal size form a grid. Markdown is not allowed in a row.
func Row(items ...any) any { return row(items) }

func (r row) bundle() (bundle, error) {
	if len(r) == 0 {
		return bundle{}, errors.New("the row is empty")
	}
	var html, plain []string
	var receipts []map[string]string
	for i, item := range r {
		b, err := bundleOf(item)
		if err != nil {
			return bundle{}, fmt.Errorf("position %d of %d in the row: %w", i+1, len(r), err)
		}
		if b.Markdown != "" {
			return bundle{}, fmt.Errorf("position %d of %d in the row: Markdown is not allowed in a row, use Text", i+1, len(r))
		}
		if b.HTML == "" {
			b.HTML = `<pre class="cnnbook-plain" style="margin:0">` + text.Escape(b.Text) + `</pre>`
		}
		html = append(html, `<div style="max-width:100%">`+b.HTML+`</div>`)
		plain = append(plain, b.Text)
		receipts = addReceipts(receipts, b.Receipts...)
	}
	return bundle{
		Receipts: receipts,
		HTML: `<div class="cnnbook-row" style="display:flex;flex-wrap:wrap;gap:0 1.5em;align-items:flex-start">` +
			strings.Join(html, "\n") + `</div>`,
		Text: strings.Join(plain, "\n"),
	}, nil
}

// Printable makes untrusted text safe to print: without terminal control sequences,
// other control characters, and characters that reorder what follows them.
func Printable(s string) string { return text.Clean(text.StripANSI(s)) }
