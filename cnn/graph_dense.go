package cnn

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// product returns x [batch, in] times kernel [in, out]. Its gradient with respect to
// the kernel is computed in the kernel's shape; automatic differentiation would
// compute [out, in] and transpose it. That with respect to x is computed in the type of
// x; automatic differentiation would compute a bfloat16 one in float32.
func product(x, kernel *Node) *Node {
	inputGradient := func(_, dy *Node) *Node { return DotGeneral(dy, []int{1}, nil, kernel, []int{1}, nil) }
	kernelGradient := func(_, dy *Node) *Node { return DotGeneral(x, []int{0}, nil, dy, []int{0}, nil) }
	return withGradient(x, func(x *Node) *Node {
		return withGradient(kernel, func(kernel *Node) *Node { return Dot(x, kernel).Product() }, kernelGradient)
	}, inputGradient)
}
