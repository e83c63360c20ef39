package cnn

import (
	"reflect"
	"slices"

	"github.com/gomlx/compute"
)

// A bias and a ReLU after a convolution become part of its call: oneDNN adds and
// cuts numbers that it has at hand, where XLA would write them all and read them
// again. The call without them stays in the graph, and XLA drops it if nothing
// else uses it.

// Add makes the bias of a convolution part of the call: one number a channel.
func (f oneDNNFunction) Add(x, y compute.Value) (compute.Value, error) {
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

// Max makes the larger of a convolution and zero part of the call, oneDNN's
// ReLU. That turns a NaN into zero; those of weights are found when they are saved.
func (f oneDNNFunction) Max(x, y compute.Value) (compute.Value, error) {
	c, ok := f.convolutions[x]
	if !ok || !f.zeros[y] || c.relu {
		return f.Function.Max(x, y)
	}
	c.relu = true
	return f.convolution(c)
}

// Constant notes the number zero, for Max.
func (f oneDNNFunction) Constant(flat any, dimensions ...int) (compute.Value, error) {
	value, err := f.Function.Constant(flat, dimensions...)
	if v := reflect.ValueOf(flat); err == nil && len(dimensions) == 0 && v.Kind() == reflect.Slice && v.Index(0).IsZero() {
		f.zeros[value] = true
	}
	return value, err
}
