// Package trained holds whole trainings of recipes to a test accuracy, as bench --accuracy --save keeps them.
package trained

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/internal/atomicfile"
)

// Format is the version of the file.
const Format = 1

// Record holds trainings of a recipe with several seeds, as saved in a file.
type Record struct {
	Format      int     `json:"format"`
	Data        string  `json:"data"`
	Fingerprint string  `json:"fingerprint"` // of the training images
	Precision   string  `json:"precision"`   // float32 or bfloat16
	Form        string  `json:"form"`        // of the recipe, see [ParseRecipe]
	Images      int     `json:"images"`
	Evaluate    int     `json:"evaluate"` // test images
	Epochs      float64 `json:"epochs"`
	Peer        bool    `json:"peer"`                 // PyTorch's trainings are with ours
	PeerSteps   int     `json:"peer_steps,omitempty"` // they are cut off after so many steps, without an accuracy; 0: they are whole
	Seeds       []Seed  `json:"seeds"`
}

// Seed is one training with each framework, by turns.
type Seed struct {
	Seed       uint64     `json:"seed"`
	Date       string     `json:"date"`
	Machine    string     `json:"machine"`
	Contenders []Training `json:"contenders"` // ours is the first
}

// Training is what one framework's training gave.
type Training struct {
	Name   string `json:"name"`
	Sample Sample `json:"sample"`
}

// Sample is what was measured in a training's process.
type Sample struct {
	Steps     []float64 `json:"steps"` // seconds of each
	Versions  string    `json:"versions"`
	FirstStep float64   `json:"first_step"` // seconds from the start of the process to the end of its first step
	Peak      int64     `json:"peak"`       // resident memory, bytes
	Epochs    []Epoch   `json:"epochs"`
}

// Epoch is the test accuracy after an epoch.
type Epoch struct {
	Step  int     `json:"step"`
	Plain float64 `json:"plain"` // of the test images as they are
	Views float64 `json:"views"` // by the mean over six views of each, cnn.MirrorAndShiftViews; 0 if the epoch was far from the target
}

// String is "0.8968, 0.9066 by six views".
func (e Epoch) String() string {
	if e.Views == 0 {
		return fmt.Sprintf("%.4f", e.Plain)
	}
	return fmt.Sprintf("%.4f, %.4f by six views", e.Plain, e.Views)
}

// Last is the accuracy after the last step of a training that is whole.
func (t Training) Last() Epoch { return t.Sample.Epochs[len(t.Sample.Epochs)-1] }

// Seconds is the time of the training to the end of a step.
func (t Training) Seconds(step int) (sum float64) {
	for _, s := range t.Sample.Steps[:step] {
		sum += s
	}
	return sum
}

// Total is the time of all its steps, in seconds.
func (t Training) Total() float64 { return t.Seconds(len(t.Sample.Steps)) }

// Of is the time of so many steps, in seconds: of those that it has not done, as the mean of those after its first.
func (t Training) Of(steps int) float64 {
	done := len(t.Sample.Steps)
	if steps <= done {
		return t.Seconds(steps)
	}
	return t.Total() + float64(steps-done)*(t.Total()-t.Seconds(1))/float64(done-1)
}

// Reached is the time to the end of the first epoch whose accuracy is at least the target.
func (t Training) Reached(target float64) (seconds float64, ok bool) {
	for _, e := range t.Sample.Epochs {
		if e.Views >= target {
			return t.Seconds(e.Step), true
		}
	}
	return 0, false
}

// Has says whether a seed has been trained.
func (r Record) Has(seed uint64) bool {
	return slices.ContainsFunc(r.Seeds, func(s Seed) bool { return s.Seed == seed })
}

// Save writes the file.
func (r Record) Save(file string) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return atomicfile.WriteBytes(file, append(text, '\n'), 0o644)
}

// Read reads a file that [Record.Save] wrote.
func Read(file string) (r Record, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return r, err
	}
	if r, err = Parse(text); err != nil {
		return r, fmt.Errorf("%s: %w", file, err)
	}
	return r, nil
}

// Parse reads what [Record.Save] writes.
func Parse(text []byte) (r Record, err error) {
	r.Form = "94" // where a file has none, as there was no other
	if err = json.Unmarshal(text, &r); err == nil {
		err = r.check()
	}
	if err != nil {
		return r, fmt.Errorf("not a file of bench --accuracy --save: %w", err)
	}
	return r, nil
}

func (r Record) check() error {
	if r.Format != Format {
		return fmt.Errorf("its format is %d, %d is known", r.Format, Format)
	}
	if _, err := ParseRecipe(r.Form); err != nil {
		return err
	}
	contenders := 1
	if r.Peer {
		contenders = 2
	}
	for _, s := range r.Seeds {
		if len(s.Contenders) != contenders {
			return fmt.Errorf("seed %d has %d trainings, expected %d", s.Seed, len(s.Contenders), contenders)
		}
		for i, t := range s.Contenders {
			if i > 0 && r.PeerSteps > 0 {
				if len(t.Sample.Steps) != r.PeerSteps || r.PeerSteps < 2 {
					return fmt.Errorf("seed %d of %s has %d steps, expected %d", s.Seed, t.Name, len(t.Sample.Steps), r.PeerSteps)
				}
				continue
			}
			if len(t.Sample.Epochs) == 0 || t.Last().Step != len(t.Sample.Steps) || len(t.Sample.Steps) == 0 {
				return fmt.Errorf("seed %d of %s is not complete", s.Seed, t.Name)
			}
			for _, e := range t.Sample.Epochs {
				if e.Step < 1 || e.Step > len(t.Sample.Steps) {
					return fmt.Errorf("seed %d of %s has an epoch that ends after step %d of %d", s.Seed, t.Name, e.Step, len(t.Sample.Steps))
				}
			}
		}
	}
	return nil
}

// SameAs returns an error if trainings with the settings of now do not belong into the file.
func (r Record) SameAs(now Record) error {
	for _, f := range []struct {
		name         string
		saved, asked any
	}{
		{"training images (SHA-256)", r.Fingerprint, now.Fingerprint}, {"precision", r.Precision, now.Precision}, {"form", r.Form, now.Form}, {"images", r.Images, now.Images},
		{"test images", r.Evaluate, now.Evaluate}, {"epochs", r.Epochs, now.Epochs}, {"with PyTorch", r.Peer, now.Peer},
		{"PyTorch's steps", r.PeerSteps, now.PeerSteps},
	} {
		if f.saved != f.asked {
			return fmt.Errorf("it has trainings with other settings: %s: %v, now %v", f.name, f.saved, f.asked)
		}
	}
	return nil
}

// title names the recipe, after a word on the budget if the trainings had fewer images or epochs than it has.
func (r Record) title(recipe Recipe) string {
	if r.Images < cifar.TrainRecords || r.Epochs < recipe.Epochs || r.Evaluate < cifar.TestRecords {
		return "Reduced budget: " + recipe.Title
	}
	return recipe.Title
}
