package cnn

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// examineStep builds the forward pass of a training step, including dropout,
// and counts for each layer the values of its output that are not finite. Inputs
// are the weights, images, indices, flips, random state and, if images are cropped or squares cut out of them, shifts and
// middles; the output is int32 [layers].
func examineStep(a Architecture, c Config, inputs []*Node) *Node {
	var shifts, middles *Node
	if c.Preprocess.Cutout > 0 {
		middles, inputs = inputs[len(inputs)-1], inputs[:len(inputs)-1]
	}
	if c.Preprocess.Crop > 0 {
		shifts, inputs = inputs[len(inputs)-1], inputs[:len(inputs)-1]
	}
	count := len(inputs) - 4
	weights, images, indices, mirror, rng := inputs[:count], inputs[count], inputs[count+1], inputs[count+2], inputs[count+3]
	x := networkInput(batchImages(images, indices, mirror, shifts, c.Preprocess), c.Preprocess, nil)
	x = cutOut(x, middles, c.Preprocess.Cutout)
	outputs, _ := forward(a, c.Precision, weights, x, rng)
	for i, x := range outputs {
		outputs[i] = ReduceAllSum(ConvertDType(LogicalNot(IsFinite(x)), dtypes.Int32))
	}
	return Stack(outputs, 0)
}
