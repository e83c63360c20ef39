package cnn

import (
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// movedImages pads x [batch, height, width, channels] on all sides and cuts each image out again, at a place that its shift,
// rows and columns from −pad to pad, moves away from the middle. It selects between the 2·pad + 1 possible slices of each axis:
// XLA fuses that into one loop over whole rows, where a gather would compute a position for every value.
func movedImages(x, shifts *Node, pad int, zeros bool) *Node {
	for axis := range 2 {
		along := Slice(shifts, AxisRange(), AxisRange(axis, axis+1)) // [batch, 1]
		size := x.Shape().Dimensions[axis+1]
		padded := paddedImages(x, axis+1, pad, zeros)
		var y *Node
		for start := range 2*pad + 1 {
			part := SliceAxis(padded, axis+1, AxisRange(start, start+size))
			if y == nil {
				y = part
				continue
			}
			here := Equal(along, Scalar(x.Graph(), along.DType(), start-pad))
			here = BroadcastToShape(Reshape(here, x.Shape().Dimensions[0], 1, 1, 1), shapes.Make(dtypes.Bool, y.Shape().Dimensions...))
			y = Where(here, part, y)
		}
		x = y
	}
	return x
}

// paddedImages adds pad rows or columns at both ends of an axis: zeros, or the image reflected at its edges without
// repeating the edge, as PyTorch's "reflect".
func paddedImages(x *Node, axis, pad int, zeros bool) *Node {
	if zeros {
		return zerosAround(x, axis, [2]int{pad, pad})
	}
	size := x.Shape().Dimensions[axis]
	before := Reverse(SliceAxis(x, axis, AxisRange(1, pad+1)), axis)
	after := Reverse(SliceAxis(x, axis, AxisRange(size-1-pad, size-1)), axis)
	return Concatenate([]*Node{before, x, after}, axis)
}

// cutOut sets a square of each image x [batch, height, width, channels] to 0. The remainders of middles [batch, 2] by height and
// width are the row and column of its middle, the later ones of two if the side is even; nil cuts nothing.
func cutOut(x, middles *Node, side int) *Node {
	if middles == nil {
		return x
	}
	g, dims := x.Graph(), slices.Clone(x.Shape().Dimensions)
	var inside *Node
	for axis := range 2 {
		middle := Mod(Slice(middles, AxisRange(), AxisRange(axis, axis+1)), Scalar(g, dtypes.Int32, dims[axis+1]))
		first := Reshape(AddScalar(middle, -side/2), dims[0], 1, 1, 1)
		along := []int{1, 1, 1, 1}
		along[axis+1] = dims[axis+1]
		at := Iota(g, shapes.Make(dtypes.Int32, along...), axis+1)
		past := Sub(at, first) // rows or columns after the first of the square
		here := LogicalAnd(GreaterOrEqual(past, ScalarZero(g, dtypes.Int32)), LessThan(past, Scalar(g, dtypes.Int32, side)))
		here = BroadcastToShape(here, shapes.Make(dtypes.Bool, dims...))
		if inside == nil {
			inside = here
		} else {
			inside = LogicalAnd(inside, here)
		}
	}
	return Where(inside, ZerosLike(x), x)
}

// of returns the images x [batch, height, width, channels] as the view presents them.
func (v View) of(x *Node) *Node {
	for axis, shift := range []int{v.Down, v.Right} {
		if shift == 0 {
			continue
		}
		pad, size := max(shift, -shift), x.Shape().Dimensions[axis+1]
		x = SliceAxis(paddedImages(x, axis+1, pad, false), axis+1, AxisRange(pad-shift, pad-shift+size))
	}
	if v.Mirror {
		x = Reverse(x, 2)
	}
	return x
}
