package cnn

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// Batch normalisation of feature maps, with a GELU after it, passes over memory twice forward and twice backward, and a GELU alone once
// each, where XLA takes many passes: an accelerated backend replaces the functions of this file, which say what they compute. Sums and results are float32, rounded to the
// type of the feature maps.

// affine is a value a·x + b, with a and b for each channel, that x may be scaled and shifted by before a GELU.
type affine struct {
	x, a, b *Node
	t       dtypes.DType // of the value
}

// normalized is what an accelerated batch normalisation gives.
type normalized struct {
	affine
	gamma, beta    *Node // nil if the layer has none
	mean, variance *Node
	inverse        *Node // of the deviation
}

// acceleratesAffine reports whether the functions of this file are faster for x.
func acceleratesAffine(x *Node) bool {
	b, ok := x.Graph().Backend().(accelerated)
	return ok && onOneCPU(x) && b.AcceleratesAffine(x.Shape())
}

// perChannel declares a function with feature maps x and vectors, and calls it.
func perChannel(call string, integers []int, define func(in []*Node) []*Node, in ...*Node) []*Node {
	g := in[0].Graph()
	in = slices.Clone(in)
	for i := range in {
		in[i] = StopGradient(in[i])
	}
	name := g.Backend().(accelerated).AffineFunction(call, integers, int(in[len(in)-1].Id()))
	f := NewFunction(g, name, func(g *Graph) []*Node {
		parameters := make([]*Node, len(in))
		for i, x := range in {
			parameters[i] = Parameter(g, fmt.Sprint("x", i), x.Shape())
		}
		return define(parameters)
	})
	out := f.Call(in...)
	for i := range out {
		out[i] = StopGradient(out[i])
	}
	return out
}

// channelMoments returns the mean and variance of each channel.
func channelMoments(x *Node) (mean, variance *Node) {
	out := perChannel("moments", nil, func(in []*Node) []*Node {
		x := float32s(in[0])
		share := constant(x, float64(x.Shape().Dimensions[3])/float64(x.Shape().Size()))
		mean := Mul(channelSum(x), share)
		return []*Node{mean, Mul(channelSum(Square(Sub(x, broadcastLast(mean, 4)))), share)}
	}, x)
	return out[0], out[1]
}

// channelSum returns the sum of each channel, as a product: go-xla has reductions in the main function only.
func channelSum(x *Node) *Node {
	x = Reshape(x, -1, x.Shape().Dimensions[3])
	ones := BroadcastToShape(constant(x, 1), shapes.Make(x.DType(), x.Shape().Dimensions[0]))
	return Dot(ones, x).Product()
}

func (f affine) value(x, a, b *Node) *Node {
	return Add(Mul(float32s(x), broadcastLast(a, 4)), broadcastLast(b, 4))
}

// apply returns the value, or its GELU.
func (f affine) apply(activation bool) *Node {
	return perChannel("affine", []int{flag(activation)}, func(in []*Node) []*Node {
		z := f.value(in[0], in[1], in[2])
		if activation {
			z = gelu(z)
		}
		return []*Node{as(z, f.t)}
	}, f.x, f.a, f.b)[0]
}

// gradient returns the gradient with respect to the value, from that with respect to what apply returns, and for each channel its sum and
// the sum of its product with x - center.
func (f affine) gradient(activation bool, center, dy *Node) (dz, sum, product *Node) {
	out := perChannel("affine_gradient", []int{flag(activation)}, func(in []*Node) []*Node {
		x, dz := float32s(in[0]), float32s(in[4])
		if activation {
			dz = Mul(dz, geluSlope(f.value(in[0], in[1], in[2])))
		}
		return []*Node{as(dz, in[0].DType()), channelSum(dz), channelSum(Mul(dz, Sub(x, broadcastLast(in[3], 4))))}
	}, f.x, f.a, f.b, center, dy)
	return out[0], out[1], out[2]
}

// combine returns a·dz + q·x + r, in the type of x.
func combine(x, a, r, q, dz *Node) *Node {
	return perChannel("combine", nil, func(in []*Node) []*Node {
		scaled := Add(Mul(float32s(in[4]), broadcastLast(in[1], 4)), Mul(float32s(in[0]), broadcastLast(in[3], 4)))
		return []*Node{as(Add(scaled, broadcastLast(in[2], 4)), in[0].DType())}
	}, x, a, r, q, dz)[0]
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// newNormalized normalises x by its own moments, or by those given.
func newNormalized(x, gamma, beta, mean, variance *Node, epsilon float64, t dtypes.DType) normalized {
	n := normalized{affine: affine{x: x, t: t}, gamma: gamma, beta: beta, mean: mean, variance: variance}
	n.inverse = Inverse(Sqrt(AddScalar(variance, epsilon)))
	n.a = n.inverse
	if gamma != nil {
		n.a = Mul(gamma, n.inverse)
	}
	n.b = Neg(Mul(n.mean, n.a))
	if beta != nil {
		n.b = Add(n.b, beta)
	}
	return n
}

// apply returns the normalised x, or its GELU, with the gradients of a normalisation by the moments of x.
func (n normalized) apply(activation bool) *Node {
	in := []*Node{n.x}
	for _, v := range []*Node{n.gamma, n.beta} {
		if v != nil {
			in = append(in, v)
		}
	}
	return withGradients(in, func() *Node { return n.affine.apply(activation) }, func(dy *Node) []*Node {
		dz, sum, product := n.gradient(activation, n.mean, dy)
		count := float64(n.x.Shape().Size() / n.mean.Shape().Size())
		q := Neg(DivScalar(Mul(Mul(n.a, Square(n.inverse)), product), count))
		r := Neg(Add(DivScalar(Mul(n.a, sum), count), Mul(q, n.mean)))
		out := []*Node{combine(n.x, n.a, r, q, dz)}
		if n.gamma != nil {
			out = append(out, Mul(product, n.inverse))
		}
		if n.beta != nil {
			out = append(out, sum)
		}
		return out
	})
}

// whiten builds a whitening layer. It is the first one, and its kernel is not trained: the convolution needs no gradient.
func (f forwarding) whiten(x, kernel, bias *Node) *Node {
	t := f.precision.dtype()
	x = StopGradient(convolve(as(x, t), as(kernel, t), "valid"))
	y := biased(x, as(bias, t))
	if acceleratesAffine(x) {
		one := Ones(bias.Graph(), bias.Shape())
		shifted := affine{x: x, a: one, b: bias, t: t}
		f.scaled[y] = func() *Node {
			return withGradients([]*Node{bias}, func() *Node { return shifted.apply(true) }, func(dy *Node) []*Node {
				_, sum, _ := shifted.gradient(true, ZerosLike(one), dy)
				return []*Node{sum}
			})
		}
	}
	return y
}

// geluOf returns the GELU of feature maps in that type.
func geluOf(x *Node, t dtypes.DType) *Node {
	c := x.Shape().Dimensions[3]
	one := Ones(x.Graph(), shapes.Make(dtypes.Float32, c))
	f := affine{x: x, a: one, b: ZerosLike(one), t: t}
	return withGradients([]*Node{x}, func() *Node { return f.apply(true) }, func(dy *Node) []*Node {
		dz, _, _ := f.gradient(true, f.b, dy)
		return []*Node{dz}
	})
}
