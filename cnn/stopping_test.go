package cnn

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestBestIsKerass compares the rule with Keras's EarlyStopping, whose decisions testdata/keras/make_stopping.py records.
func TestBestIsKerass(t *testing.T) {
	data, err := os.ReadFile("../testdata/keras/stopping.json")
	if err != nil {
		t.Fatal(err)
	}
	var recorded struct {
		Cases []struct {
			Monitor  string
			Patience int
			MinDelta float64 `json:"min_delta"`
			Values   []float64
			Epochs   int // after which Keras stops
			Best     int // whose weights Keras restores
		}
	}
	if err := json.Unmarshal(data, &recorded); err != nil || len(recorded.Cases) < 20 {
		t.Fatalf("%d cases, %v", len(recorded.Cases), err)
	}
	early := 0
	for _, c := range recorded.Cases {
		config := Config{Patience: c.Patience, MinDelta: c.MinDelta, KeepBest: true}
		if c.Monitor == "val_accuracy" {
			config.Monitor = MonitorAccuracy
		}
		if err := config.validateStopping(); err != nil {
			t.Error(err)
		}
		var h History
		best, stop := 0, false
		for _, v := range c.Values {
			if stop {
				break
			}
			h.Epochs = append(h.Epochs, Epoch{Epoch: len(h.Epochs) + 1, ValidLoss: v, ValidAccuracy: v})
			best, stop = h.Best(config)
		}
		if len(h.Epochs) != c.Epochs || best != c.Best {
			t.Errorf("%+v: stopped after epoch %d, the best is %d", c, len(h.Epochs), best)
		}
		if c.Epochs < len(c.Values) {
			early++
		}
	}
	if early < 5 || early == len(recorded.Cases) {
		t.Errorf("%d of %d cases stop early", early, len(recorded.Cases))
	}
}

// stoppingSpec is a training whose rate spoils what it has learned, so that no epoch after the second is better.
func stoppingSpec(t *testing.T) Spec {
	spec := tinySpec(t)
	spec.Config.Epochs, spec.Config.Patience, spec.Config.KeepBest = 9, 2, true
	spec.Config.Schedule = Exponential{From: 0.01, To: 4, Steps: 15}
	return spec
}

// Promise(runs/stopping): Early stopping and the choice of the best epoch follow Keras's rule, by validation images only. A
// resumed training stops at the same epoch, with the same weights. Figures and exports name the epoch.
func TestEarlyStoppingKeepsTheBestEpoch(t *testing.T) {
	spec := stoppingSpec(t)
	r := trainTiny(t, t.TempDir(), spec)
	kept := r.KeptEpoch()
	finished, total := r.Epochs()
	if !r.StoppedEarly() || finished != kept+2 || total != 9 || kept == 0 {
		t.Fatalf("%d of %d epochs, kept %d: %v", finished, total, kept, r.History.ValidLoss())
	}
	for _, v := range r.History.ValidLoss() {
		if v < r.History.ValidLoss()[kept-1] {
			t.Errorf("epoch %d is not the best of %v", kept, r.History.ValidLoss())
		}
	}
	loaded, err := LoadRun(r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer loaded.Close()
	for what, run := range map[string]*Run{"trained": r, "loaded": loaded} {
		result, err := run.Evaluate(t.Context(), spec.Valid, nil)
		if err != nil {
			t.Fatal(err)
		}
		if result.Loss != r.History.ValidLoss()[kept-1] || result.Epoch != kept || !strings.HasSuffix(result.String(), ", weights of epoch "+string(rune('0'+kept))) {
			t.Errorf("%s: %s; want the loss of epoch %d, %g", what, result, kept, r.History.ValidLoss()[kept-1])
		}
		if !run.Finished() || run.KeptEpoch() != kept || !strings.Contains(run.String(), " of 9 epochs, stopped early, weights of epoch ") {
			t.Errorf("%s: %s", what, run)
		}
		if !reflect.DeepEqual(run.Weights(), run.best) || reflect.DeepEqual(run.Weights(), run.weights) {
			t.Errorf("%s: the weights are not the best epoch's", what)
		}
	}
	// The best epoch's weights are those that a training of as many epochs ends with.
	short := spec
	short.Config.Epochs = kept
	if last := trainTiny(t, t.TempDir(), short); !reflect.DeepEqual(last.Weights(), r.Weights()) {
		t.Error("the weights are not those of the best epoch")
	}
	next := spec
	next.Name, next.From = "next", r
	second := openTiny(t, t.TempDir(), next)
	if !reflect.DeepEqual(second.Weights(), r.Weights()) || second.manifest.From.Step != 5*kept || second.manifest.From.Weights != r.saved.Best.SHA256 {
		t.Errorf("another run starts from %+v", second.manifest.From)
	}
}

// Promise(runs/stopping) stopped after every few steps
func TestStoppingResumesExactly(t *testing.T) {
	spec := stoppingSpec(t)
	whole := trainTiny(t, t.TempDir(), spec)
	root := t.TempDir()
	stops := 0
	for {
		r := openTiny(t, root, spec)
		if stops%2 == 0 {
			r.saveEvery = time.Nanosecond // after each step
		}
		ctx, cancel := context.WithCancel(t.Context())
		steps := 0
		err := r.Train(ctx, func(p Progress) {
			if steps++; steps > len(r.History.Epochs)+3 {
				cancel()
			}
		})
		cancel()
		r.Close()
		if err == nil {
			break
		}
		if stops++; !errors.Is(err, context.Canceled) || stops > 30 {
			t.Fatal(stops, err)
		}
		if loaded, err := LoadRun(r.Dir); err != nil || loaded.Recovered != "" {
			t.Fatalf("after stop %d: %v", stops, err)
		}
	}
	if stops < 4 {
		t.Errorf("%d stops", stops)
	}
	sameFiles(t, openTiny(t, root, spec), whole)
}

// Promise(runs/saves) the best epoch's weights, too
func TestSpoiltBestEpochIsNoticed(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, r *Run){
		"weights flipped": func(t *testing.T, r *Run) { flipBit(t, r.Dir, r.saved.Best.Name) },
		"weights missing": func(t *testing.T, r *Run) { remove(t, r.Dir, r.saved.Best.Name) },
		"another epoch":   func(t *testing.T, r *Run) { replace(t, r.Dir, `"epoch": `, `"epoch": 1`) },
		"path outside":    func(t *testing.T, r *Run) { replace(t, r.Dir, r.saved.Best.Name, "../"+r.saved.Best.Name) },
	} {
		t.Run(name, func(t *testing.T) {
			r := trainTiny(t, t.TempDir(), stoppingSpec(t))
			spoil(t, r)
			old, err := LoadRun(r.Dir)
			if err == nil && old.Recovered == "" {
				t.Errorf("loaded, and answers with epoch %d", old.KeptEpoch())
			}
			if err != nil && !errors.Is(err, ErrFormat) {
				t.Error(err)
			}
		})
	}
}

func TestStoppingFieldsAreChecked(t *testing.T) {
	for name, c := range map[string]Config{
		"patience":         {Patience: -1},
		"delta":            {Patience: 1, MinDelta: -0.1},
		"monitor":          {Patience: 1, Monitor: "test_loss"},
		"delta alone":      {MinDelta: 0.1},
		"monitor alone":    {Monitor: MonitorAccuracy},
		"infinite delta":   {KeepBest: true, MinDelta: inf()},
		"monitor misspelt": {KeepBest: true, Monitor: "valid-accuracy"},
	} {
		spec := tinySpec(t)
		c.Epochs = 2
		spec.Config = c
		if _, err := OpenRun(t.TempDir(), spec); !errors.Is(err, ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func inf() float64 {
	zero := 0.0
	return 1 / zero
}
