package cnn

import (
	"maps"
	"slices"

	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// Activations lists the functions of an [Activation].
func Activations() []string {
	return append([]string{"relu", "softmax"}, slices.Sorted(maps.Keys(functions()))...)
}

// functions holds the activations other than ReLU and softmax, as Keras defines them.
func functions() map[string]func(x *Node) *Node {
	return map[string]func(x *Node) *Node{
		"elu":      elu,
		"gelu":     gelu,
		"relu6":    func(x *Node) *Node { return MinScalar(relu(x), 6) },
		"selu":     selu,
		"sigmoid":  func(x *Node) *Node { return Sigmoid(x) },
		"silu":     func(x *Node) *Node { return Mul(x, Sigmoid(x)) },
		"softplus": func(x *Node) *Node { return Add(relu(x), Log1P(Exp(Neg(Abs(x))))) },
		"softsign": func(x *Node) *Node { return Div(x, AddScalar(Abs(x), 1)) },
		"tanh":     Tanh,
	}
}

// gelu returns x·Φ(x), where Φ is the normal distribution (Hendrycks and Gimpel 2016, arXiv 1606.08415).
func gelu(x *Node) *Node { return Mul(Mul(x, constant(x, 0.5)), onePlusErf(x)) }

// geluSlope returns the derivative of gelu, Φ(x) + x·φ(x).
func geluSlope(x *Node) *Node {
	density := Mul(Exp(Mul(Square(x), constant(x, -0.5))), constant(x, 1/math.Sqrt(2*math.Pi)))
	return Add(Mul(onePlusErf(x), constant(x, 0.5)), Mul(x, density))
}

func onePlusErf(x *Node) *Node { return Add(Erf(Mul(x, constant(x, math.Sqrt(0.5)))), constant(x, 1)) }

// constant is for a function of a graph that is not the main one: MulScalar and the like would take a value of the main one.
func constant(x *Node, v float64) *Node { return ConstAsDType(x.Graph(), x.DType(), v) }

// elu returns x where x > 0, eˣ − 1 otherwise (Clevert and others 2015, arXiv 1511.07289).
func elu(x *Node) *Node {
	return Where(GreaterThan(x, ZerosLike(x)), x, AddScalar(Exp(MinScalar(x, 0)), -1))
}

// selu returns λ·x where x > 0, λ·α·(eˣ − 1) otherwise (Klambauer and others 2017, arXiv
// 1706.02515).
func selu(x *Node) *Node {
	const alpha, scale = 1.6732632423543772, 1.0507009873554805
	return MulScalar(Where(GreaterThan(x, ZerosLike(x)), x, MulScalar(AddScalar(Exp(MinScalar(x, 0)), -1), alpha)), scale)
}
