package cnn

import (
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// Layers of imported networks: pooling with overlapping or padded windows, zero
// padding, and depthwise convolutions. They are computed for one position of the
// window at a time, which has a gradient on every backend, and are not optimised
// for speed.

// AveragePooling2D is the mean of each Size×Size window, Stride apart. With Padding
// "same" windows extend over the edge, and positions beyond it do not count.
type AveragePooling2D struct {
	Name    string `json:"name"`
	Size    int    `json:"pool_size"`
	Stride  int    `json:"strides,omitempty"` // 0 is Size
	Padding string `json:"padding,omitempty"` // "same", or "valid" (also when empty)
}

// WindowMaxPooling2D is Keras's MaxPooling2D in its general form: the largest of each
// Size×Size window, Stride apart. With Padding "same" windows extend over the edge, and
// without it by Top, Bottom, Left and Right rows and columns, as PyTorch's do; positions
// beyond the edge do not count.
// [MaxPooling2D] is the faster one, without overlap and padding.
type WindowMaxPooling2D struct {
	Name    string `json:"name"`
	Size    int    `json:"pool_size"`
	Stride  int    `json:"strides,omitempty"` // 0 is Size
	Padding string `json:"padding,omitempty"` // "same", or "valid" (also when empty)
	Top     int    `json:"top,omitempty"`
	Bottom  int    `json:"bottom,omitempty"`
	Left    int    `json:"left,omitempty"`
	Right   int    `json:"right,omitempty"`
}

// ZeroPadding2D adds rows and columns of zeros around an image.
type ZeroPadding2D struct {
	Name   string `json:"name"`
	Top    int    `json:"top,omitempty"`
	Bottom int    `json:"bottom,omitempty"`
	Left   int    `json:"left,omitempty"`
	Right  int    `json:"right,omitempty"`
}

// DepthwiseConv2D convolves each channel separately, with Multiplier kernels for each:
// output channel c·Multiplier+m is channel c with its kernel m.
type DepthwiseConv2D struct {
	Name       string `json:"name"`
	Kernel     int    `json:"kernel_size"`
	Padding    string `json:"padding,omitempty"`
	Stride     int    `json:"strides,omitempty"`          // 0 is 1
	Multiplier int    `json:"depth_multiplier,omitempty"` // 0 is 1
	NoBias     bool   `json:"no_bias,omitempty"`
}

// SeparableConv2D is a [DepthwiseConv2D] without a bias, and a convolution of side 1
// that mixes its channels into Filters.
type SeparableConv2D struct {
	Name       string `json:"name"`
	Filters    int    `json:"filters"`
	Kernel     int    `json:"kernel_size"`
	Padding    string `json:"padding,omitempty"`
	Stride     int    `json:"strides,omitempty"`          // 0 is 1
	Multiplier int    `json:"depth_multiplier,omitempty"` // 0 is 1
	NoBias     bool   `json:"no_bias,omitempty"`
}

func (AveragePooling2D) Kind() string   { return "AveragePooling2D" }
func (WindowMaxPooling2D) Kind() string { return "WindowMaxPooling2D" }
func (ZeroPadding2D) Kind() string      { return "ZeroPadding2D" }
func (DepthwiseConv2D) Kind() string    { return "DepthwiseConv2D" }
func (SeparableConv2D) Kind() string    { return "SeparableConv2D" }

func (l AveragePooling2D) LayerName() string   { return l.Name }
func (l WindowMaxPooling2D) LayerName() string { return l.Name }
func (l ZeroPadding2D) LayerName() string      { return l.Name }
func (l DepthwiseConv2D) LayerName() string    { return l.Name }
func (l SeparableConv2D) LayerName() string    { return l.Name }

// window is the moving window that these layers share.
type window struct {
	size, stride int
	padding      string
	edges        [2][2]int // rows over the top and the bottom, columns over the left and the right
}

func (l AveragePooling2D) window() window {
	return window{size: l.Size, stride: orElse(l.Stride, l.Size), padding: l.Padding}
}
func (l WindowMaxPooling2D) window() window {
	return window{l.Size, orElse(l.Stride, l.Size), l.Padding, [2][2]int{{l.Top, l.Bottom}, {l.Left, l.Right}}}
}
func (l DepthwiseConv2D) window() window {
	return window{size: l.Kernel, stride: orElse(l.Stride, 1), padding: l.Padding}
}

// Uneven reports whether the windows extend over the edge in a way that Keras does not have.
func (l WindowMaxPooling2D) Uneven() bool { return l.window().edges != [2][2]int{} }

func (l SeparableConv2D) depthwise() DepthwiseConv2D {
	return DepthwiseConv2D{Name: l.Name, Kernel: l.Kernel, Padding: l.Padding, Stride: l.Stride, Multiplier: l.Multiplier, NoBias: true}
}

func orElse(v, byDefault int) int {
	if v == 0 {
		return byDefault
	}
	return v
}

// output is the number of windows, [height, width], over an image.
func (w window) output(in Shape) (Shape, error) {
	if len(in) != 3 {
		return nil, fmt.Errorf("needs an image [height, width, channels], got %v", in)
	}
	if w.size < 1 || w.stride < 1 {
		return nil, fmt.Errorf("needs a window of side 1 and strides of 1 at least, got %d and %d", w.size, w.stride)
	}
	if err := w.checkEdges(); err != nil {
		return nil, err
	}
	switch w.padding {
	case "same":
		return Shape{(in[0]-1)/w.stride + 1, (in[1]-1)/w.stride + 1}, nil
	case "", "valid":
		height, width := in[0]+w.edges[0][0]+w.edges[0][1], in[1]+w.edges[1][0]+w.edges[1][1]
		if w.size > height || w.size > width {
			return nil, fmt.Errorf("a window of side %d does not fit into %v", w.size, in)
		}
		return Shape{(height-w.size)/w.stride + 1, (width-w.size)/w.stride + 1}, nil
	}
	return nil, fmt.Errorf(`padding must be "same" or "valid", got %q`, w.padding)
}

// checkEdges refuses windows that could lie beyond the image.
func (w window) checkEdges() error {
	for _, n := range slices.Concat(w.edges[0][:], w.edges[1][:]) {
		switch {
		case n < 0 || n >= max(w.size, 1):
			return fmt.Errorf("rows and columns over the edge must be from 0 to less than the window's side %d, got %d", w.size, n)
		case n > 0 && w.padding == "same":
			return fmt.Errorf(`padding "same" leaves no choice of rows and columns over the edge, got %d`, n)
		}
	}
	return nil
}

// around returns by how many rows (axis 0) or columns (axis 1) the windows extend over the edges.
func (w window) around(axis, size int) [2]int {
	if w.padding != "same" {
		return w.edges[axis]
	}
	return SamePadding(size, w.size, w.stride)
}

// Output is [height, width, channels] of the windows.
func (l AveragePooling2D) Output(in Shape) (Shape, error) { return withChannels(l.window(), in, 1) }

// Output is [height, width, channels] of the windows.
func (l WindowMaxPooling2D) Output(in Shape) (Shape, error) { return withChannels(l.window(), in, 1) }

// Output is [height, width, channels·Multiplier] of the windows.
func (l DepthwiseConv2D) Output(in Shape) (Shape, error) {
	if l.Multiplier < 0 || l.Multiplier > 1<<16 {
		return nil, fmt.Errorf("depth_multiplier must be at least 1, got %d", l.Multiplier)
	}
	return withChannels(l.window(), in, orElse(l.Multiplier, 1))
}

// Output is [height, width, Filters] of the windows.
func (l SeparableConv2D) Output(in Shape) (Shape, error) {
	if l.Filters < 1 {
		return nil, fmt.Errorf("needs at least 1 filter, got %d", l.Filters)
	}
	out, err := l.depthwise().Output(in)
	if err != nil {
		return nil, err
	}
	return Shape{out[0], out[1], l.Filters}, nil
}

// Output adds the rows and columns.
func (l ZeroPadding2D) Output(in Shape) (Shape, error) {
	if len(in) != 3 {
		return nil, fmt.Errorf("needs an image [height, width, channels], got %v", in)
	}
	for _, n := range []int{l.Top, l.Bottom, l.Left, l.Right} {
		if n < 0 || n > 1<<16 {
			return nil, fmt.Errorf("padding must be at least 0, got %d", n)
		}
	}
	return Shape{in[0] + l.Top + l.Bottom, in[1] + l.Left + l.Right, in[2]}, nil
}

func withChannels(w window, in Shape, each int) (Shape, error) {
	out, err := w.output(in)
	if err != nil {
		return nil, err
	}
	return append(out, in[2]*each), nil
}

func (AveragePooling2D) Weights(Shape) []WeightSpec   { return nil }
func (WindowMaxPooling2D) Weights(Shape) []WeightSpec { return nil }
func (ZeroPadding2D) Weights(Shape) []WeightSpec      { return nil }

// Weights are kernel [Kernel, Kernel, channels, Multiplier] and bias.
func (l DepthwiseConv2D) Weights(in Shape) []WeightSpec {
	m := orElse(l.Multiplier, 1)
	area := l.Kernel * l.Kernel
	kernel := WeightSpec{Name: l.Name + "/kernel", Shape: []int{l.Kernel, l.Kernel, in[2], m}, FanIn: area * in[2], FanOut: area * m}
	return withBias(kernel, l.Name, in[2]*m, l.NoBias, 0)
}

// Weights are depthwise_kernel [Kernel, Kernel, channels, Multiplier],
// pointwise_kernel [1, 1, channels·Multiplier, Filters] and bias [Filters].
func (l SeparableConv2D) Weights(in Shape) []WeightSpec {
	depthwise := l.depthwise().Weights(in)[0]
	depthwise.Name = l.Name + "/depthwise_kernel"
	mixed := in[2] * orElse(l.Multiplier, 1)
	pointwise := WeightSpec{Name: l.Name + "/pointwise_kernel", Shape: []int{1, 1, mixed, l.Filters}, FanIn: mixed, FanOut: l.Filters}
	return append([]WeightSpec{depthwise}, withBias(pointwise, l.Name, l.Filters, l.NoBias, 0)...)
}

// built is a layer that builds its own graph from x [batch, height, width, channels]
// and its arrays, and knows their number.
type built interface {
	arrays() int
	build(x *Node, weights []*Node) *Node
}

func (AveragePooling2D) arrays() int   { return 0 }
func (WindowMaxPooling2D) arrays() int { return 0 }
func (ZeroPadding2D) arrays() int      { return 0 }
func (l DepthwiseConv2D) arrays() int  { return 1 + without(l.NoBias) }
func (l SeparableConv2D) arrays() int  { return 2 + without(l.NoBias) }

// without returns the number of biases, or of another array that a layer may lack.
func without(lacks bool) int {
	if lacks {
		return 0
	}
	return 1
}

func (l AveragePooling2D) build(x *Node, _ []*Node) *Node {
	sum := func(x *Node) *Node {
		return l.window().over(x, 0, func(_, _ int, place *Node) *Node { return place }, Add)
	}
	if l.Padding != "same" {
		return MulScalar(sum(x), 1/float64(l.Size*l.Size))
	}
	d := x.Shape().Dimensions
	counts := sum(Ones(x.Graph(), shapes.Make(x.DType(), 1, d[1], d[2], 1)))
	return Div(sum(x), counts)
}

func (l WindowMaxPooling2D) build(x *Node, _ []*Node) *Node {
	return l.window().over(x, math.Inf(-1), func(_, _ int, place *Node) *Node { return place }, Max)
}

func (l ZeroPadding2D) build(x *Node, _ []*Node) *Node {
	return bordered(bordered(x, 1, [2]int{l.Top, l.Bottom}, 0), 2, [2]int{l.Left, l.Right}, 0)
}

func (l DepthwiseConv2D) build(x *Node, weights []*Node) *Node {
	kernel := weights[0]
	channels, m := kernel.Shape().Dimensions[2], kernel.Shape().Dimensions[3]
	y := l.window().over(x, 0, func(row, column int, place *Node) *Node {
		k := Slice(kernel, AxisRange(row, row+1), AxisRange(column, column+1), AxisRange(), AxisRange())
		d := place.Shape().Dimensions
		each := Mul(Reshape(place, d[0], d[1], d[2], channels, 1), Reshape(k, 1, 1, 1, channels, m))
		return Reshape(each, d[0], d[1], d[2], channels*m)
	}, Add)
	if l.NoBias {
		return y
	}
	return biased(y, weights[1])
}

func (l SeparableConv2D) build(x *Node, weights []*Node) *Node {
	y := l.depthwise().build(x, weights[:1])
	d := y.Shape().Dimensions
	mixed, filters := weights[1].Shape().Dimensions[2], weights[1].Shape().Dimensions[3]
	y = product(Reshape(y, d[0]*d[1]*d[2], mixed), Reshape(weights[1], mixed, filters))
	y = Reshape(y, d[0], d[1], d[2], filters)
	if l.NoBias {
		return y
	}
	return biased(y, weights[2])
}

// over combines the results of the function of for each position in the windows: the
// values at (row, column) of all windows form an image. Beyond the edges is value.
func (w window) over(x *Node, value float64, of func(row, column int, place *Node) *Node, combine func(a, b *Node) *Node) *Node {
	d := x.Shape().Dimensions
	windows, err := w.output(d[1:])
	if err != nil {
		panic(err)
	}
	x = bordered(bordered(x, 1, w.around(0, d[1]), value), 2, w.around(1, d[2]), value)
	var y *Node
	for row := range w.size {
		for column := range w.size {
			at := func(start, n int) SliceAxisSpec {
				return AxisRange(start, start+(n-1)*w.stride+1).Stride(w.stride)
			}
			v := of(row, column, Slice(x, AxisRange(), at(row, windows[0]), at(column, windows[1]), AxisRange()))
			if y == nil {
				y = v
			} else {
				y = combine(y, v)
			}
		}
	}
	return y
}

// bordered puts a value before and after an axis.
func bordered(x *Node, axis int, around [2]int, value float64) *Node {
	parts := []*Node{x}
	border := func(n int) *Node {
		shape := x.Shape().Clone()
		shape.Dimensions[axis] = n
		return BroadcastToShape(Scalar(x.Graph(), x.DType(), value), shape)
	}
	if around[0] > 0 {
		parts = append([]*Node{border(around[0])}, parts...)
	}
	if around[1] > 0 {
		parts = append(parts, border(around[1]))
	}
	if len(parts) == 1 {
		return x
	}
	return Concatenate(parts, axis)
}
