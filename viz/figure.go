package viz

import (
	"maps"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Figure is a finished drawing with a natural size: one plot or several panels.
// The zero value is empty: PNG and SVG refuse it.
type Figure struct {
	Title   string
	Alt     string // alternative text: what the figure shows, with its numbers
	Caption string // text under the figure, for example data, budget and seed

	Width, Height vg.Length // natural size in points, margins included

	draw     func(draw.Canvas)
	receipts []map[string]string
}

// From says what the figure's numbers come from, such as trainings: names and values, for the page that shows the figure. It
// adds to what was said before, each receipt once, and returns the figure.
func (f *Figure) From(receipts ...map[string]string) *Figure {
	for _, r := range receipts {
		if len(r) > 0 && !slices.ContainsFunc(f.receipts, func(have map[string]string) bool { return maps.Equal(have, r) }) {
			f.receipts = append(f.receipts, r)
		}
	}
	return f
}

// Receipts returns what [Figure.From] was given, for this figure and those of which it consists.
func (f *Figure) Receipts() []map[string]string { return f.receipts }

// FromPlot makes a figure from a gonum plot, drawn at the given size in points. alt is its alternative text.
func FromPlot(p *plot.Plot, width, height vg.Length, alt string) *Figure {
	if p == nil {
		return &Figure{Alt: alt, Width: width, Height: height}
	}
	return &Figure{
		Title: p.Title.Text, Alt: alt, Width: width, Height: height,
		draw: func(c draw.Canvas) { p.Draw(draw.Crop(c, margin, -margin, margin, -margin)) },
	}
}

// Draw paints the figure, background first, on the whole canvas. Plots fill
// the canvas; image grids keep their own size and are centred.
func (f *Figure) Draw(c draw.Canvas) {
	c.SetColor(paper())
	c.Fill(c.Rectangle.Path())
	if f.draw != nil {
		f.draw(c)
	}
}

// Note sets the caption and returns the figure.
func (f *Figure) Note(caption string) *Figure {
	f.Caption = caption
	return f
}

// AltText returns the alternative text.
func (f *Figure) AltText() string { return f.Alt }

// CaptionText returns the caption. If the figure's text has characters that its font cannot draw, a
// last sentence lists them.
func (f *Figure) CaptionText() string {
	note := f.glyphNote()
	if f.Caption == "" || note == "" {
		return f.Caption + note
	}
	return sentence(f.Caption) + " " + note
}

// size rounds the natural size up to whole points, and so to whole pixels.
func (f *Figure) size() (w, h vg.Length) {
	return vg.Length(math.Ceil(float64(f.Width))), vg.Length(math.Ceil(float64(f.Height)))
}

// Row arranges figures side by side, top edges aligned, under a common title
// (which may be empty). Its alternative text joins theirs.
func Row(title string, figures ...*Figure) (*Figure, error) {
	if err := checkPanels("row", figures); err != nil {
		return nil, err
	}
	row := &Figure{Title: title, Alt: joinAlt(title, figures)}
	for _, f := range figures {
		w, h := f.size()
		row.From(f.receipts...)
		row.Width += w
		row.Height = max(row.Height, h)
	}
	head := headerHeight(title)
	row.Height += head
	row.draw = func(c draw.Canvas) {
		drawHeader(c, title)
		x := c.Min.X + (c.Size().X-row.Width)/2
		for _, f := range figures {
			w, _ := f.size()
			f.Draw(within(c, x, c.Min.Y, x+w, c.Max.Y-head))
			x += w
		}
	}
	return row, nil
}

// Stack arranges figures below one another, centred, under a common title (which
// may be empty). Its alternative text joins theirs.
func Stack(title string, figures ...*Figure) (*Figure, error) {
	if err := checkPanels("stack", figures); err != nil {
		return nil, err
	}
	stack := &Figure{Title: title, Alt: joinAlt(title, figures), Height: headerHeight(title)}
	for _, f := range figures {
		w, h := f.size()
		stack.From(f.receipts...)
		stack.Width = max(stack.Width, w)
		stack.Height += h
	}
	stack.draw = func(c draw.Canvas) {
		drawHeader(c, title)
		y := c.Max.Y - headerHeight(title)
		for _, f := range figures {
			w, h := f.size()
			x := vg.Length(math.Round(float64(c.Min.X + (c.Size().X-w)/2)))
			f.Draw(within(c, x, y-h, x+w, y))
			y -= h
		}
	}
	return stack, nil
}

func checkPanels(kind string, figures []*Figure) error {
	if len(figures) == 0 {
		return inputErrorf(kind, "no figures, expected at least one")
	}
	for i, f := range figures {
		if err := f.check(); err != nil {
			return inputErrorf(kind, "figure %d: %v", i, err)
		}
	}
	return nil
}

func joinAlt(title string, figures []*Figure) string {
	var parts []string
	if title != "" {
		parts = append(parts, sentence(title))
	}
	for _, f := range figures {
		if f.Alt != "" {
			parts = append(parts, f.Alt)
		}
	}
	return strings.Join(parts, " ")
}

func headerHeight(title string) vg.Length {
	if title == "" {
		return 0
	}
	return titleSize + 2*margin
}

func headerLettering() lettering { return lettering{sans(titleSize+1, true), ink()} }

// drawHeader writes a common title at the top of the canvas.
func drawHeader(c draw.Canvas, title string) {
	if title == "" {
		return
	}
	l := headerLettering()
	l.draw(c, c.Center().X, c.Max.Y-margin-titleSize, 0.5, l.fit(title, c.Size().X-2*margin))
}

// within returns the part of a canvas between two corners.
func within(c draw.Canvas, x0, y0, x1, y1 vg.Length) draw.Canvas {
	c.Rectangle = vg.Rectangle{Min: vg.Point{X: x0, Y: y0}, Max: vg.Point{X: x1, Y: y1}}
	return c
}
