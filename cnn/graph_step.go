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
func stepShapes(n int, image Shape, batch int, has stepOptions) []shapes.Shape {
	all := []shapes.Shape{
		shapes.Make(dtypes.Uint8, append([]int{n}, image...)...),
		shapes.Make(dtypes.Int32, n),
		shapes.Make(dtypes.Int32, batch),
		shapes.Make(dtypes.Bool, batch),
		shapes.Make(dtypes.Uint64, len(dropoutState(0, 0))),
		shapes.Make(dtypes.Float32),
		shapes.Make(dtypes.Float32),
	}
	if has.crop {
		all = append(all, shapes.Make(dtypes.Int32, batch, 2))
	}
	if has.epoch {
		all = append(all, shapes.Make(dtypes.Int32))
	}
	if has.lookahead {
		all = append(all, shapes.Make(dtypes.Float32))
	}
	return all
}

// stepOptions are the further inputs of a training step, after the stepInputs and in this order. Most trainings have none.
type stepOptions struct {
	crop      bool // the shift of each image
	epoch     bool // the epoch, for weights that are trained in the first ones only
	lookahead bool // the decay of the slow weights in this step
}

func stepOptionsOf(a Architecture, c Config) stepOptions {
	specs, err := a.WeightSpecs()
	if err != nil {
		panic(err)
	}
	return stepOptions{
		crop:      c.Preprocess.Crop > 0,
		epoch:     slices.ContainsFunc(specs, func(s WeightSpec) bool { return s.Epochs > 0 }),
		lookahead: c.Lookahead != nil,
	}
}

// inputs returns the number of all inputs of a step after the state.
func (has stepOptions) inputs() int {
	n := stepInputs
	for _, one := range []bool{has.crop, has.epoch, has.lookahead} {
		if one {
			n++
		}
	}
	return n
}

// split gives the further inputs their names; those that a training does not have are nil.
func (has stepOptions) split(inputs []*Node) (shifts, epoch, decay *Node) {
	next := func(has bool) (n *Node) {
		if has {
			n, inputs = inputs[0], inputs[1:]
		}
		return n
	}
	return next(has.crop), next(has.epoch), next(has.lookahead)
}

// stepFigures is the number of outputs of a training step after the state: the loss
// and the number of correct predictions.
const stepFigures = 2

// trainStep builds one step of training. Inputs are the weights, the
// slots (all arrays of the optimizer's first slot, then of the second; moving
// statistics have none; then the slow weights of a [Lookahead]), the stepInputs and those of the stepOptions. Outputs are the
// updated weights and slots, then the mean
// loss and the number of correct predictions of the batch, both before the
// update and with dropout, as Keras reports them.
func trainStep(a Architecture, c Config, inputs []*Node) []*Node {
	outputs, _ := buildStep(a, c, inputs)
	return outputs
}

// buildStep is [trainStep], and what a watched step looks at.
func buildStep(a Architecture, c Config, inputs []*Node) ([]*Node, watched) {
	has := stepOptionsOf(a, c)
	state, rest := inputs[:len(inputs)-has.inputs()], inputs[len(inputs)-has.inputs():]
	images, labels, indices, mirror, rng, rate, stepRate := rest[0], rest[1], rest[2], rest[3], rest[4], rest[5], rest[6]
	shifts, epoch, decay := has.split(rest[stepInputs:])
	specs, err := a.WeightSpecs()
	if err != nil {
		panic(err)
	}
	weights, slots := state[:len(specs)], state[len(specs):]
	var slow []*Node
	if has.lookahead {
		slots, slow = slots[:len(slots)-len(specs)], slots[len(slots)-len(specs):]
	}

	x := networkInput(batchImages(images, indices, mirror, shifts, c.Preprocess), c.Preprocess, nil)
	y := Gather(labels, InsertAxes(indices, -1))
	outputs, moved := forward(a, c.Precision, weights, x, rng)
	z := logits(outputs)
	loss, objective := c.Loss.build(z, y)
	var trained []*Node
	var trainedSpecs []WeightSpec
	for i, spec := range specs {
		if !spec.Moving {
			trained, trainedSpecs = append(trained, weights[i]), append(trainedSpecs, spec)
		}
	}
	w := watched{outputs: outputs, gradients: penalised(trainedSpecs, trained, Gradient(objective, trained...))}
	next, newSlots := update(c.Optimizer, trainedSpecs, trained, w.gradients, slots, rate, stepRate)
	keepFrozen(trainedSpecs, epoch, trained, slots, next, newSlots)
	w.updated = next
	for i, spec := range specs {
		if !spec.Moving {
			moved[i], next = next[0], next[1:]
		}
	}
	if has.lookahead {
		moved, slow = lookAhead(moved, slow, decay)
	}
	return slices.Concat(moved, newSlots, slow, []*Node{loss, ReduceAllSum(correct(z, y))}), w
}

// keepFrozen takes back the update of the weights, and of their slots, that are not trained in this epoch.
func keepFrozen(specs []WeightSpec, epoch *Node, weights, slots, newWeights, newSlots []*Node) {
	for i, spec := range specs {
		if spec.Epochs == 0 {
			continue
		}
		trains := LessThan(epoch, Scalar(epoch.Graph(), epoch.DType(), spec.Epochs))
		newWeights[i] = Where(trains, newWeights[i], weights[i])
		for s := i; s < len(slots); s += len(specs) {
			newSlots[s] = Where(trains, newSlots[s], slots[s])
		}
	}
}

// build returns the mean loss that is reported, and what the gradient is taken of.
func (l Loss) build(logits, labels *Node) (mean, objective *Node) {
	losses := smoothedCrossEntropy(logits, labels, l.Smoothing)
	if l.ClassWeights != nil {
		weights := make([]float32, len(l.ClassWeights))
		for i, w := range l.ClassWeights {
			weights[i] = float32(w)
		}
		losses = Mul(losses, Gather(Const(logits.Graph(), weights), InsertAxes(labels, -1)))
	}
	mean = ReduceAllMean(losses)
	if l.Sum {
		return mean, ReduceAllSum(losses)
	}
	return mean, mean
}

// lookAhead moves the slow weights to the weights and sets the weights to them, unless decay is below 0: see [Lookahead].
func lookAhead(weights, slow []*Node, decay *Node) (newWeights, newSlow []*Node) {
	now := GreaterOrEqual(decay, ScalarZero(decay.Graph(), decay.DType()))
	for i, w := range weights {
		moved := Where(now, Add(slow[i], Mul(OneMinus(decay), Sub(w, slow[i]))), slow[i])
		newSlow = append(newSlow, moved)
		newWeights = append(newWeights, Where(now, moved, w))
	}
	return newWeights, newSlow
}

// evalStep builds the evaluation of one batch: inputs are the weights, images,
// labels, indices and flips; outputs the probabilities [batch, classes] and
// each sample's loss [batch]. fixed is as in [networkInput]. With views, the logits are the weighted sum of those of each view.
func evalStep(a Architecture, c Config, fixed *Moments, views []View, inputs []*Node) []*Node {
	count := len(inputs) - 4
	weights, images, labels, indices, mirror := inputs[:count], inputs[count], inputs[count+1], inputs[count+2], inputs[count+3]
	x := batchImages(images, indices, mirror, nil, c.Preprocess)
	y := Gather(labels, InsertAxes(indices, -1))
	if views == nil {
		outputs, _ := forward(a, c.Precision, weights, networkInput(x, c.Preprocess, fixed), nil)
		return []*Node{outputs[len(outputs)-1], crossEntropy(logits(outputs), y)}
	}
	var sum *Node
	for _, v := range views {
		outputs, _ := forward(a, c.Precision, weights, networkInput(v.of(x), c.Preprocess, fixed), nil)
		z := MulScalar(logits(outputs), v.Weight)
		if sum == nil {
			sum = z
		} else {
			sum = Add(sum, z)
		}
	}
	return []*Node{Softmax(sum, -1), crossEntropy(sum, y)}
}
