package cnn

import (
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// stepInputs is the number of inputs of a training step after the state: images,
// labels, indices, flips, random state, rate and step rate.
const stepInputs = 7

// stepShapes returns the shapes of the stepInputs, for n images of one shape and a batch size.
func stepShapes(n int, image Shape, batch int) []shapes.Shape {
	return []shapes.Shape{
		shapes.Make(dtypes.Uint8, append([]int{n}, image...)...),
		shapes.Make(dtypes.Int32, n),
		shapes.Make(dtypes.Int32, batch),
		shapes.Make(dtypes.Bool, batch),
		shapes.Make(dtypes.Uint64, len(dropoutState(0, 0))),
		shapes.Make(dtypes.Float32),
		shapes.Make(dtypes.Float32),
	}
}

// stepFigures is the number of outputs of a training step after the state: the loss
// and the number of correct predictions.
const stepFigures = 2

// trainStep builds one step of training. Inputs are the weights, the
// optimizer's slots (all arrays of the first slot, then of the second; moving
// statistics have none), and the stepInputs. Outputs are the updated weights and slots, then the mean
// loss and the number of correct predictions of the batch, both before the
// update and with dropout, as Keras reports them.
func trainStep(a Architecture, c Config, inputs []*Node) []*Node {
	state, rest := inputs[:len(inputs)-stepInputs], inputs[len(inputs)-stepInputs:]
	images, labels, indices, mirror, rng, rate, stepRate := rest[0], rest[1], rest[2], rest[3], rest[4], rest[5], rest[6]
	specs, err := a.WeightSpecs()
	if err != nil {
		panic(err)
	}
	weights, slots := state[:len(specs)], state[len(specs):]

	x := batchImages(images, indices, mirror, c.Preprocess, nil)
	y := Gather(labels, InsertAxes(indices, -1))
	outputs, moved := forward(a, c.Precision, weights, x, rng)
	z := logits(outputs)
	loss := ReduceAllMean(crossEntropy(z, y))
	var trained []*Node
	for i, spec := range specs {
		if !spec.Moving {
			trained = append(trained, weights[i])
		}
	}
	next, slots := update(c.Optimizer, trained, Gradient(loss, trained...), slots, rate, stepRate)
	for i, spec := range specs {
		if !spec.Moving {
			moved[i], next = next[0], next[1:]
		}
	}
	return slices.Concat(moved, slots, []*Node{loss, ReduceAllSum(correct(z, y))})
}

// evalStep builds the evaluation of one batch: inputs are the weights, images,
// labels, indices and flips; outputs the probabilities [batch, classes] and
// each sample's loss [batch]. fixed is as in [batchImages].
func evalStep(a Architecture, c Config, fixed *Moments, inputs []*Node) []*Node {
	count := len(inputs) - 4
	weights, images, labels, indices, mirror := inputs[:count], inputs[count], inputs[count+1], inputs[count+2], inputs[count+3]
	x := batchImages(images, indices, mirror, c.Preprocess, fixed)
	y := Gather(labels, InsertAxes(indices, -1))
	outputs, _ := forward(a, c.Precision, weights, x, nil)
	return []*Node{outputs[len(outputs)-1], crossEntropy(logits(outputs), y)}
}
