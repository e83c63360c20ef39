package cnn

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// The kernel's gradient over blocks is that of the whole batch, and the same
// to the bit each time.
//
// Promise(compute/onednn)
func TestKernelGradientOverBlocks(t *testing.T) {
	const n, h, w, in, out = 2*gradientBlock + 3, 7, 6, 8, 5
	backend, err := openBackend()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(backend.Finalize)
	for _, padding := range []string{"same", "valid"} {
		for _, side := range []int{1, 2, 3, 5} {
			t.Run(fmt.Sprintf("%s %d", padding, side), func(t *testing.T) {
				x, kernel := waves(n, h, w, in), waves(side, side, in, out)
				gradients := func() [][]float32 {
					return computed(t, backend, func(x, kernel *Node) []*Node {
						y := convolution(x, kernel, padding)
						loss := ReduceAllSum(Square(y))
						dy := MulScalar(y, 2)
						return []*Node{Gradient(loss, kernel)[0], blocksGradient(x, dy, side, padding)}
					}, x, kernel)
				}
				first, again := gradients(), gradients()
				if diff := relativeDifference(first[0], first[1]); diff > 1e-4 {
					t.Errorf("blocks differ from the whole batch by %g of the largest value", diff)
				}
				if !slices.Equal(first[1], again[1]) {
					t.Error("a second run gives other bits")
				}
			})
		}
	}
}

// convolve, with the replaced gradient, has the gradients of the plain form at
// both of its inputs.
func TestConvolveKeepsItsGradients(t *testing.T) {
	backend, err := openBackend()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(backend.Finalize)
	gradients := func(form func(x, kernel *Node, padding string) *Node) [][]float32 {
		return computed(t, backend, func(x, kernel *Node) []*Node {
			hidden := form(x, kernel, "same")
			return Gradient(ReduceAllSum(Square(form(hidden, kernel, "same"))), x, kernel)
		}, waves(gradientBlock+1, 6, 6, 8), waves(3, 3, 8, 8))
	}
	want, got := gradients(convolution), gradients(convolve)
	if diff := relativeDifference(want[0], got[0]); diff > 1e-4 {
		t.Errorf("input's gradient differs by %g", diff)
	}
	if diff := relativeDifference(want[1], got[1]); diff > 1e-4 {
		t.Errorf("kernel's gradient differs by %g", diff)
	}
}

// The matrix multiplication of patches and kernel is the convolution, and has its gradients.
func TestPatchConvolutionIsTheConvolution(t *testing.T) {
	backend, err := openBackend()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(backend.Finalize)
	for _, padding := range []string{"same", "valid"} {
		for _, side := range []int{1, 3, 5} {
			t.Run(fmt.Sprintf("%s %d", padding, side), func(t *testing.T) {
				results := func(form func(x, kernel *Node, padding string) *Node) [][]float32 {
					return computed(t, backend, func(x, kernel *Node) []*Node {
						y := form(x, kernel, padding)
						return append(Gradient(ReduceAllSum(Square(y)), x, kernel), y)
					}, waves(2, 7, 6, 3), waves(side, side, 3, 4))
				}
				checkConvolution(t, results(convolution), results(patchConvolution))
			})
		}
	}
}

// waves is an array of that shape with values that do not repeat.
func waves(shape ...int) *tensors.Tensor {
	values := make([]float32, Shape(shape).Size())
	for i := range values {
		values[i] = float32(math.Sin(1.37 * float64(i)))
	}
	return tensors.FromFlatDataAndDimensions(values, shape...)
}

// computed calls a graph of two inputs once and gives its outputs' values.
func computed(t *testing.T, backend compute.Backend, graph func(x, y *Node) []*Node, x, y *tensors.Tensor) [][]float32 {
	t.Helper()
	exec, err := NewExec(backend, graph)
	if err != nil {
		t.Fatal(err)
	}
	outputs, err := exec.Call(cloned(t, x), cloned(t, y))
	if err != nil {
		t.Fatal(err)
	}
	values := make([][]float32, len(outputs))
	for i, o := range outputs {
		if values[i], err = tensors.CopyFlatData[float32](o); err != nil {
			t.Fatal(err)
		}
	}
	return values
}

// cloned is a copy, as a tensor stays with the backend that first computed with it.
func cloned(t testing.TB, x *tensors.Tensor) *tensors.Tensor {
	t.Helper()
	c, err := x.LocalClone()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// checkConvolution compares the gradients of the input and of the kernel, and the
// output.
func checkConvolution(t *testing.T, want, got [][]float32) {
	t.Helper()
	for i, what := range []string{"the input's gradient", "the kernel's gradient", "the output"} {
		if diff := relativeDifference(want[i], got[i]); diff > 1e-5 {
			t.Errorf("%s differs by %g of the largest value", what, diff)
		}
	}
}

// relativeDifference is the largest difference over the largest value.
func relativeDifference(want, got []float32) float64 {
	var diff, largest float64
	for i := range want {
		diff = max(diff, math.Abs(float64(want[i]-got[i])))
		largest = max(largest, math.Abs(float64(want[i])))
	}
	return diff / largest
}
