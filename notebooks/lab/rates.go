package lab

import (
	"context"
	"fmt"
	"strings"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/internal/number"
	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/viz"
)

// Rates draws the rates that a schedule gives the steps of a training, as a small panel for a [Grid].
func Rates(title string, s cnn.Schedule, steps int) *viz.Figure {
	return must(viz.Lines{
		Title: title, XLabel: "Iteration", YLabel: "Learning rate", WholeX: true,
		Series: []viz.Series{{Y: cnn.Rates(s, steps)}}, Width: 360, Height: 230,
	}.Figure())
}

// Grid arranges figures in rows of so many columns, under a title.
func Grid(title string, columns int, figures ...*viz.Figure) *viz.Figure {
	var rows []*viz.Figure
	for from := 0; from < len(figures); from += columns {
		rows = append(rows, must(viz.Row("", figures[from:min(from+columns, len(figures))]...)))
	}
	return must(viz.Stack(title, rows...))
}

// Window is the number of steps over which a run's curve is averaged: most, or a third of the run's steps if that is less.
func Window(run *cnn.Run, most int) int { return max(1, min(most, len(run.History.Steps)/3)) }

// Response draws a run whose rate changes as the write-up does: the rate of each step on the left, and on the right the
// accuracy over the rate, as the mean of a window of steps that ends at that rate.
func Response(title string, run *cnn.Run, window int) *viz.Figure {
	rates := run.History.StepRates()
	left := must(viz.Schedule{Rates: rates}.Figure())
	right := must(viz.Response{Rates: rates, Values: run.History.StepAccuracies(), Window: window}.Figure())
	return must(viz.Row(title, left, right)).Note(Caption(run)).From(run.Receipt())
}

// ByRate is the right-hand curve of [Response] as a series, to be drawn with others.
func ByRate(name string, run *cnn.Run, window int) viz.Series {
	y := must(viz.MovingAverage(run.History.StepAccuracies(), window))
	return viz.Series{Name: name, X: run.History.StepRates()[window-1:], Y: y}
}

// Rate writes a rate as people read it: "0.008", "8 × 10⁻⁹".
func Rate(v float64) string { return number.Short(v) }

// RateRange gives the lowest and the highest rate of a run's steps: "0.001 to 0.1", or "0.001" where they are the same.
func RateRange(run *cnn.Run) string {
	s := cnn.NewSpread(run.History.StepRates())
	if s.Low == s.High {
		return Rate(s.Low)
	}
	return Rate(s.Low) + " to " + Rate(s.High)
}

// EpochsOf names a run's epochs, counted from those of the runs before it: "epoch 3", "epochs 51 to 52".
func EpochsOf(run *cnn.Run, before ...*cnn.Run) string {
	first := 1
	for _, b := range before {
		first += len(b.History.Epochs)
	}
	last := first + len(run.History.Epochs) - 1
	if first >= last {
		return fmt.Sprintf("epoch %d", first)
	}
	return fmt.Sprintf("epochs %d to %d", first, last)
}

// Sides are the mean training accuracies of a run's steps at low and at high rates.
type Sides struct{ Low, High float64 }

// Around divides a run's steps at a rate: the steps below it, and those from it on.
func Around(rate float64, run *cnn.Run) Sides {
	low, _ := run.History.MeanAccuracy(func(s cnn.Step) bool { return s.Rate < rate })
	high, _ := run.History.MeanAccuracy(func(s cnn.Step) bool { return s.Rate >= rate })
	return Sides{low, high}
}

// Rise is by how much the accuracy at high rates is above that at low rates.
func (s Sides) Rise() float64 { return s.High - s.Low }

// SearchRate is [cnn.Run.SearchRate], on a copy of the run's weights. It ends the cell on an error or an interrupt.
func SearchRate(run *cnn.Run, search cnn.RateSearch) *cnn.RateCurve {
	return interruptible(func(ctx context.Context) (*cnn.RateCurve, error) { return run.SearchRate(ctx, search, nil) })
}

// Search draws the loss over the rates of a search, and marks the suggestion of [cnn.RateCurve.Robust] if there is one.
func Search(title string, c *cnn.RateCurve, notes ...any) *viz.Figure {
	rate, _ := c.Robust()
	return Figure(viz.Finder{Title: title, Rates: c.Rates, Loss: c.Losses, Smooth: c.Smoothed, Suggestion: rate}, notes...)
}

// Suggestion states what a search suggests and why, or why it suggests nothing.
func Suggestion(c *cnn.RateCurve) kernelext.Markdown {
	rate, reason := c.Robust()
	if rate == 0 {
		return Say("**No suggestion**: %s.", reason)
	}
	return Say("Suggested rate: **%s**, because %s.", Rate(rate), strings.Replace(reason, "a tenth of", "it is a tenth of", 1))
}

// Say is Markdown with values filled in as fmt.Sprintf does.
func Say(format string, values ...any) kernelext.Markdown {
	return kernelext.Markdown(fmt.Sprintf(format, values...))
}

// Signed writes a difference with its sign and four decimals: "+0.0123".
func Signed(v float64) string { return fmt.Sprintf("%+.4f", v) }
