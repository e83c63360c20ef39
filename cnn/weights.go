package cnn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Array is a named float32 array in row-major order.
type Array struct {
	Name   string
	Shape  []int
	Values []float32
}

// Weights are a network's trainable arrays in the order of
// [Architecture.WeightSpecs].
type Weights []Array

// Clone copies the values, so that neither side sees the other's changes.
func (w Weights) Clone() Weights {
	out := slices.Clone(w)
	for i := range out {
		out[i].Values = slices.Clone(out[i].Values)
	}
	return out
}

// Initialize draws fresh weights: Glorot uniform for kernels, in
// [−√(6/(fanIn+fanOut)), +√(6/(fanIn+fanOut))] (Glorot and Bengio 2010, and the
// default of Keras), zero for biases. The same seed gives the same weights on
// every machine and backend; each array has a stream of its own, so that adding
// a layer leaves the weights of the others as they were.
func (a Architecture) Initialize(seed uint64) (Weights, error) {
	specs, err := a.WeightSpecs()
	if err != nil {
		return nil, err
	}
	weights := make(Weights, len(specs))
	for i, spec := range specs {
		weights[i] = Array{Name: spec.Name, Shape: spec.Shape, Values: make([]float32, spec.Size())}
		if spec.Bias {
			continue
		}
		limit := math.Sqrt(6 / float64(spec.FanIn+spec.FanOut))
		rng := rand.New(rand.NewPCG(mix(seed, streamWeights), mix(0, hashName(spec.Name))))
		for j := range weights[i].Values {
			weights[i].Values[j] = float32((2*rng.Float64() - 1) * limit)
		}
	}
	return weights, nil
}

// matches says which array differs first from what the architecture asks for.
func (w Weights) matches(a Architecture) error {
	specs, err := a.WeightSpecs()
	if err != nil {
		return err
	}
	for i, spec := range specs {
		if i >= len(w) {
			return fmt.Errorf("%w: weights end before %q %v", ErrMismatch, spec.Name, spec.Shape)
		}
		if w[i].Name != spec.Name || !slices.Equal(w[i].Shape, spec.Shape) {
			return fmt.Errorf("%w: weights hold %q %v where the network has %q %v", ErrMismatch, w[i].Name, w[i].Shape, spec.Name, spec.Shape)
		}
	}
	if len(w) > len(specs) {
		return fmt.Errorf("%w: weights hold %q, which the network does not have", ErrMismatch, w[len(specs)].Name)
	}
	return nil
}

// firstNonFinite names the first array that holds a NaN or an infinity, or "".
func (w Weights) firstNonFinite() string {
	for _, a := range w {
		for _, v := range a.Values {
			if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
				return a.Name
			}
		}
	}
	return ""
}
