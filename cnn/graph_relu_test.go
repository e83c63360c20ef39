package cnn

import (
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// relu has the values and the gradient of Keras's, which is 0 at 0.
func TestReLU(t *testing.T) {
	backend, err := openBackend()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(backend.Finalize)
	x := tensors.FromFlatDataAndDimensions([]float32{-2, -0.5, 0, 0.5, 3}, 5)
	got := computed(t, backend, func(x, scale *Node) []*Node {
		y := relu(x)
		return append(Gradient(ReduceAllSum(Mul(y, scale)), x), y)
	}, x, tensors.FromFlatDataAndDimensions([]float32{1, 2, 3, 4, 5}, 5))
	if want := []float32{0, 0, 0, 4, 5}; !slices.Equal(got[0], want) {
		t.Errorf("gradient %v, want %v", got[0], want)
	}
	if want := []float32{0, 0, 0, 0.5, 3}; !slices.Equal(got[1], want) {
		t.Errorf("values %v, want %v", got[1], want)
	}
}
