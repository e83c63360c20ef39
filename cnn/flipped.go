package cnn

import (
	"context"
	"fmt"

	"github.com/cnnbook/cnnbook/cifar"
)

// EvaluateFlipped is the write-up's evaluation, kept to show what it does: every
// image is mirrored or not by the toss of a coin, as Keras's generator for
// training does, instead of being shown as it is. The seed decides the tosses, so
// that the figures of several seeds tell how much they owe to them. For all
// else see [Run.Evaluate].
func (r *Run) EvaluateFlipped(ctx context.Context, d *cifar.Dataset, seed uint64) (*Result, error) {
	if d == nil || d.Len() == 0 {
		return nil, fmt.Errorf("%w: no images to evaluate", ErrConfig)
	}
	if err := r.Network.Classifier(len(d.Names)); err != nil {
		return nil, err
	}
	e, err := r.open()
	if err != nil {
		return nil, err
	}
	data, err := upload(e.backend, d)
	if err != nil {
		return nil, err
	}
	defer data.free()
	mirror := func(n int) []bool { return flips(mix(seed, streamFlip), 0, n) }
	s, err := score(ctx, e, data, mirror, nil)
	if err != nil {
		return nil, err
	}
	return s.result(d), nil
}
