package lab

import (
	"context"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/kernelext"
)

// Lab holds the parameters, budget and images that the cells of a notebook use. Its own
// fields hide those of the same name in Budget: Train holds images, Budget.Train is their
// maximum number.
type Lab struct {
	kernelext.Params
	Budget
	Images       *cifar.Dataset // all training images
	Train, Valid *cifar.Dataset // four fifths and one fifth of Images
	Test         *cifar.Dataset
}

// Open loads the images that this notebook was started with and holds a fifth of
// the training images back. Its errors wrap kernelext.ErrParams or are those of
// package cifar.
func Open() (*Lab, error) { return open(func(b Budget) Budget { return b }) }

// OpenForStages is [Open] for a notebook that trains one stage after another: see
// [Budget.ForStages].
func OpenForStages() (*Lab, error) { return open(Budget.ForStages) }

func open(adapt func(Budget) Budget) (*Lab, error) {
	params, err := kernelext.ParamsFromEnv()
	if err != nil {
		return nil, err
	}
	budget, err := ParseBudget(params.Budget)
	if err != nil {
		return nil, err
	}
	return New(params, adapt(budget))
}

// New is [Open] for given parameters and the images of a budget.
func New(params kernelext.Params, budget Budget) (*Lab, error) {
	l := &Lab{Params: params, Budget: budget}
	var err error
	if l.Images, l.Test, err = budget.Images(params.Data, params.Seed); err != nil {
		return nil, err
	}
	if l.Train, l.Valid, err = l.Images.Split(0.8, 1); err != nil {
		return nil, err
	}
	return l, nil
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

// OpenRun opens or creates the run that [Lab.Spec] describes, without training it.
func (l *Lab) OpenRun(name string, config cnn.Config, from *cnn.Run) (*cnn.Run, error) {
	return cnn.OpenRun(l.Runs, l.Spec(name, config, from))
}

// OpenBase opens the write-up's base training: [Budget.BaseTraining].
func (l *Lab) OpenBase() (*cnn.Run, error) {
	return l.OpenRun("base", l.BaseTraining(l.Seed), nil)
}

// OpenQuick opens the run that continues the base training with Adam, from the
// base run's current weights: [Budget.QuickTraining].
func (l *Lab) OpenQuick() (*cnn.Run, error) {
	base, err := l.OpenBase()
	if err != nil {
		return nil, err
	}
	return l.OpenRun("quick", l.QuickTraining(l.Train.Len(), l.Seed), base)
}

// Chain returns the write-up's stages on the lab's images. It trains what is missing,
// with a live display.
func (l *Lab) Chain() Chain { return l.ChainOn(l.Train, l.Valid) }

// ChainOn returns the same stages on other images.
func (l *Lab) ChainOn(train, valid *cifar.Dataset) Chain {
	return Chain{Root: l.Runs, Budget: l.Budget, Seed: l.Seed, Train: train, Valid: valid, Trainer: watch}
}

// FindRun loads the latest run with a name from this notebook's folder of runs.
func FindRun(name string) (*cnn.Run, error) {
	params, err := kernelext.ParamsFromEnv()
	if err != nil {
		return nil, err
	}
	return cnn.FindRun(params.Runs, name)
}

// Answers is a run with its predictions for the test images. Prediction i belongs to
// image i.
type Answers struct {
	*cnn.Run
	*cnn.Result
	Test *cifar.Dataset
}

// QuickAnswers opens the lab and evaluates [Lab.OpenQuick] on the test images. Close
// it after use.
func QuickAnswers(ctx context.Context) (Answers, error) {
	l, err := Open()
	if err != nil {
		return Answers{}, err
	}
	run, err := l.OpenQuick()
	if err != nil {
		return Answers{}, err
	}
	result, err := run.Evaluate(ctx, l.Test, nil)
	return Answers{run, result, l.Test}, err
}
