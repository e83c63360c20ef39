package cnn

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"golang.org/x/sys/cpu"
)

// The form of each convolution is chosen here, by measurement.
//
// XLA multiplies matrices made of patches. A kernel's gradient, a sum over the
// images of a batch, it computes as a convolution whose channels are the images and
// whose kernel is as large as the picture. Summed over blocks of images (see
// blocksGradient) that is up to twice as fast. Where the plugin has oneDNN, its
// convolutions are faster than both, and with AVX-512 so is loopGradient; with AVX2,
// blocks are the faster form of the gradient. GFLOPS of 500 images, padding "same",
// on two AVX-512 cores with xla-cpu-pjrt 0.0.1 (go test ./cnn -run xxx -bench Convolution):
//
//	                             forward           kernel's gradient
//	                             XLA | oneDNN      whole | blocks of 50 | loop
//	side 32,  3 to 32 channels    16 |  27            13 |  18          |  19
//	side 32, 32 to 32 channels    97 | 129            25 |  44          |  77
//	side 16, 32 to 64 channels   102 | 171            36 |  60          |  80
//	side 16, 64 to 64 channels   159 | 195            42 |  66          | 103
//
// A step of the write-up's network takes 0.73 of the time with oneDNN and the
// loop, and 0.85 with oneDNN and blocks where both are held to AVX2. Without oneDNN,
// on two AVX2 cores with the pjrt_c_api_cpu 0.114.0 plugin, blocks made it 1.27 s
// instead of 1.68 s (medians of 7, alternated).
//
// Each block outside a loop is a convolution of its own to compile, so blocks are as
// large as the speed allows; the loop's blocks, written out, made a step 0.94 of its time
// and its compilation 4 s longer. XLA's own convolution inside a loop runs at 0.4 GFLOPS.
//
// Tried without gain: blocks as groups of one grouped convolution; XLA's switches for
// oneDNN, which this plugin was built without; the loop's convolution over two axes, with
// the channels side by side and the kernel dilated (the same time), and with 8 or 32 images;
// two or four of them in each turn of the loop. Products of matrices are slower: at side 32,
// 32 to 32 channels, where blocks reach 78 GFLOPS on a quieter machine, patches by gradients
// 41, three shifted rows of the picture by three shifted columns of the gradients 65, shifted
// rows one after the other 57 (blocks of 2 to 100 images, the best of each).
const (
	gradientBlock       = 50 // images
	gradientMinChannels = 8  // with fewer input channels, blocks gain nothing
)

// convolve is the convolution of x [batch, height, width, in] with kernel
// [side, side, in, out], at stride 1.
func convolve(x, kernel *Node, padding string) *Node {
	switch {
	case patchesPay():
		return patchConvolution(x, kernel, padding)
	case loopPays(x):
		return withKernelGradient(x, kernel, padding, loopGradient)
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
//
// The gradient pass visits nodes from last to first: it tells dy at the output
// before it asks for the gradient at the kernel. What the convolution itself
// reports for the kernel is then unused, and never computed.
func withKernelGradient(x, kernel *Node, padding string, gradient func(x, dy *Node, side int, padding string) *Node) *Node {
	var dy *Node
	replaced := IdentityWithCustomGradient(kernel, func(_, _ *Node) *Node {
		return gradient(x, dy, kernel.Shape().Dimensions[0], padding)
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

// patchesPay tells whether a convolution is computed as a product of matrices.
// That is for the pure-Go backend, whose products use all of a processor, and
// whose convolution does not: with it, a step of the write-up's network at
// batch 100 took 32 s; measure with go run . bench -go.
func patchesPay() bool { return backendLabel() == "go" }

// loopPays tells whether the kernel's gradient is computed by loopGradient.
func loopPays(x *Node) bool {
	_, calls := x.Graph().Backend().(oneDNN)
	return calls && x.DType() == dtypes.Float32 && cpu.X86.HasAVX512F
}

// blocksPay tells whether the kernel's gradient is computed by blocksGradient.
// That is for XLA on the CPU: GPU libraries choose their own blocks. Blocks
// would cut across what several devices have each of a batch, and sum more
// coarsely than it does in bfloat16.
func blocksPay(x *Node) bool {
	d := x.Shape().Dimensions
	return onOneCPU(x) && x.DType() == dtypes.Float32 && d[0] > gradientBlock && d[3] >= gradientMinChannels
}

// onOneCPU tells whether XLA computes the graph of x, on one device of the CPU.
func onOneCPU(x *Node) bool {
	return backendLabel() == "xla:cpu" && x.Graph().NumDevices() == 1
}
