package cnn

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// relu returns max(x, 0). Its gradient uses the output, not x, to find where x was
// above 0: x need not be kept, nor computed at all if an accelerated backend's
// convolution applies the ReLU itself.
func relu(x *Node) *Node {
	zero := ScalarZero(x.Graph(), x.DType())
	return withGradient(x,
		func(x *Node) *Node { return Max(x, zero) },
		func(y, dy *Node) *Node { return Where(GreaterThan(y, zero), dy, ZerosLike(dy)) })
}
