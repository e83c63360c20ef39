package viz

import (
	"fmt"
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg/draw"
)

// Series is one named line.
type Series struct {
	Name string
	X    []float64 // same length as Y; nil means 1, 2, 3 …
	Y    []float64

	Low, High []float64 // a band around Y, for example from MeanBand; nil for none
	Faint     bool      // thin and grey, for raw values behind smoothed ones
}

func (s Series) check(figure string, i int, logX bool) error {
	name := s.label(i)
	if err := checkFinite(figure, name, s.Y); err != nil {
		return err
	}
	for _, part := range []struct {
		name   string
		values []float64
	}{{"X", s.X}, {"low end of the band", s.Low}, {"high end of the band", s.High}} {
		if part.values == nil {
			continue
		}
		if err := checkLength(figure, name+", "+part.name, len(part.values), "Y", len(s.Y)); err != nil {
			return err
		}
		if err := checkFinite(figure, name+", "+part.name, part.values); err != nil {
			return err
		}
	}
	if (s.Low == nil) != (s.High == nil) {
		return inputErrorf(figure, "%s has only one end of its band, expected both Low and High or neither", name)
	}
	if logX && s.X != nil {
		return checkPositive(figure, name+", X", s.X)
	}
	return nil
}

// label names series i in an error.
func (s Series) label(i int) string {
	if s.Name != "" {
		return fmt.Sprintf("series %q", s.Name)
	}
	return fmt.Sprintf("series %d", i)
}

// at returns X of element i.
func (s Series) at(i int) float64 {
	if s.X == nil {
		return float64(i + 1)
	}
	return s.X[i]
}

// bandColor returns the colour of a series' band, or nil if it has none.
func bandColor(s Series, style draw.LineStyle) color.Color {
	if s.Low == nil {
		return nil
	}
	return transparent(style.Color, 0.18)
}

// addSeries adds the band, the line and, if there are few points, their markers.
func addSeries(p *plot.Plot, s Series, style draw.LineStyle) error {
	xys := make(plotter.XYs, len(s.Y))
	for i, y := range s.Y {
		xys[i] = plotter.XY{X: s.at(i), Y: y}
	}
	if s.Low != nil {
		band, err := plotter.NewPolygon(bandOutline(s))
		if err != nil {
			return err
		}
		band.Color, band.Width = bandColor(s, style), 0
		p.Add(band)
	}
	line, err := plotter.NewLine(thin(xys))
	if err != nil {
		return err
	}
	line.LineStyle = style
	p.Add(line)
	if len(xys) > 12 {
		return nil
	}
	points, err := plotter.NewScatter(xys)
	if err != nil {
		return err
	}
	points.GlyphStyle = draw.GlyphStyle{Color: style.Color, Radius: 2.6, Shape: draw.CircleGlyph{}}
	p.Add(points)
	return nil
}

// bandOutline follows the band's upper edge and returns along its lower one.
func bandOutline(s Series) plotter.XYs {
	var outline plotter.XYs
	for i, y := range s.High {
		outline = append(outline, plotter.XY{X: s.at(i), Y: y})
	}
	for i, y := range slices.Backward(s.Low) {
		outline = append(outline, plotter.XY{X: s.at(i), Y: y})
	}
	return outline
}

// thinTo limits the points of a drawn line: 24,000 steps would make a large SVG without showing more on a screen.
const thinTo = 4000

// thin keeps the first, lowest, highest and last point of each run of points, so
// that spikes stay visible.
func thin(xys plotter.XYs) plotter.XYs {
	if len(xys) <= thinTo {
		return xys
	}
	size := (4*len(xys) + thinTo - 1) / thinTo
	out := make(plotter.XYs, 0, thinTo+4)
	for start := 0; start < len(xys); start += size {
		run := xys[start:min(start+size, len(xys))]
		low, high := 0, 0
		for i, xy := range run {
			if xy.Y < run[low].Y {
				low = i
			}
			if xy.Y > run[high].Y {
				high = i
			}
		}
		keep := []int{0, low, high, len(run) - 1}
		slices.Sort(keep)
		for _, i := range slices.Compact(keep) {
			out = append(out, run[i])
		}
	}
	return out
}
