package cnn

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// blocksGradient sums the gradient with respect to a kernel of that side over
// blocks of the batch, in a fixed order; dy is the loss's gradient with respect
// to the convolution's output.
func blocksGradient(x, dy *Node, side int, padding string) *Node {
	return summed(x, dy, gradientBlock, func(x, dy *Node) *Node { return blockGradient(x, dy, side, padding) })
}

// summed is the sum of gradient over blocks of so many images, the last one
// with what remains.
func summed(x, dy *Node, size int, gradient func(x, dy *Node) *Node) *Node {
	n := x.Shape().Dimensions[0]
	var sum *Node
	for start := 0; start < n; start += size {
		block := AxisRange(start, min(start+size, n))
		part := gradient(Slice(x, block), Slice(dy, block))
		if sum == nil {
			sum = part
		} else {
			sum = Add(sum, part)
		}
	}
	return sum
}

// blockGradient is Σ x[n, i+r, j+s, in]·dy[n, i, j, out] over n, i and j, as
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

// around is how many zeros padding "same" puts before and after an axis.
func around(side int) [2]int { return [2]int{(side - 1) / 2, side / 2} }

// volumesGradient is blocksGradient in the form that suits oneDNN, over blocks
// so small that the processor's caches hold them.
func volumesGradient(x, dy *Node, side int, padding string) *Node {
	image := (x.Shape().Size() + dy.Shape().Size()) / x.Shape().Dimensions[0]
	size := max(volumeImages, volumeFloats/image/volumeImages*volumeImages)
	return summed(x, dy, size, func(x, dy *Node) *Node { return volumeGradient(x, dy, side, padding) })
}

// volumeGradient is blockGradient by a convolution over three axes: height, width
// and the channels of x, along which the kernel dy has one place. The images are
// the channels of the one volume. As no channel of x needs to be copied for each
// place of the kernel that it meets, as in matrices made of patches, this runs
// as fast as the convolution itself.
func volumeGradient(x, dy *Node, side int, padding string) *Node {
	volume := InsertAxes(x, 0)   // [1, images, height, width, in]
	kernel := InsertAxes(dy, -2) // [images, height, width, 1, out]
	axes := ConvolveAxesConfig{
		InputBatch: 0, InputChannels: 1, InputSpatial: []int{2, 3, 4},
		KernelInputChannels: 0, KernelSpatial: []int{1, 2, 3}, KernelOutputChannels: 4,
		OutputBatch: 0, OutputSpatial: []int{1, 2, 3}, OutputChannels: 4,
	}
	c := Convolve(volume, kernel).AxesConfig(axes)
	if padding == "same" {
		c = c.PaddingPerDim([][2]int{around(side), around(side), {0, 0}})
	} else {
		c = c.NoPadding()
	}
	return Squeeze(c.Done(), 0)
}
