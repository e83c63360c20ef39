package stats

import (
	"math"
	"slices"
	"testing"
	"time"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{nil, 0},
		{[]float64{3}, 3},
		{[]float64{3, 1}, 2},
		{[]float64{9, 1, 2}, 2},
	} {
		before := slices.Clone(c.values)
		if got := Median(c.values); got != c.want || !slices.Equal(c.values, before) {
			t.Errorf("Median(%v) = %v, expected %v, and unchanged values", before, got, c.want)
		}
	}
	if got := Median([]time.Duration{4, 2, 7, 5}); got != 4 {
		t.Errorf("of durations: %v, expected 4ns", got)
	}
}

func TestCalibration(t *testing.T) {
	bins := Calibration([]float64{0, 0.5, 0.51, 1}, []bool{false, true, true, true}, 2)
	want := []Bin{{0, 0.5, 2, 0.25, 0.5}, {0.5, 1, 2, 0.755, 1}}
	if !slices.Equal(bins, want) {
		t.Errorf("%+v, expected %+v", bins, want)
	}
	if got := CalibrationError(bins); math.Abs(got-(0.25+0.245)/2) > 1e-12 {
		t.Errorf("error %v, expected 0.2475", got)
	}
	if bins := Calibration(nil, nil, 0); len(bins) != 1 || CalibrationError(bins) != 0 {
		t.Errorf("no examples: %+v", bins)
	}
}
