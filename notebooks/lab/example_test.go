package lab_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/notebooks/lab"
)

// The main steps of a notebook, with drawn images and without training.
func Example() {
	runs, err := os.MkdirTemp("", "runs")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(runs)
	budget, err := lab.ParseBudget("smoke")
	if err != nil {
		fmt.Println(err)
		return
	}
	l, err := lab.New(kernelext.Params{Budget: "smoke", Seed: 1, Runs: runs}, budget)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(l.Train.Len(), "images to train on,", l.Valid.Len(), "to validate with,", l.Test.Len(), "to test")
	base, err := cnn.OpenRun(l.Runs, l.Spec("base", l.BaseTraining(l.Seed), nil)) // l.Base() would train it
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(filepath.Base(base.Dir), "with", l.Label(l.Budget.Base, 300))
	// Output:
	// 2000 images to train on, 500 to validate with, 500 to test
	// base-e9dbfcbccd1c with reduced budget "smoke": 2 epochs (write-up: 300)
}

// The rates of the write-up's first search, and of the same search backwards.
func ExampleBudget_BackwardRamp() {
	budget, err := lab.ParseBudget("full")
	if err != nil {
		fmt.Println(err)
		return
	}
	up, down := budget.LinearRamp(40_000, 1), budget.BackwardRamp(40_000, 1)
	last := up.Epochs*budget.StepsPerEpoch(40_000) - 1
	for _, config := range []cnn.Config{up, down} {
		fmt.Printf("%.3f to %.3f\n", config.Schedule.Rate(0), config.Schedule.Rate(last))
	}
	// Output:
	// 0.001 to 0.100
	// 0.100 to 0.001
}
