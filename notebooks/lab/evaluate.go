package lab

import (
	"context"
	"math"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
)

// The write-up's own ways to evaluate, kept to show the effect of each on the figures.
// For everything else, use [Evaluate].

// EvaluateFlipped mirrors each image with probability one half, as Keras's generator
// for training does. The seed determines which images are mirrored, so the spread of the
// figures over several seeds shows the effect of the flips.
func EvaluateFlipped(run *cnn.Run, d *cifar.Dataset, seed uint64) *cnn.Result {
	defer run.Close()
	return interruptible(func(ctx context.Context) (*cnn.Result, error) { return evaluateFlipped(ctx, run, d, seed) })
}

func evaluateFlipped(ctx context.Context, run *cnn.Run, d *cifar.Dataset, seed uint64) (*cnn.Result, error) {
	how := cnn.Evaluation{}
	if d != nil { // EvaluateWith refuses it
		how.Flips = cnn.EvaluationFlips(seed, 0, d.Len())
	}
	return run.EvaluateWith(ctx, d, how)
}

// EvaluateTogether standardises with one mean and one standard deviation for the whole
// dataset instead of each image's own. The write-up's prediction grid did this: Keras's
// ImageDataGenerator.standardize expects one image, and treats any array as one. The
// network then sees inputs unlike those that it was trained on.
func EvaluateTogether(run *cnn.Run, d *cifar.Dataset) *cnn.Result {
	defer run.Close()
	return interruptible(func(ctx context.Context) (*cnn.Result, error) { return evaluateTogether(ctx, run, d) })
}

func evaluateTogether(ctx context.Context, run *cnn.Run, d *cifar.Dataset) (*cnn.Result, error) {
	how := cnn.Evaluation{}
	if d != nil { // EvaluateWith refuses it
		mean, deviation := cnn.PixelMoments(d.Images)
		how.Moments = &cnn.Moments{Mean: mean, Deviation: deviation}
	}
	return run.EvaluateWith(ctx, d, how)
}

// Misaligned compares the predictions of r, in shuffled order, with the labels in
// their own order, as the write-up does: its predictions come from a generator that
// shuffles. Prediction i then belongs to some other image, so the confusion matrix is
// uniform and the accuracy falls to chance, however good the network is. r is not
// changed.
func Misaligned(r *cnn.Result, seed uint64) *cnn.Result {
	order := cnn.EpochOrder(seed, 0, len(r.Actual))
	out := *r
	out.Predicted = make([]int, len(order))
	out.Probabilities = make([][]float64, len(order))
	out.Losses = make([]float64, len(order))
	right := 0
	out.Loss = 0
	for i, from := range order {
		out.Predicted[i], out.Probabilities[i] = r.Predicted[from], r.Probabilities[from]
		if out.Predicted[i] == r.Actual[i] {
			right++
		}
		out.Losses[i] = -math.Log(max(1e-7, out.Probabilities[i][r.Actual[i]])) // clipped as Keras clips
		out.Loss += out.Losses[i] / float64(len(order))
	}
	out.Accuracy = float64(right) / float64(max(1, len(order)))
	return &out
}
