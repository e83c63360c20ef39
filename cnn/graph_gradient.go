package cnn

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// withGradient is form's output y for x, with another gradient with respect to x:
// what gradient computes from y and the loss's gradient dy with respect to y.
//
// The gradient pass visits nodes from last to first: it gives dy at the output
// before it asks for the gradient at x. The gradient that follows from form itself
// is then unused, and never computed.
func withGradient(x *Node, form func(x *Node) *Node, gradient func(y, dy *Node) *Node) *Node {
	var y, dy *Node
	own := IdentityWithCustomGradient(x, func(_, _ *Node) *Node { return gradient(y, dy) })
	y = form(own)
	return IdentityWithCustomGradient(y, func(_, v *Node) *Node {
		dy = v
		return v
	})
}
