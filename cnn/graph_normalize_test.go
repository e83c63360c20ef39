package cnn

import (
	"fmt"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// Batch normalisation and GELU by our own loops are what XLA computes, with statistics and gradients.
//
// Promise(compute/onednn)
func TestNormalizationMatchesXLA(t *testing.T) {
	calls, own := withAndWithoutOneDNN(t)
	for _, l := range []BatchNormalization{{}, {NoScale: true, Unbiased: true, Epsilon: 1e-12}, {NoCenter: true}} {
		for _, gelu := range []bool{false, true} {
			for _, training := range []bool{false, true} {
				t.Run(fmt.Sprintf("%+v gelu %v training %v", l, gelu, training), func(t *testing.T) {
					results := func(backend compute.Backend) [][]float32 {
						return computed(t, backend, func(x, w *Node) []*Node {
							gamma, beta := vector(w, 0), vector(w, 1)
							if fast := acceleratesAffine(x); fast != (backend == calls) {
								t.Errorf("accelerated: %v", fast)
							}
							f := forwarding{scaled: map[*Node]func() *Node{}}
							if training {
								f.rng = w
							}
							y, moved := f.normalize(l, AddScalar(x, 3), normalWeights(l, gamma, beta))
							if gelu {
								y = f.activate("gelu", y)
							}
							out := append([]*Node{y}, moved...)
							if training {
								to := []*Node{x}
								if !l.NoScale {
									to = append(to, gamma)
								}
								if !l.NoCenter {
									to = append(to, beta)
								}
								out = append(out, Gradient(ReduceAllSum(Mul(y, Cos(MulScalar(w, 40)))), to...)...)
							}
							return out
						}, waves(5, 4, 3, 16), waves(5, 4, 3, 16))
					}
					want, got := results(own), results(calls)
					for i := range want {
						if diff := relativeDifference(want[i], got[i]); diff > 1e-5 {
							t.Errorf("result %d differs from XLA's by %g of the largest value", i, diff)
						}
					}
				})
			}
		}
	}
}

// vector is a part of feature maps.
func vector(w *Node, i int) *Node {
	return Reshape(Slice(w, AxisElem(i), AxisElem(0), AxisElem(0)), -1)
}

// normalWeights are the arrays of a layer.
func normalWeights(l BatchNormalization, gamma, beta *Node) (weights []*Node) {
	if !l.NoScale {
		weights = append(weights, AddScalar(gamma, 2))
	}
	if !l.NoCenter {
		weights = append(weights, beta)
	}
	return append(weights, gamma, AddScalar(Square(beta), 1))
}

// GELU without a normalisation, also at its ends, and NaN stays NaN.
//
// Promise(compute/onednn)
func TestGELUMatchesXLA(t *testing.T) {
	calls, own := withAndWithoutOneDNN(t)
	results := func(backend compute.Backend) [][]float32 {
		return computed(t, backend, func(x, w *Node) []*Node {
			f := forwarding{rng: w}
			y := f.activate("gelu", MulScalar(x, 12))
			return append(Gradient(ReduceAllSum(Mul(y, Cos(MulScalar(w, 40)))), x), y, ConvertDType(IsNaN(f.activate("gelu", Log(AddScalar(x, -2)))), x.DType()))
		}, waves(5, 4, 3, 8), waves(5, 4, 3, 8))
	}
	want, got := results(own), results(calls)
	for i := range want {
		if diff := relativeDifference(want[i], got[i]); diff > 1e-5 {
			t.Errorf("result %d differs from XLA's by %g of the largest value", i, diff)
		}
	}
}

// In bfloat16 the loops round once; XLA computes in float32 here.
//
// Promise(compute/onednn)
func TestNormalizationInBFloat16(t *testing.T) {
	calls, own := withAndWithoutOneDNN(t)
	results := func(backend compute.Backend) [][]float32 {
		return computed(t, backend, func(x, w *Node) []*Node {
			beta := vector(w, 1)
			f := forwarding{precision: BFloat16, rng: w, scaled: map[*Node]func() *Node{}}
			l := BatchNormalization{NoScale: true}
			half := as(x, dtypes.BFloat16)
			y, moved := f.normalize(l, half, []*Node{beta, beta, Square(beta)})
			y = float32s(f.activate("gelu", y))
			return append(append(Gradient(ReduceAllSum(Mul(y, Cos(MulScalar(w, 40)))), x, beta), y), moved...)
		}, waves(5, 4, 3, 16), waves(5, 4, 3, 16))
	}
	want, got := results(own), results(calls)
	for i := range want {
		if diff := relativeDifference(want[i], got[i]); diff > 0.01 {
			t.Errorf("result %d differs from XLA's by %g of the largest value", i, diff)
		}
	}
}
