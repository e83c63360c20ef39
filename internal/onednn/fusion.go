package onednn

import (
	"reflect"
	"slices"

	"github.com/gomlx/compute"
)

// A bias and a ReLU after a convolution become part of its call: oneDNN applies them to
// values that it holds in registers, where XLA would write all of them to memory and read
// them again. The call without them remains in the graph, and XLA removes it if nothing else
// uses it.

// Add makes the bias of a convolution, one value per channel, part of its call.
func (f function) Add(x, y compute.Value) (compute.Value, error) {
	c, ok := f.convolutions[x]
	if !ok || c.relu || len(c.operands) > 2 {
		return f.Function.Add(x, y)
	}
	shape, err := f.Shape(y)
	if err != nil {
		return nil, err
	}
	const axis = 3
	channels := c.output.Dim(axis)
	if shape.Rank() != c.output.Rank() || shape.Dim(axis) != channels || shape.Size() != channels {
		return f.Function.Add(x, y)
	}
	bias, err := f.Reshape(y, channels)
	if err != nil {
		return nil, err
	}
	c.operands = append(slices.Clone(c.operands), bias)
	return f.convolution(c)
}

// Max with zero after a convolution becomes oneDNN's ReLU, a part of the call. It turns a
// NaN into zero; a NaN among the weights is found when they are saved.
func (f function) Max(x, y compute.Value) (compute.Value, error) {
	c, ok := f.convolutions[x]
	if !ok || !f.zeros[y] || c.relu {
		return f.Function.Max(x, y)
	}
	c.relu = true
	return f.convolution(c)
}

// Constant records the constant zero, for Max.
func (f function) Constant(flat any, dimensions ...int) (compute.Value, error) {
	value, err := f.Function.Constant(flat, dimensions...)
	if v := reflect.ValueOf(flat); err == nil && len(dimensions) == 0 && v.Kind() == reflect.Slice && v.Index(0).IsZero() {
		f.zeros[value] = true
	}
	return value, err
}
