package lab

import (
	"context"
	"fmt"
	"strings"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
)

// Chain trains the write-up's stages, each from the weights of the previous one: base
// training, the two rate searches, cyclic rates, and the four optimizers. Each method
// trains the missing stages up to its own, loads the others, and returns its stage's
// run. The budget and the images determine what is trained; the runs are stored in Root.
type Chain struct {
	Root         string
	Network      cnn.Architecture // without layers: cnn.WriteUp() for the images of Train
	Budget       Budget
	Seed         uint64
	Train, Valid *cifar.Dataset
	// FlipEvaluation sends the validation images through the random flip, as the
	// write-up does, in every stage: see [cnn.Config].
	FlipEvaluation bool
	// Trainer trains the rest of a run, and may show its progress; nil means
	// [cnn.Run.Train] without a report.
	Trainer func(context.Context, *cnn.Run) error
}

// Trained opens a run of the chain's network, trains it if it is not finished, and
// releases the backend. from, if not nil, gives its initial weights.
func (c Chain) Trained(ctx context.Context, name string, config cnn.Config, from *cnn.Run) (*cnn.Run, error) {
	network := c.Network
	if len(network.Layers) == 0 {
		network = cnn.WriteUp().For(c.Train)
	}
	config.FlipEvaluation = config.FlipEvaluation || c.FlipEvaluation
	run, err := cnn.OpenRun(c.Root, cnn.Spec{Name: name, Network: network, Config: config, Train: c.Train, Valid: c.Valid, From: from})
	if err != nil || run.Finished() {
		return run, err
	}
	defer run.Close()
	if c.Trainer == nil {
		return run, run.Train(ctx, nil)
	}
	return run, c.Trainer(ctx, run)
}

// Base is the base training, SGD at 0.001: [Budget.BaseTraining].
func (c Chain) Base(ctx context.Context) (*cnn.Run, error) {
	return c.Trained(ctx, "base", c.Budget.BaseTraining(c.Seed), nil)
}

// Quick continues Base with Adam, which is not in the write-up: [Budget.QuickTraining].
func (c Chain) Quick(ctx context.Context) (*cnn.Run, error) {
	return c.after(ctx, c.Base, "quick", c.Budget.QuickTraining(c.Train.Len(), c.Seed))
}

// Ramp continues Base with the first rate search: [Budget.LinearRamp].
func (c Chain) Ramp(ctx context.Context) (*cnn.Run, error) {
	return c.after(ctx, c.Base, "ramp", c.Budget.LinearRamp(c.Train.Len(), c.Seed))
}

// BackwardRamp continues Base with the same search run backwards, which is not in the
// write-up: [Budget.BackwardRamp].
func (c Chain) BackwardRamp(ctx context.Context) (*cnn.Run, error) {
	return c.after(ctx, c.Base, "ramp-backwards", c.Budget.BackwardRamp(c.Train.Len(), c.Seed))
}

// ShortRamp continues Ramp with the second search: [Budget.ShortLinearRamp].
func (c Chain) ShortRamp(ctx context.Context) (*cnn.Run, error) {
	return c.after(ctx, c.Ramp, "short-ramp", c.Budget.ShortLinearRamp(c.Train.Len(), c.Seed))
}

// Cyclic continues ShortRamp with the main training: [Budget.CyclicTraining].
func (c Chain) Cyclic(ctx context.Context) (*cnn.Run, error) {
	return c.after(ctx, c.ShortRamp, "cyclic", c.Budget.CyclicTraining(c.Train.Len(), c.Seed))
}

// after trains a stage that starts from another one.
func (c Chain) after(ctx context.Context, stage func(context.Context) (*cnn.Run, error), name string, config cnn.Config) (*cnn.Run, error) {
	from, err := stage(ctx)
	if err != nil {
		return nil, err
	}
	return c.Trained(ctx, name, config, from)
}

// Optimizer continues from any run with one of the compared optimizers:
// [Budget.OptimizerTraining]. The run's name includes the name of the run before it.
func (c Chain) Optimizer(ctx context.Context, o cnn.Optimizer, from *cnn.Run, seed uint64) (*cnn.Run, error) {
	start, _, _ := strings.Cut(from.Name, "-after-")
	name := strings.ToLower(o.Kind()) + "-after-" + start
	if seed != c.Seed {
		name += fmt.Sprintf("-seed%d", seed)
	}
	return c.Trained(ctx, name, c.Budget.OptimizerTraining(o, c.Train.Len(), seed), from)
}

// AsWritten continues Cyclic with [ComparedOptimizers] in turn, on a single model, as
// the write-up does. It returns the run of each optimizer.
func (c Chain) AsWritten(ctx context.Context) ([]*cnn.Run, error) {
	last, err := c.Cyclic(ctx)
	if err != nil {
		return nil, err
	}
	var runs []*cnn.Run
	for _, o := range ComparedOptimizers() {
		if last, err = c.Optimizer(ctx, o, last, c.Seed); err != nil {
			return nil, err
		}
		runs = append(runs, last)
	}
	return runs, nil
}

// WriteUp trains all eight stages as the write-up does, on a single model, and returns
// the run of each: the four before the optimizers, and [Chain.AsWritten].
func (c Chain) WriteUp(ctx context.Context) ([]*cnn.Run, error) {
	var runs []*cnn.Run
	for _, stage := range []func(context.Context) (*cnn.Run, error){c.Base, c.Ramp, c.ShortRamp, c.Cyclic} {
		run, err := stage(ctx)
		if err != nil {
			return nil, err
		}
		runs = append(runs, run)
	}
	optimizers, err := c.AsWritten(ctx)
	return append(runs, optimizers...), err
}

// Fair continues Cyclic with each of [ComparedOptimizers] from equal weights and
// with equal batches, flips and dropout; these differ between seeds.
func (c Chain) Fair(ctx context.Context, seed uint64) ([]*cnn.Run, error) {
	start, err := c.Cyclic(ctx)
	if err != nil {
		return nil, err
	}
	var runs []*cnn.Run
	for _, o := range ComparedOptimizers() {
		run, err := c.Optimizer(ctx, o, start, seed)
		if err != nil {
			return nil, err
		}
		runs = append(runs, run)
	}
	return runs, nil
}
