package cnn

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// In bfloat16, convolutions multiply, and feature maps between them are stored, in bfloat16: convolutions with their bias,
// ReLU, max pooling and dropout. Dense layers multiply bfloat16 values and return float32. Batch normalisation and GELU compute in float32,
// and where an accelerated backend does so, store their feature maps in bfloat16. All other layers, the loss, and the weights with their
// gradients and updates are float32.

// dtype returns the type in which convolutions and dense layers multiply.
func (p Precision) dtype() dtypes.DType {
	if p == BFloat16 {
		return dtypes.BFloat16
	}
	return dtypes.Float32
}

// as returns x in that type.
func as(x *Node, t dtypes.DType) *Node {
	if x.DType() == t {
		return x
	}
	return ConvertDType(x, t)
}

// float32s returns x in float32.
func float32s(x *Node) *Node { return as(x, dtypes.Float32) }
