package cnn

import (
	"fmt"

	"github.com/gomlx/compute/shapes"
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

// loopBlock is how many images loopGradient takes at once. They are the
// channels of its convolutions, which oneDNN computes by sixteen.
const loopBlock = 16

// loopGradient is blocksGradient with blocks so small that the processor's caches
// hold them, in the form that suits oneDNN. A loop over the blocks has one of
// them to compile.
func loopGradient(x, dy *Node, side int, padding string) *Node {
	gradient := func(x, dy *Node) *Node { return volumeGradient(x, dy, side, padding) }
	n := x.Shape().Dimensions[0]
	whole := n / loopBlock * loopBlock
	if whole <= loopBlock {
		return summed(x, dy, loopBlock, gradient)
	}
	start := Zeros(x.Graph(), shapes.Make(x.DType(), side, side, x.Shape().Dimensions[3], dy.Shape().Dimensions[3]))
	sum := looped(start, x, dy, whole, gradient)
	if whole < n {
		rest := AxisRange(whole)
		sum = Add(sum, gradient(Slice(x, rest), Slice(dy, rest)))
	}
	return sum
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

// looped adds to sum that of gradient over the first n images, by loopBlock at a time.
// All that the loop needs is among its state: GoMLX's XLA adds nothing to a
// closure that another function has made.
func looped(sum, x, dy *Node, n int, gradient func(x, dy *Node) *Node) *Node {
	g := x.Graph()
	number := func(v int) *Node { return Const(g, int32(v)) }
	state := []*Node{number(0), sum, x, dy, number(0), number(loopBlock), number(n)}
	arguments := func(g *Graph) []*Node {
		out := make([]*Node, len(state))
		for i, s := range state {
			out[i] = Parameter(g, fmt.Sprintf("state%d", i), s.Shape())
		}
		return out
	}
	more := NewClosure(g, func(g *Graph) []*Node {
		a := arguments(g)
		return []*Node{LessThan(a[0], a[6])}
	})
	next := NewClosure(g, func(g *Graph) []*Node {
		a := arguments(g)
		start, sum, zero, step := a[0], a[1], a[4], a[5]
		block := func(x *Node) *Node {
			size := append([]int{loopBlock}, x.Shape().Dimensions[1:]...)
			return DynamicSlice(x, []*Node{start, zero, zero, zero}, size)
		}
		return append([]*Node{Add(start, step), Add(sum, gradient(block(a[2]), block(a[3])))}, a[2:]...)
	})
	return While(more, next, state...)[1]
}
