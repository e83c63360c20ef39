package cnn

import . "github.com/gomlx/gomlx/core/graph"

// productCorner multiplies two matrices and returns the first element of their
// product [1, 1], so that copying the result back takes no time compared with the
// multiplication.
func productCorner(x, y *Node) *Node {
	return Slice(Dot(x, y).Product(), AxisRange(0, 1), AxisRange(0, 1))
}
