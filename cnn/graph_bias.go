package cnn

import (
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// biased is x [batch, …, channels] with the bias [channels] added.
func biased(x, bias *Node) *Node {
	plain := func(bias *Node) *Node { return Add(x, broadcastLast(bias, x.Rank())) }
	if !onesPay(x) {
		return plain(bias)
	}
	return withGradient(bias, plain, func(_, dy *Node) *Node {
		n, channels := dy.Shape().Dimensions[0], bias.Shape().Dimensions[0]
		ones := Ones(x.Graph(), shapes.Make(dy.DType(), onesRows, n))
		sums := Dot(ones, Reshape(dy, n, -1)).Product() // over the batch
		return ReduceSum(Reshape(Slice(sums, AxisRange(0, 1)), -1, channels), 0)
	})
}

// onesRows is how many rows of ones are multiplied, for the sake of one: the
// product of a vector is computed by slower code than that of a matrix.
const onesRows = 2

// onesPay tells whether the bias's gradient, a sum over the batch and all places of its
// pictures, is computed as ones times a matrix, over the batch first: its rows are read
// faster, the wider they are. XLA's own sum on the CPU took 16 % of a training step on
// two AVX-512 cores, where the product took 3 %. With oneDNN's backend, the sum comes
// with a gradient that is computed anyway (see [oneDNNFunction.ReduceSum]).
func onesPay(x *Node) bool {
	return onOneCPU(x) && x.Rank() == 4 && !callsOneDNN(x)
}
