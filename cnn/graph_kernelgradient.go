package cnn

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// blocksGradient sums the gradient with respect to a kernel of that side over
// blocks of the batch, in a fixed order; the last block has the remaining images. dy is
// the loss's gradient with respect to the convolution's output.
func blocksGradient(x, dy *Node, side int, padding string) *Node {
	n := x.Shape().Dimensions[0]
	var sum *Node
	for start := 0; start < n; start += gradientBlock {
		block := AxisRange(start, min(start+gradientBlock, n))
		part := blockGradient(Slice(x, block), Slice(dy, block), side, padding)
		if sum == nil {
			sum = part
		} else {
			sum = Add(sum, part)
		}
	}
	return sum
}

// blockGradient returns Σ x[n, i+r, j+s, in]·dy[n, i, j, out] over n, i and j, as
// [side, side, in, out]: the convolution of x with dy as its kernel, where the
// channels of x are the batch and its images the channels.
func blockGradient(x, dy *Node, side int, padding string) *Node {
	axes := ConvolveAxesConfig{
		InputBatch: 3, InputSpatial: []int{1, 2}, InputChannels: 0,
		KernelInputChannels: 0, KernelSpatial: []int{1, 2}, KernelOutputChannels: 3,
		OutputBatch: 2, OutputSpatial: []int{0, 1}, OutputChannels: 3,
	}
	c := Convolve(x, dy).AxesConfig(axes)
	if padding == "same" {
		around := around(side)
		return c.PaddingPerDim([][2]int{around, around}).Done()
	}
	return c.NoPadding().Done()
}

// patchesGradient returns the same sum as blockGradient, as one matrix multiplication: the patches of x, a row for each position of dy,
// transposed, by dy.
func patchesGradient(x, dy *Node, side int, padding string) *Node {
	var zeros [2]int
	if padding == "same" {
		zeros = around(side)
	}
	in, out := x.Shape().Dimensions[3], dy.Shape().Dimensions[3]
	patches := Concatenate(shifted(padded(x, 1, zeros), side, 1), -1)
	product := DotGeneral(Reshape(patches, -1, side*side*in), []int{0}, nil, Reshape(dy, -1, out), []int{0}, nil)
	return Reshape(product, side, side, in, out)
}

// around returns the number of zeros that padding "same" puts before and after an axis.
func around(side int) [2]int { return [2]int{(side - 1) / 2, side / 2} }
