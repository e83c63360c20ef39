package cnn

import (
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Each of dropout's patterns drops its share, and agrees with the pattern of
// another layer, of another step and of its neighbours no more than by chance.
func TestDropoutPatternsAreUnrelated(t *testing.T) {
	const n, rate = 1 << 20, 0.25
	backend, err := openBackend()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(backend.Finalize)
	exec, err := NewExec(backend, func(x, rng *Node) []*Node {
		return []*Node{dropout(x, rng, 5, rate), dropout(x, rng, 11, rate)}
	})
	if err != nil {
		t.Fatal(err)
	}
	ones := make([]float32, n)
	for i := range ones {
		ones[i] = 1
	}
	first, otherLayer := callTwo(t, exec, ones, dropoutState(1, 0))
	otherStep, _ := callTwo(t, exec, ones, dropoutState(1, 1))
	otherSeed, _ := callTwo(t, exec, ones, dropoutState(2, 0))
	// Five standard deviations of a share of n draws.
	sigmas := func(p float64) float64 { return 5 * math.Sqrt(p*(1-p)/n) }
	for name, y := range map[string][]float32{"first": first, "other layer": otherLayer, "other step": otherStep, "other seed": otherSeed} {
		if got := bothDropped(y, y); math.Abs(got-rate) > sigmas(rate) {
			t.Errorf("%s: dropped %g of the values, want about %g", name, got, rate)
		}
	}
	for name, y := range map[string][]float32{
		"other layer": otherLayer, "other step": otherStep, "other seed": otherSeed,
		"the next": first[1:], "32 further": first[32:], "8192 further": first[8192:],
	} {
		if got := bothDropped(first, y); math.Abs(got-rate*rate) > sigmas(rate*rate) {
			t.Errorf("%s: both dropped in %g of the places, want about %g", name, got, rate*rate)
		}
	}
	for i, y := range first {
		if y != 0 && y != float32(1/(1-rate)) {
			t.Fatalf("value %d: got %g, want 0 or %g", i, y, 1/(1-rate))
		}
	}
}

// bothDropped returns the fraction of positions, of the shorter one, where both are 0.
func bothDropped(a, b []float32) float64 {
	count, n := 0, min(len(a), len(b))
	for i := range n {
		if a[i] == 0 && b[i] == 0 {
			count++
		}
	}
	return float64(count) / float64(n)
}

func callTwo(t *testing.T, exec *Exec, inputs ...any) (first, second []float32) {
	t.Helper()
	outputs, err := exec.Call(inputs...)
	if err != nil {
		t.Fatal(err)
	}
	if first, err = tensors.CopyFlatData[float32](outputs[0]); err != nil {
		t.Fatal(err)
	}
	if second, err = tensors.CopyFlatData[float32](outputs[1]); err != nil {
		t.Fatal(err)
	}
	return first, second
}
