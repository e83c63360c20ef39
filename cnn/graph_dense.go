package cnn

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// product returns x [batch, in] times kernel [in, out]. Its gradient with respect to
// the kernel is computed in the kernel's shape; automatic differentiation would
// compute [out, in] and transpose it.
func product(x, kernel *Node) *Node {
	return withGradient(kernel,
		func(kernel *Node) *Node { return Dot(x, kernel).Product() },
		func(_, dy *Node) *Node { return DotGeneral(x, []int{0}, nil, dy, []int{0}, nil) })
}
