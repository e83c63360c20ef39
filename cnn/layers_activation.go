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
		"gelu":     func(x *Node) *Node { return Mul(MulScalar(x, 0.5), AddScalar(Erf(MulScalar(x, math.Sqrt(0.5))), 1)) },
		"relu6":    func(x *Node) *Node { return MinScalar(relu(x), 6) },
		"selu":     selu,
		"sigmoid":  func(x *Node) *Node { return Sigmoid(x) },
		"silu":     func(x *Node) *Node { return Mul(x, Sigmoid(x)) },
		"softplus": func(x *Node) *Node { return Add(relu(x), Log1P(Exp(Neg(Abs(x))))) },
		"softsign": func(x *Node) *Node { return Div(x, AddScalar(Abs(x), 1)) },
		"tanh":     Tanh,
	}
}

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
