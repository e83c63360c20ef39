package cnn

import (
	"math"
	"testing"
	"time"
)

func TestFingerprintSeesEveryDifference(t *testing.T) {
	weights := Weights{{Name: "a", Shape: []int{2}, Values: []float32{1, 2}}, {Name: "b", Shape: []int{1}, Values: []float32{3}}}
	same := weights.Fingerprint()
	if got := weights.Clone().Fingerprint(); got != same || len(got) != 64 {
		t.Errorf("a copy has %s, expected %s", got, same)
	}
	for what, change := range map[string]func(Weights){
		"name":  func(w Weights) { w[0].Name = "c" },
		"shape": func(w Weights) { w[0].Shape = []int{1, 2} },
		"value": func(w Weights) { w[1].Values[0] = math.Nextafter32(3, 4) },
	} {
		other := weights.Clone()
		change(other)
		if other.Fingerprint() == same {
			t.Errorf("another %s has the same fingerprint", what)
		}
	}
}

func TestEstimate(t *testing.T) {
	var r Run
	if got := r.Estimate(10); got != 0 {
		t.Errorf("without a step: %s, expected 0", got)
	}
	r.manifest.State.Step, r.manifest.State.Seconds = 20, 5
	if got := r.Estimate(10); got != 2500*time.Millisecond {
		t.Errorf("%s, expected 2.5s", got)
	}
}

func TestMeanAccuracy(t *testing.T) {
	h := History{Steps: []Step{{Rate: 0.1, Accuracy: 0.2}, {Rate: 0.2, Accuracy: 0.4}, {Rate: 0.3, Accuracy: 0.9}}}
	mean, steps := h.MeanAccuracy(func(s Step) bool { return s.Rate < 0.25 })
	if math.Abs(mean-0.3) > 1e-12 || steps != 2 {
		t.Errorf("%g of %d steps, expected 0.3 of 2", mean, steps)
	}
	if mean, steps := h.MeanAccuracy(func(Step) bool { return false }); mean != 0 || steps != 0 {
		t.Errorf("%g of %d steps, expected 0 of none", mean, steps)
	}
}

func TestSpreadOf(t *testing.T) {
	for _, c := range []struct {
		figures []float64
		want    Spread
	}{
		{nil, Spread{}},
		{[]float64{0.5}, Spread{1, 0.5, 0, 0.5, 0.5}},
		{[]float64{4, 2, 6}, Spread{3, 4, 2, 2, 6}},
	} {
		if got := SpreadOf(c.figures); got != c.want {
			t.Errorf("%v: %+v, expected %+v", c.figures, got, c.want)
		}
	}
}
