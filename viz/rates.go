package viz

import (
	"fmt"
	"slices"

	"github.com/cnnbook/cnnbook/internal/number"
	"gonum.org/v1/plot"
)

// Schedule describes the learning rate over training: one rate per step.
type Schedule struct {
	Title string
	Rates []float64
}

// Plot draws the rates over the iterations, which are counted from 1.
func (s Schedule) Plot() (*plot.Plot, error) { return s.lines().Plot() }

// Figure is Plot with a size and an alternative text.
func (s Schedule) Figure() (*Figure, error) { return s.lines().Figure() }

func (s Schedule) lines() Lines {
	return Lines{
		Title: orWord(s.Title, "Learning rate over iterations"), XLabel: "Iteration", YLabel: "Learning rate", WholeX: true,
		Series: []Series{{Y: s.Rates}}, Width: 430, Height: 320,
	}
}

// Response describes a training run with a changing learning rate: the moving
// average of accuracy or loss over the rate, as the write-up draws it.
type Response struct {
	Title    string
	Rates    []float64 // one for each step
	Values   []float64 // accuracy or loss of the same steps
	Quantity string    // "Accuracy" or "Loss"
	Window   int       // steps in the moving average; 0 means 50, or all if there are fewer
}

// Plot draws the average of steps i-Window+1 … i over the rate of step i.
func (r Response) Plot() (*plot.Plot, error) {
	l, err := r.lines()
	if err != nil {
		return nil, err
	}
	return l.Plot()
}

// Figure is Plot with a size and an alternative text.
func (r Response) Figure() (*Figure, error) {
	l, err := r.lines()
	if err != nil {
		return nil, err
	}
	return l.Figure()
}

func (r Response) lines() (Lines, error) {
	const figure = "response to the learning rate"
	if err := checkFinite(figure, "rates", r.Rates); err != nil {
		return Lines{}, err
	}
	if err := checkLength(figure, "values", len(r.Values), "rates", len(r.Rates)); err != nil {
		return Lines{}, err
	}
	window := r.Window
	if window == 0 {
		window = min(50, len(r.Values))
	}
	smooth, err := MovingAverage(r.Values, window)
	if err != nil {
		return Lines{}, err
	}
	quantity := orWord(r.Quantity, "Accuracy")
	return Lines{
		Title:  orWord(r.Title, quantity+" over learning rate"),
		XLabel: "Learning rate", YLabel: fmt.Sprintf("%s (mean of %d steps)", quantity, window),
		Series: []Series{{X: r.Rates[window-1:], Y: smooth}}, Width: 430, Height: 320,
	}, nil
}

// Finder describes a learning-rate range test: the loss while the rate increases.
type Finder struct {
	Title      string
	Rates      []float64 // one for each step, more than 0
	Loss       []float64 // of the same steps
	Smooth     []float64 // the loss as the finder smoothed it, or nil
	Suggestion float64   // the rate to mark; 0 for none
	Reason     string    // reason for the suggestion, in a few words, for example "steepest fall"
}

// Plot draws the loss over the rate on a logarithmic axis and marks the suggestion.
func (f Finder) Plot() (*plot.Plot, error) {
	l, err := f.lines()
	if err != nil {
		return nil, err
	}
	return l.Plot()
}

// Figure is Plot with a size and an alternative text.
func (f Finder) Figure() (*Figure, error) {
	l, err := f.lines()
	if err != nil {
		return nil, err
	}
	return l.Figure()
}

func (f Finder) lines() (Lines, error) {
	const figure = "learning-rate finder"
	if err := checkFinite(figure, "rates", f.Rates); err != nil {
		return Lines{}, err
	}
	if f.Suggestion < 0 {
		return Lines{}, inputErrorf(figure, "suggestion is %v, expected a rate above 0, or 0 for none", f.Suggestion)
	}
	l := Lines{
		Title: orWord(f.Title, "Learning-rate finder"), XLabel: "Learning rate (log scale)", YLabel: "Loss", LogX: true,
		Series: []Series{{Name: "each step", X: f.Rates, Y: f.Loss}},
	}
	if f.Smooth != nil {
		l.Series[0].Faint = true
		l.Series = append(l.Series, Series{Name: "smoothed", X: f.Rates, Y: f.Smooth})
	}
	l.YMax = finderTop(l.Series[len(l.Series)-1].Y)
	if f.Suggestion > 0 {
		l.Mark = &Mark{X: f.Suggestion, Text: "suggested: " + number.Short(f.Suggestion)}
		if f.Reason != "" {
			l.Mark.Text += ", " + f.Reason
		}
	}
	return l, nil
}

// finderTop returns the upper end of a range test's vertical axis: slightly above the initial loss, since the loss
// at divergence would flatten the valley of interest. It is 0 if no value is that high.
func finderTop(loss []float64) float64 {
	if len(loss) == 0 {
		return 0
	}
	top := loss[0] + 0.5*(loss[0]-slices.Min(loss))
	if slices.Max(loss) <= top || top <= loss[0] {
		return 0
	}
	return top
}

// Comparison describes accuracy and loss of several runs, for example of several
// optimizers, side by side. MeanBand makes a series of the runs of several seeds.
type Comparison struct {
	Title          string
	Accuracy, Loss []Series
	XLabel         string // "Epoch" if empty
	Window         int    // moving average of the series without a band; 0 or 1 for none
}

// Figure draws the two panels, or the one that has series.
func (c Comparison) Figure() (*Figure, error) {
	var panels []*Figure
	for _, part := range []struct {
		title, quantity string
		series          []Series
	}{{"Training accuracy", "Accuracy", c.Accuracy}, {"Training loss", "Loss", c.Loss}} {
		if len(part.series) == 0 {
			continue
		}
		series, err := c.smooth(part.series)
		if err != nil {
			return nil, err
		}
		label := part.quantity
		if c.Window > 1 {
			label = fmt.Sprintf("%s (mean of %d)", part.quantity, c.Window)
		}
		panel, err := Lines{
			Title: part.title, XLabel: orWord(c.XLabel, "Epoch"), YLabel: label,
			WholeX: true, Series: series, Width: 470, Height: 360,
		}.Figure()
		if err != nil {
			return nil, err
		}
		panels = append(panels, panel)
	}
	if len(panels) == 0 {
		return nil, inputErrorf("comparison", "no series, expected at least one of accuracy or loss")
	}
	return Row(c.Title, panels...)
}

// smooth averages each series over the window and keeps its later X values.
func (c Comparison) smooth(series []Series) ([]Series, error) {
	if c.Window < 0 {
		return nil, inputErrorf("comparison", "window is %d, expected 0 or more", c.Window)
	}
	if c.Window <= 1 {
		return series, nil
	}
	out := make([]Series, len(series))
	for i, s := range series {
		if s.Low != nil || s.High != nil {
			return nil, inputErrorf("comparison", "series %q has a band, which cannot be averaged again; set Window to 0", s.Name)
		}
		if err := s.check("comparison", i, false); err != nil {
			return nil, err
		}
		y, err := MovingAverage(s.Y, c.Window)
		if err != nil {
			return nil, fmt.Errorf("series %q: %w", s.Name, err)
		}
		x := epochs(1, len(s.Y))
		if s.X != nil {
			x = s.X
		}
		out[i] = Series{Name: s.Name, X: x[c.Window-1:], Y: y}
	}
	return out, nil
}
