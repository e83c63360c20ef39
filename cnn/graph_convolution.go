package cnn

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// The form of each convolution is chosen here, by measurement.
//
// XLA multiplies matrices made of patches. A kernel's gradient, a sum over the
// images of a batch, it computes as a convolution whose channels are the images and
// whose kernel is as large as the picture. Summed over blocks of images (see
// blocksGradient) that is up to twice as fast. Where the plugin has oneDNN, its
// convolutions are faster than XLA's, and with AVX-512 so is volumesGradient; with AVX2,
// blocks are the faster form of the gradient. GFLOPS of 500 images, padding "same",
// on two AVX-512 cores with xla-cpu-pjrt 0.0.1 and the flags of kernelext's
// Environ (go test ./cnn -run xxx -bench Convolution):
//
//	                             forward           kernel's gradient
//	                             XLA | oneDNN      whole | blocks of 50 | volumes
//	side 32,  3 to 32 channels    24 |  88            32 |  42          |  26
//	side 32, 32 to 32 channels   146 | 202            31 |  64          |  91
//	side 16, 32 to 64 channels   134 | 183            48 |  80          | 111
//	side 16, 64 to 64 channels   141 | 201            49 |  66          | 119
//
// A step of the write-up's network takes 0.7 to 0.8 of the time with all that oneDNN
// does; where both are held to AVX2, as long as without. Without oneDNN, on two AVX2
// cores with the pjrt_c_api_cpu 0.114.0 plugin, blocks made it 1.27 s instead of 1.68 s
// (medians of 7, alternated).
//
// Each block is a convolution of its own to compile, and has pieces of its two arrays cut
// out for it. With XLA's default flags, which write loops over 32 channels out number by
// number, that took 4 s more.
//
// Tried without gain: blocks as groups of one grouped convolution; XLA's switches for
// oneDNN, which this plugin was built without; volumes over two axes, with the channels
// side by side and the kernel dilated (the same time); half of a picture's rows, or half of
// the channels, at once; the two arrays in each other's place; pieces turned by XLA into
// oneDNN's order; volumes one after the other in XLA's loop, whose pieces are cut out while
// the processors wait (1.15 of the time of a step), by one, two or four a turn; XLA's
// scheduler for less memory (115 MB less, 1.08 of the time); for the first layer one
// product by oneDNN, of gradients and patches, which XLA copies or oneDNN's convolution
// with one-hot filters makes (0.96 to 1.03 of a step's time, turn by turn). Products of
// matrices are slower: at side 32, 32 to 32 channels, where blocks reach 78 GFLOPS on a
// quieter machine, patches by gradients 41, three shifted rows of the picture by three
// shifted columns of the gradients 65, shifted rows one after the other 57 (blocks of 2 to
// 100 images, the best of each).
const (
	gradientBlock = 50 // images of a block for XLA's convolution
	// A block for oneDNN takes its images, the channels of its convolutions, by so
	// many as it computes at once, as far as so many numbers go: 4 MiB.
	volumeImages = 16
	volumeFloats = 1 << 20
	// With fewer channels of input than this, XLA's convolution is faster.
	volumeMinChannels = 16
)

// convolve is the convolution of x [batch, height, width, in] with kernel
// [side, side, in, out], at stride 1.
func convolve(x, kernel *Node, padding string) *Node {
	switch {
	case patchesPay():
		return patchConvolution(x, kernel, padding)
	case oneDNNPays(x):
		return convolution(x, kernel, padding)
	case blocksPay(x):
		return withKernelGradient(x, kernel, padding, blocksGradient)
	}
	return convolution(x, kernel, padding)
}

func convolution(x, kernel *Node, padding string) *Node {
	c := Convolve(x, kernel)
	if padding == "same" {
		return c.PadSame().Done()
	}
	return c.NoPadding().Done()
}

// withKernelGradient is the convolution, whose gradient with respect to the
// kernel is what the function computes from x, the loss's gradient dy with
// respect to the output, the kernel's side and the padding.
func withKernelGradient(x, kernel *Node, padding string, gradient func(x, dy *Node, side int, padding string) *Node) *Node {
	return withGradient(kernel,
		func(kernel *Node) *Node { return convolution(x, kernel, padding) },
		func(_, dy *Node) *Node { return gradient(x, dy, kernel.Shape().Dimensions[0], padding) })
}

// patchesPay tells whether a convolution is computed as a product of matrices.
// That is for the pure-Go backend, whose products use all of a processor, and
// whose convolution does not: with it, a step of the write-up's network at
// batch 100 took 32 s; measure with go run . bench -go.
func patchesPay() bool { return backendLabel() == "go" }

// oneDNNPays tells whether oneDNN computes the convolution and its gradients.
func oneDNNPays(x *Node) bool {
	_, calls := x.Graph().Backend().(oneDNN)
	return calls && x.DType() == dtypes.Float32
}

// blocksPay tells whether the kernel's gradient is computed by blocksGradient.
// That is for XLA on the CPU: GPU libraries choose their own blocks. Blocks
// would cut across what several devices have each of a batch, and sum more
// coarsely than it does in bfloat16.
func blocksPay(x *Node) bool {
	return onOneCPU(x) && x.DType() == dtypes.Float32 && x.Shape().Dimensions[0] > gradientBlock
}

// onOneCPU tells whether XLA computes the graph of x, on one device of the CPU.
func onOneCPU(x *Node) bool {
	return backendLabel() == "xla:cpu" && x.Graph().NumDevices() == 1
}
