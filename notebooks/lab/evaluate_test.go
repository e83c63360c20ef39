package lab

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
)

func TestEvaluateFlippedDependsOnItsSeedOnly(t *testing.T) {
	r, valid := trainedRun(t)
	plain, err := r.Evaluate(t.Context(), valid, nil)
	if err != nil {
		t.Fatal(err)
	}
	losses := func(seed uint64) []float64 {
		t.Helper()
		result, err := evaluateFlipped(t.Context(), r, valid, seed)
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
	same := 0 // images that were not mirrored have the same loss as without flips
	for i, l := range first {
		if l == plain.Losses[i] {
			same++
		}
	}
	if same == 0 || same == len(first) {
		t.Errorf("%d of %d images have the same loss as without flips, expected about half", same, len(first))
	}
}

func TestEvaluateFlippedRefuses(t *testing.T) {
	r, valid := trainedRun(t)
	if _, err := evaluateFlipped(t.Context(), r, nil, 1); !errors.Is(err, cnn.ErrConfig) {
		t.Errorf("no images: %v, expected ErrConfig", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := evaluateFlipped(ctx, r, valid, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("ended context: %v, expected its error", err)
	}
}

// A dataset of one image gives the same result as standardising that image on its own;
// with a second, darker image, the result differs.
func TestEvaluateTogether(t *testing.T) {
	r, _ := trainedRun(t)
	_, test := cifar.Drawn(1, 10, 2)
	one := test.Head(1)
	darker, err := test.Subset([]int{0, 1})
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range darker.Pixels(1) {
		darker.Pixels(1)[i] = p / 8
	}
	alone, err := r.Evaluate(t.Context(), one, nil)
	if err != nil {
		t.Fatal(err)
	}
	same, err := evaluateTogether(t.Context(), r, one)
	if err != nil {
		t.Fatal(err)
	}
	other, err := evaluateTogether(t.Context(), r, darker)
	if err != nil {
		t.Fatal(err)
	}
	if d := math.Abs(same.Losses[0] - alone.Losses[0]); d > 1e-4 {
		t.Errorf("a single image: losses differ by %g, expected none", d)
	}
	if d := math.Abs(other.Losses[0] - alone.Losses[0]); d < 1e-3 {
		t.Errorf("with a darker image: losses differ by %g, expected a difference", d)
	}
	again, err := r.Evaluate(t.Context(), one, nil)
	if err != nil {
		t.Fatal(err)
	}
	if again.Losses[0] != alone.Losses[0] {
		t.Errorf("EvaluateTogether changed the run: loss %g, was %g", again.Losses[0], alone.Losses[0])
	}
	if _, err := evaluateTogether(t.Context(), r, nil); !errors.Is(err, cnn.ErrConfig) {
		t.Errorf("no images: %v, expected an ErrConfig", err)
	}
}

// TestMisalignedFallsToChance shows the write-up's mistake: a perfect network
// compared in shuffled order scores like a random guess.
func TestMisalignedFallsToChance(t *testing.T) {
	n := 10_000
	r := &cnn.Result{Names: make([]string, 10), Losses: make([]float64, n), Accuracy: 1}
	for i := range n {
		p := make([]float64, 10)
		p[i%10] = 1
		r.Actual, r.Predicted, r.Probabilities = append(r.Actual, i%10), append(r.Predicted, i%10), append(r.Probabilities, p)
	}
	m := Misaligned(r, 1)
	if low, high := cnn.Wilson(n/10, n); m.Accuracy < low-0.01 || m.Accuracy > high+0.01 {
		t.Errorf("accuracy %g, want about 0.1", m.Accuracy)
	}
	if r.Accuracy != 1 || r.Predicted[3] != 3 {
		t.Error("the result itself was changed")
	}
}
