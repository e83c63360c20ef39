package lab

import (
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/kernelext"
)

// A run with telemetry has a figure and a table of its layers; one without ends the cell with the remedy.
func TestRatios(t *testing.T) {
	t.Setenv(kernelext.EnvBudget, kernelext.BudgetSmoke)
	train, valid := cifar.Drawn(1, 90, 30)
	r, err := cnn.OpenRun(t.TempDir(), cnn.Spec{
		Name: "tiny", Network: tiny(), Train: train, Valid: valid,
		Config: cnn.Config{Optimizer: cnn.SGD{Momentum: 0.9}, Batch: 20, Epochs: 3, Seed: 7, Telemetry: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	Train(r)
	f := Ratios(r)
	if _, err := f.PNG(); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"Gradient to weights", "Update to weights", "Dead ReLUs", " conv:", " dense:", " relu:", "A band from 0.000316 to 0.00316"} {
		if !strings.Contains(f.Alt, want) {
			t.Errorf("alternative text %q, want %q in it", f.Alt, want)
		}
	}
	if !strings.Contains(f.Caption, "tiny") || !strings.Contains(f.Caption, "3 epochs") {
		t.Errorf("caption %q", f.Caption)
	}
	table := LastRatios(r)
	if len(table.Rows) != 2 || table.Rows[0][0] != "conv" || !strings.Contains(table.Caption, "Step 15") {
		t.Errorf("%+v", table)
	}
	h := Histograms(r, "conv")
	if _, err := h.PNG(); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"Weights of conv", "Their gradients", "epoch 1:", "epoch 2:", "epoch 3:"} {
		if !strings.Contains(h.Alt, want) {
			t.Errorf("alternative text %q, want %q in it", h.Alt, want)
		}
	}
	if err := ended(func() { Histograms(r, "relu") }); err == nil || !strings.Contains(err.Error(), `"relu"`) {
		t.Errorf("a layer without weights: %v", err)
	}
	without, _ := trainedRun(t)
	if err := ended(func() { Ratios(without) }); err == nil || !strings.Contains(err.Error(), "Telemetry: true") {
		t.Errorf("a run without telemetry: %v", err)
	}
}
