package cnn

import (
	"encoding/json"
	"fmt"
	"slices"
	_ "unsafe" // for go:linkname

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/go-xla/compute/xla"
)

// ConvGeneral is oneDNN's convolution, in float32 and over two axes or three,
// wherever it is the faster one. It is not for kernels as large as the picture,
// which is how blocksGradient computes a kernel's gradient.
func (f oneDNNFunction) ConvGeneral(input, kernel compute.Value, axes compute.ConvolveAxesConfig, strides []int, paddings [][2]int,
	inputDilations, kernelDilations []int, channelGroups, batchGroups int) (compute.Value, error) {
	// XLA drops this one if it is not returned: nothing uses it but its shape.
	own, err := f.Function.ConvGeneral(input, kernel, axes, strides, paddings, inputDilations, kernelDilations, channelGroups, batchGroups)
	if err != nil {
		return nil, err
	}
	output, err := f.Shape(own)
	if err != nil || output.DType != dtypes.Float32 || output.Rank() < 4 {
		return own, err
	}
	kernelShape, err := f.Shape(kernel)
	if err != nil {
		return nil, err
	}
	c := newOneDNNConvolution(axes, strides, paddings, kernelDilations)
	grouped := channelGroups > 1 || batchGroups > 1 || !ones(inputDilations)
	large := output.Rank() == 4 && kernelShape.Dim(axes.KernelSpatial[0]) > output.Dim(axes.OutputSpatial[0])
	if grouped || large || c.cuts() {
		return own, nil
	}
	return f.convolution(oneDNNCall{c, []compute.Value{input, kernel}, output})
}

// oneDNNCall is a convolution, what it is computed from and the shape of its output.
type oneDNNCall struct {
	config   oneDNNConvolution
	operands []compute.Value // input and kernel, then what the fusions need
	output   shapes.Shape
}

func (f oneDNNFunction) convolution(c oneDNNCall) (compute.Value, error) {
	value, err := f.oneDNN("convolution", map[string]any{"onednn_conv_config": c.config}, c.output, c.operands...)
	if err == nil {
		f.convolutions[value] = c
	}
	return value, err
}

// oneDNN is a call to what the plugin has of oneDNN under that name, with one of
// XLA's messages as its configuration.
func (f oneDNNFunction) oneDNN(name string, message map[string]any, output shapes.Shape, operands ...compute.Value) (compute.Value, error) {
	config, err := json.Marshal(message)
	if err != nil {
		return nil, err
	}
	outputs, err := xlaCustomCall(f.Function, "__onednn$"+name, string(config), nil, []shapes.Shape{output}, nil, operands...)
	if err != nil {
		return nil, fmt.Errorf("a %s by oneDNN: %w", name, err)
	}
	return outputs[0], nil
}

// xlaCustomCall is go-xla's custom call, which it keeps to itself for cuDNN's
// attention. With a go-xla that has none, this package does not link.
//
//go:linkname xlaCustomCall github.com/gomlx/go-xla/compute/xla.(*Function).customCall
func xlaCustomCall(f *xla.Function, target, config string, operandLayouts [][]int, outputs []shapes.Shape, outputLayouts [][]int,
	operands ...compute.Value) ([]compute.Value, error)

// oneDNNConvolution is XLA's message OneDnnConvolutionConfig
// (xla/service/cpu/onednn_config.proto) as JSON. Numbers are those of the
// convolution: in older versions of XLA, some are one or two more.
type oneDNNConvolution struct {
	Dims          int           `json:"dims"`
	Input         oneDNNData    `json:"input"`
	Kernel        oneDNNFilters `json:"kernel"`
	Output        oneDNNData    `json:"output"`
	Window        oneDNNWindow  `json:"window"`
	FeatureGroups int           `json:"feature_groups"`
	Fusions       oneDNNFusions `json:"fusions"`
}

// oneDNNFusions is XLA's message OneDnnFusionConfig: what is done to each number
// of the output before it is written, in that order.
type oneDNNFusions struct {
	Ops []string `json:"ops,omitempty"`
}

type oneDNNData struct {
	Axes struct {
		Batch   int   `json:"batch_dim"`
		Feature int   `json:"feature_dim"`
		Spatial []int `json:"spatial_dims"`
	} `json:"data"`
}

type oneDNNFilters struct {
	Axes struct {
		Input   int   `json:"input_feature_dim"`
		Output  int   `json:"output_feature_dim"`
		Spatial []int `json:"spatial_dims"`
	} `json:"filter"`
}

// oneDNNWindow has a number for each spatial axis; strides and dilations are 1
// for none.
type oneDNNWindow struct {
	Before    []int `json:"pad_left"`
	After     []int `json:"pad_right"`
	Strides   []int `json:"strides"`
	Dilations []int `json:"window_dilations"`
}

// newOneDNNConvolution describes a convolution as ConvGeneral is
// told it: strides, paddings and dilations may be empty, for none.
func newOneDNNConvolution(axes compute.ConvolveAxesConfig, strides []int, paddings [][2]int, dilations []int) oneDNNConvolution {
	spatial := len(axes.InputSpatial)
	c := oneDNNConvolution{Dims: spatial + 2, FeatureGroups: 1}
	c.Input.Axes.Batch, c.Input.Axes.Feature, c.Input.Axes.Spatial = axes.InputBatch, axes.InputChannels, axes.InputSpatial
	c.Kernel.Axes.Input, c.Kernel.Axes.Output, c.Kernel.Axes.Spatial = axes.KernelInputChannels, axes.KernelOutputChannels, axes.KernelSpatial
	c.Output.Axes.Batch, c.Output.Axes.Feature, c.Output.Axes.Spatial = axes.OutputBatch, axes.OutputChannels, axes.OutputSpatial
	c.Window = oneDNNWindow{
		Before: make([]int, spatial), After: make([]int, spatial),
		Strides: slices.Repeat([]int{1}, spatial), Dilations: slices.Repeat([]int{1}, spatial),
	}
	if len(strides) > 0 {
		c.Window.Strides = strides
	}
	if len(dilations) > 0 {
		c.Window.Dilations = dilations
	}
	for i, p := range paddings {
		c.Window.Before[i], c.Window.After[i] = p[0], p[1]
	}
	return c
}

// cuts tells whether a padding is negative, which oneDNN does not take.
func (c oneDNNConvolution) cuts() bool {
	return min(slices.Min(c.Window.Before), slices.Min(c.Window.After)) < 0
}

// ones tells whether all are 1, as strides and dilations are that change nothing.
func ones(v []int) bool {
	for _, x := range v {
		if x != 1 {
			return false
		}
	}
	return true
}
