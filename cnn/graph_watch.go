package cnn

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// watched is what a step of training computes in any case, and a watched step returns as well.
type watched struct {
	outputs   []*Node // of each layer
	gradients []*Node // of each array that a gradient moves
	updated   []*Node // the same arrays as the optimizer leaves them, before a Lookahead
}

// watchedStep builds the same step as [trainStep], with further outputs: the gradients; with a Lookahead, the arrays after the
// optimizer's update; and for each ReLU the numbers of its dead units and channels, int32 [ReLUs, 2]; without ReLUs, that one is
// missing.
//
// The state has the same bits as that of trainStep: see TestTelemetryChangesNoBits. Norms and histograms are computed from the
// outputs, not here: sums of float32 over millions of weights are less precise on some backends.
func watchedStep(a Architecture, c Config, settled bool, inputs []*Node) []*Node {
	outputs, w := buildStep(a, c, settled, inputs)
	outputs = append(outputs, w.gradients...)
	if c.Lookahead != nil {
		outputs = append(outputs, w.updated...)
	}
	var dead []*Node
	for _, i := range a.relus() {
		dead = append(dead, deadUnits(w.outputs[i]))
	}
	if len(dead) > 0 {
		outputs = append(outputs, Stack(dead, 0))
	}
	return outputs
}

// deadUnits counts the units of a ReLU's output x [batch, …, channels] that are 0 for every image of the batch, and the channels
// that are so at every position: int32 [2].
//
// No output of a ReLU is below 0, so that a sum over the batch is 0 only if all its terms are. As a matrix multiplication that adds one
// percent to a step of the write-up's network; as a reduction over the batch it added a sixth.
func deadUnits(x *Node) *Node {
	n, channels := x.Shape().Dimensions[0], x.Shape().Dimensions[x.Rank()-1]
	ones := Ones(x.Graph(), shapes.Make(x.DType(), 1, n))
	units := float32s(Dot(ones, Reshape(x, n, -1)).Product())
	count := func(x *Node) *Node { return ReduceAllSum(ConvertDType(LessOrEqual(x, ZerosLike(x)), dtypes.Int32)) }
	return Stack([]*Node{count(units), count(ReduceMax(Reshape(units, -1, channels), 0))}, 0)
}
