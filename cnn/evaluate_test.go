package cnn

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
)

// Validation during training flips the images that EvaluationFlips states.
func TestEvaluationFlipsAreThoseOfTraining(t *testing.T) {
	spec := tinySpec(t)
	spec.Config.FlipEvaluation = true
	r := trainTiny(t, t.TempDir(), spec)
	last := r.History.Epochs[len(r.History.Epochs)-1]
	how := Evaluation{Flips: EvaluationFlips(spec.Config.Seed, last.Epoch-1, spec.Valid.Len())}
	result, err := r.EvaluateWith(t.Context(), spec.Valid, how)
	if err != nil {
		t.Fatal(err)
	}
	if result.Loss != last.ValidLoss || result.Accuracy != last.ValidAccuracy {
		t.Errorf("loss %g and accuracy %g, in training they were %g and %g", result.Loss, result.Accuracy, last.ValidLoss, last.ValidAccuracy)
	}
	how.Flips = how.Flips[1:]
	if _, err := r.EvaluateWith(t.Context(), spec.Valid, how); !errors.Is(err, ErrConfig) {
		t.Errorf("a flip too few: %v, expected ErrConfig", err)
	}
}

// Batches that are evaluated at the same time give the bits of one after the other, in order; what is stopped waits for those that run.
func TestBatchesAtOnce(t *testing.T) {
	spec := tinySpec(t)
	spec.Network = WriteUp()
	r := trainTiny(t, t.TempDir(), spec)
	e, err := r.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, test := cifar.Drawn(1, 10, 2203)
	data, err := e.send(test, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer data.free()
	want := &scores{}
	for start := 0; start < data.n; start += evalBatch {
		b := <-e.begin(data, start, nil)
		count := min(evalBatch, data.n-start)
		want.probabilities, want.losses = append(want.probabilities, b.probabilities[:count*10]...), append(want.losses, b.losses[:count]...)
	}
	var seen []int
	got, err := score(t.Context(), e, data, nil, func(done, _ int) { seen = append(seen, done) })
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.probabilities, want.probabilities) || !slices.Equal(got.losses, want.losses) {
		t.Error("the batches together give other scores than one by one")
	}
	if !slices.Equal(seen, []int{500, 1000, 1500, 2000, 2203}) {
		t.Errorf("reports %v", seen)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := score(ctx, e, data, nil, func(int, int) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped after the first batch: %v", err)
	}
}
