package lab

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/kernelext"
)

// Fit trains a network on the lab's images and returns the run, which validates with the lab's validation images after each
// epoch. A run that is finished is loaded and nothing is shown; one that was interrupted goes on, and so does a shorter one
// to more epochs: see [cnn.Run.GoesOnFrom]. from, if given, is the run whose weights it starts from; where its layers differ, a
// line names those that are new. config may leave out the batch, which is then the budget's, and the seed, which is the lab's.
// The live display has the run's name as its title.
//
// A network for CIFAR-10, of its size and its ten classes, becomes one for the lab's images: see [cnn.Architecture.For]. Any
// other is taken as it is, and refused if it does not fit them.
func (l *Lab) Fit(name string, network cnn.Architecture, config cnn.Config, from ...*cnn.Run) *cnn.Run {
	run := l.open(name, network, config, from...)
	if len(run.Fresh()) > 0 {
		fmt.Println(name, run.Start())
	}
	Train(run)
	return run
}

// open opens the run that Fit trains.
func (l *Lab) open(name string, network cnn.Architecture, config cnn.Config, from ...*cnn.Run) *cnn.Run {
	network.Layers = slices.Clone(network.Layers) // a cell that changes its network must not change this run's
	config.Batch = cmp.Or(config.Batch, l.Batch)
	config.Seed = cmp.Or(config.Seed, l.Seed)
	if slices.Equal(network.Input, cnn.Shape{cifar.Height, cifar.Width, cifar.Channels}) && network.Classifier(cifar.Classes) == nil {
		network = network.For(l.Train)
	}
	spec := cnn.Spec{Name: name, Network: network, Config: config, Train: l.Train, Valid: l.Valid}
	if len(from) > 0 {
		spec.From = from[0]
	}
	return must(cnn.OpenRun(l.Runs, spec))
}

// Train trains the rest of a run, if any, with a live display, and releases the backend; a later evaluation opens it again.
func Train(run *cnn.Run) {
	interruptible(func(ctx context.Context) (struct{}, error) { return struct{}{}, watch(ctx, run) })
}

// watch is [Train] as a [Chain]'s Trainer.
func watch(ctx context.Context, run *cnn.Run) error {
	defer run.Close()
	if run.Finished() {
		return nil
	}
	if where := run.Beginning(); where != "" {
		fmt.Printf("run %s %s\n", run.Name, where)
	}
	live := kernelext.Live{Title: "Run " + run.Name}
	return live.Finish(run.Train(ctx, func(p cnn.Progress) { live.Update(Progress(p)) }))
}

// Progress converts the progress that a training reports to that of a live display.
func Progress(p cnn.Progress) kernelext.Progress {
	return kernelext.Progress{
		Epoch: p.Epoch, Epochs: p.Epochs,
		Step: p.Step, Steps: p.Steps,
		Loss: p.Loss, Accuracy: p.Accuracy,
		Rate:      p.Rate,
		ValidLoss: p.ValidLoss, ValidAccuracy: p.ValidAccuracy, Validated: p.Validated,
		EpochEnd: p.EpochEnd,
		StepTime: p.StepTime, Elapsed: p.Elapsed, ETA: p.ETA,
	}
}
