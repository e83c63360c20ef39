package cnn

import (
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
