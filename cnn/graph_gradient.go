package cnn

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// withGradient returns form's output y for x with a custom gradient with respect to x:
// the one that gradient computes from y and the loss's gradient dy with respect to y.
//
// The backward pass visits nodes from last to first: it provides dy at the output
// before it needs the gradient at x. The automatic gradient of form is then unused,
// and never computed.
func withGradient(x *Node, form func(x *Node) *Node, gradient func(y, dy *Node) *Node) *Node {
	var y, dy *Node
	own := IdentityWithCustomGradient(x, func(_, _ *Node) *Node { return gradient(y, dy) })
	y = form(own)
	return IdentityWithCustomGradient(y, func(_, v *Node) *Node {
		dy = v
		return v
	})
}

// withGradients returns form's output, of feature maps, with custom gradients with respect to in, of which the first are feature maps of
// the same shape: those that gradients computes from the loss's gradient dy with respect to the output. Nothing in form has a gradient
// of its own.
func withGradients(in []*Node, form func() *Node, gradients func(dy *Node) []*Node) *Node {
	var dy *Node
	var all []*Node
	y := StopGradient(form())
	// The backward pass reaches in by a value that is never chosen, and that XLA removes.
	path := ZerosLike(y)
	for i, x := range in {
		own := IdentityWithCustomGradient(x, func(_, _ *Node) *Node {
			if all == nil {
				all = gradients(dy)
			}
			return all[i]
		})
		own = as(own, y.DType())
		if own.Rank() != y.Rank() {
			own = broadcastLast(own, y.Rank())
		}
		path = Add(path, own)
	}
	always := BroadcastToShape(Const(y.Graph(), true), shapes.Make(dtypes.Bool, y.Shape().Dimensions...))
	return IdentityWithCustomGradient(Where(always, y, path), func(_, v *Node) *Node {
		dy = v
		return v
	})
}
