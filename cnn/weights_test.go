package cnn

import (
	"math"
	"testing"
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
