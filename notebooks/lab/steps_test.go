package lab

import (
	"slices"
	"testing"
)

func TestAverageStandsAtTheEndOfItsWindow(t *testing.T) {
	s := Average([]float64{1, 3, 5, 7}, 2)
	if !slices.Equal(s.X, []float64{2, 3, 4}) || !slices.Equal(s.Y, []float64{2, 4, 6}) || s.Name != "mean of 2" {
		t.Errorf("%+v", s)
	}
	if s := Average([]float64{1, 3}, 20); !slices.Equal(s.X, []float64{2}) || !slices.Equal(s.Y, []float64{2}) {
		t.Errorf("fewer values than the window: %+v", s)
	}
	if err := ended(func() { Average(nil, 2) }); err == nil {
		t.Error("no values do not end the cell")
	}
}

func TestDuration(t *testing.T) {
	for seconds, want := range map[float64]string{0.1064: "106 ms", 8.52: "8.5 s", 90: "90 s", 2550: "43 min", 100_000: "28 h"} {
		if got := Duration(seconds); got != want {
			t.Errorf("%g s is %q, want %q", seconds, got, want)
		}
	}
}
