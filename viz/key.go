package viz

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// key is a legend above the data area. gonum's own legend is drawn over the data; this one
// reserves space by its glyph box, so that it never covers a curve.
type key struct {
	entries []keyEntry
	rows    [][]keyEntry
}

type keyEntry struct {
	name  string
	style draw.LineStyle
	band  color.Color // shade behind the line, or nil
	width vg.Length
}

const (
	keySample = vg.Length(24) // length of the line sample
	keyRow    = vg.Length(16)
	keyGap    = vg.Length(6)
)

func keyLettering() lettering { return lettering{sans(tickSize, false), ink()} }

// add appends an entry and starts a new row if it does not fit width.
func (k *key) add(name string, style draw.LineStyle, band color.Color, width vg.Length) {
	l := keyLettering()
	name = l.fit(name, width-keySample-keyGap)
	k.entries = append(k.entries, keyEntry{name, style, band, keySample + keyGap + l.width(name) + 2*keyGap})
	k.rows = nil
	var used vg.Length
	for _, e := range k.entries {
		if len(k.rows) == 0 || used+e.width > width {
			k.rows, used = append(k.rows, nil), 0
		}
		last := len(k.rows) - 1
		k.rows[last] = append(k.rows[last], e)
		used += e.width
	}
}

func (k *key) height() vg.Length { return keyGap + keyRow*vg.Length(len(k.rows)) }

// Plot implements plot.Plotter: it draws above the canvas of the data.
func (k *key) Plot(c draw.Canvas, _ *plot.Plot) {
	l := keyLettering()
	for i, row := range k.rows {
		x := c.Min.X
		y := c.Max.Y + k.height() - keyRow*(vg.Length(i)+0.5)
		for _, e := range row {
			if e.band != nil {
				c.FillPolygon(e.band, []vg.Point{{X: x, Y: y - 5}, {X: x + keySample, Y: y - 5}, {X: x + keySample, Y: y + 5}, {X: x, Y: y + 5}})
			}
			c.StrokeLine2(e.style, x, y, x+keySample, y)
			l.drawMiddle(c, x+keySample+keyGap, y, 0, e.name)
			x += e.width
		}
	}
}

// GlyphBoxes implements plot.GlyphBoxer: it reserves the height of the key above the data.
func (k *key) GlyphBoxes(*plot.Plot) []plot.GlyphBox {
	return []plot.GlyphBox{{X: 0.5, Y: 1, Rectangle: vg.Rectangle{Max: vg.Point{Y: k.height()}}}}
}
