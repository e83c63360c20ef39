package onednn

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
)

// ConvGeneral is oneDNN's convolution, or its gradient with respect to the kernel, of
// feature maps [batch, height, width, channels]. XLA computes all others.
func (f function) ConvGeneral(input, kernel compute.Value, axes compute.ConvolveAxesConfig, strides []int, paddings [][2]int,
	inputDilations, kernelDilations []int, channelGroups, batchGroups int) (compute.Value, error) {
	// XLA removes this value if it is not returned: only its shape is used.
	own, err := f.Function.ConvGeneral(input, kernel, axes, strides, paddings, inputDilations, kernelDilations, channelGroups, batchGroups)
	if err != nil {
		return nil, err
	}
	output, err := f.Shape(own)
	if err != nil || !f.accelerates(output.DType) || output.Rank() != 4 {
		return own, err
	}
	w := window{strides: perAxis(strides), dilations: perAxis(kernelDilations)}
	for i, p := range paddings {
		w.before[i], w.after[i] = p[0], p[1]
	}
	grouped := channelGroups > 1 || batchGroups > 1 || perAxis(inputDilations) != [2]int{1, 1}
	switch {
	case grouped || w.crops():
		return own, nil
	case channelsLast(axes.InputBatch, axes.InputSpatial, axes.InputChannels) && channelsLast(axes.OutputBatch, axes.OutputSpatial, axes.OutputChannels):
		w.kernel = [4]int{axes.KernelOutputChannels, axes.KernelInputChannels, axes.KernelSpatial[0], axes.KernelSpatial[1]}
		return f.convolution(convolutionCall{window: w, operands: []compute.Value{input, kernel}, output: output})
	case channelsLast(axes.InputChannels, axes.InputSpatial, axes.InputBatch) && channelsLast(axes.KernelInputChannels, axes.KernelSpatial, axes.KernelOutputChannels):
		return f.kernelGradient(w, axes, input, kernel, output)
	}
	return own, nil
}

// channelsLast reports whether these are the axes of [batch, height, width, channels].
func channelsLast(batch int, spatial []int, channels int) bool {
	return batch == 0 && slices.Equal(spatial, []int{1, 2}) && channels == 3
}

// kernelGradient computes the gradient of a convolution of x with respect to its kernel,
// where dy is the loss's gradient with respect to its output. GoMLX expresses it as a
// convolution of x with dy as its kernel, where the channels of x are the batch and its
// images the channels. The stride of one convolution is the dilation of the other.
func (f function) kernelGradient(written window, axes compute.ConvolveAxesConfig, x, dy compute.Value, kernel shapes.Shape) (compute.Value, error) {
	w := written
	w.strides, w.dilations = written.dilations, written.strides
	w.kernel = [4]int{axes.OutputChannels, axes.OutputBatch, axes.OutputSpatial[0], axes.OutputSpatial[1]}
	return f.typed("kernel_gradient", w.attribute(false), kernel, x, dy)
}

// convolutionCall is a convolution with its operands and its output shape.
type convolutionCall struct {
	window   window
	operands []compute.Value // input, kernel and perhaps a bias
	relu     bool            // followed by a ReLU
	output   shapes.Shape
}

func (f function) convolution(c convolutionCall) (compute.Value, error) {
	value, err := f.one("convolution", c.window.attribute(c.relu), c.output, c.operands...)
	if err == nil {
		f.convolutions[value] = c
	}
	return value, err
}

// window describes how a convolution moves over its input, for height and width.
type window struct {
	kernel                            [4]int // positions of the kernel's axes: out, in, height, width
	strides, dilations, before, after [2]int
}

// attribute returns the window in the format that onednn.c reads.
func (w window) attribute(relu bool) []int {
	last := 0
	if relu {
		last = 1
	}
	return slices.Concat(w.kernel[:], w.strides[:], w.dilations[:], w.before[:], w.after[:], []int{last})
}

// crops reports whether a padding is negative, which oneDNN does not support.
func (w window) crops() bool {
	return min(slices.Min(w.before[:]), slices.Min(w.after[:])) < 0
}

// perAxis returns strides or dilations; an empty list means 1.
func perAxis(v []int) [2]int {
	if len(v) == 0 {
		return [2]int{1, 1}
	}
	return [2]int{v[0], v[1]}
}
