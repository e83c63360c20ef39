package lab

import (
	"testing"

	"github.com/cnnbook/cnnbook/cnn"
)

// The improved network has the write-up's convolutions, dense layers and dropouts, and trains.
func TestImproved(t *testing.T) {
	l := tinyLab(t)
	network, config := Improved(l.Train, 1)
	config.Batch, config.Epochs = 20, 1
	own, _ := network.Parameters()
	theirs, _ := cnn.WriteUp().Parameters()
	if own-theirs != 4*2*(32+64)+4*512-(2*(32+64)+512) { // four arrays of a normalisation in place of a bias
		t.Errorf("%d parameters, the write-up's network has %d", own, theirs)
	}
	run := l.Fit("improved", network, config)
	if h := run.History; len(h.Epochs) != 1 || !(h.Epochs[0].Loss < 10) {
		t.Errorf("%+v", h.Epochs)
	}
}
