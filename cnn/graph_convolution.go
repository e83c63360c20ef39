package cnn

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// This file chooses the implementation of each convolution, based on measurements.
//
// On a CPU, oneDNN is the fastest, if it is installed. XLA multiplies matrices of patches. A kernel's gradient, a sum over the images of a batch, XLA computes as a
// convolution whose channels are the images and whose kernel is as large as the image.
// Summed over blocks of images (see blocksGradient) that is up to twice as fast. GFLOPS of
// 500 images, padding "same", on two AVX-512 cores with xla-cpu-pjrt 0.0.1, oneDNN 3.2 and
// the environment of kernelext (go test ./cnn -run xxx -bench Convolution, twice):
//
//	                             forward            kernel's gradient
//	                             XLA     | oneDNN   whole | blocks of 50 | oneDNN
//	side 32,  3 to 32 channels    23– 27 |  89–118  27–31 |  33–34       |  60– 61
//	side 32, 32 to 32 channels   111–113 | 157–171  27–32 |  57–64       | 150–185
//	side 16, 32 to 64 channels   130–157 | 173–206  42–47 |  63–86       | 157–180
//	side 16, 64 to 64 channels   139–143 | 195–198  52–53 |  84–86       | 168–174
//
// Without oneDNN, on two AVX2 cores with the pjrt_c_api_cpu 0.114.0 plugin, blocks made a step
// of the write-up's network 1.27 s instead of 1.68 s (medians of 7, alternated).
//
// Tried without gain: blocks as groups of one grouped convolution; the oneDNN inside
// xla-cpu-pjrt, which has no gradient for kernels: written as convolutions over volumes, with
// the images as channels, they took twice as long as oneDNN's own (a step 1.12 of the time);
// a bias's gradient together with its kernel's (as long as one after the other); one call at a
// time in oneDNN, and threads that wait actively (1.0 to 1.05 of the time); oneDNN's other
// memory layouts of feature maps, which require conversions (1.4 of the time and more).
// Matrix multiplications are slower: at side 32, 32 to 32 channels, where blocks reach 78
// GFLOPS on a quieter machine, patches by gradients 41, three shifted rows of the input by
// three shifted columns of the gradients 65, shifted rows one by one 57 (blocks of 2
// to 100 images, the best of each).
const gradientBlock = 50 // images per block

// convolve returns the convolution of x [batch, height, width, in] with kernel
// [side, side, in, out], at stride 1.
func convolve(x, kernel *Node, padding string) *Node {
	switch {
	case usePatches():
		return patchConvolution(x, kernel, padding)
	case useSmallPatches(x):
		return withGradient(kernel,
			func(kernel *Node) *Node { return convolution(x, kernel, padding) },
			func(_, dy *Node) *Node { return patchesGradient(x, dy, kernel.Shape().Dimensions[0], padding) })
	case useBlocks(x):
		return withGradient(kernel,
			func(kernel *Node) *Node { return convolution(x, kernel, padding) },
			func(_, dy *Node) *Node { return blocksGradient(x, dy, kernel.Shape().Dimensions[0], padding) })
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

// usePatches reports whether a convolution is computed as a matrix multiplication.
// That holds for the pure-Go backend, whose matrix multiplication uses the processor
// fully, and whose convolution does not: with it, a step of the write-up's
// network at batch 100 took 32 s; measure with go run . bench -go.
func usePatches() bool { return backendLabel() == "go" }

// isAccelerated reports whether the backend computes convolutions of x faster than XLA.
func isAccelerated(x *Node) bool {
	b, ok := x.Graph().Backend().(accelerated)
	return ok && b.Accelerates(x.Shape())
}

// useBlocks reports whether the kernel's gradient is computed by blocksGradient.
// That holds for XLA on the CPU without acceleration: GPU libraries choose their own
// blocks. Blocks would conflict with the division of a batch among several devices,
// and in bfloat16 their sums would be less precise than that of the whole batch.
func useBlocks(x *Node) bool {
	return onOneCPU(x) && !isAccelerated(x) && x.DType() == dtypes.Float32 && x.Shape().Dimensions[0] > gradientBlock
}

// smallMap is the area of feature maps up to which oneDNN's gradient of a kernel takes longer in bfloat16 than a matrix multiplication of
// patches: for 3×3, 60 ms of a fast recipe's step, and 45.
const smallMap = 9

// useSmallPatches reports whether the kernel's gradient is computed by patchesGradient.
func useSmallPatches(x *Node) bool {
	d := x.Shape().Dimensions
	return x.DType() == dtypes.BFloat16 && onOneCPU(x) && isAccelerated(x) && d[1]*d[2] <= smallMap
}

// onOneCPU reports whether XLA computes the graph of x on one CPU device.
func onOneCPU(x *Node) bool {
	return backendLabel() == "xla:cpu" && x.Graph().NumDevices() == 1
}
