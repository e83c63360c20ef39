package onednn

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// The calls for the operations around convolutions read memory once, where XLA's loops do so
// several times: the gradients of ReLU and max pooling also give their sums, which are the
// gradients of a bias. A call is added before the next operation is known, and may be
// replaced by a call that does more: XLA removes the first one, which is then unused.

// gradientCall is a call that returns the gradient of feature maps and its sum for each channel.
type gradientCall struct {
	sum   compute.Value
	input compute.Value // of a max pooling, or nil
	dy    compute.Value // the gradient with respect to its output
	size  int           // of its windows
}

// ReduceWindow computes max pooling of feature maps by a call, if windows are adjacent and do
// not overlap.
func (f function) ReduceWindow(x compute.Value, kind compute.ReduceOpType, window, strides, inputDilations, windowDilations []int,
	paddings [][2]int) (compute.Value, error) {
	// XLA removes this value if it is not returned: only its shape is used.
	own, err := f.Function.ReduceWindow(x, kind, window, strides, inputDilations, windowDilations, paddings)
	if err != nil {
		return nil, err
	}
	output, err := f.Shape(own)
	size := f.tile(output, window, strides, paddings)
	if err != nil || kind != compute.ReduceOpMax || size == 0 || len(inputDilations) > 0 || len(windowDilations) > 0 {
		return own, err
	}
	return f.one("max_pool", []int{size}, output, x)
}

// SelectAndScatterMax computes the gradient of such a max pooling.
func (f function) SelectAndScatterMax(x, dy compute.Value, window, strides []int, paddings [][2]int) (compute.Value, error) {
	input, err := f.Shape(x)
	size := f.tile(input, window, strides, paddings)
	if err != nil || size == 0 {
		return f.Function.SelectAndScatterMax(x, dy, window, strides, paddings)
	}
	return f.gradient("max_pool_gradient", []int{size, 0}, input, gradientCall{input: x, dy: dy, size: size}, x, dy)
}

// poolLanes must divide the number of channels in the calls for max pooling: LANES in
// loops.c.
const poolLanes = 8

// tile returns the side of adjacent square windows in feature maps, or 0 for windows
// that no call supports.
func (f function) tile(x shapes.Shape, window, strides []int, paddings [][2]int) int {
	if !f.accelerates(x.DType) || x.Rank() != 4 || x.Dim(3)%poolLanes != 0 || len(window) != 4 || window[0] != 1 || window[3] != 1 || window[1] != window[2] ||
		(len(strides) > 0 && !slices.Equal(strides, window)) || slices.ContainsFunc(paddings, func(p [2]int) bool { return p != [2]int{} }) {
		return 0
	}
	return window[1]
}

// GreaterThan records values that are compared with zero, for Where.
func (f function) GreaterThan(x, y compute.Value) (compute.Value, error) {
	value, err := f.Function.GreaterThan(x, y)
	if err == nil && f.zeros[y] {
		f.above[value] = x
	}
	return value, err
}

// BroadcastInDim records zeros, for Where.
func (f function) BroadcastInDim(x compute.Value, output shapes.Shape, axes []int) (compute.Value, error) {
	value, err := f.Function.BroadcastInDim(x, output, axes)
	if err == nil && f.zeros[x] {
		f.zeros[value] = true
	}
	return value, err
}

// Where computes the gradient of a ReLU with output y: dy where y is above zero, otherwise
// zero. After a max pooling's gradient it becomes part of that call.
func (f function) Where(condition, dy, zero compute.Value) (compute.Value, error) {
	y, ok := f.above[condition]
	if !ok || !f.zeros[zero] {
		return f.Function.Where(condition, dy, zero)
	}
	shape, err := f.Shape(dy)
	if err != nil || !f.accelerates(shape.DType) || shape.Rank() != 4 {
		return f.Function.Where(condition, dy, zero)
	}
	if g, ok := f.gradients[dy]; ok && g.input == y {
		return f.gradient("max_pool_gradient", []int{g.size, 1}, shape, gradientCall{}, y, g.dy)
	}
	return f.gradient("relu_gradient", nil, shape, gradientCall{}, y, dy)
}

// gradient adds a call that returns a gradient of that shape and its sum, in float32.
func (f function) gradient(name string, attribute []int, shape shapes.Shape, g gradientCall, operands ...compute.Value) (compute.Value, error) {
	outputs, err := f.call(name, attribute, []shapes.Shape{shape, shapes.Make(dtypes.Float32, shape.Dim(3))}, operands...)
	if err != nil {
		return nil, err
	}
	if g.sum, err = f.narrowed(outputs[1], shape.DType); err != nil {
		return nil, err
	}
	f.gradients[outputs[0]] = g
	return outputs[0], nil
}

// ReduceSum over all axes except the channels is already an output of a gradient's call.
func (f function) ReduceSum(x compute.Value, axes ...int) (compute.Value, error) {
	if g, ok := f.gradients[x]; ok && slices.Equal(axes, []int{0, 1, 2}) {
		return g.sum, nil
	}
	return f.Function.ReduceSum(x, axes...)
}
