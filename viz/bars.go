package viz

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// ClassBars describes one value from 0 to 1 for each class, for example its
// accuracy, as horizontal bars from top to bottom.
type ClassBars struct {
	Title     string
	Quantity  string // what the values are; "Accuracy" if empty
	Labels    []string
	Values    []float64
	Low, High []float64 // ends of an interval around each value, or nil
}

// Plot draws the bars with their values at their ends.
func (b ClassBars) Plot() (*plot.Plot, error) {
	if err := b.check(); err != nil {
		return nil, err
	}
	colors := make([]color.Color, len(b.Values))
	for i := range colors {
		colors[i] = barInk()
	}
	h := hbars{values: b.Values, low: b.Low, high: b.High, colors: colors}
	return h.plot(orWord(b.Title, b.quantity()+" of each class"), b.quantity(), b.Labels), nil
}

// Figure is Plot with a size and an alternative text.
func (b ClassBars) Figure() (*Figure, error) {
	p, err := b.Plot()
	if err != nil {
		return nil, err
	}
	var words []string
	for i, label := range b.Labels {
		word := fmt.Sprintf("%s %.2f", label, b.Values[i])
		if b.Low != nil {
			word += fmt.Sprintf(" (%.2f to %.2f)", b.Low[i], b.High[i])
		}
		words = append(words, word)
	}
	alt := sentence(p.Title.Text) + " Bar chart: " + strings.Join(words, ", ") + "."
	return FromPlot(p, plotWidth, barsHeight(len(b.Values)), alt), nil
}

func (b ClassBars) quantity() string { return orWord(b.Quantity, "Accuracy") }

func (b ClassBars) check() error {
	const figure = "class bars"
	if err := checkUnit(figure, "values", b.Values); err != nil {
		return err
	}
	if err := checkLength(figure, "labels", len(b.Labels), "values", len(b.Values)); err != nil {
		return err
	}
	if (b.Low == nil) != (b.High == nil) {
		return inputErrorf(figure, "only one end of the intervals is set, expected both Low and High or neither")
	}
	if b.Low == nil {
		return nil
	}
	for name, ends := range map[string][]float64{"low ends": b.Low, "high ends": b.High} {
		if err := checkLength(figure, name, len(ends), "values", len(b.Values)); err != nil {
			return err
		}
		if err := checkUnit(figure, name, ends); err != nil {
			return err
		}
	}
	return nil
}

// Prediction describes the class probabilities that a network predicts for
// one image, as bars next to the image.
type Prediction struct {
	Title         string
	Image         image.Image // nil for the bars alone
	Labels        []string
	Probabilities []float64 // one for each label, 0 … 1
	Actual        int       // the correct class; negative if unknown
}

// Plot draws the bars only: the correct class blue, a wrong prediction vermillion.
func (q Prediction) Plot() (*plot.Plot, error) {
	const figure = "prediction"
	if err := checkUnit(figure, "probabilities", q.Probabilities); err != nil {
		return nil, err
	}
	if err := checkLength(figure, "labels", len(q.Labels), "probabilities", len(q.Probabilities)); err != nil {
		return nil, err
	}
	if q.Actual >= len(q.Labels) {
		return nil, inputErrorf(figure, "actual class is %d, expected less than %d, the number of labels", q.Actual, len(q.Labels))
	}
	h := hbars{
		values: q.Probabilities,
		colors: make([]color.Color, len(q.Probabilities)),
		notes:  make([]string, len(q.Probabilities)),
	}
	for i := range h.values {
		switch first := q.first(); {
		case i == q.Actual:
			h.colors[i], h.notes[i] = rightInk(), "actual"
		case i == first && q.Actual < 0:
			h.colors[i] = rightInk()
		case i == first:
			h.colors[i], h.notes[i] = wrongInk(), "predicted"
		default:
			h.colors[i] = restInk()
		}
	}
	return h.plot(q.title(), "Probability", q.Labels), nil
}

// Figure draws the image and the bars.
func (q Prediction) Figure() (*Figure, error) {
	p, err := q.Plot()
	if err != nil {
		return nil, err
	}
	bars := FromPlot(p, 420, barsHeight(len(q.Probabilities)), q.alt())
	if q.Image == nil {
		return bars, nil
	}
	below := ""
	if q.Actual >= 0 {
		below = "actual: " + q.Labels[q.Actual]
	}
	tile, err := Grid{Rows: [][]Tile{{{Image: q.Image, Below: below}}}, Side: 192}.Figure()
	if err != nil {
		return nil, err
	}
	tile.Alt = ""
	return Row("", centred(tile, bars.Height), bars)
}

// centred pads a figure above and below to a height.
func centred(f *Figure, height vg.Length) *Figure {
	out := *f
	out.Height = max(f.Height, height)
	out.draw = func(c draw.Canvas) {
		spare := c.Size().Y - f.Height
		f.draw(draw.Crop(c, 0, 0, spare/2, -spare/2))
	}
	return &out
}

// first returns the class with the highest probability.
func (q Prediction) first() int {
	best := 0
	for i, p := range q.Probabilities {
		if p > q.Probabilities[best] {
			best = i
		}
	}
	return best
}

func (q Prediction) title() string {
	return orWord(q.Title, fmt.Sprintf("Predicted: %s (%.2f)", q.Labels[q.first()], q.Probabilities[q.first()]))
}

func (q Prediction) alt() string {
	words := make([]string, len(q.Labels))
	for i, label := range q.Labels {
		words[i] = fmt.Sprintf("%s %.2f", label, q.Probabilities[i])
	}
	text := sentence(q.title()) + " Probabilities: " + strings.Join(words, ", ") + "."
	if q.Actual >= 0 {
		text += " The image shows: " + sentence(q.Labels[q.Actual])
	}
	return text
}

// barsHeight is 26 points per bar, plus the axis and title.
func barsHeight(n int) vg.Length { return 26*vg.Length(n) + 90 }

// hbars draws horizontal bars over a scale from 0 to 1, the first on top.
type hbars struct {
	values, low, high []float64
	colors            []color.Color
	notes             []string // text after the values, or nil
}

// text returns the text at the end of bar i.
func (h hbars) text(i int) string {
	s := fmt.Sprintf("%.2f", h.values[i])
	if h.notes != nil && h.notes[i] != "" {
		s += " " + h.notes[i]
	}
	return s
}

func (h hbars) plot(title, quantity string, labels []string) *plot.Plot {
	ticks := lettering{sans(tickSize, false), ink()}
	p := NewPlot(lettering{sans(titleSize, true), ink()}.fit(title, 400), quantity, "")
	p.X.Min, p.X.Max = 0, 1
	p.Y.Min, p.Y.Max = -0.6, float64(len(h.values))-0.4
	p.Y.Tick.Marker = classTicks(ticks.fitAll(labels, 130))
	p.Y.Tick.Length, p.Y.Tick.LineStyle.Width = 0, 0
	p.Add(verticalRules{}, h)
	return p
}

// Plot implements plot.Plotter.
func (h hbars) Plot(c draw.Canvas, p *plot.Plot) {
	l := lettering{sans(tickSize, false), ink()}
	for i, v := range h.values {
		y := c.Y(p.Y.Norm(float64(len(h.values) - 1 - i)))
		half := c.Size().Y / vg.Length(len(h.values)) * 0.34
		x0, x1 := c.X(p.X.Norm(0)), c.X(p.X.Norm(v))
		c.FillPolygon(h.colors[i], []vg.Point{{X: x0, Y: y - half}, {X: x1, Y: y - half}, {X: x1, Y: y + half}, {X: x0, Y: y + half}})
		end := x1
		if h.low != nil {
			low, high := c.X(p.X.Norm(h.low[i])), c.X(p.X.Norm(h.high[i]))
			whisker(c, low, high, y)
			end = max(end, high)
		}
		l.drawMiddle(c, end+5, y, 0, h.text(i))
	}
}

// whisker draws an interval with a cap at each end.
func whisker(c draw.Canvas, low, high, y vg.Length) {
	style := draw.LineStyle{Color: ink(), Width: 1.2}
	c.StrokeLine2(style, low, y, high, y)
	c.StrokeLine2(style, low, y-4, low, y+4)
	c.StrokeLine2(style, high, y-4, high, y+4)
}

// GlyphBoxes implements plot.GlyphBoxer: room for the numbers after long bars.
func (h hbars) GlyphBoxes(p *plot.Plot) []plot.GlyphBox {
	l := lettering{sans(tickSize, false), ink()}
	var boxes []plot.GlyphBox
	for i, v := range h.values {
		if h.high != nil {
			v = max(v, h.high[i])
		}
		x := p.X.Norm(v)
		if math.IsNaN(x) {
			continue
		}
		boxes = append(boxes, plot.GlyphBox{X: x, Y: 0.5, Rectangle: vg.Rectangle{Max: vg.Point{X: 8 + l.width(h.text(i))}}})
	}
	return boxes
}

// verticalRules draws a pale line at each tick of the horizontal axis.
type verticalRules struct{}

// Plot implements plot.Plotter.
func (verticalRules) Plot(c draw.Canvas, p *plot.Plot) {
	for _, t := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		x := c.X(p.X.Norm(t.Value))
		c.StrokeLine2(draw.LineStyle{Color: gridInk(), Width: 0.8}, x, c.Min.Y, x, c.Max.Y)
	}
}
