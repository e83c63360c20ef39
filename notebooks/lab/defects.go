package lab

import (
	"context"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/kernelext"
)

// Tosses are the results of one network for one dataset under several choices of random flips.
type Tosses struct {
	Accuracy, Loss cnn.Spread
	Undecided      int // images whose prediction is not the same under all of them
}

// Toss evaluates a run n times with [EvaluateFlipped], with the seeds 0 to n-1.
func Toss(run *cnn.Run, d *cifar.Dataset, n int) Tosses {
	defer run.Close()
	return interruptible(func(ctx context.Context) (Tosses, error) { return toss(ctx, run, d, n) })
}

func toss(ctx context.Context, run *cnn.Run, d *cifar.Dataset, n int) (Tosses, error) {
	var accuracies, losses []float64
	var first []int
	changed := map[int]bool{}
	for seed := range n {
		r, err := evaluateFlipped(ctx, run, d, uint64(seed))
		if err != nil {
			return Tosses{}, err
		}
		accuracies, losses = append(accuracies, r.Accuracy), append(losses, r.Loss)
		if first == nil {
			first = r.Predicted
		}
		for i, p := range r.Predicted {
			if p != first[i] {
				changed[i] = true
			}
		}
	}
	return Tosses{cnn.NewSpread(accuracies), cnn.NewSpread(losses), len(changed)}, nil
}

// CaptionOdds gives two probabilities for the write-up's row of six example mistakes, over all possible draws: that an image
// in it is a mistake, and that its caption is the network's prediction for it. The write-up draws positions in the list of
// mistakes, shows the test images at those positions, and captions them with the predictions for images 0 to 5.
func CaptionOdds(r *cnn.Result) (mistake, right float64) {
	n := len(r.Misclassified())
	places := min(6, n)
	for shown := range n {
		if r.Predicted[shown] != r.Actual[shown] {
			mistake++
		}
		for place := range places {
			if r.Predicted[place] == r.Predicted[shown] {
				right += 1 / float64(places)
			}
		}
	}
	return mistake / float64(max(1, n)), right / float64(max(1, n))
}

// WriteUpBudget returns the write-up's own numbers: the budget "full".
func WriteUpBudget() Budget { return must(ParseBudget(kernelext.BudgetFull)) }

// Interval writes Wilson's 95 % interval of a proportion, right of n: "0.8626 to 0.8758".
func Interval(right, n int) string { return fromTo(cnn.Wilson(right, n)) }
