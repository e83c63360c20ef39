package cnn

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// withGradient is what form makes of x, whose gradient with respect to x is what
// gradient computes from that output y and the loss's gradient dy with respect to it.
//
// The gradient pass visits nodes from last to first: it tells dy at the output
// before it asks for the gradient at x. What form itself reports for x is then
// unused, and never computed.
func withGradient(x *Node, form func(x *Node) *Node, gradient func(y, dy *Node) *Node) *Node {
	var y, dy *Node
	own := IdentityWithCustomGradient(x, func(_, _ *Node) *Node { return gradient(y, dy) })
	y = form(own)
	return IdentityWithCustomGradient(y, func(_, v *Node) *Node {
		dy = v
		return v
	})
}
