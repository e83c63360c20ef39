package cnn

import (
	"fmt"
	"math"
)

// Monitor is the validation figure by which [Config.Patience], [Config.KeepBest] and [Plateau] compare epochs.
type Monitor string

// The figures. Test images are never among them: a choice by them would spoil the final evaluation.
const (
	MonitorLoss     Monitor = ""               // validation loss: lower is better
	MonitorAccuracy Monitor = "valid_accuracy" // validation accuracy: higher is better
)

// figure returns what is compared of an epoch, so that lower is better.
func (m Monitor) figure(e Epoch) float64 {
	if m == MonitorAccuracy {
		return -e.ValidAccuracy
	}
	return e.ValidLoss
}

// Best returns the best epoch of a history, counted from 1, and whether the training ends there: whether
// c.Patience epochs have passed since. An epoch is the best one if its validation figure is better than that of the best
// one before by more than c.MinDelta, as in Keras's EarlyStopping; if some are equal, it is the first of them. A history
// without epochs gives 0.
//
// It depends on nothing but its arguments, so that a resumed training stops where an uninterrupted one does.
func (h History) Best(c Config) (epoch int, stop bool) {
	best := math.Inf(1)
	for i, e := range h.Epochs {
		if v := c.Monitor.figure(e); i == 0 || v+c.MinDelta < best {
			best, epoch = v, i+1
		}
	}
	return epoch, c.Patience > 0 && len(h.Epochs)-epoch >= c.Patience
}

// validateStopping checks the fields that choose an epoch.
func (c Config) validateStopping() error {
	switch {
	case c.Patience < 0:
		return fmt.Errorf("%w: patience must be at least 1 epoch, or 0 for none, got %d", ErrConfig, c.Patience)
	case !(c.MinDelta >= 0) || math.IsInf(c.MinDelta, 0):
		return fmt.Errorf("%w: the least improvement must be 0 or more and finite, got %g", ErrConfig, c.MinDelta)
	case c.Monitor.validate() != nil:
		return fmt.Errorf("%w: %w", ErrConfig, c.Monitor.validate())
	case c.Patience == 0 && !c.KeepBest && (c.MinDelta > 0 || c.Monitor != MonitorLoss):
		return fmt.Errorf("%w: a monitor and a least improvement have no effect without patience or keeping the best epoch", ErrConfig)
	}
	return nil
}

func (m Monitor) validate() error {
	if m != MonitorLoss && m != MonitorAccuracy {
		return fmt.Errorf("monitor %q: choose %q or leave it empty for the validation loss", m, MonitorAccuracy)
	}
	return nil
}

// savedBest is the file with the weights of the best epoch so far. It has no name until it is written.
type savedBest struct {
	Epoch int `json:"epoch"`
	savedFile
}

// KeptEpoch returns the epoch whose weights the run answers with, if its training was to keep those of the best one
// and has finished. Otherwise it returns 0, and the weights are the latest.
func (r *Run) KeptEpoch() int {
	if best := r.manifest.State.Best; best != nil && r.Finished() {
		return best.Epoch
	}
	return 0
}

// StoppedEarly reports whether the training has ended before its number of epochs, because none was better for a while:
// see [Config.Patience].
func (r *Run) StoppedEarly() bool {
	finished, total := r.Epochs()
	return finished < total && r.Finished()
}

// inUse returns the weights that the run answers with: see [Run.KeptEpoch].
func (r *Run) inUse() Weights {
	if r.KeptEpoch() > 0 {
		return r.best
	}
	return r.weights
}

// usedStep returns the number of steps that the weights in use have had, and the sha256 of their file.
func (r *Run) usedStep() (step int, sha256 string) {
	s := r.manifest.State
	if epoch := r.KeptEpoch(); epoch > 0 {
		_, step = r.config().stepsOf(epoch-1, r.manifest.Data.Train.Images)
		return step, s.Best.SHA256
	}
	return s.Step, s.Weights.SHA256
}

// readBest reads the best epoch's weights of a saved state, whose history and weights have been read.
func (r *Run) readBest(s savedState, read func(savedFile) ([]Array, error)) (Weights, error) {
	c := r.config()
	want := 0
	if c.KeepBest {
		want, _ = r.History.Best(c)
	}
	has := 0
	if s.Best != nil {
		has = s.Best.Epoch
	}
	if has != want {
		return nil, fmt.Errorf("%w: %s: the best epoch by the history is %d, by the manifest %d (0: none)", ErrFormat, r.Dir, want, has)
	}
	if has == 0 {
		return nil, nil
	}
	arrays, err := read(s.Best.savedFile)
	if err != nil {
		return nil, err
	}
	return arrays, Weights(arrays).matches(r.Network)
}
