package lab

import (
	"fmt"
	"strings"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/kernelext"
)

// Budget says how much of the write-up's work a notebook does. Whatever is not
// full is labelled with its name wherever a figure of it is shown.
type Budget struct {
	Name        string // one of [kernelext.Budgets]
	Train, Test int    // images to use at most
	Drawn       int    // training images to draw where no dataset is given; a fifth as many for the test
	Batch       int    // images per step
	// Epochs of each stage.
	Base      int // the write-up's base training: SGD at 0.001
	Quick     int // a better optimizer, so that there is a network worth looking at
	Ramp      int // linear rate search, 0.001 to 0.1
	ShortRamp int // linear rate search, 0.001 to 0.02
	Cyclic    int // cyclic rates, 0.001 to 0.01
	Compare   int // each of the four optimizers
	Seeds     int // repetitions of the fair comparison
}

// ParseBudget gives a budget by name: "smoke" for half a minute a notebook and a
// check that everything runs, "cpu" for a few minutes on two cores, "hours" for all
// images and a few epochs of each stage, "full" for the write-up's own numbers. The
// error of any other name wraps cnn.ErrConfig.
func ParseBudget(name string) (Budget, error) {
	b, ok := map[string]Budget{
		kernelext.BudgetSmoke: {Train: 2500, Test: 500, Drawn: 2500, Batch: 50, Base: 2, Quick: 8, Ramp: 2, ShortRamp: 1, Cyclic: 2, Compare: 1, Seeds: 2},
		kernelext.BudgetCPU:   {Train: 25_000, Test: 10_000, Drawn: 10_000, Batch: 500, Base: 3, Quick: 4, Ramp: 2, ShortRamp: 1, Cyclic: 2, Compare: 1, Seeds: 2},
		kernelext.BudgetHours: {Train: 50_000, Test: 10_000, Drawn: 50_000, Batch: 500, Base: 5, Quick: 6, Ramp: 2, ShortRamp: 1, Cyclic: 4, Compare: 2, Seeds: 1},
		kernelext.BudgetFull:  {Train: 50_000, Test: 10_000, Drawn: 50_000, Batch: 500, Base: 300, Quick: 30, Ramp: 50, ShortRamp: 2, Cyclic: 300, Compare: 30, Seeds: 3},
	}[name]
	if !ok {
		return Budget{}, fmt.Errorf("%w: budget %q: choose one of %s", cnn.ErrConfig, name, strings.Join(kernelext.Budgets(), ", "))
	}
	b.Name = name
	return b, nil
}

// Label is the budget in words, for under a figure: `reduced budget "cpu": …`.
func (b Budget) Label(epochs, writeUp int) string {
	unit := "epochs"
	if epochs == 1 {
		unit = "epoch"
	}
	if b.Name == kernelext.BudgetFull {
		return fmt.Sprintf("full budget: %d %s", epochs, unit)
	}
	return fmt.Sprintf("reduced budget %q: %d %s (write-up: %d)", b.Name, epochs, unit, writeUp)
}

// Images loads what a budget uses: the dataset at path, a folder or an archive,
// or drawn images where path is empty.
func (b Budget) Images(path string, seed uint64) (train, test *cifar.Dataset, err error) {
	if path == "" {
		train, test = cifar.Drawn(seed, b.Drawn, b.Drawn/5)
		return train, test, nil
	}
	if train, test, err = cifar.Open(path); err != nil {
		return nil, nil, err
	}
	return train.Head(b.Train), test.Head(b.Test), nil
}

// StepsPerEpoch is how many steps a pass over n training images takes.
func (b Budget) StepsPerEpoch(n int) int { return cnn.StepsPerEpoch(n, b.Batch) }

// ForStages is the budget of a notebook that trains one stage after another. Of
// the budget "cpu" it takes 10,000 images in batches of 100: a fifth of both, hence
// as many steps in an epoch as the write-up has, in minutes. Of "smoke" it takes 1,500
// images. "hours" and "full" stay as they are.
func (b Budget) ForStages() Budget {
	switch b.Name {
	case kernelext.BudgetSmoke:
		b.Train, b.Drawn = min(b.Train, 1500), min(b.Drawn, 1500)
	case kernelext.BudgetCPU:
		b.Train, b.Batch = min(b.Train, 10_000), min(b.Batch, 100)
	}
	return b
}

// minutes says whether a notebook is to be done in minutes at most.
func (b Budget) minutes() bool {
	return b.Name == kernelext.BudgetSmoke || b.Name == kernelext.BudgetCPU
}
