package cnn

import (
	"context"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
)

// The improved network has the write-up's convolutions and dense layers, and trains.
func TestImproved(t *testing.T) {
	train, valid := cifar.Drawn(1, 40, 10)
	config := ImprovedTraining(1)
	config.Batch = 20
	own, _ := Improved().Parameters()
	theirs, _ := WriteUp().Parameters()
	if own-theirs != 4*2*(32+64)+4*512-(2*(32+64)+512) { // four arrays of a normalisation in place of a bias
		t.Errorf("%d parameters, the write-up's network has %d", own, theirs)
	}
	run, err := OpenRun(t.TempDir(), Spec{Name: "improved", Network: Improved(), Config: config, Train: train, Valid: valid})
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	if err := run.Train(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	if h := run.History; len(h.Epochs) != 1 || !(h.Epochs[0].Loss < 10) {
		t.Errorf("%+v", h.Epochs)
	}
}
