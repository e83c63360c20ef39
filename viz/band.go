package viz

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Band is a range of values that is shaded behind the lines, over the whole width.
type Band struct {
	Low, High float64
	Name      string // in the key
}

func (b Band) color() color.Color { return transparent(restInk(), 0.3) }

// line is the style of the line through the middle of the band's height.
func (b Band) line() draw.LineStyle {
	return draw.LineStyle{Color: faintInk(), Width: 0.8, Dashes: []vg.Length{2, 2}}
}

// bandShade draws a Band.
type bandShade struct{ band Band }

// Plot implements plot.Plotter.
func (s bandShade) Plot(c draw.Canvas, p *plot.Plot) {
	low, high := c.Y(p.Y.Norm(s.band.Low)), c.Y(p.Y.Norm(s.band.High))
	c.FillPolygon(s.band.color(), []vg.Point{{X: c.Min.X, Y: low}, {X: c.Max.X, Y: low}, {X: c.Max.X, Y: high}, {X: c.Min.X, Y: high}})
	c.StrokeLine2(s.band.line(), c.Min.X, (low+high)/2, c.Max.X, (low+high)/2)
}

// DataRange implements plot.DataRanger: the band is always in sight.
func (s bandShade) DataRange() (xmin, xmax, ymin, ymax float64) {
	return math.Inf(1), math.Inf(-1), s.band.Low, s.band.High
}
