package viz

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Mark is a vertical line with a label.
type Mark struct {
	X    float64
	Text string
}

// markLine draws a Mark: a dashed line with its text on the side with more room.
type markLine struct{ mark Mark }

// Plot implements plot.Plotter.
func (m markLine) Plot(c draw.Canvas, p *plot.Plot) {
	x := c.X(p.X.Norm(m.mark.X))
	c.StrokeLine2(draw.LineStyle{Color: wrongInk(), Width: 1.2, Dashes: []vg.Length{4, 3}}, x, c.Min.Y, x, c.Max.Y)
	l := lettering{sans(tickSize, false), wrongInk()}
	align, at, room := 0.0, x+5, c.Max.X-x-5
	if left := x - 5 - c.Min.X; left > room {
		align, at, room = 1, x-5, left
	}
	words := l.fit(m.mark.Text, room)
	y := c.Max.Y - 12
	w := l.width(words)
	left := at - vg.Length(align)*w
	c.FillPolygon(transparent(paper(), 0.85), []vg.Point{{X: left - 2, Y: y - 8}, {X: left + w + 2, Y: y - 8}, {X: left + w + 2, Y: y + 8}, {X: left - 2, Y: y + 8}})
	l.drawMiddle(c, at, y, align, words)
}
