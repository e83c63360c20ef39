package cnn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
)

// Initializers are the names that a layer's Init may have, those of Keras:
//
//	glorot_uniform  uniform in ±√(6/(fanIn+fanOut)) (Glorot and Bengio 2010; the default)
//	glorot_normal   normal, variance 2/(fanIn+fanOut)
//	he_uniform      uniform in ±√(6/fanIn) (He et al. 2015)
//	he_normal       normal, variance 2/fanIn
//	lecun_uniform   uniform in ±√(3/fanIn)
//	lecun_normal    normal, variance 1/fanIn
//	zeros, ones     constant
//
// and two of PyTorch:
//
//	torch_uniform   uniform in ±1/√fanIn: what PyTorch's layers start from (kaiming_uniform_ with
//	                a=√5 in torch/nn/modules/conv.py and linear.py)
//	dirac           of a convolution: its first filters, as many as it has inputs, copy one input each
//	                (torch.nn.init.dirac_), and the others are torch_uniform
//
// Normal distributions are truncated at two standard deviations and widened so that
// the variance after truncation is the one above, as in Keras since 2.2.5; in earlier
// versions it was the variance before truncation.
func Initializers() []string {
	return []string{"glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform", "lecun_normal", "zeros", "ones", "torch_uniform", "dirac"}
}

func validInitializer(name string) error {
	if name == "" || slices.Contains(Initializers(), name) {
		return nil
	}
	return fmt.Errorf("unknown initialiser %q: known are %s", name, strings.Join(Initializers(), ", "))
}

// truncatedStd is the standard deviation of a standard normal cut at ±2.
const truncatedStd = 0.87962566103423978

// initializer draws the values of an array one by one.
func (w WeightSpec) initializer(rng *rand.Rand) func() float32 {
	switch w.Init {
	case "zeros":
		return func() float32 { return 0 }
	case "ones":
		return func() float32 { return 1 }
	case "torch_uniform", "dirac":
		limit := 1 / math.Sqrt(float64(w.FanIn))
		return func() float32 { return float32((2*rng.Float64() - 1) * limit) }
	}
	family, shape, _ := strings.Cut(w.Init, "_")
	variance, fans := 2.0, float64(w.FanIn+w.FanOut) // Glorot: the variance is 2 over both fans
	switch family {
	case "he":
		fans = float64(w.FanIn)
	case "lecun":
		variance, fans = 1, float64(w.FanIn)
	}
	if shape == "normal" {
		std := math.Sqrt(variance/fans) / truncatedStd
		return func() float32 {
			for {
				if x := rng.NormFloat64(); math.Abs(x) < 2 {
					return float32(x * std)
				}
			}
		}
	}
	limit := math.Sqrt(3 * variance / fans)
	return func() float32 { return float32((2*rng.Float64() - 1) * limit) }
}

// copyInputs makes the first filters of a kernel [height, width, in, out] copy one input each: zero but for a 1
// at the middle, or after it if the side is even, as in PyTorch.
func copyInputs(a Array) {
	side, in, out := a.Shape[0], a.Shape[2], a.Shape[3]
	copies := min(in, out)
	for i := range a.Values {
		if filter := i % out; filter < copies {
			a.Values[i] = 0
		}
	}
	middle := (side/2*side + side/2) * in * out
	for c := range copies {
		a.Values[middle+c*out+c] = 1
	}
}
