package cnn

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// rounded returns the weights with the kernels, which have more than one axis, in that
// precision: a layer multiplies in its kernel's precision.
func rounded(weights []*Node, p Precision) []*Node {
	if p == Float32 {
		return weights
	}
	out := make([]*Node, len(weights))
	for i, w := range weights {
		if out[i] = w; w.Rank() > 1 {
			out[i] = ConvertDType(w, dtypes.BFloat16)
		}
	}
	return out
}

// multiplied multiplies x by a kernel with the given function, in the kernel's
// precision, and returns the result in the precision of x.
func multiplied(x, kernel *Node, product func(x, kernel *Node) *Node) *Node {
	if x.DType() == kernel.DType() {
		return product(x, kernel)
	}
	return ConvertDType(product(ConvertDType(x, kernel.DType()), kernel), x.DType())
}
