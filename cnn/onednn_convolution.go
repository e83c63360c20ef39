package cnn

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// ConvGeneral is oneDNN's convolution, or its gradient with respect to the kernel, of
// pictures [batch, height, width, channels] in float32. All else is XLA's.
func (f oneDNNFunction) ConvGeneral(input, kernel compute.Value, axes compute.ConvolveAxesConfig, strides []int, paddings [][2]int,
	inputDilations, kernelDilations []int, channelGroups, batchGroups int) (compute.Value, error) {
	// XLA drops this one if it is not returned: nothing uses it but its shape.
	own, err := f.Function.ConvGeneral(input, kernel, axes, strides, paddings, inputDilations, kernelDilations, channelGroups, batchGroups)
	if err != nil {
		return nil, err
	}
	output, err := f.Shape(own)
	if err != nil || output.DType != dtypes.Float32 || output.Rank() != 4 {
		return own, err
	}
	w := oneDNNWindow{strides: perAxis(strides), dilations: perAxis(kernelDilations)}
	for i, p := range paddings {
		w.before[i], w.after[i] = p[0], p[1]
	}
	grouped := channelGroups > 1 || batchGroups > 1 || perAxis(inputDilations) != [2]int{1, 1}
	switch {
	case grouped || w.cuts():
		return own, nil
	case pictures(axes.InputBatch, axes.InputSpatial, axes.InputChannels) && pictures(axes.OutputBatch, axes.OutputSpatial, axes.OutputChannels):
		w.kernel = [4]int{axes.KernelOutputChannels, axes.KernelInputChannels, axes.KernelSpatial[0], axes.KernelSpatial[1]}
		return f.convolution(oneDNNCall{window: w, operands: []compute.Value{input, kernel}, output: output})
	case pictures(axes.InputChannels, axes.InputSpatial, axes.InputBatch) && pictures(axes.KernelInputChannels, axes.KernelSpatial, axes.KernelOutputChannels):
		return f.kernelGradient(w, axes, input, kernel, output)
	}
	return own, nil
}

// pictures tells whether these are the axes of pictures [batch, height, width, channels].
func pictures(batch int, spatial []int, channels int) bool {
	return batch == 0 && slices.Equal(spatial, []int{1, 2}) && channels == 3
}

// kernelGradient is the gradient of a convolution of x with respect to its kernel, where
// dy is the loss's gradient with respect to its output. GoMLX poses it as a convolution of x
// with dy as its kernel, where the channels of x are the batch and its images the channels. The
// stride of either is the other's dilation.
func (f oneDNNFunction) kernelGradient(posed oneDNNWindow, axes compute.ConvolveAxesConfig, x, dy compute.Value, kernel shapes.Shape) (compute.Value, error) {
	w := posed
	w.strides, w.dilations = posed.dilations, posed.strides
	w.kernel = [4]int{axes.OutputChannels, axes.OutputBatch, axes.OutputSpatial[0], axes.OutputSpatial[1]}
	return f.one("kernel_gradient", w.numbers(false), kernel, x, dy)
}

// oneDNNCall is a convolution, what it is computed from and the shape of its output.
type oneDNNCall struct {
	window   oneDNNWindow
	operands []compute.Value // input, kernel and perhaps a bias
	relu     bool            // then the larger of it and zero
	output   shapes.Shape
}

func (f oneDNNFunction) convolution(c oneDNNCall) (compute.Value, error) {
	value, err := f.one("convolution", c.window.numbers(c.relu), c.output, c.operands...)
	if err == nil {
		f.convolutions[value] = c
	}
	return value, err
}

// oneDNNWindow is how a convolution goes over its pictures, for height and width.
type oneDNNWindow struct {
	kernel                            [4]int // where the kernel's axes are: out, in, height, width
	strides, dilations, before, after [2]int
}

// numbers describe it as package onednn wants it.
func (w oneDNNWindow) numbers(relu bool) []int {
	last := 0
	if relu {
		last = 1
	}
	return slices.Concat(w.kernel[:], w.strides[:], w.dilations[:], w.before[:], w.after[:], []int{last})
}

// cuts tells whether a padding is negative, which oneDNN does not take.
func (w oneDNNWindow) cuts() bool {
	return min(slices.Min(w.before[:]), slices.Min(w.after[:])) < 0
}

// perAxis are strides or dilations, which may be empty for 1.
func perAxis(v []int) [2]int {
	if len(v) == 0 {
		return [2]int{1, 1}
	}
	return [2]int{v[0], v[1]}
}
