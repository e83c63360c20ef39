package viz

import (
	"fmt"
	"math"

	"github.com/cnnbook/cnnbook/internal/stats"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Calibration describes a reliability diagram: whether predictions with a
// confidence of 80 % are correct 80 % of the time.
type Calibration struct {
	Title      string
	Confidence []float64 // probability of the predicted class of each example, 0 … 1
	Correct    []bool    // whether that prediction was correct
	Bins       int       // number of equal parts of 0 … 1; 0 means 10
}

// ReliabilityBin is a range of confidence: Low is exclusive and High inclusive, except that the first bin includes 0.
// It holds Count examples. Confidence is their mean confidence and Accuracy the fraction that is correct; both are 0 if
// the bin is empty.
type ReliabilityBin = stats.Bin

// Reliability sorts the examples into bins of equal width.
func (k Calibration) Reliability() ([]ReliabilityBin, error) {
	const figure = "reliability diagram"
	if err := checkUnit(figure, "confidence", k.Confidence); err != nil {
		return nil, err
	}
	if err := checkLength(figure, "correct", len(k.Correct), "confidence", len(k.Confidence)); err != nil {
		return nil, err
	}
	n := k.Bins
	if n == 0 {
		n = 10
	}
	if n < 0 || n > 100 {
		return nil, inputErrorf(figure, "%d bins, expected 1 to 100, or 0 for 10", n)
	}
	return stats.Calibration(k.Confidence, k.Correct, n), nil
}

// CalibrationError returns the expected calibration error, 0 … 1: the mean of
// |accuracy − confidence| over the bins, weighted by the number of examples (M. P. Naeini
// and others, AAAI 2015; C. Guo and others, "On calibration of modern neural
// networks", arXiv 1706.04599, equation 3).
func CalibrationError(bins []ReliabilityBin) float64 { return stats.CalibrationError(bins) }

// Plot draws a bar with the accuracy of each bin, the line of perfect calibration, and a dot at
// each bin's mean confidence.
func (k Calibration) Plot() (*plot.Plot, error) {
	bins, err := k.Reliability()
	if err != nil {
		return nil, err
	}
	return k.plot(bins), nil
}

// Figure draws the diagram and, below it, the share of examples in each bin.
func (k Calibration) Figure() (*Figure, error) {
	bins, err := k.Reliability()
	if err != nil {
		return nil, err
	}
	alt := k.alt(bins)
	top := FromPlot(k.plot(bins), 460, 380, alt)
	counts := NewPlot("", "Confidence", "Share")
	counts.X.Min, counts.X.Max, counts.Y.Min, counts.Y.Max = 0, 1, 0, shareTop(bins)
	counts.Y.Tick.Marker = linearTicks{count: 2}
	counts.Add(horizontalRules(), binBars{bins: bins, share: true})
	figure, err := Stack("", top, FromPlot(counts, 460, 140, ""))
	if err != nil {
		return nil, err
	}
	figure.Title = k.title()
	return figure, nil
}

func (k Calibration) title() string { return orWord(k.Title, "Reliability of confidence") }

func (k Calibration) plot(bins []ReliabilityBin) *plot.Plot {
	title := lettering{sans(titleSize, true), ink()}.fit(k.title(), 440)
	p := NewPlot(title, "Confidence", "Accuracy")
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, 1, 0, 1
	p.Y.Tick.Marker = linearTicks{count: 5}
	legend := &key{}
	legend.add("accuracy of the bin", draw.LineStyle{Color: rightInk(), Width: lineWidth}, shadeInk(), 400)
	legend.add("perfect calibration", diagonalStyle(), nil, 400)
	p.Add(horizontalRules(), binBars{bins: bins}, legend)
	return p
}

func (k Calibration) alt(bins []ReliabilityBin) string {
	text := sentence(k.title()) + fmt.Sprintf(" Reliability diagram of %d examples in %d bins; expected calibration error %.3f.",
		len(k.Confidence), len(bins), CalibrationError(bins))
	for _, b := range bins {
		if b.Count > 0 {
			text += fmt.Sprintf(" Confidence %.2f: accuracy %.2f (%d examples).", b.Confidence, b.Accuracy, b.Count)
		}
	}
	return text
}

// shareTop returns the greatest share of a bin, rounded up to a fifth: labels then have
// one decimal in both panels, which keeps their axes aligned.
func shareTop(bins []ReliabilityBin) float64 {
	total, most := 0, 0
	for _, b := range bins {
		total, most = total+b.Count, max(most, b.Count)
	}
	return math.Ceil(5*float64(most)/float64(max(total, 1))) / 5
}

func diagonalStyle() draw.LineStyle {
	return draw.LineStyle{Color: wrongInk(), Width: 1.4, Dashes: []vg.Length{5, 3}}
}

// binBars draws a bar for each bin: its accuracy, or its share of the examples.
type binBars struct {
	bins  []ReliabilityBin
	share bool
}

// Plot implements plot.Plotter.
func (b binBars) Plot(c draw.Canvas, p *plot.Plot) {
	var total float64
	for _, bin := range b.bins {
		total += float64(bin.Count)
	}
	edge := draw.LineStyle{Color: rightInk(), Width: 1}
	x, y := p.Transforms(&c)
	for _, bin := range b.bins {
		if bin.Count == 0 {
			continue
		}
		height := bin.Accuracy
		if b.share {
			height = float64(bin.Count) / total
		}
		x0, x1 := x(bin.Low)+1, x(bin.High)-1
		corners := []vg.Point{{X: x0, Y: y(0)}, {X: x0, Y: y(height)}, {X: x1, Y: y(height)}, {X: x1, Y: y(0)}}
		c.FillPolygon(shadeInk(), corners)
		c.StrokeLines(edge, corners)
	}
	if b.share {
		return
	}
	c.StrokeLine2(diagonalStyle(), x(0), y(0), x(1), y(1))
	for _, bin := range b.bins {
		if bin.Count > 0 {
			c.DrawGlyph(draw.GlyphStyle{Color: rightInk(), Radius: 3, Shape: draw.CircleGlyph{}}, vg.Point{X: x(bin.Confidence), Y: y(bin.Accuracy)})
		}
	}
}
