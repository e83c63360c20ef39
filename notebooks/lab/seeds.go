package lab

import (
	"context"
	"fmt"
	"strings"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
)

// FitSeeds is [Lab.Fit] with n seeds in turn, the lab's own and those after it, each of which draws new weights, batches and
// flips. It prints a line for each run, and a first one for where they start.
func (l *Lab) FitSeeds(n int, name string, network cnn.Architecture, config cnn.Config, from ...*cnn.Run) []*cnn.Run {
	runs := make([]*cnn.Run, n)
	for i := range runs {
		config.Seed = l.Seed + uint64(i)
		run := l.open(name, network, config, from...)
		if i == 0 && run.Start() != "" {
			fmt.Println(name, run.Start())
		}
		interruptible(func(ctx context.Context) (struct{}, error) { return struct{}{}, run.Train(ctx, nil) })
		run.Close()
		fmt.Printf("%s, seed %d: validation accuracy %.4f\n", name, config.Seed, run.History.Last().ValidAccuracy)
		runs[i] = run
	}
	return runs
}

// Accuracies are the accuracies of several runs on the images of d.
func Accuracies(runs []*cnn.Run, d *cifar.Dataset) cnn.Spread {
	values := make([]float64, len(runs))
	for i, run := range runs {
		values[i] = Evaluate(run, d).Accuracy
	}
	return cnn.NewSpread(values)
}

// Difference compares two ways by the accuracies of their runs. Where the means differ by less than twice the standard error of
// their difference, it says that the seeds decide.
func Difference(first string, a cnn.Spread, second string, b cnn.Spread) string {
	word := "more than chance explains"
	if d := a.Mean - b.Mean; d*d < 4*(a.Deviation*a.Deviation/float64(a.N)+b.Deviation*b.Deviation/float64(b.N)) || a.N < 2 || b.N < 2 {
		word = "which chance may explain"
	}
	return strings.TrimSpace(fmt.Sprintf("%s minus %s: %+.4f, %s", first, second, a.Mean-b.Mean, word))
}
