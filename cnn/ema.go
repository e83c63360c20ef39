package cnn

import (
	"cmp"

	. "github.com/gomlx/gomlx/core/graph"
)

// EMA averages the weights over the steps of a training, with an exponential decay (Polyak and Juditsky 1992; the moving average of
// Keras's optimizers, use_ema):
//
//	average ← Decay·average + (1−Decay)·weights
//
// after every step; the first step sets the average to the weights. Steps go on from the weights, and everything else sees the
// average: validation, evaluation, exports, and a run that starts from this one. The moving statistics of batch normalisations are
// averages already, and are not averaged again, as in Keras.
//
// An average over 1/(1−Decay) steps lags behind by about as many: choose a Decay that makes them a small part of the training.
type EMA struct {
	Decay float64 `json:"decay,omitempty"` // 0 is 0.99
}

func (e *EMA) validate() error {
	if e == nil {
		return nil
	}
	return fraction("decay", e.Decay)
}

// decay returns the decay of a step, counted from 0.
func (e *EMA) decay(step int) float64 {
	if e == nil || step == 0 {
		return 0
	}
	return cmp.Or(e.Decay, 0.99)
}

// slots returns the arrays from which steps go on, as the weights themselves are the averages, or nothing without an EMA.
func (e *EMA) slots(trained Weights) Weights {
	if e == nil {
		return nil
	}
	steps := trained.Clone()
	for i := range steps {
		steps[i].Name += "/stepping"
	}
	return steps
}

// arrays returns the number of these arrays.
func (e *EMA) arrays(specs []WeightSpec) (n int) {
	for _, s := range specs {
		if e != nil && !s.Moving {
			n++
		}
	}
	return n
}

// stepping returns the weights from which a step goes on, out of the state of one device: weights, then slots.
func stepping[T any](c Config, specs []WeightSpec, state []T) []T {
	weights := append([]T(nil), state[:len(specs)]...)
	own := state[len(state)-c.EMA.arrays(specs):]
	if c.EMA == nil {
		return weights
	}
	for i, s := range specs {
		if !s.Moving {
			weights[i], own = own[0], own[1:]
		}
	}
	return weights
}

// averaged builds the new averages: weights are those after the step.
func averaged(specs []WeightSpec, averages, weights []*Node, decay *Node) []*Node {
	out := append([]*Node(nil), weights...)
	for i, s := range specs {
		if !s.Moving {
			out[i] = Add(Mul(decay, averages[i]), Mul(OneMinus(decay), weights[i]))
		}
	}
	return out
}
