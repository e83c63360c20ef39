package lab

import (
	"fmt"
	"strings"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/kernelext"
)

// Budget determines how much of the write-up's training a notebook does. Figures made with
// any other budget than "full" are labelled with its name.
type Budget struct {
	Name        string // one of [kernelext.Budgets]
	Train, Test int    // maximum number of images
	Drawn       int    // training images to draw if no dataset is given; a fifth as many test images
	Batch       int    // images per step
	// Epochs of each stage.
	Base      int // the write-up's base training: SGD at 0.001
	Quick     int // a better optimizer, to get a network worth examining
	Ramp      int // linear rate search, 0.001 to 0.1
	ShortRamp int // linear rate search, 0.001 to 0.02
	Cyclic    int // cyclic rates, 0.001 to 0.01
	Compare   int // each of the four optimizers
	Seeds     int // repetitions of the fair comparison
}

// ParseBudget returns the budget with a name: "smoke" checks that everything runs, in
// half a minute a notebook; "minutes" trains long enough on few images to show learning, in a minute or two a notebook; "cpu" takes a few minutes on two cores; "hours" uses all
// images and a few epochs of each stage; "full" uses the write-up's own numbers. For any
// other name, the error wraps cnn.ErrConfig.
func ParseBudget(name string) (Budget, error) {
	b, ok := map[string]Budget{
		kernelext.BudgetSmoke:   {Train: 2500, Test: 500, Drawn: 2500, Batch: 50, Base: 2, Quick: 8, Ramp: 2, ShortRamp: 1, Cyclic: 2, Compare: 1, Seeds: 2},
		kernelext.BudgetMinutes: {Train: 5000, Test: 1000, Drawn: 5000, Batch: 50, Base: 10, Quick: 10, Ramp: 4, ShortRamp: 2, Cyclic: 8, Compare: 4, Seeds: 2},
		kernelext.BudgetCPU:     {Train: 25_000, Test: 10_000, Drawn: 10_000, Batch: 500, Base: 3, Quick: 4, Ramp: 2, ShortRamp: 1, Cyclic: 2, Compare: 1, Seeds: 2},
		kernelext.BudgetHours:   {Train: 50_000, Test: 10_000, Drawn: 50_000, Batch: 500, Base: 5, Quick: 6, Ramp: 2, ShortRamp: 1, Cyclic: 4, Compare: 2, Seeds: 1},
		kernelext.BudgetFull:    {Train: 50_000, Test: 10_000, Drawn: 50_000, Batch: 500, Base: 300, Quick: 30, Ramp: 50, ShortRamp: 2, Cyclic: 300, Compare: 30, Seeds: 3},
	}[name]
	if !ok {
		return Budget{}, fmt.Errorf("%w: budget %q: choose one of %s", cnn.ErrConfig, name, strings.Join(kernelext.Budgets(), ", "))
	}
	b.Name = name
	return b, nil
}

// Label describes the budget for a caption: `reduced budget "cpu": …`.
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

// Images loads the images that a budget uses: the dataset at path, a folder or an
// archive, or drawn images if path is empty.
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

// StepsPerEpoch is the number of steps in a pass through n training images.
func (b Budget) StepsPerEpoch(n int) int { return cnn.StepsPerEpoch(n, b.Batch) }

// ForStages adapts the budget to a notebook that trains one stage after another. "cpu" is
// reduced to 10,000 images in batches of 100, a fifth of the write-up's numbers, so an
// epoch has as many steps as the write-up's but takes minutes. "smoke" is reduced to
// 1,500 images. "hours" and "full" are unchanged.
func (b Budget) ForStages() Budget {
	switch b.Name {
	case kernelext.BudgetSmoke:
		b.Train, b.Drawn = min(b.Train, 1500), min(b.Drawn, 1500)
	case kernelext.BudgetCPU:
		b.Train, b.Batch = min(b.Train, 10_000), min(b.Batch, 100)
	}
	return b
}

// short reports whether a notebook should take minutes at most.
func (b Budget) short() bool {
	return b.Name != kernelext.BudgetHours && b.Name != kernelext.BudgetFull
}
