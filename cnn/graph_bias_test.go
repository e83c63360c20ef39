package cnn

import (
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
)

// The bias's gradient as a matrix multiplication is the sum that it replaces.
func TestBiasGradientIsTheSum(t *testing.T) {
	backend, err := openBackend()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(backend.Finalize)
	got := computed(t, backend, func(x, bias *Node) []*Node {
		plain := Add(x, broadcastLast(bias, x.Rank()))
		return append(Gradient(ReduceAllSum(Square(plain)), x, bias), Gradient(ReduceAllSum(Square(biased(x, bias))), x, bias)...)
	}, waves(70, 5, 4, 6), waves(6))
	for i, what := range []string{"the input's gradient", "the bias's gradient"} {
		if diff := relativeDifference(got[i], got[i+2]); diff > 1e-5 {
			t.Errorf("%s differs by %g of the largest value", what, diff)
		}
	}
}
