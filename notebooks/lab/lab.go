package lab

import (
	"context"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/kernelext"
)

// Lab holds the parameters, budget and images that the cells of a notebook use. Its own fields and methods hide those of the
// same name in Budget: Train holds images and Base trains, where Budget.Train and Budget.Base are numbers.
type Lab struct {
	kernelext.Params
	Budget
	Images       *cifar.Dataset // all training images
	Train, Valid *cifar.Dataset // four fifths and one fifth of Images
	Test         *cifar.Dataset
}

// Open loads the images that this notebook was started with and holds a fifth of the training images back, chosen by the seed.
// It ends the cell with an error that wraps kernelext.ErrParams or one of package cifar's.
func Open() *Lab { return open(func(b Budget) Budget { return b }) }

// OpenForStages is [Open] for a notebook that trains one stage after another: see
// [Budget.ForStages].
func OpenForStages() *Lab { return open(Budget.ForStages) }

func open(adapt func(Budget) Budget) *Lab {
	params := must(kernelext.ParamsFromEnv())
	budget := must(ParseBudget(params.Budget))
	return must(New(params, adapt(budget)))
}

// New is [Open] for given parameters and the images of a budget. It returns the error.
func New(params kernelext.Params, budget Budget) (*Lab, error) {
	l := &Lab{Params: params, Budget: budget}
	var err error
	if l.Images, l.Test, err = budget.Images(params.Data, params.Seed); err != nil {
		return nil, err
	}
	if l.Train, l.Valid, err = l.Images.Split(0.8, params.Seed); err != nil {
		return nil, err
	}
	return l, nil
}

// On returns the same lab with other images to train on and to validate with.
func (l *Lab) On(train, valid *cifar.Dataset) *Lab {
	other := *l
	other.Train, other.Valid = train, valid
	return &other
}

// MadeWith is the bold line at the top of a page that gives the parameters.
func (l *Lab) MadeWith() kernelext.Markdown {
	return kernelext.Markdown("**This page was made with " + l.Params.String() + ".**")
}

// Spec describes a run of the write-up's network on the lab's images. from, if not
// nil, is the run that gives the initial weights.
func (l *Lab) Spec(name string, config cnn.Config, from *cnn.Run) cnn.Spec {
	return cnn.Spec{Name: name, Network: cnn.WriteUp().For(l.Train), Config: config, Train: l.Train, Valid: l.Valid, From: from}
}

// Chain returns the write-up's stages on the lab's images. It trains what is missing,
// with a live display, and returns errors; the methods below end the cell instead.
func (l *Lab) Chain() Chain {
	return Chain{Root: l.Runs, Budget: l.Budget, Seed: l.Seed, Train: l.Train, Valid: l.Valid, Trainer: watch}
}

// Base is the write-up's base training, SGD at 0.001: [Budget.BaseTraining]. Like all stages, it is trained if it is missing.
func (l *Lab) Base() *cnn.Run { return interruptible(l.Chain().Base) }

// Quick continues Base with Adam over one cycle of rates, which gives a network worth examining: [Budget.QuickTraining].
func (l *Lab) Quick() *cnn.Run { return interruptible(l.Chain().Quick) }

// Ramp continues Base with the write-up's first rate search: [Budget.LinearRamp].
func (l *Lab) Ramp() *cnn.Run { return interruptible(l.Chain().Ramp) }

// BackwardRamp continues Base with the same search run backwards: [Budget.BackwardRamp].
func (l *Lab) BackwardRamp() *cnn.Run { return interruptible(l.Chain().BackwardRamp) }

// ShortRamp continues Ramp with the write-up's second search: [Budget.ShortLinearRamp].
func (l *Lab) ShortRamp() *cnn.Run { return interruptible(l.Chain().ShortRamp) }

// Cyclic continues ShortRamp with the write-up's main training: [Budget.CyclicTraining].
func (l *Lab) Cyclic() *cnn.Run { return interruptible(l.Chain().Cyclic) }

// Optimizer continues from any run with one of the compared optimizers: [Chain.Optimizer].
func (l *Lab) Optimizer(o cnn.Optimizer, from *cnn.Run, seed uint64) *cnn.Run {
	return interruptible(func(ctx context.Context) (*cnn.Run, error) { return l.Chain().Optimizer(ctx, o, from, seed) })
}

// AsWritten continues Cyclic with [ComparedOptimizers] in turn, on a single model: [Chain.AsWritten].
func (l *Lab) AsWritten() []*cnn.Run { return interruptible(l.Chain().AsWritten) }

// Fair continues Cyclic with each of [ComparedOptimizers] from equal weights: [Chain.Fair].
func (l *Lab) Fair(seed uint64) []*cnn.Run {
	return interruptible(func(ctx context.Context) ([]*cnn.Run, error) { return l.Chain().Fair(ctx, seed) })
}

// FindRun loads the latest run with a name from this notebook's folder of runs, or ends the cell.
func FindRun(name string) *cnn.Run {
	return must(cnn.FindRun(must(kernelext.ParamsFromEnv()).Runs, name))
}
