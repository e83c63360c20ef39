package cnn

import (
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// A sharded training computes a step in two graphs: shardStep for each shard of the batch, and updateStep once, with the sums
// of what the first returns.

// shardInputs is the number of inputs of a shard after the weights: images, labels, indices, flips and random state. The shifts
// follow if images are cropped.
const shardInputs = 5

// shardStep computes a shard's part of the sums. Inputs are the weights and the shardInputs. Outputs are what
// [summed] lists, all sums over the shard's images: of each image's gradients, of the moving statistics as the shard would
// leave them, of the losses and of correct predictions.
func shardStep(a Architecture, c Config, inputs []*Node) []*Node {
	specs, err := a.WeightSpecs()
	if err != nil {
		panic(err)
	}
	weights, rest := inputs[:len(specs)], inputs[len(specs):]
	images, labels, indices, mirror, rng := rest[0], rest[1], rest[2], rest[3], rest[4]
	var shifts *Node
	if c.Preprocess.Crop > 0 {
		shifts = rest[shardInputs]
	}
	x := networkInput(batchImages(images, indices, mirror, shifts, c.Preprocess), c.Preprocess, nil)
	y := Gather(labels, InsertAxes(indices, -1))
	outputs, moved := forward(a, c.Precision, weights, x, rng)
	z := logits(outputs)
	loss := ReduceAllSum(c.Loss.each(z, y))
	var trained, statistics []*Node
	for i, role := range a.roles(specs) {
		switch role {
		case roleTrained:
			trained = append(trained, weights[i])
		case roleStatistic:
			statistics = append(statistics, MulScalar(moved[i], float64(indices.Shape().Dimensions[0])))
		}
	}
	return slices.Concat(Gradient(loss, trained...), statistics, []*Node{loss, ReduceAllSum(correct(z, y))})
}

// shardShapes returns the shapes of a shard's inputs after the weights, for n images of one shape and a shard's size.
func shardShapes(n int, image Shape, size int, c Config) []shapes.Shape {
	all := stepShapes(n, image, size, stepOptions{crop: c.Preprocess.Crop > 0})
	return slices.Delete(all, shardInputs, stepInputs) // the rates
}

// updateStep updates weights and slots. Inputs are those of [trainStep] without images, labels and all that is drawn: weights and slots;
// the sums of [summed] but the last two; the number of images as float32; rate and step rate; and those of the stepOptions that an update has. Outputs are the updated weights and slots.
func updateStep(a Architecture, c Config, inputs []*Node) []*Node {
	has := stepOptionsOf(a, c).ofUpdate()
	specs, err := a.WeightSpecs()
	if err != nil {
		panic(err)
	}
	roles, sums := a.roles(specs), len(a.summed(specs))-stepFigures
	tail := inputs[len(inputs)-updateInputs-has.inputs()+stepInputs:]
	state := inputs[:len(inputs)-len(tail)-sums]
	summed := inputs[len(state) : len(state)+sums]
	images, rate, stepRate := tail[0], tail[1], tail[2]
	further := has.split(tail[updateInputs:])
	weights, slots := state[:len(specs)], state[len(specs):]
	var slow []*Node
	if has.lookahead {
		slots, slow = slots[:len(slots)-len(specs)], slots[len(slots)-len(specs):]
	}

	var trained, gradients []*Node
	var trainedSpecs []WeightSpec
	moved := slices.Clone(weights)
	for i, spec := range specs {
		if roles[i] != roleTrained {
			continue
		}
		trained, trainedSpecs = append(trained, weights[i]), append(trainedSpecs, spec)
		g := summed[len(gradients)]
		if !c.Loss.Sum {
			g = Div(g, images)
		}
		gradients = append(gradients, g)
	}
	statistics := summed[len(gradients):]
	gradients = c.Clip.clip(trainedSpecs, further.epoch, penalised(trainedSpecs, trained, gradients))
	next, newSlots := update(c.Optimizer, trainedSpecs, trained, gradients, slots, rate, stepRate, further.momentum)
	keepFrozen(trainedSpecs, further.epoch, trained, slots, next, newSlots)
	for i, role := range roles {
		switch role {
		case roleTrained:
			moved[i], next = next[0], next[1:]
		case roleStatistic:
			moved[i], statistics = Div(statistics[0], images), statistics[1:]
		}
	}
	if has.lookahead {
		moved, slow = lookAhead(moved, slow, further.lookahead)
	}
	return slices.Concat(moved, newSlots, slow)
}

// ofUpdate are the options of an update: what is done to the images belongs to the shards.
func (has stepOptions) ofUpdate() stepOptions {
	has.crop, has.cutout = false, false
	return has
}

// updateInputs is the number of inputs of an update after the sums: the number of images, rate and step rate.
const updateInputs = 3

// role is what a step does with an array of the weights.
type role int

const (
	roleFixed     role = iota // nothing: it is frozen, or a kernel that is not trained
	roleTrained               // the optimizer updates it
	roleStatistic             // a moving statistic of a batch normalisation, each shard's own
)

// roles returns the role of each array.
func (a Architecture) roles(specs []WeightSpec) []role {
	statistics := map[string]bool{}
	for _, l := range a.Layers {
		if n, ok := l.(BatchNormalization); ok && !a.IsFrozen(n.Name) {
			statistics[n.Name+"/moving_mean"], statistics[n.Name+"/moving_variance"] = true, true
		}
	}
	out := make([]role, len(specs))
	for i, s := range specs {
		switch {
		case !s.Moving:
			out[i] = roleTrained
		case statistics[s.Name]:
			out[i] = roleStatistic
		}
	}
	return out
}

// summed returns the shapes of what shards add up: the trained arrays' gradients, the moving statistics, the loss and
// the number of correct predictions.
func (a Architecture) summed(specs []WeightSpec) []shapes.Shape {
	var trained, statistics []shapes.Shape
	for i, role := range a.roles(specs) {
		shape := shapes.Make(dtypes.Float32, specs[i].Shape...)
		switch role {
		case roleTrained:
			trained = append(trained, shape)
		case roleStatistic:
			statistics = append(statistics, shape)
		}
	}
	figure := shapes.Make(dtypes.Float32)
	return slices.Concat(trained, statistics, []shapes.Shape{figure, figure})
}
