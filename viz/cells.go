package viz

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// cells draws a matrix of coloured cells with text, row 0 on top, with the labels
// of rows and columns at its sides. gonum's heat map has row 0 at the bottom and no
// text, and its axes draw slanted labels over the data.
type cells struct {
	values [][]float64 // 0 … 1 on the ramp
	texts  [][]string
	labels []string // of the rows and the columns, shortened to fit
	words  lettering
	slant  bool // column labels at 45 degrees
}

// labelGap is the distance of the labels from the cells.
const labelGap = vg.Length(6)

// newCells chooses the type size for cells of about the given width.
func newCells(values [][]float64, texts [][]string, labels []string, cell vg.Length) *cells {
	words := lettering{sans(min(tickSize, max(cell*0.5, smallest)), false), ink()}
	m := &cells{values: values, texts: texts, words: words}
	m.labels = words.fitAll(labels, 90)
	m.slant = words.widest(m.labels) > cell-4
	return m
}

// Plot implements plot.Plotter.
func (m *cells) Plot(c draw.Canvas, p *plot.Plot) {
	n := len(m.values)
	edge := func(column int) vg.Length { return c.X(p.X.Norm(float64(column) - 0.5)) }
	top := func(row int) vg.Length { return c.Y(p.Y.Norm(float64(n-row) - 0.5)) }
	size := m.textSize(edge(1)-edge(0), top(0)-top(1))
	for i, row := range m.values {
		for j, v := range row {
			background := ramp(v)
			x0, x1, y0, y1 := edge(j), edge(j+1), top(i+1), top(i)
			c.FillPolygon(background, []vg.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}})
			if size >= smallest {
				l := lettering{sans(size, i == j), readableOn(background)}
				l.drawMiddle(c, (x0+x1)/2, (y0+y1)/2, 0.5, m.texts[i][j])
			}
		}
	}
	m.rule(c, edge, top)
	for i, label := range m.labels {
		m.words.drawMiddle(c, edge(0)-labelGap, (top(i)+top(i+1))/2, 1, label)
		x, y := (edge(i)+edge(i+1))/2, top(n)-labelGap
		if m.slant {
			m.words.drawSlanted(c, x+capHeight/2*m.words.font.Size, y, label)
		} else {
			m.words.draw(c, x, y-capHeight*m.words.font.Size, 0.5, label)
		}
	}
}

// GlyphBoxes implements plot.GlyphBoxer: room for the labels left of the cells and below.
func (m *cells) GlyphBoxes(*plot.Plot) []plot.GlyphBox {
	widest, line := m.words.widest(m.labels), m.words.font.Size
	below := labelGap + line
	if m.slant {
		below = labelGap + widest*math.Sqrt2/2 + line/2
	}
	return []plot.GlyphBox{
		{X: 0, Y: 0.5, Rectangle: vg.Rectangle{Min: vg.Point{X: -labelGap - widest}}},
		{X: 0.5, Y: 0, Rectangle: vg.Rectangle{Min: vg.Point{Y: -below}}},
	}
}

// rule draws hairlines between the cells and around them.
func (m *cells) rule(c draw.Canvas, edge, top func(int) vg.Length) {
	n := len(m.values)
	for k := range n + 1 {
		style := draw.LineStyle{Color: gridInk(), Width: 0.5}
		if k == 0 || k == n {
			style = draw.LineStyle{Color: faintInk(), Width: 0.8}
		}
		c.StrokeLine2(style, edge(k), top(n), edge(k), top(0))
		c.StrokeLine2(style, edge(0), top(k), edge(n), top(k))
	}
}

// textSize returns the largest size at which every text fits its cell, up to 13 points.
func (m *cells) textSize(width, height vg.Length) vg.Length {
	const sample = 100
	l := lettering{sans(sample, true), ink()}
	size := min(13, height*0.7)
	for _, row := range m.texts {
		if w := l.widest(row); w > 0 {
			size = min(size, sample*(width-3)/w)
		}
	}
	return vg.Length(math.Floor(float64(size)*2) / 2)
}

// colorBar is the scale of the ramp to the right of the data, in its own space.
type colorBar struct{ top float64 }

const (
	barGap   = vg.Length(12)
	barWidth = vg.Length(12)
)

// Plot implements plot.Plotter.
func (b colorBar) Plot(c draw.Canvas, _ *plot.Plot) {
	const steps = 64
	x0, x1 := c.Max.X+barGap, c.Max.X+barGap+barWidth
	for i := range steps {
		y0, y1 := c.Y(float64(i)/steps), c.Y(float64(i+1)/steps)
		if i+1 < steps {
			y1 += 0.5 // no seams between the steps
		}
		c.FillPolygon(ramp((float64(i)+0.5)/steps), []vg.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}})
	}
	outline := draw.LineStyle{Color: faintInk(), Width: 0.8}
	c.StrokeLines(outline, []vg.Point{{X: x0, Y: c.Min.Y}, {X: x1, Y: c.Min.Y}, {X: x1, Y: c.Max.Y}, {X: x0, Y: c.Max.Y}, {X: x0, Y: c.Min.Y}})
	l := lettering{sans(tickSize, false), ink()}
	for _, t := range (linearTicks{count: 5}).Ticks(0, b.top) {
		y := c.Y(t.Value / b.top)
		c.StrokeLine2(outline, x1, y, x1+3, y)
		l.drawMiddle(c, x1+6, y, 0, t.Label)
	}
}

// GlyphBoxes implements plot.GlyphBoxer.
func (b colorBar) GlyphBoxes(*plot.Plot) []plot.GlyphBox {
	l := lettering{sans(tickSize, false), ink()}
	var labels []string
	for _, t := range (linearTicks{count: 5}).Ticks(0, b.top) {
		labels = append(labels, t.Label)
	}
	width := barGap + barWidth + 8 + l.widest(labels)
	return []plot.GlyphBox{{X: 1, Y: 0.5, Rectangle: vg.Rectangle{Max: vg.Point{X: width}}}}
}
