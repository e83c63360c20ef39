package cnn

import . "github.com/gomlx/gomlx/core/graph"

// productCorner multiplies two matrices and gives the first number of their
// product [1, 1]: so little to copy back that the multiplication is what takes
// the time.
func productCorner(x, y *Node) *Node {
	return Slice(Dot(x, y).Product(), AxisRange(0, 1), AxisRange(0, 1))
}
