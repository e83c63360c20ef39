package cnn

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// patchConvolution computes the convolution as one matrix multiplication: the image's
// patches, one per row, times the kernel, one filter per column. Its gradients are
// matrix multiplications of the same kind; automatic differentiation would transpose
// the patches and add them up again, which takes longer than the multiplications.
func patchConvolution(x, kernel *Node, padding string) *Node {
	side, in, out := kernel.Shape().Dimensions[0], kernel.Shape().Dimensions[2], kernel.Shape().Dimensions[3]
	var zeros [2]int
	if padding == "same" {
		zeros = around(side)
	}
	inputGradient := func(_, dy *Node) *Node {
		flipped := TransposeAllAxes(Reverse(kernel, 0, 1), 0, 1, 3, 2)
		return patchProduct(padded(dy, 1, [2]int{side - 1 - zeros[0], side - 1 - zeros[1]}), flipped)
	}
	kernelGradient := func(_, dy *Node) *Node {
		channelsFirst := padded(TransposeAllAxes(x, 3, 0, 1, 2), 2, zeros)
		columns := Concatenate(shifted(channelsFirst, side, 2), 0) // [side·side·in, batch, height, width]
		positions := dy.Shape().Size() / out
		product := Dot(Reshape(columns, side*side*in, positions), Reshape(dy, positions, out)).Product()
		return Reshape(product, side, side, in, out)
	}
	return withGradient(x, func(x *Node) *Node {
		return withGradient(kernel, func(kernel *Node) *Node { return patchProduct(padded(x, 1, zeros), kernel) }, kernelGradient)
	}, inputGradient)
}

// patchProduct returns the convolution, without padding, of x [batch, height, width,
// in] with kernel [side, side, in, out].
func patchProduct(x, kernel *Node) *Node {
	side, in, out := kernel.Shape().Dimensions[0], kernel.Shape().Dimensions[2], kernel.Shape().Dimensions[3]
	patches := Concatenate(shifted(x, side, 1), -1)
	d := patches.Shape().Dimensions
	product := Dot(Reshape(patches, d[0]*d[1]*d[2], d[3]), Reshape(kernel, side*side*in, out)).Product()
	return Reshape(product, d[0], d[1], d[2], out)
}

// padded returns x with zeros before and after it along axis and the next axis.
func padded(x *Node, axis int, around [2]int) *Node {
	return zerosAround(zerosAround(x, axis, around), axis+1, around)
}

// shifted returns the side·side parts of x that the positions of a moving window
// cover; height and width are axis and the next axis.
func shifted(x *Node, side, axis int) []*Node {
	height, width := x.Shape().Dimensions[axis]-side+1, x.Shape().Dimensions[axis+1]-side+1
	var parts []*Node
	for r := range side {
		for s := range side {
			window := make([]SliceAxisSpec, x.Rank())
			for i := range window {
				window[i] = AxisRange()
			}
			window[axis], window[axis+1] = AxisRange(r, r+height), AxisRange(s, s+width)
			parts = append(parts, Slice(x, window...))
		}
	}
	return parts
}
