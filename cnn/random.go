package cnn

import (
	"hash/fnv"
	"math/rand/v2"
)

// All randomness of a run is a function of its seed and of where in the run it
// is used, never of a generator that has to be saved: a run resumed at step n
// draws what an uninterrupted one draws at step n.
const (
	streamWeights uint64 = iota + 1
	streamShuffle
	streamFlip
	streamDropout
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

// stream is the generator for one purpose at one position.
func stream(seed, purpose, position uint64) *rand.Rand {
	return rand.New(rand.NewPCG(mix(seed, purpose), mix(purpose, position)))
}

// epochOrder is the order in which epoch (from 0) visits n images: a
// permutation, new for each epoch.
func epochOrder(seed uint64, epoch, n int) []int32 {
	order := make([]int32, n)
	for i := range order {
		order[i] = int32(i)
	}
	stream(seed, streamShuffle, uint64(epoch)).Shuffle(n, func(i, j int) { order[i], order[j] = order[j], order[i] })
	return order
}

// stepsPerEpoch counts the last, smaller batch too, as Keras does.
func stepsPerEpoch(images, batch int) int { return (images + batch - 1) / batch }

// batchOf is batch k, from 0, of an epoch's order.
func batchOf(order []int32, k, batch int) []int32 {
	return order[k*batch : min(len(order), (k+1)*batch)]
}

// flips says for each image of a step's batch whether it is mirrored.
func flips(seed uint64, step, n int) []bool {
	rng := stream(seed, streamFlip, uint64(step))
	out := make([]bool, n)
	for i := range out {
		out[i] = rng.Uint64()&1 == 1
	}
	return out
}

// dropoutState seeds the backend's counter-based generator for one step.
func dropoutState(seed uint64, step int) []uint64 {
	key := mix(seed, streamDropout)
	return []uint64{mix(key, uint64(step)), mix(key, ^uint64(step)), 0}
}
