package cnn

import (
	"context"

	"github.com/cnnbook/cnnbook/cifar"
)

// EvaluateFlipped is the write-up's evaluation, kept to show what it does: every
// image is mirrored or not by the toss of a coin, as Keras's generator for
// training does, instead of being shown as it is. The seed decides the tosses, so
// that the figures of several seeds tell how much they owe to them. For all
// else see [Run.Evaluate].
func (r *Run) EvaluateFlipped(ctx context.Context, d *cifar.Dataset, seed uint64) (*Result, error) {
	mirror := func(n int) []bool { return flips(mix(seed, streamFlip), 0, n) }
	return r.evaluate(d, func(e *engine, data *deviceData) (*scores, error) {
		return score(ctx, e, data, mirror, nil)
	})
}
