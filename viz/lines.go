package viz

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/cnnbook/cnnbook/internal/number"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Lines describes a chart of one or more series over a common axis.
type Lines struct {
	Title          string
	XLabel, YLabel string
	Series         []Series
	LogX, LogY     bool    // logarithmic axes: every X, or every Y, must be more than 0
	WholeX         bool    // ticks on whole numbers from 1, as for epochs
	YMax           float64 // upper end of the axis, which cuts off higher values; 0 means from the data
	Mark           *Mark   // a marked position, or nil
	Band           *Band   // a shaded range of values, or nil

	Width, Height vg.Length // 0 means 520 × 340 points
}

// Plot checks the series and draws them with a key above the data, unless there is only one series and it has no name.
func (l Lines) Plot() (*plot.Plot, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	p := NewPlot(l.Title, l.XLabel, l.YLabel)
	width, _ := l.size()
	l.fitLabels(p)
	p.Add(horizontalRules())
	legend := &key{}
	if l.Band != nil {
		p.Add(bandShade{*l.Band})
	}
	for i, s := range l.Series {
		style := l.style(i)
		if err := addSeries(p, s, style); err != nil {
			return nil, fmt.Errorf("viz: %s: %w", l.name(), err)
		}
		if s.Name != "" {
			legend.add(s.Name, style, bandColor(s, style), width-90)
		}
	}
	if l.Band != nil && l.Band.Name != "" {
		legend.add(l.Band.Name, l.Band.line(), l.Band.color(), width-90)
	}
	if len(legend.entries) > 0 {
		p.Add(legend)
	}
	l.setAxes(p)
	if l.Mark != nil {
		p.Add(markLine{*l.Mark})
	}
	return p, nil
}

// Figure is Plot with a size and an alternative text.
func (l Lines) Figure() (*Figure, error) {
	p, err := l.Plot()
	if err != nil {
		return nil, err
	}
	w, h := l.size()
	return FromPlot(p, w, h, l.alt()), nil
}

func (l Lines) size() (w, h vg.Length) {
	w, h = plotWidth, plotHeight
	if l.Width > 0 {
		w = l.Width
	}
	if l.Height > 0 {
		h = l.Height
	}
	return w, h
}

// style returns the line style of series i. Faint series use no colour of the palette;
// long ones are thinner, since oscillations would otherwise blur together.
func (l Lines) style(i int) draw.LineStyle {
	if l.Series[i].Faint {
		return draw.LineStyle{Color: restInk(), Width: 1}
	}
	place := 0
	for _, s := range l.Series[:i] {
		if !s.Faint {
			place++
		}
	}
	style := SeriesStyle(place)
	if len(l.Series[i].Y) > 1000 {
		style.Width = 1.1
	}
	return style
}

func (l Lines) name() string {
	if l.Title == "" {
		return "line chart"
	}
	return fmt.Sprintf("line chart %q", l.Title)
}

func (l Lines) check() error {
	if len(l.Series) == 0 {
		return inputErrorf(l.name(), "no series, expected at least one")
	}
	for i, s := range l.Series {
		if err := s.check(l.name(), i, l.LogX); err != nil {
			return err
		}
		if l.LogY {
			for _, values := range [][]float64{s.Y, s.Low, s.High} {
				if err := checkPositive(l.name(), s.label(i), values); err != nil {
					return err
				}
			}
		}
	}
	if b := l.Band; b != nil && (!(b.Low < b.High) || math.IsInf(b.High-b.Low, 0) || l.LogY && b.Low <= 0) {
		return inputErrorf(l.name(), "the band is from %v to %v, which is no range on the axis", b.Low, b.High)
	}
	if math.IsNaN(l.YMax) || math.IsInf(l.YMax, 0) {
		return inputErrorf(l.name(), "the upper end of the vertical axis is %v, expected a finite number", l.YMax)
	}
	if m := l.Mark; m != nil && (math.IsNaN(m.X) || math.IsInf(m.X, 0) || l.LogX && m.X <= 0) {
		return inputErrorf(l.name(), "the mark %q is at %v, which is not on the axis", m.Text, m.X)
	}
	return nil
}

func (l Lines) fitLabels(p *plot.Plot) {
	w, h := l.size()
	p.Title.Text = lettering{p.Title.TextStyle.Font, ink()}.fit(l.Title, w-2*margin)
	label := lettering{p.X.Label.TextStyle.Font, ink()}
	p.X.Label.Text = label.fit(l.XLabel, w-90)
	p.Y.Label.Text = label.fit(l.YLabel, h-90)
}

// setAxes leaves a small margin above and below the data, and none at its sides.
func (l Lines) setAxes(p *plot.Plot) {
	if l.YMax > p.Y.Min {
		p.Y.Max = min(p.Y.Max, l.YMax)
	}
	l.setHeight(p)
	if l.Mark != nil {
		p.X.Min, p.X.Max = min(p.X.Min, l.Mark.X), max(p.X.Max, l.Mark.X)
	}
	if p.X.Min == p.X.Max {
		if l.LogX {
			p.X.Min, p.X.Max = p.X.Min/2, p.X.Max*2
		} else {
			room := max(0.5, math.Abs(p.X.Max)/100)
			p.X.Min, p.X.Max = p.X.Min-room, p.X.Max+room
		}
	}
	width, height := l.size()
	p.Y.Tick.Marker = linearTicks{count: min(6, max(3, int((height-100)/30)))}
	p.X.Tick.Marker = linearTicks{count: max(2, int((width-90)/65)), whole: l.WholeX} // 65 points fit "10,000" with a margin
	if l.LogY {
		p.Y.Scale = plot.LogScale{}
		p.Y.Tick.Marker = logTicks{}
		p.Y.Label.TextStyle.Handler = narrowText{textHandler()}
	}
	if l.LogX {
		p.X.Scale = plot.LogScale{}
		p.X.Tick.Marker = logTicks{}
		p.X.Label.TextStyle.Handler = narrowText{textHandler()}
	}
}

// setHeight leaves the margin above and below.
func (l Lines) setHeight(p *plot.Plot) {
	if l.LogY {
		air := max(math.Pow(p.Y.Max/p.Y.Min, 0.04), 1.05)
		p.Y.Min, p.Y.Max = p.Y.Min/air, p.Y.Max*air
		return
	}
	air := (p.Y.Max - p.Y.Min) * 0.04
	if air == 0 {
		air = max(math.Abs(p.Y.Max)*0.1, 1e-6)
	}
	p.Y.Min, p.Y.Max = p.Y.Min-air, p.Y.Max+air
}

// narrowText hides the width of an axis label from gonum's layout, which computes the
// middle of a logarithmic axis near its right end and would reserve space there.
type narrowText struct{ text.Handler }

func (n narrowText) Box(txt string, fnt font.Font) (width, height, depth vg.Length) {
	_, height, depth = n.Handler.Box(txt, fnt)
	return 0, height, depth
}

func horizontalRules() *plotter.Grid {
	return &plotter.Grid{Horizontal: draw.LineStyle{Color: gridInk(), Width: 0.8}}
}

// alt states each series' first and last value and its extremes.
func (l Lines) alt() string {
	var b strings.Builder
	if l.Title != "" {
		b.WriteString(sentence(l.Title) + " ")
	}
	fmt.Fprintf(&b, "Line chart of %s over %s.", orWord(l.YLabel, "values"), orWord(l.XLabel, "position"))
	for _, s := range l.Series {
		last := len(s.Y) - 1
		low, high := slices.Min(s.Y), slices.Max(s.Y)
		fmt.Fprintf(&b, " %s: %s at %s, %s at %s, lowest %s, highest %s.", orWord(s.Name, "The line"),
			number.Short(s.Y[0]), number.Short(s.at(0)), number.Short(s.Y[last]), number.Short(s.at(last)),
			number.Short(low), number.Short(high))
	}
	if l.YMax != 0 {
		fmt.Fprintf(&b, " The vertical axis ends at %s.", number.Short(l.YMax))
	}
	if l.Band != nil {
		fmt.Fprintf(&b, " A band from %s to %s is shaded: %s", number.Short(l.Band.Low), number.Short(l.Band.High), sentence(orWord(l.Band.Name, "no text")))
	}
	if l.Mark != nil {
		fmt.Fprintf(&b, " Marked at %s: %s", number.Short(l.Mark.X), sentence(orWord(l.Mark.Text, "no text")))
	}
	return b.String()
}

func orWord(s, word string) string {
	if s == "" {
		return word
	}
	return s
}
