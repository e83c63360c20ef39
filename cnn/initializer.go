package cnn

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
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
// two of Keras with a number in parentheses, which may be left out:
//
//	random_normal(0.05)  normal with that standard deviation, not truncated: see [Gaussian]
//	orthogonal(1)        that number times a matrix whose rows or columns, whichever are fewer, are orthogonal and
//	                     of length 1, drawn without preference for any direction (Saxe et al. 2013, arXiv 1312.6120); a
//	                     kernel [height, width, in, out] counts as a matrix [height·width·in, out]
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
	return []string{"glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform", "lecun_normal", "zeros", "ones", "random_normal", "orthogonal", "torch_uniform", "dirac"}
}

// Gaussian returns the name of the initialiser that draws from a normal distribution with mean 0 and that standard deviation:
// "random_normal(0.01)".
func Gaussian(width float64) string {
	return "random_normal(" + strconv.FormatFloat(width, 'g', -1, 64) + ")"
}

// InitializerNumber splits an initialiser's name from the number in parentheses behind it, which is the default for an
// initialiser that takes one and has none, and 0 for the others. "" is "glorot_uniform".
func InitializerNumber(init string) (name string, number float64, err error) {
	name, rest, has := strings.Cut(cmp.Or(init, "glorot_uniform"), "(")
	number = map[string]float64{"random_normal": 0.05, "orthogonal": 1}[name]
	if !slices.Contains(Initializers(), name) {
		return "", 0, fmt.Errorf("unknown initialiser %q: known are %s", init, strings.Join(Initializers(), ", "))
	}
	if !has {
		return name, number, nil
	}
	if number == 0 {
		return "", 0, fmt.Errorf("initialiser %q: %s takes no number", init, name)
	}
	text, closed := strings.CutSuffix(rest, ")")
	if number, err = strconv.ParseFloat(text, 64); err != nil || !closed || !(number > 0 && number <= math.MaxFloat32) {
		return "", 0, fmt.Errorf("initialiser %q: expected a number above 0 in parentheses, as in %s(0.05)", init, name)
	}
	return name, number, nil
}

// validStart checks how a layer's kernel and biases start, and the penalty on its kernel.
func validStart(init string, bias float64, noBias bool, l2 float64) error {
	_, _, err := InitializerNumber(init)
	switch {
	case err != nil:
		return err
	case !(math.Abs(bias) <= math.MaxFloat32):
		return fmt.Errorf("bias_initializer must be finite, got %g", bias)
	case noBias && bias != 0:
		return fmt.Errorf("bias_initializer is %g, but no_bias leaves the layer without biases", bias)
	case !(l2 >= 0 && l2 <= math.MaxFloat32):
		return fmt.Errorf("kernel_l2 must be at least 0 and finite, got %g", l2)
	}
	return nil
}

// draw fills an array with its first values.
func (w WeightSpec) draw(rng *rand.Rand, a Array) {
	next := w.initializer(rng)
	for i := range a.Values {
		a.Values[i] = next()
	}
	switch name, gain, _ := InitializerNumber(w.Init); name {
	case "dirac":
		copyInputs(a)
	case "orthogonal":
		orthogonalize(a, gain)
	}
}

// truncatedStd is the standard deviation of a standard normal cut at ±2.
const truncatedStd = 0.87962566103423978

// initializer draws the values of an array one by one. What some initialisers make of all values together is in draw.
func (w WeightSpec) initializer(rng *rand.Rand) func() float32 {
	name, width, _ := InitializerNumber(w.Init) // the layer's Output has checked it
	switch name {
	case "orthogonal":
		return func() float32 { return float32(rng.NormFloat64()) }
	case "random_normal":
		return func() float32 { return float32(rng.NormFloat64() * width) }
	case "zeros":
		return func() float32 { return 0 }
	case "ones":
		return func() float32 { return 1 }
	case "torch_uniform", "dirac":
		limit := 1 / math.Sqrt(float64(w.FanIn))
		return func() float32 { return float32((2*rng.Float64() - 1) * limit) }
	}
	family, shape, _ := strings.Cut(name, "_")
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

// orthogonalize makes of normally distributed values, taken as a matrix whose columns are the last axis, one with orthogonal rows
// or columns of length gain, whichever are fewer: by the Gram–Schmidt process in its modified form (Golub and Van Loan,
// Matrix Computations, 4th edition, section 5.2.8). The result is the Q of a QR decomposition with a positive diagonal of R,
// as Keras makes it, and has no preferred direction. Products are rounded before they are added, so that every machine gives the same bits.
func orthogonalize(a Array, gain float64) {
	columns := a.Shape[len(a.Shape)-1]
	rows := len(a.Values) / columns
	at := func(vector, i int) *float32 { return &a.Values[i*columns+vector] }
	count, length := columns, rows
	if rows < columns {
		at = func(vector, i int) *float32 { return &a.Values[vector*columns+i] }
		count, length = rows, columns
	}
	vectors := make([][]float64, count)
	for k := range vectors {
		v := make([]float64, length)
		for i := range v {
			v[i] = float64(*at(k, i))
		}
		for _, other := range vectors[:k] {
			addScaled(v, -dot(v, other), other)
		}
		addScaled(v, 1/math.Sqrt(dot(v, v))-1, v)
		vectors[k] = v
	}
	for k, v := range vectors {
		for i, x := range v {
			*at(k, i) = float32(gain * x)
		}
	}
}

func dot(a, b []float64) (sum float64) {
	for i, x := range a {
		sum += float64(x * b[i])
	}
	return sum
}

// addScaled adds factor times b to a.
func addScaled(a []float64, factor float64, b []float64) {
	for i, x := range b {
		a[i] += float64(factor * x)
	}
}
