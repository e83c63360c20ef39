package cnn

import "testing"

func TestRobust(t *testing.T) {
	curve := func(suggestion float64) *RateCurve {
		return &RateCurve{
			Rates: []float64{1e-4, 1e-3, 1e-2, 0.1, 1}, Smoothed: []float64{2.3, 2.29, 2.2, 1.9, 2.5},
			Suggestion: suggestion, Reason: "steepest",
		}
	}
	for _, c := range []struct{ suggestion, want float64 }{
		{1e-2, 1e-2}, // near the lowest loss: kept
		{1e-4, 1e-2}, // a thousand times below it: a tenth of the lowest instead
		{0, 0},       // the loss never fell
	} {
		got, reason := curve(c.suggestion).Robust()
		if diff := got - c.want; diff > 1e-12 || diff < -1e-12 {
			t.Errorf("suggestion %g: %g, expected %g", c.suggestion, got, c.want)
		}
		if kept := c.suggestion == c.want; kept != (reason == "steepest") {
			t.Errorf("suggestion %g has the reason %q", c.suggestion, reason)
		}
	}
}
