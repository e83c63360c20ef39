package cnn

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
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

// Weights holds a network's arrays in the order of [Architecture.WeightSpecs]: all
// learned parameters, including the moving statistics.
type Weights []Array

// Clone copies the values, so that changes to one copy do not affect the other.
func (w Weights) Clone() Weights {
	out := slices.Clone(w)
	for i := range out {
		out[i].Values = slices.Clone(out[i].Values)
	}
	return out
}

// Initialize draws new weights: kernels as their layer's initialiser says,
// Glorot uniform if it names none, and biases as it says, zero if it says nothing. The same seed gives the
// same weights on every machine and backend; each array has a stream of its own,
// so that adding a layer does not change the weights of the others.
func (a Architecture) Initialize(seed uint64) (Weights, error) {
	specs, err := a.WeightSpecs()
	if err != nil {
		return nil, err
	}
	weights := make(Weights, len(specs))
	for i, spec := range specs {
		weights[i] = Array{Name: spec.Name, Shape: spec.Shape, Values: make([]float32, spec.Size())}
		if spec.Bias {
			for j := range weights[i].Values {
				weights[i].Values[j] = float32(spec.Start)
			}
			continue
		}
		rng := rand.New(rand.NewPCG(mix(seed, streamWeights), mix(0, hashName(spec.Name))))
		spec.draw(rng, weights[i])
	}
	return weights, nil
}

// maxSlots is the greatest number of arrays that a training keeps for each weight: two of an optimizer, one of a Lookahead.
const maxSlots = 3

// weightBytes returns the size of a network's weights in a file.
func (a Architecture) weightBytes() (int64, error) {
	specs, err := a.WeightSpecs()
	var n int64
	for _, spec := range specs {
		n += 4 * int64(spec.Size())
	}
	return n, err
}

// matches returns an error that names the first layer whose arrays differ from the
// architecture's.
func (w Weights) matches(a Architecture) error {
	specs, err := a.WeightSpecs()
	if err != nil {
		return err
	}
	want := make(Weights, len(specs))
	for i, spec := range specs {
		want[i] = Array{Name: spec.Name, Shape: spec.Shape}
	}
	return w.sameAs(want, "the network")
}

// sameAs compares names and shapes with those that owner has. An array's name
// begins with its layer's.
func (w Weights) sameAs(want Weights, owner string) error {
	for i, a := range want {
		if i >= len(w) {
			return fmt.Errorf("%w: the file ends before %q %v of %s", ErrMismatch, a.Name, a.Shape, owner)
		}
		if w[i].Name != a.Name || !slices.Equal(w[i].Shape, a.Shape) {
			return fmt.Errorf("%w: the file holds %q %v where %s has %q %v", ErrMismatch, w[i].Name, w[i].Shape, owner, a.Name, a.Shape)
		}
	}
	if len(w) > len(want) {
		return fmt.Errorf("%w: the file holds %q, which %s does not have", ErrMismatch, w[len(want)].Name, owner)
	}
	return nil
}

// trained returns the arrays that a gradient updates: all but the moving statistics.
func (a Architecture) trained(w Weights) (Weights, error) {
	specs, err := a.WeightSpecs()
	if err != nil {
		return nil, err
	}
	var out Weights
	for i, spec := range specs {
		if !spec.Moving {
			out = append(out, w[i])
		}
	}
	return out, nil
}

// firstNonFinite returns the name of the first array that holds a NaN or an infinity, or "".
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

// Check returns an error that names the first array that does not fit the network, or
// that holds a NaN or an infinity.
func (w Weights) Check(net Architecture) error {
	if err := w.matches(net); err != nil {
		return err
	}
	if name := w.firstNonFinite(); name != "" {
		return fmt.Errorf("%w: %s holds a NaN or an infinity", ErrFormat, name)
	}
	return nil
}

// Fingerprint returns the sha256 of names, shapes and values in hexadecimal: two
// networks have the same one when they have the same weights, bit by bit.
func (w Weights) Fingerprint() string {
	h := sha256.New()
	var buffer []byte
	for _, a := range w {
		buffer = binary.LittleEndian.AppendUint64(buffer[:0], uint64(len(a.Name)))
		buffer = append(buffer, a.Name...)
		buffer = binary.LittleEndian.AppendUint64(buffer, uint64(len(a.Shape)))
		for _, side := range a.Shape {
			buffer = binary.LittleEndian.AppendUint64(buffer, uint64(side))
		}
		for _, v := range a.Values {
			buffer = binary.LittleEndian.AppendUint32(buffer, math.Float32bits(v))
		}
		h.Write(buffer) // never fails
	}
	return hex.EncodeToString(h.Sum(nil))
}
