package cnn

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// maxPool returns the largest value of each size × size window of x [batch, height,
// width, channels]; rows and columns that do not fill a window are dropped. If several
// positions of a window hold the largest value, each gets the gradient; in bfloat16, where equal
// values are common, they share it.
//
// A reshape gives the positions of a window their own axes, so that the maximum is taken
// over the positions, each of which is a smaller feature map: XLA's reductions process
// one value at a time, and its native pooling has a slow gradient.
func maxPool(x *Node, size int) *Node {
	if b, ok := x.Graph().Backend().(accelerated); ok && b.AcceleratesMaxPool(x.Shape()) {
		return MaxPool(x).Window(size).Strides(size).NoPadding().Done()
	}
	d := x.Shape().Dimensions
	n, h, w, c := d[0], d[1]/size, d[2]/size, d[3]
	if h*size != d[1] || w*size != d[2] {
		x = Slice(x, AxisRange(), AxisRange(0, h*size), AxisRange(0, w*size), AxisRange())
	}
	windows := Reshape(x, n, h, size, w, size, c)
	combined := func(windows *Node, of func(place *Node) *Node, combine func(a, b *Node) *Node) (y *Node) {
		for row := range size {
			for column := range size {
				place := Slice(windows, AxisRange(), AxisRange(), AxisRange(row, row+1), AxisRange(), AxisRange(column, column+1), AxisRange())
				place = of(Reshape(place, n, h, w, c))
				if y == nil {
					y = place
				} else {
					y = combine(y, place)
				}
			}
		}
		return y
	}
	largest := func(windows *Node) *Node {
		return combined(windows, func(place *Node) *Node { return place }, Max)
	}
	return withGradient(windows, largest, func(y, dy *Node) *Node {
		if x.DType() == dtypes.BFloat16 {
			dy = Div(dy, combined(windows, func(place *Node) *Node { return ConvertDType(Equal(place, y), x.DType()) }, Add))
		}
		if onOneCPU(dy) {
			dy = OptimizationBarrier(dy) // otherwise XLA computes it again for each position
		}
		everywhere := func(v *Node) *Node {
			return BroadcastToShape(Reshape(v, n, h, 1, w, 1, c), windows.Shape())
		}
		return Where(Equal(windows, everywhere(y)), everywhere(dy), ZerosLike(windows))
	})
}
