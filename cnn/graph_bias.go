package cnn

import (
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// biased returns x [batch, …, channels] plus the bias [channels].
func biased(x, bias *Node) *Node {
	plain := func(bias *Node) *Node { return Add(x, broadcastLast(bias, x.Rank())) }
	if !sumByOnes(x) {
		return plain(bias)
	}
	return withGradient(bias, plain, func(_, dy *Node) *Node {
		n, channels := dy.Shape().Dimensions[0], bias.Shape().Dimensions[0]
		ones := Ones(x.Graph(), shapes.Make(dy.DType(), onesRows, n))
		sums := Dot(ones, Reshape(dy, n, -1)).Product() // over the batch
		return ReduceSum(Reshape(Slice(sums, AxisRange(0, 1)), -1, channels), 0)
	})
}

// onesRows is the number of rows of ones, though one would suffice: XLA's code for
// a vector is slower than that for a matrix.
const onesRows = 2

// sumByOnes reports whether the bias's gradient, a sum over the batch and all places of its
// feature maps, is computed as ones times a matrix, over the batch first: wider rows
// are read faster. XLA's own sum on the CPU took 16 % of a training step on
// two AVX-512 cores, where the matrix multiplication took 3 %. An accelerated backend gives
// the sum together with a gradient that it computes anyway.
func sumByOnes(x *Node) bool {
	return onOneCPU(x) && x.Rank() == 4 && !isAccelerated(x)
}
