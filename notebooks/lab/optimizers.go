package lab

import (
	"fmt"
	"math"
	"strings"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/viz"
)

// SideBySide draws accuracy and loss of the steps of several runs on the same axes, each from step 1, as means of a window of
// steps. Each run is named after its optimizer.
func SideBySide(title string, window int, runs ...*cnn.Run) *viz.Figure {
	return compare(title, window, runs, func(int) int { return 0 })
}

// InTurn draws the same points, but each run's after those of the runs before it.
func InTurn(title string, window int, runs ...*cnn.Run) *viz.Figure {
	return compare(title, window, runs, func(i int) (steps int) {
		for _, run := range runs[:i] {
			steps += len(run.History.Steps)
		}
		return steps
	})
}

// compare draws runs whose curves begin after so many steps.
func compare(title string, window int, runs []*cnn.Run, after func(i int) int) *viz.Figure {
	c := viz.Comparison{Title: title, XLabel: "Step", Window: window}
	for i, run := range runs {
		x := make([]float64, len(run.History.Steps))
		for k := range x {
			x[k] = float64(after(i) + k + 1)
		}
		name, _, _ := strings.Cut(run.Name, "-")
		c.Accuracy = append(c.Accuracy, viz.Series{Name: name, X: x, Y: run.History.StepAccuracies()})
		c.Loss = append(c.Loss, viz.Series{Name: name, X: x, Y: run.History.StepLosses()})
	}
	return Figure(c, runs)
}

// Bands draws accuracy and loss of the steps of several optimizers, each as a mean over seeds with a band of one standard
// deviation. Each of bySeed holds the runs of [ComparedOptimizers] with one seed.
func Bands(title string, window int, bySeed ...[]*cnn.Run) *viz.Figure {
	c := viz.Comparison{Title: title, XLabel: fmt.Sprintf("Step (each point is a mean of %d)", window)}
	var all []*cnn.Run
	for i, o := range ComparedOptimizers() {
		c.Accuracy = append(c.Accuracy, band(o.Kind(), window, ofOptimizer(i, bySeed), cnn.History.StepAccuracies))
		c.Loss = append(c.Loss, band(o.Kind(), window, ofOptimizer(i, bySeed), cnn.History.StepLosses))
	}
	for _, runs := range bySeed {
		all = append(all, runs...)
	}
	return Figure(c, all)
}

func band(name string, window int, runs []*cnn.Run, values func(cnn.History) []float64) viz.Series {
	var smooth [][]float64
	for _, run := range runs {
		smooth = append(smooth, must(viz.MovingAverage(values(run.History), window)))
	}
	s := must(viz.MeanBand(name, smooth...))
	for k := range s.Y {
		s.X = append(s.X, float64(window+k))
	}
	return s
}

// ofOptimizer gives one optimizer's run with each seed.
func ofOptimizer(i int, bySeed [][]*cnn.Run) (runs []*cnn.Run) {
	for _, seed := range bySeed {
		runs = append(runs, seed[i])
	}
	return runs
}

// Finals are the validation loss and accuracy at the end of optimizer i's runs, over the seeds of [Bands].
func Finals(i int, bySeed ...[]*cnn.Run) (loss, accuracy cnn.Spread) {
	var losses, accuracies []float64
	for _, run := range ofOptimizer(i, bySeed) {
		losses = append(losses, run.History.Last().ValidLoss)
		accuracies = append(accuracies, run.History.Last().ValidAccuracy)
	}
	return cnn.NewSpread(losses), cnn.NewSpread(accuracies)
}

// WithInterval writes an accuracy on n images with Wilson's 95 % interval: "0.4370 (0.427 to 0.447)".
func WithInterval(accuracy float64, n int) string {
	low, high := cnn.Wilson(int(math.Round(accuracy*float64(n))), n)
	return fmt.Sprintf("%.4f (%.3f to %.3f)", accuracy, low, high)
}

// Measured writes an accuracy on n images: that of one run as [WithInterval] does, that of several seeds as their mean with the
// standard deviation, "0.4370 ± 0.0031".
func Measured(accuracy cnn.Spread, n int) string {
	if accuracy.N > 1 {
		return fmt.Sprintf("%.4f ± %.4f", accuracy.Mean, accuracy.Deviation)
	}
	return WithInterval(accuracy.Mean, n)
}

// Ranks gives the rank of each value, 1 for the highest; equal values share one.
func Ranks(values []float64) []int {
	ranks := make([]int, len(values))
	for i, v := range values {
		ranks[i] = 1
		for _, other := range values {
			if other > v {
				ranks[i]++
			}
		}
	}
	return ranks
}
