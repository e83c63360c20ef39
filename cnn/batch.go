package cnn

import (
	"hash/fnv"
	"math/rand/v2"

	"github.com/gomlx/gomlx/core/tensors"
)

// This file holds everything that chooses a batch: which images a step takes, in
// which order, which of them it flips, and the random state of its dropout.
//
// All randomness of a run is a function of its seed and of where in the run it
// is used, never of a generator that has to be saved: a run resumed at step n
// draws what an uninterrupted one draws at step n.
const (
	streamWeights uint64 = iota + 1
	streamShuffle
	streamFlip
	streamDropout
	streamNoise // of no run: what a rate search is compared with
	streamAlternate
	streamCrop
	streamCutout
)

// mix spreads two numbers over 64 bits (SplitMix64's finaliser; Steele, Lea and
// Flood 2014), so that neighbouring seeds and steps give unrelated streams.
func mix(a, b uint64) uint64 {
	z := a*0x9e3779b97f4a7c15 + b + 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func hashName(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s)) // never fails
	return h.Sum64()
}

// stream returns the generator for one purpose at one position.
func stream(seed, purpose, position uint64) *rand.Rand {
	return rand.New(rand.NewPCG(mix(seed, purpose), mix(purpose, position)))
}

// EpochOrder returns the order in which training visits n images in an epoch, counted
// from 0: a permutation of their indices, determined by seed and epoch.
func EpochOrder(seed uint64, epoch, n int) []int32 {
	order := make([]int32, n)
	for i := range order {
		order[i] = int32(i)
	}
	stream(seed, streamShuffle, uint64(epoch)).Shuffle(n, func(i, j int) { order[i], order[j] = order[j], order[i] })
	return order
}

// StepsPerEpoch returns the number of steps in an epoch of that many images with that
// batch size. A last, smaller batch counts too, as in Keras.
func StepsPerEpoch(images, batch int) int { return (images + batch - 1) / batch }

// batchOf returns batch k, counted from 0, of an epoch's order.
func batchOf(order []int32, k, batch int) []int32 {
	return order[k*batch : min(len(order), (k+1)*batch)]
}

// batchesOf returns a function that gives the indices of a step's batch, in the
// shuffled epochs that training uses.
func batchesOf(config Config, n int) func(step int) []int32 {
	perEpoch := config.stepsPerEpoch(n)
	epoch, order := -1, []int32(nil)
	return func(step int) []int32 {
		if step/perEpoch != epoch {
			epoch = step / perEpoch
			order = EpochOrder(config.Seed, epoch, n)
		}
		return batchOf(order, step%perEpoch, config.Batch)
	}
}

// flips reports for each image of a step's batch whether it is flipped.
func flips(seed uint64, step, n int) []bool {
	rng := stream(seed, streamFlip, uint64(step))
	out := make([]bool, n)
	for i := range out {
		out[i] = rng.Uint64()&1 == 1
	}
	return out
}

// alternateFlips reports for each image of an epoch's batch whether [Preprocess.AlternateFlip] flips it: half of
// the images, chosen by the seed, in even epochs, the others in odd ones.
func alternateFlips(seed uint64, epoch int, indices []int32) []bool {
	key := mix(seed, streamAlternate)
	out := make([]bool, len(indices))
	for i, image := range indices {
		out[i] = (mix(key, uint64(image))^uint64(epoch))&1 == 1
	}
	return out
}

// cropShifts returns by how many rows and columns the crop of each image of a step's batch is moved, from −crop to crop: two
// numbers for each.
func cropShifts(seed uint64, step, n, crop int) []int32 {
	rng := stream(seed, streamCrop, uint64(step))
	out := make([]int32, 2*n)
	for i := range out {
		out[i] = int32(rng.IntN(2*crop+1) - crop)
	}
	return out
}

// cutoutMiddles returns two numbers for each image of a step's batch, from 0 to the greatest int32. Their remainders by the image's
// height and width are the row and column of the middle of the square that is cut out.
func cutoutMiddles(seed uint64, step, n int) []int32 {
	rng := stream(seed, streamCutout, uint64(step))
	out := make([]int32, 2*n)
	for i := range out {
		out[i] = rng.Int32()
	}
	return out
}

// EvaluationFlips reports for each of n images whether [Config.FlipEvaluation] flips
// it in the validation after an epoch, counted from 0, of a run with that seed.
func EvaluationFlips(seed uint64, epoch, n int) []bool {
	return flips(mix(seed, streamFlip), epoch, n)
}

// dropoutState is the key with which a step's dropout masks are hashed: see randomBits.
func dropoutState(seed uint64, step int) []uint64 {
	key := mix(seed, streamDropout)
	return []uint64{mix(key, uint64(step)), mix(key, ^uint64(step))}
}

// stepRequest holds what changes from one training step to the next.
type stepRequest struct {
	step     int     // counted from 0
	exact    float64 // the rate, before it is rounded
	indices  []int32
	flips    []bool
	rng      []uint64
	rate     float32
	stepRate float32
	// Of some trainings only: see stepOptions.
	shifts    []int32 // two for each image
	middles   []int32 // of cut-out squares: two for each image
	epoch     int32   // counted from 0
	lookahead float32 // the decay of the slow weights; below 0: they stay as they are
	ema       float32 // the decay of the averages
	momentum  float32 // in place of the optimizer's
}

// newStepRequest makes the request for a step, counted from 0, of a training on n images. Seed and step
// determine all randomness in it.
func newStepRequest(config Config, n, step int, rate float64, indices []int32) stepRequest {
	epoch := 0
	if config.Batch > 0 && config.stepsPerEpoch(n) > 0 {
		epoch = step / config.stepsPerEpoch(n)
	}
	r := stepRequest{
		step: step, exact: rate,
		indices:   indices,
		rng:       dropoutState(config.Seed, step),
		rate:      float32(rate),
		stepRate:  float32(config.Optimizer.stepRate(rate, step+1)),
		epoch:     int32(epoch),
		lookahead: float32(config.Lookahead.decay(step + 1)),
		ema:       float32(config.EMA.decay(step)),
	}
	if cycle, moves := config.momentumCycle(); moves {
		r.momentum = float32(cycle.Momentum(step))
	}
	if config.Preprocess.AlternateFlip {
		r.flips = alternateFlips(config.Seed, epoch, indices)
	} else {
		r.flips = flips(config.Seed, step, len(indices))
	}
	if crop := config.Preprocess.Crop; crop > 0 {
		r.shifts = cropShifts(config.Seed, step, len(indices), crop)
	}
	if config.Preprocess.Cutout > 0 {
		r.middles = cutoutMiddles(config.Seed, step, len(indices))
	}
	return r
}

// optional returns the inputs of a step that only these options have, for one of several devices.
func (r stepRequest) optional(has stepOptions, d, devices int) (out []any) {
	if has.crop {
		out = append(out, shiftsTensor(part(r.shifts, d, devices)))
	}
	if has.cutout {
		out = append(out, shiftsTensor(part(r.middles, d, devices)))
	}
	if has.epochs > 0 {
		out = append(out, r.epoch)
	}
	if has.lookahead {
		out = append(out, r.lookahead)
	}
	if has.ema {
		out = append(out, r.ema)
	}
	if has.momentum {
		out = append(out, r.momentum)
	}
	return out
}

// shiftsTensor is [images, 2].
func shiftsTensor(shifts []int32) *tensors.Tensor {
	return tensors.FromFlatDataAndDimensions(shifts, len(shifts)/2, 2)
}
