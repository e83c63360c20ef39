package cnn

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// product is x [batch, in] times kernel [in, out]. Its gradient with respect to
// the kernel is computed in the kernel's shape; the one that follows from the
// graph is [out, in], and then transposed.
func product(x, kernel *Node) *Node {
	return withGradient(kernel,
		func(kernel *Node) *Node { return Dot(x, kernel).Product() },
		func(_, dy *Node) *Node { return DotGeneral(x, []int{0}, nil, dy, []int{0}, nil) })
}
