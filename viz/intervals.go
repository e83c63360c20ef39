package viz

import (
	"fmt"
	"image/color"
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Intervals describes changes of either sign, each with an interval, as points with whiskers around a line at 0, the
// first on top. Colours tell the intervals that are above 0 from those below it; the others are grey. A value whose interval has
// no width, as of one training alone, is a grey ring: nothing is known of how far it would vary.
type Intervals struct {
	Title             string
	Quantity          string // what the values are; "Change" if empty
	Labels            []string
	Values, Low, High []float64 // each value with the ends of its interval
}

// Add appends a value with its interval.
func (v *Intervals) Add(label string, value, low, high float64) {
	v.Labels = append(v.Labels, label)
	v.Values, v.Low, v.High = append(v.Values, value), append(v.Low, low), append(v.High, high)
}

// Plot draws the points, their intervals, and the line at 0.
func (v Intervals) Plot() (*plot.Plot, error) {
	if err := v.check(); err != nil {
		return nil, err
	}
	ticks := lettering{sans(tickSize, false), ink()}
	p := NewPlot(lettering{sans(titleSize, true), ink()}.fit(orWord(v.Title, v.quantity()), 400), v.quantity(), "")
	for i := range v.Values {
		p.X.Min, p.X.Max = min(p.X.Min, v.Low[i]), max(p.X.Max, v.High[i])
	}
	p.X.Min, p.X.Max = min(0, p.X.Min), max(0, p.X.Max)
	spare := (p.X.Max - p.X.Min) * 0.05
	if spare == 0 {
		spare = 1
	}
	p.X.Min, p.X.Max = p.X.Min-spare, p.X.Max+spare
	p.Y.Min, p.Y.Max = -0.6, float64(len(v.Values))-0.4
	p.Y.Tick.Marker = classTicks(ticks.fitAll(v.Labels, 170))
	p.Y.Tick.Length, p.Y.Tick.LineStyle.Width = 0, 0
	p.Add(verticalRules{}, whiskers(v))
	return p, nil
}

// Figure is Plot with a size and an alternative text.
func (v Intervals) Figure() (*Figure, error) {
	p, err := v.Plot()
	if err != nil {
		return nil, err
	}
	var words []string
	for i, label := range v.Labels {
		interval := "no interval"
		if v.known(i) {
			interval = fmt.Sprintf("%+.3f to %+.3f", v.Low[i], v.High[i])
		}
		words = append(words, fmt.Sprintf("%s %+.3f (%s)", label, v.Values[i], interval))
	}
	alt := sentence(p.Title.Text) + " Points with intervals around 0: " + strings.Join(words, ", ") + "."
	return FromPlot(p, plotWidth+80, barsHeight(len(v.Values)), alt), nil
}

func (v Intervals) quantity() string { return orWord(v.Quantity, "Change") }

// known says whether a value has an interval: one without width is none.
func (v Intervals) known(i int) bool { return v.Low[i] < v.High[i] }

func (v Intervals) check() error {
	const figure = "intervals"
	if len(v.Values) == 0 {
		return inputErrorf(figure, "no values, expected at least one")
	}
	for _, part := range []struct {
		name   string
		values []float64
	}{{"values", v.Values}, {"low ends", v.Low}, {"high ends", v.High}} {
		if err := checkLength(figure, part.name, len(part.values), "labels", len(v.Labels)); err != nil {
			return err
		}
		if err := checkFinite(figure, part.name, part.values); err != nil {
			return err
		}
	}
	for i := range v.Values {
		if v.Low[i] > v.Values[i] || v.Values[i] > v.High[i] {
			return inputErrorf(figure, "%q is %g, outside its interval from %g to %g", v.Labels[i], v.Values[i], v.Low[i], v.High[i])
		}
	}
	return nil
}

// whiskers draws intervals.
type whiskers Intervals

// Plot implements plot.Plotter.
func (v whiskers) Plot(c draw.Canvas, p *plot.Plot) {
	zero := c.X(p.X.Norm(0))
	c.StrokeLine2(draw.LineStyle{Color: faintInk(), Width: 1.2}, zero, c.Min.Y, zero, c.Max.Y)
	for i, value := range v.Values {
		y := c.Y(p.Y.Norm(float64(len(v.Values) - 1 - i)))
		point := vg.Point{X: c.X(p.X.Norm(value)), Y: y}
		if !Intervals(v).known(i) {
			c.DrawGlyph(draw.GlyphStyle{Color: faintInk(), Radius: 3.6, Shape: draw.RingGlyph{}}, point)
			continue
		}
		style := draw.LineStyle{Color: v.color(i), Width: 1.8}
		low, high := c.X(p.X.Norm(v.Low[i])), c.X(p.X.Norm(v.High[i]))
		c.StrokeLine2(style, low, y, high, y)
		for _, end := range []vg.Length{low, high} {
			c.StrokeLine2(style, end, y-4, end, y+4)
		}
		c.DrawGlyph(draw.GlyphStyle{Color: style.Color, Radius: 3.6, Shape: draw.CircleGlyph{}}, point)
	}
}

func (v whiskers) color(i int) color.Color {
	switch {
	case v.Low[i] > 0:
		return rightInk()
	case v.High[i] < 0:
		return wrongInk()
	}
	return faintInk()
}

// GlyphBoxes implements plot.GlyphBoxer: room for caps and points at the edges.
func (v whiskers) GlyphBoxes(p *plot.Plot) []plot.GlyphBox {
	var boxes []plot.GlyphBox
	for i := range v.Values {
		for _, x := range []float64{p.X.Norm(v.Low[i]), p.X.Norm(v.High[i])} {
			if !math.IsNaN(x) {
				boxes = append(boxes, plot.GlyphBox{X: x, Y: 0.5, Rectangle: vg.Rectangle{Min: vg.Point{X: -4}, Max: vg.Point{X: 4}}})
			}
		}
	}
	return boxes
}
