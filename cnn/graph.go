package cnn

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// The files graph*.go hold everything that builds a GoMLX graph. Functions here
// report mistakes by panicking, as GoMLX's do; guard turns that into an error
// where they are called.

// forward builds the network on x [batch, height, width, channels] and returns
// each layer's output, and the weights with the moving statistics as updated by
// training. A nil rng means evaluation: dropout does nothing, and batches are
// normalised by the moving statistics. The outputs of some layers have the type of p; see
// graph_precision.go.
func forward(a Architecture, p Precision, weights []*Node, x, rng *Node) (outputs, moved []*Node) {
	outputs = make([]*Node, len(a.Layers))
	scaled := map[*Node]func() *Node{}
	for i, l := range a.Layers {
		f := forwarding{precision: p, rng: rng, place: i, frozen: a.IsFrozen(l.LayerName()), scaled: scaled}
		var own []*Node
		x, weights, own = f.layer(l, weights, x)
		moved = append(moved, own...)
		outputs[i] = x
	}
	return outputs, moved
}

// forwarding is what a layer's graph depends on beside the layer, its weights and its input.
type forwarding struct {
	precision Precision
	rng       *Node // nil in an evaluation
	place     int   // of the layer in its network
	frozen    bool
	scaled    map[*Node]func() *Node // values whose GELU an accelerated backend computes together with them
}

// layer builds a layer on x. weights begins with the layer's arrays: rest is what follows them, and moved the layer's with moving
// statistics as updated by training.
func (f forwarding) layer(layer Layer, weights []*Node, x *Node) (y *Node, rest, moved []*Node) {
	p := f.precision
	take := func(n int) []*Node {
		moved, weights = slices.Clone(weights[:n]), weights[n:]
		return moved
	}
	switch l := layer.(type) {
	case Conv2D:
		x = l.convolve(as(x, p.dtype()), as(weights[0], p.dtype()))
		return addBias(x, weights, l.NoBias)
	case Dense:
		x = float32s(product(as(x, p.dtype()), as(weights[0], p.dtype())))
		return addBias(x, weights, l.NoBias)
	case Residual:
		return f.residual(l, weights, x)
	case BatchNormalization:
		x, moved = f.normalize(l, x, take(l.arrays()))
	case WhiteningConv2D:
		moved = take(l.arrays())
		x = f.whiten(x, moved[0], moved[1])
	case LeakyReLU:
		x = float32s(x)
		x = Where(GreaterThan(x, ZerosLike(x)), x, MulScalar(x, l.alpha()))
	case GlobalAveragePooling2D:
		x = ReduceMean(float32s(x), 1, 2)
	case Activation:
		x = f.activate(l.Function, x)
	case MaxPooling2D:
		x = maxPool(x, l.Size)
	case Dropout:
		if f.rng != nil && l.Rate > 0 {
			x = dropout(x, f.rng, f.place, l.Rate)
		}
	case Flatten:
		x = Reshape(x, x.Shape().Dimensions[0], -1)
	case built:
		x = l.build(float32s(x), take(l.arrays()))
	default:
		panic(fmt.Errorf("layer %q: no graph for %s", layer.LayerName(), layer.Kind()))
	}
	return x, weights, moved
}

// addBias adds the bias, if there is one, and removes the layer's arrays from the
// list.
func addBias(x *Node, weights []*Node, without bool) (y *Node, rest, own []*Node) {
	if without {
		return x, weights[1:], weights[:1:1]
	}
	return biased(x, as(weights[1], x.DType())), weights[2:], weights[:2:2]
}

// logits returns the input of the final softmax: losses are computed from it for
// better precision.
func logits(outputs []*Node) *Node { return float32s(outputs[len(outputs)-2]) }

func (f forwarding) activate(function string, x *Node) *Node {
	if function == "gelu" {
		if together := f.scaled[x]; together != nil {
			return together()
		}
		if acceleratesAffine(x) {
			return geluOf(x, f.precision.dtype())
		}
	}
	return activate(function, x)
}

func activate(function string, x *Node) *Node {
	if function == "softmax" {
		return Softmax(float32s(x), -1)
	}
	if f := functions()[function]; f != nil {
		return f(float32s(x))
	}
	return relu(x)
}

// broadcastLast gives a vector leading axes of size 1, for adding it to the
// last axis of an array of that rank.
func broadcastLast(v *Node, rank int) *Node {
	dims := make([]int, rank)
	for i := range dims {
		dims[i] = 1
	}
	dims[rank-1] = v.Shape().Dimensions[0]
	return Reshape(v, dims...)
}

// batchImages gathers rows of the device's uint8 images, flips those that flips
// marks, if p asks for it, and moves each by its shift if shifts is not nil: uint8 [batch, height, width, channels].
func batchImages(images, indices, flips, shifts *Node, p Preprocess) *Node {
	x := Gather(images, InsertAxes(indices, -1))
	if p.Flip || p.AlternateFlip {
		mirror := Reshape(flips, flips.Shape().Dimensions[0], 1, 1, 1)
		x = Where(BroadcastToShape(mirror, shapes.Make(dtypes.Bool, x.Shape().Dimensions...)), Reverse(x, 2), x)
	}
	if shifts != nil {
		x = movedImages(x, shifts, p.Crop, p.CropZeros)
	}
	return x
}

// networkInput turns pixels into the network's input, float32 [batch, height, width, channels]: standardised, each image
// by its own moments or, if fixed is not nil, all by fixed, or as p asks for.
func networkInput(x *Node, p Preprocess, fixed *Moments) *Node {
	x = ConvertDType(x, dtypes.Float32)
	switch {
	case fixed != nil:
		return DivScalar(AddScalar(x, -fixed.Mean), fixed.Deviation+epsilonStandardize)
	case p.Pixels != nil:
		return p.Pixels.apply(x)
	case p.Raw:
		return MulScalar(x, 1.0/255)
	}
	return standardize(x)
}

// standardize subtracts each sample's mean and divides by its standard
// deviation; see [Standardize].
func standardize(x *Node) *Node {
	x = Sub(x, ReduceAndKeep(x, ReduceMean, 1, 2, 3))
	std := Sqrt(ReduceAndKeep(Square(x), ReduceMean, 1, 2, 3))
	return Div(x, AddScalar(std, epsilonStandardize))
}

// crossEntropy returns each sample's categorical cross-entropy in nats, [batch], for
// integer labels.
func crossEntropy(logits, labels *Node) *Node { return smoothedCrossEntropy(logits, labels, 0) }

// smoothedCrossEntropy is [crossEntropy] with labels smoothed as [Loss] describes.
func smoothedCrossEntropy(logits, labels *Node, smoothing float64) *Node {
	classes := logits.Shape().Dimensions[1]
	oneHot := OneHot(labels, classes, logits.DType())
	if smoothing > 0 {
		oneHot = AddScalar(MulScalar(oneHot, 1-smoothing), smoothing/float64(classes))
	}
	return Neg(ReduceSum(Mul(oneHot, LogSoftmax(logits, -1)), -1))
}

// correct is 1 if the largest logit is the label's, as float32 [batch].
func correct(logits, labels *Node) *Node {
	return ConvertDType(Equal(ArgMax(logits, -1, labels.DType()), labels), dtypes.Float32)
}
