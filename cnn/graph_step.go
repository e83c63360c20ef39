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
	if has.cutout {
		all = append(all, shapes.Make(dtypes.Int32, batch, 2))
	}
	if has.epochs > 0 {
		all = append(all, shapes.Make(dtypes.Int32))
	}
	for _, one := range []bool{has.lookahead, has.ema, has.momentum} {
		if one {
			all = append(all, shapes.Make(dtypes.Float32))
		}
	}
	return all
}

// stepOptions are the further inputs of a training step, after the stepInputs and in this order. Most trainings have none.
type stepOptions struct {
	crop      bool // the shift of each image
	cutout    bool // the middle of the square that is cut out of each image
	epochs    int  // the epoch, for arrays that are trained in so many first ones at most; 0: there are none
	lookahead bool // the decay of the slow weights in this step
	ema       bool // the decay of the averaged weights in this step
	momentum  bool // the optimizer's momentum in this step
}

func stepOptionsOf(a Architecture, c Config) stepOptions {
	specs, err := a.WeightSpecs()
	if err != nil {
		panic(err)
	}
	_, moves := c.momentumCycle()
	return stepOptions{
		crop:      c.Preprocess.Crop > 0,
		cutout:    c.Preprocess.Cutout > 0,
		epochs:    firstEpochs(specs),
		lookahead: c.Lookahead != nil,
		ema:       c.EMA != nil,
		momentum:  moves,
	}
}

// inputs returns the number of all inputs of a step after the state.
func (has stepOptions) inputs() int {
	n := stepInputs
	for _, one := range []bool{has.crop, has.cutout, has.epochs > 0, has.lookahead, has.ema, has.momentum} {
		if one {
			n++
		}
	}
	return n
}

// stepFurther holds the inputs of the stepOptions; those that a training does not have are nil.
type stepFurther struct{ shifts, middles, epoch, lookahead, ema, momentum *Node }

// split gives the further inputs their names.
func (has stepOptions) split(inputs []*Node) stepFurther {
	next := func(has bool) (n *Node) {
		if has {
			n, inputs = inputs[0], inputs[1:]
		}
		return n
	}
	return stepFurther{shifts: next(has.crop), middles: next(has.cutout), epoch: next(has.epochs > 0), lookahead: next(has.lookahead), ema: next(has.ema), momentum: next(has.momentum)}
}

// stepFigures is the number of outputs of a training step after the state: the loss
// and the number of correct predictions.
const stepFigures = 2

// trainStep builds one step of training. Inputs are the weights, the
// slots (all arrays of the optimizer's first slot, then of the second; moving
// statistics have none; then the slow weights of a [Lookahead], or the stepping ones of an [EMA]), the stepInputs and those of the stepOptions. Outputs are the
// updated weights and slots, then the mean
// loss and the number of correct predictions of the batch, both before the
// update and with dropout, as Keras reports them.
//
// A settled step is one of an epoch in which no array is trained any more that is trained in the first epochs only: they need no
// gradients.
func trainStep(a Architecture, c Config, settled bool, inputs []*Node) []*Node {
	outputs, _ := buildStep(a, c, settled, inputs)
	return outputs
}

// buildStep is [trainStep], and what a watched step looks at.
func buildStep(a Architecture, c Config, settled bool, inputs []*Node) ([]*Node, watched) {
	has := stepOptionsOf(a, c)
	state, rest := inputs[:len(inputs)-has.inputs()], inputs[len(inputs)-has.inputs():]
	images, labels, indices, mirror, rng, rate, stepRate := rest[0], rest[1], rest[2], rest[3], rest[4], rest[5], rest[6]
	further := has.split(rest[stepInputs:])
	specs, err := a.WeightSpecs()
	if err != nil {
		panic(err)
	}
	averages, slots := state[:len(specs)], state[len(specs):]
	weights := stepping(c, specs, state)
	slots = slots[:len(slots)-c.EMA.arrays(specs)]
	var slow []*Node
	if has.lookahead {
		slots, slow = slots[:len(slots)-len(specs)], slots[len(slots)-len(specs):]
	}

	x := networkInput(batchImages(images, indices, mirror, further.shifts, c.Preprocess), c.Preprocess, nil)
	x = cutOut(x, further.middles, c.Preprocess.Cutout)
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
	w := watched{outputs: outputs, gradients: penalised(trainedSpecs, trained, gradientsOf(objective, trainedSpecs, trained, settled))}
	gradients := c.Clip.clip(trainedSpecs, further.epoch, slices.Clone(w.gradients))
	next, newSlots := update(c.Optimizer, trainedSpecs, trained, gradients, slots, rate, stepRate, further.momentum)
	keepFrozen(trainedSpecs, further.epoch, trained, slots, next, newSlots)
	w.updated = next
	stepped := next
	for i, spec := range specs {
		if !spec.Moving {
			moved[i], next = next[0], next[1:]
		}
	}
	if has.lookahead {
		moved, slow = lookAhead(moved, slow, further.lookahead)
	}
	if has.ema {
		moved, slow = averaged(specs, averages, moved, further.ema), stepped
	}
	return slices.Concat(moved, newSlots, slow, []*Node{loss, ReduceAllSum(correct(z, y))}), w
}

// gradientsOf returns the gradients of the trained arrays; of those that have settled, zeros.
func gradientsOf(objective *Node, specs []WeightSpec, trained []*Node, settled bool) []*Node {
	var moving []*Node
	for i, w := range trained {
		if !settled || specs[i].Epochs == 0 {
			moving = append(moving, w)
		}
	}
	of := map[*Node]*Node{}
	for i, g := range Gradient(objective, moving...) {
		of[moving[i]] = g
	}
	gradients := make([]*Node, len(trained))
	for i, w := range trained {
		if gradients[i] = of[w]; gradients[i] == nil {
			gradients[i] = ZerosLike(w)
		}
	}
	return gradients
}

// firstEpochs is the number of epochs after which no array is trained any more that is trained in the first ones only.
func firstEpochs(specs []WeightSpec) (last int) {
	for _, s := range specs {
		last = max(last, s.Epochs)
	}
	return last
}

// settled is whether a step of that epoch, counted from 0, is a settled one: see [trainStep].
func (has stepOptions) settled(epoch int) bool { return has.epochs > 0 && epoch >= has.epochs }

// trainsNow is whether a step updates an array that is trained in the first epochs only.
func trainsNow(spec WeightSpec, epoch *Node) *Node {
	return LessThan(epoch, Scalar(epoch.Graph(), epoch.DType(), spec.Epochs))
}

// keepFrozen takes back the update of the weights, and of their slots, that are not trained in this epoch.
func keepFrozen(specs []WeightSpec, epoch *Node, weights, slots, newWeights, newSlots []*Node) {
	for i, spec := range specs {
		if spec.Epochs == 0 {
			continue
		}
		trains := trainsNow(spec, epoch)
		newWeights[i] = Where(trains, newWeights[i], weights[i])
		for s := i; s < len(slots); s += len(specs) {
			newSlots[s] = Where(trains, newSlots[s], slots[s])
		}
	}
}

// build returns the mean loss that is reported, and what the gradient is taken of.
func (l Loss) build(logits, labels *Node) (mean, objective *Node) {
	losses := l.each(logits, labels)
	mean = ReduceAllMean(losses)
	if l.Sum {
		return mean, ReduceAllSum(losses)
	}
	return mean, mean
}

// each returns the loss of each image, [batch].
func (l Loss) each(logits, labels *Node) *Node {
	losses := smoothedCrossEntropy(logits, labels, l.Smoothing)
	if l.ClassWeights != nil {
		weights := make([]float32, len(l.ClassWeights))
		for i, w := range l.ClassWeights {
			weights[i] = float32(w)
		}
		losses = Mul(losses, Gather(Const(logits.Graph(), weights), InsertAxes(labels, -1)))
	}
	return losses
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
