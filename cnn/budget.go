package cnn

import "fmt"

// Budget says how much of the write-up's work a notebook does. Whatever is not
// full is labelled with its name wherever a figure of it is shown.
type Budget struct {
	Name        string // "smoke", "cpu", "hours" or "full"
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

// BudgetOf gives a budget by name: "smoke" for half a minute per notebook and a
// check that everything runs, "cpu" for a few minutes on two cores, "hours" for all
// images and a few epochs of each stage, "full" for the write-up's own numbers.
func BudgetOf(name string) (Budget, error) {
	switch name {
	case "smoke":
		return Budget{Name: name, Train: 2500, Test: 500, Drawn: 2500, Batch: 50, Base: 2, Quick: 8, Ramp: 2, ShortRamp: 1, Cyclic: 2, Compare: 1, Seeds: 2}, nil
	case "cpu":
		return Budget{Name: name, Train: 25_000, Test: 10_000, Drawn: 10_000, Batch: 500, Base: 3, Quick: 4, Ramp: 2, ShortRamp: 1, Cyclic: 2, Compare: 1, Seeds: 2}, nil
	case "hours":
		return Budget{Name: name, Train: 50_000, Test: 10_000, Drawn: 50_000, Batch: 500, Base: 5, Quick: 6, Ramp: 2, ShortRamp: 1, Cyclic: 4, Compare: 2, Seeds: 1}, nil
	case "full":
		return Budget{Name: name, Train: 50_000, Test: 10_000, Drawn: 50_000, Batch: 500, Base: 300, Quick: 30, Ramp: 50, ShortRamp: 2, Cyclic: 300, Compare: 30, Seeds: 3}, nil
	}
	return Budget{}, fmt.Errorf("%w: budget %q: choose smoke, cpu, hours or full", ErrConfig, name)
}

// Label is the budget in words, for under a figure: `reduced budget "cpu": …`.
func (b Budget) Label(epochs, writeUp int) string {
	unit := "epochs"
	if epochs == 1 {
		unit = "epoch"
	}
	if b.Name == "full" {
		return fmt.Sprintf("full budget: %d %s", epochs, unit)
	}
	return fmt.Sprintf("reduced budget %q: %d %s (write-up: %d)", b.Name, epochs, unit, writeUp)
}
