package cnn

import (
	"context"
	"errors"
	"slices"
	"testing"
)

func TestEvaluateFlippedDependsOnItsSeedOnly(t *testing.T) {
	spec := tinySpec(t)
	r := trainTiny(t, t.TempDir(), spec)
	plain, err := r.Evaluate(t.Context(), spec.Valid, nil)
	if err != nil {
		t.Fatal(err)
	}
	losses := func(seed uint64) []float64 {
		t.Helper()
		result, err := r.EvaluateFlipped(t.Context(), spec.Valid, seed)
		if err != nil {
			t.Fatal(err)
		}
		return result.Losses
	}
	first := losses(1)
	if !slices.Equal(first, losses(1)) {
		t.Error("the same seed gave two results")
	}
	if slices.Equal(first, losses(2)) {
		t.Error("two seeds gave one result")
	}
	same := 0 // images that were not mirrored score as they do without flips
	for i, l := range first {
		if l == plain.Losses[i] {
			same++
		}
	}
	if same == 0 || same == len(first) {
		t.Errorf("%d of %d images scored as without flips, expected about half", same, len(first))
	}
}

func TestEvaluateFlippedRefuses(t *testing.T) {
	spec := tinySpec(t)
	r := openTiny(t, t.TempDir(), spec)
	if _, err := r.EvaluateFlipped(t.Context(), nil, 1); !errors.Is(err, ErrConfig) {
		t.Errorf("no images: %v, expected ErrConfig", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.EvaluateFlipped(ctx, spec.Valid, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("ended context: %v, expected its error", err)
	}
}
