package cnn

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// relu is the larger of x and 0. Its gradient asks the output, not x, where x
// was above 0: x need not be kept, nor computed at all where a convolution gives
// its output already cut (see [oneDNNFunction.Max]).
func relu(x *Node) *Node {
	var y, dy *Node // see withKernelGradient
	own := IdentityWithCustomGradient(x, func(_, _ *Node) *Node {
		return Where(GreaterThan(y, ScalarZero(y.Graph(), y.DType())), dy, ZerosLike(dy))
	})
	y = Max(own, ScalarZero(x.Graph(), x.DType()))
	return noting(&dy, y)
}
