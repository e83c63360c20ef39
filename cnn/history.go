package cnn

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Step is one training step. Loss and accuracy are those of the step's batch,
// before the update and with dropout on.
type Step struct {
	Step     int     `json:"step"`  // from 1, over the whole run
	Epoch    int     `json:"epoch"` // from 1
	Rate     float64 `json:"rate"`
	Images   int     `json:"images"` // size of the batch
	Loss     float64 `json:"loss"`   // mean, nats
	Accuracy float64 `json:"accuracy"`
}

// Epoch is one pass over the training images. Loss and accuracy are the means
// over its batches, as Keras prints them; they lag behind the validation
// figures, which are taken at the epoch's end and without dropout.
type Epoch struct {
	Epoch         int     `json:"epoch"` // from 1
	Loss          float64 `json:"loss"`
	Accuracy      float64 `json:"accuracy"`
	ValidLoss     float64 `json:"valid_loss"`
	ValidAccuracy float64 `json:"valid_accuracy"`
}

// History is what a run recorded: every step and every finished epoch.
type History struct {
	Steps  []Step
	Epochs []Epoch
}

// Last returns the last finished epoch, or the zero value if there is none.
func (h History) Last() Epoch {
	if len(h.Epochs) == 0 {
		return Epoch{}
	}
	return h.Epochs[len(h.Epochs)-1]
}

// column returns one figure of every epoch.
func (h History) column(get func(Epoch) float64) []float64 {
	out := make([]float64, len(h.Epochs))
	for i, e := range h.Epochs {
		out[i] = get(e)
	}
	return out
}

// Loss returns the training loss of each epoch.
func (h History) Loss() []float64 { return h.column(func(e Epoch) float64 { return e.Loss }) }

// Accuracy returns the training accuracy of each epoch, 0 to 1.
func (h History) Accuracy() []float64 { return h.column(func(e Epoch) float64 { return e.Accuracy }) }

// ValidLoss returns the validation loss after each epoch.
func (h History) ValidLoss() []float64 { return h.column(func(e Epoch) float64 { return e.ValidLoss }) }

// ValidAccuracy returns the validation accuracy after each epoch, 0 to 1.
func (h History) ValidAccuracy() []float64 {
	return h.column(func(e Epoch) float64 { return e.ValidAccuracy })
}

// StepRates, StepLosses and StepAccuracies list the figures of every step, as
// the write-up's clr.history does.
func (h History) StepRates() []float64 { return h.steps(func(s Step) float64 { return s.Rate }) }

// StepLosses is the loss of each step's batch.
func (h History) StepLosses() []float64 { return h.steps(func(s Step) float64 { return s.Loss }) }

// StepAccuracies is the accuracy of each step's batch, 0 to 1.
func (h History) StepAccuracies() []float64 {
	return h.steps(func(s Step) float64 { return s.Accuracy })
}

func (h History) steps(get func(Step) float64) []float64 {
	out := make([]float64, len(h.Steps))
	for i, s := range h.Steps {
		out[i] = get(s)
	}
	return out
}

// MeanAccuracy returns the mean accuracy of the steps that keep accepts, 0 to 1, and
// their number; the mean of none is 0.
func (h History) MeanAccuracy(keep func(Step) bool) (mean float64, steps int) {
	for _, s := range h.Steps {
		if keep(s) {
			mean += s.Accuracy
			steps++
		}
	}
	return mean / float64(max(1, steps)), steps
}

// Images returns the number of images over all steps: an image counts once for each epoch.
func (h History) Images() int {
	n := 0
	for _, s := range h.Steps {
		n += s.Images
	}
	return n
}

// LastSteps returns the steps of the last finished epoch.
func (h History) LastSteps() []Step {
	var steps []Step
	for _, s := range h.Steps {
		if s.Epoch == len(h.Epochs) {
			steps = append(steps, s)
		}
	}
	return steps
}

// StepMeans returns the mean loss and accuracy of some steps, weighted by the size of each batch; those of none are 0.
func StepMeans(steps []Step) (loss, accuracy float64) {
	images := 0
	for _, s := range steps {
		images += s.Images
		loss += s.Loss * float64(s.Images)
		accuracy += s.Accuracy * float64(s.Images)
	}
	n := float64(max(1, images))
	return loss / n, accuracy / n
}

// meanOfEpoch returns the loss and accuracy over the steps of an epoch so far,
// weighted by the size of each batch.
func (h History) meanOfEpoch(epoch int) (loss, accuracy float64) {
	images := 0
	for i := len(h.Steps) - 1; i >= 0 && h.Steps[i].Epoch == epoch; i-- {
		s := h.Steps[i]
		images += s.Images
		loss += s.Loss * float64(s.Images)
		accuracy += s.Accuracy * float64(s.Images)
	}
	n := float64(max(1, images))
	return loss / n, accuracy / n
}

// maxHistoryLine limits the length of a line: six figures and their names need less.
const maxHistoryLine = 512

// historyLine is one line of a run's history file: exactly one of the two.
type historyLine struct {
	Step  *Step  `json:"s,omitempty"`
	Epoch *Epoch `json:"e,omitempty"`
}

// appendLine adds a line's JSON to b.
func appendLine(b []byte, line historyLine) ([]byte, error) {
	j, err := json.Marshal(line)
	if err != nil {
		return b, fmt.Errorf("history: %w", err)
	}
	return append(append(b, j...), '\n'), nil
}

// parseHistory reads a history file's bytes, which must be whole lines.
func parseHistory(data []byte, file string) (History, error) {
	var h History
	for n := 1; len(data) > 0; n++ {
		line, rest, ended := bytes.Cut(data, []byte("\n"))
		if !ended {
			return h, fmt.Errorf("%w: %s: line %d is cut off", ErrFormat, file, n)
		}
		var l historyLine
		if err := strictJSON(line, &l); err != nil {
			return h, fmt.Errorf("%w: %s: line %d: %w", ErrFormat, file, n, err)
		}
		switch {
		case l.Step != nil && l.Epoch == nil:
			if want := len(h.Steps) + 1; l.Step.Step != want {
				return h, fmt.Errorf("%w: %s: line %d holds step %d, expected step %d", ErrFormat, file, n, l.Step.Step, want)
			}
			h.Steps = append(h.Steps, *l.Step)
		case l.Epoch != nil && l.Step == nil:
			if want := len(h.Epochs) + 1; l.Epoch.Epoch != want {
				return h, fmt.Errorf("%w: %s: line %d holds epoch %d, expected epoch %d", ErrFormat, file, n, l.Epoch.Epoch, want)
			}
			h.Epochs = append(h.Epochs, *l.Epoch)
		default:
			return h, fmt.Errorf("%w: %s: line %d must hold one step or one epoch", ErrFormat, file, n)
		}
		data = rest
	}
	return h, nil
}
