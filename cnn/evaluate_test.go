package cnn

import (
	"errors"
	"testing"
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
