package cnn

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// A convolution's gradient with respect to its kernel is a sum over the images
// of a batch. XLA's CPU compiler computes it as a convolution whose channels are
// the images and whose kernel is as large as the picture, and for a batch of 500
// that takes about half of a training step.
// Summed over blocks of images it is up to twice as fast. On two AVX2 cores, with
// the pjrt_c_api_cpu 0.114.0 plugin and 500 images (GFLOPS; whole batch | blocks
// of 100 | 50 | 20):
//
//	side 32, 32 to 32 channels   22 | 32 | 53 | 53
//	side 16, 32 to 64 channels   36 |  – | 55 | 60
//	side 16, 64 to 64 channels   42 | 48 | 70 | 55
//	side 32,  3 to 32 channels   13 |  – | 14 | 14
//
// A step of the write-up's network takes 1.27 s instead of 1.68 s (medians of 7,
// alternated), and its first, which compiles it, 4.8 s instead of 3.3 s.
//
// Each block is a convolution of its own to compile, so blocks are as large as
// the speed allows. A while loop over the blocks would have one to compile, but a
// convolution inside it runs at 0.4 GFLOPS. Blocks as groups of one grouped convolution gain nothing.
//
// Products of matrices are slower than these blocks' convolutions. At side 32,
// 32 to 32 channels, where those reach 78 GFLOPS on a quieter machine: patches by
// gradients 41, three shifted rows of the picture by three shifted columns of the
// gradients 65, shifted rows one after the other 57 (blocks of 2 to 100 images,
// the best of each). XLA's switches for oneDNN change nothing.
const (
	gradientBlock       = 50 // images
	gradientMinChannels = 8  // with fewer input channels, blocks gain nothing
)

// convolve is the convolution of x [batch, height, width, in] with kernel
// [side, side, in, out], at stride 1.
func convolve(x, kernel *Node, padding string) *Node {
	if patchesPay() {
		return patchConvolution(x, kernel, padding)
	}
	if !blocksPay(x) {
		return convolution(x, kernel, padding)
	}
	// The gradient pass visits nodes from last to first: it tells dy at the
	// output before it asks for the gradient at the kernel. What the convolution
	// itself reports for the kernel is then unused, and never computed.
	var dy *Node
	replaced := IdentityWithCustomGradient(kernel, func(_, _ *Node) *Node {
		return kernelGradient(x, dy, kernel.Shape().Dimensions[0], padding)
	})
	return noting(&dy, convolution(x, replaced, padding))
}

// noting is y, whose gradient is put into dy when the gradient pass comes to it.
func noting(dy **Node, y *Node) *Node {
	return IdentityWithCustomGradient(y, func(_, v *Node) *Node {
		*dy = v
		return v
	})
}

// blocksPay tells whether the kernel's gradient is computed over blocks. That
// is for XLA on the CPU: GPU libraries choose their own blocks, and the pure-Go
// backend has nothing to gain. Blocks would cut across what several devices
// have each of a batch, and sum more coarsely than it does in bfloat16.
func blocksPay(x *Node) bool {
	d := x.Shape().Dimensions
	return backendLabel() == "xla:cpu" && x.Graph().NumDevices() == 1 && x.DType() == dtypes.Float32 && d[0] > gradientBlock && d[3] >= gradientMinChannels
}

// patchesPay tells whether a convolution is computed as a product of matrices.
// That is for the pure-Go backend, whose products use all of a processor, and
// whose convolution does not: with it, a step of the write-up's network at
// batch 100 took 32 s; measure with go run . bench -go.
func patchesPay() bool { return backendLabel() == "go" }

// patchConvolution is the convolution as one product: the picture's patches, one
// a row, by the kernel, one filter a column. Its gradients are products of the
// same kind; the ones that follow from the graph would take patches apart again
// and turn them over, which costs more than the products.
func patchConvolution(x, kernel *Node, padding string) *Node {
	side, in, out := kernel.Shape().Dimensions[0], kernel.Shape().Dimensions[2], kernel.Shape().Dimensions[3]
	var before, after int
	if padding == "same" {
		before, after = (side-1)/2, side/2
	}
	var dy *Node // see convolve
	input := IdentityWithCustomGradient(x, func(_, _ *Node) *Node {
		turned := TransposeAllAxes(Reverse(kernel, 0, 1), 0, 1, 3, 2)
		return patchProduct(padded(dy, 1, [2]int{side - 1 - before, side - 1 - after}), turned)
	})
	weights := IdentityWithCustomGradient(kernel, func(_, _ *Node) *Node {
		channelsFirst := padded(TransposeAllAxes(x, 3, 0, 1, 2), 2, [2]int{before, after})
		columns := Concatenate(shifted(channelsFirst, side, 2), 0) // [side·side·in, batch, height, width]
		positions := dy.Shape().Size() / out
		product := Dot(Reshape(columns, side*side*in, positions), Reshape(dy, positions, out)).Product()
		return Reshape(product, side, side, in, out)
	})
	return noting(&dy, patchProduct(padded(input, 1, [2]int{before, after}), weights))
}

// patchProduct is the convolution, without padding, of x [batch, height, width,
// in] with kernel [side, side, in, out].
func patchProduct(x, kernel *Node) *Node {
	side, in, out := kernel.Shape().Dimensions[0], kernel.Shape().Dimensions[2], kernel.Shape().Dimensions[3]
	patches := Concatenate(shifted(x, side, 1), -1)
	d := patches.Shape().Dimensions
	product := Dot(Reshape(patches, d[0]*d[1]*d[2], d[3]), Reshape(kernel, side*side*in, out)).Product()
	return Reshape(product, d[0], d[1], d[2], out)
}

// padded has zeros before and after x along axis and the one that follows it.
func padded(x *Node, axis int, around [2]int) *Node {
	return zerosAround(zerosAround(x, axis, around), axis+1, around)
}

// shifted are the side·side parts of x that a window's places see, with axis and
// the one that follows it as height and width.
func shifted(x *Node, side, axis int) []*Node {
	height, width := x.Shape().Dimensions[axis]-side+1, x.Shape().Dimensions[axis+1]-side+1
	var parts []*Node
	for r := range side {
		for s := range side {
			window := make([]SliceAxisSpec, x.Rank())
			for i := range window {
				window[i] = AxisRange()
			}
			window[axis], window[axis+1] = AxisRange(r, r+height), AxisRange(s, s+width)
			parts = append(parts, Slice(x, window...))
		}
	}
	return parts
}

func convolution(x, kernel *Node, padding string) *Node {
	c := Convolve(x, kernel)
	if padding == "same" {
		return c.PadSame().Done()
	}
	return c.NoPadding().Done()
}

// kernelGradient sums the gradient with respect to a kernel of that side over
// blocks of the batch, in a fixed order; dy is the loss's gradient with respect
// to the convolution's output.
func kernelGradient(x, dy *Node, side int, padding string) *Node {
	var sum *Node
	n := x.Shape().Dimensions[0]
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
		around := [2]int{(side - 1) / 2, side / 2}
		return c.PaddingPerDim([][2]int{around, around}).Done()
	}
	return c.NoPadding().Done()
}
