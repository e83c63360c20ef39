package lab

import (
	"context"
	"slices"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
)

func TestChainContinuesStageFromStage(t *testing.T) {
	budget := Budget{Name: "smoke", Batch: 10, Base: 1, Ramp: 2, ShortRamp: 1, Cyclic: 1, Compare: 1}
	train, valid := cifar.Drawn(1, 20, 10)
	var trained []string
	c := Chain{Root: t.TempDir(), Network: tiny(), Budget: budget, Seed: 1, Train: train, Valid: valid, Trainer: func(ctx context.Context, r *cnn.Run) error {
		trained = append(trained, r.Name)
		return r.Train(ctx, nil)
	}}
	written, err := c.AsWritten(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	fair, err := c.Fair(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	// RMSprop's fair run is the first of the chain, and is not trained again.
	want := []string{
		"base", "ramp", "short-ramp", "cyclic",
		"rmsprop-after-cyclic", "adagrad-after-rmsprop", "adadelta-after-adagrad", "adam-after-adadelta",
		"adagrad-after-cyclic", "adadelta-after-cyclic", "adam-after-cyclic",
	}
	if !slices.Equal(trained, want) {
		t.Errorf("trained %v, want %v", trained, want)
	}
	if written[0].Dir != fair[0].Dir {
		t.Error("the first optimizer was trained twice")
	}
	for i, r := range fair[1:] {
		if r.History.Steps[0].Loss != fair[0].History.Steps[0].Loss {
			t.Errorf("%s: the first loss is %g, of %s %g: not the same start and batch", r.Name, r.History.Steps[0].Loss, fair[0].Name, fair[0].History.Steps[0].Loss)
		}
		if r.History.Steps[0].Loss == written[i+1].History.Steps[0].Loss {
			t.Errorf("%s starts like %s", r.Name, written[i+1].Name)
		}
	}
	if _, err := c.BackwardRamp(t.Context()); err != nil {
		t.Error(err)
	}
}

// The stages as written are other runs than those whose validation images are shown as they are, and are all there.
func TestWriteUpTrainsEightStages(t *testing.T) {
	budget := Budget{Name: "smoke", Batch: 10, Base: 1, Ramp: 1, ShortRamp: 1, Cyclic: 1, Compare: 1}
	train, valid := cifar.Drawn(1, 20, 10)
	c := Chain{Root: t.TempDir(), Network: tiny(), Budget: budget, Seed: 1, Train: train, Valid: valid}
	plain, err := c.Base(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c.FlipEvaluation = true
	runs, err := c.WriteUp(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range runs {
		names = append(names, r.Name)
	}
	want := []string{
		"base", "ramp", "short-ramp", "cyclic",
		"rmsprop-after-cyclic", "adagrad-after-rmsprop", "adadelta-after-adagrad", "adam-after-adadelta",
	}
	if !slices.Equal(names, want) {
		t.Errorf("trained %v, want %v", names, want)
	}
	if runs[0].Dir == plain.Dir {
		t.Error("the base training with flips in its validation is the one without")
	}
	if a, b := runs[0].Weights().Fingerprint(), plain.Weights().Fingerprint(); a != b {
		t.Errorf("flips of validation images changed the weights: %s, without them %s", a, b)
	}
	if a, b := runs[0].History.Epochs[0].ValidLoss, plain.History.Epochs[0].ValidLoss; a == b {
		t.Errorf("validation loss %g with and without flips", a)
	}
}
