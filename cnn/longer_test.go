package cnn

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// statefulSpec is a training with all that a longer one must take over: two moments per weight, an order, flips and dropout of
// each epoch's own, and the best epoch's weights.
func statefulSpec(t *testing.T) Spec {
	spec := tinySpec(t)
	spec.Config.Optimizer, spec.Config.KeepBest = Adam{}, true
	return spec
}

// Promise(runs/longer): A run goes on to more epochs exactly as if they had been asked for at once. Where that is not so,
// because the schedule spans the training, or because a file is damaged, it says so and starts from the beginning.
func TestMoreEpochsAreThoseOfALongerRun(t *testing.T) {
	spec := statefulSpec(t)
	spec.Config.Epochs = 4
	whole := trainTiny(t, t.TempDir(), spec)

	root := t.TempDir()
	short := spec
	short.Config.Epochs = 2
	first := trainTiny(t, root, short)
	again := openTiny(t, root, spec)
	if got, want := again.Beginning(), "goes on from epoch 2 of "+filepath.Base(first.Dir); got != want || again.PassedOver != "" {
		t.Errorf("%q, %q; want %q", got, again.PassedOver, want)
	}
	if !reflect.DeepEqual(again.Changed, []string{"epochs (4, was 2)"}) {
		t.Errorf("changed %q", again.Changed)
	}
	if again.Seconds() != first.Seconds() || again.Seconds() == 0 {
		t.Errorf("%g seconds, want the first run's %g", again.Seconds(), first.Seconds())
	}
	var told []Progress
	if err := again.Train(t.Context(), func(p Progress) { told = append(told, p) }); err != nil {
		t.Fatal(err)
	}
	if len(told) != 2+12 { // the finished epochs, and five steps and the end of each of two
		t.Errorf("%d reports, want 14", len(told))
	}
	sameFiles(t, again, whole)
	if again.manifest.Identity != whole.manifest.Identity || !reflect.DeepEqual(again.Weights(), whole.Weights()) {
		t.Error("it is another run")
	}
	if again.Beginning() != "" || again.GoesOnFrom() != "epoch 2 of "+filepath.Base(first.Dir) {
		t.Errorf("at its end: %q, %q", again.Beginning(), again.GoesOnFrom())
	}
	sameFiles(t, first, trainTiny(t, t.TempDir(), short)) // the short run is as it was
	if err := os.RemoveAll(first.Dir); err != nil {       // nor needed
		t.Fatal(err)
	}
	if loaded, err := LoadRun(again.Dir); err != nil || loaded.Recovered != "" {
		t.Errorf("%v, %v", loaded, err)
	}
}

// A longer run that was stopped has passed through the state of a shorter one, and the other way round.
//
// Promise(runs/longer) also from a run that was stopped
func TestMoreEpochsOfAStoppedRun(t *testing.T) {
	spec := statefulSpec(t)
	spec.Config.Epochs = 2
	whole := trainTiny(t, t.TempDir(), spec)
	for _, epochs := range []int{1, 3} { // more than in the end, and fewer
		root, other := t.TempDir(), spec
		other.Config.Epochs = epochs
		r := openTiny(t, root, other)
		ctx, cancel := context.WithCancel(t.Context())
		err := r.Train(ctx, func(p Progress) {
			if p.Step == 3 {
				cancel()
			}
		})
		if cancel(); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		again := openTiny(t, root, spec)
		if got := again.Beginning(); got != "goes on from step 3 of "+filepath.Base(r.Dir) {
			t.Errorf("%d epochs: %q", epochs, got)
		}
		if err := again.Train(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		sameFiles(t, again, whole)
	}
}

// Promise(runs/longer)
func TestOtherRunsAreNotGoneOnFrom(t *testing.T) {
	for name, test := range map[string]struct {
		short, long func(*Config)
		spoil       func(t *testing.T, r *Run)
		want        string // in Beginning
	}{
		"one cycle": {func(c *Config) { c.Schedule = OneCycle{Max: 0.01} }, nil, nil,
			`because its learning rates differ: schedule ({"class_name":"OneCycle","config":{"max":0.01,"steps":20}}, was {"class_name":"OneCycle","config":{"max":0.01,"steps":10}}); epochs (4, was 2)`},
		"another seed":     {nil, func(c *Config) { c.Seed = 8 }, nil, "another training than the last of its name: epochs (4, was 2); seed (8, was "},
		"another patience": {nil, func(c *Config) { c.Patience = 9 }, nil, "another training than the last of its name: epochs (4, was 2); patience (9, was 0)"},
		"an average":       {nil, func(c *Config) { c.EMA = &EMA{Decay: 0.9} }, nil, "another training than the last of its name: epochs (4, was 2); ema ("},
		"Lookahead": {func(c *Config) { c.Lookahead = &Lookahead{} }, nil, nil,
			`another training than the last of its name: epochs (4, was 2); lookahead ({"steps":20}, was {"steps":10})`},
		"more steps": {func(c *Config) { c.Epochs = 6 }, nil, nil, "has some of these epochs, but: it has gone further, to step 30, and keeps no earlier state"},
		"weights damaged": {nil, nil, func(t *testing.T, r *Run) { flipBit(t, r.Dir, r.saved.Weights.Name) },
			"has some of these epochs, but: its latest save is damaged: "},
		"history damaged": {nil, nil, func(t *testing.T, r *Run) { cut(t, r.Dir, historyName) }, "has some of these epochs, but: "},
		"best epoch lost": {nil, nil, func(t *testing.T, r *Run) {
			remove(t, r.Dir, r.saved.Best.Name)
			if p := r.manifest.Previous; p != nil && p.Best != nil {
				_ = os.Remove(filepath.Join(r.Dir, p.Best.Name))
			}
		}, "has some of these epochs, but: "},
		"other software": {nil, nil, func(t *testing.T, r *Run) {
			edit(t, r.Dir, manifestName, func(b []byte) []byte {
				return bytes.Replace(b, []byte(`"software": [`), []byte(`"software": ["go0.1",`), 1)
			})
		}, "it was computed by go0.1, "},
		"other hardware": {nil, nil, func(t *testing.T, r *Run) {
			replace(t, r.Dir, `"backend": "`, `"backend": "other `)
		}, "it was computed on other "},
		"manifest cut": {nil, nil, func(t *testing.T, r *Run) { cut(t, r.Dir, manifestName) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			root, spec := t.TempDir(), statefulSpec(t)
			spec.Config.Epochs = 2
			if test.short != nil {
				test.short(&spec.Config)
			}
			short := trainTiny(t, root, spec)
			if test.spoil != nil {
				test.spoil(t, short)
			}
			spec.Config.Epochs = 4
			if test.long != nil {
				test.long(&spec.Config)
			}
			r := openTiny(t, root, spec)
			if r.manifest.State.Step != 0 || r.GoesOnFrom() != "" {
				t.Fatalf("at step %d, from %q", r.manifest.State.Step, r.GoesOnFrom())
			}
			if got := r.Beginning(); !strings.Contains(got, test.want) || (got == "") != (test.want == "") {
				t.Errorf("%q, want %q", got, test.want)
			}
			sameFiles(t, r, openTiny(t, t.TempDir(), spec))
		})
	}
}

// A process that is killed while it takes over another run's state leaves a folder without a manifest, which is no run. Whatever
// of the state is in it is written again.
func TestHalfTakenOverStateIsNoRun(t *testing.T) {
	root, spec := t.TempDir(), statefulSpec(t)
	spec.Config.Epochs = 2
	short := trainTiny(t, root, spec)
	spec.Config.Epochs = 4
	dir := openTiny(t, root, spec).Dir
	for _, gone := range []bool{false, true} {
		remove(t, dir, manifestName)
		cut(t, dir, historyName)
		if _, err := LoadRun(dir); !notThere(err) {
			t.Fatalf("half a state: %v", err)
		}
		if gone {
			if err := os.RemoveAll(short.Dir); err != nil {
				t.Fatal(err)
			}
		}
		r := openTiny(t, root, spec)
		if finished, _ := r.Epochs(); (finished == 2) == gone || len(r.History.Epochs) != finished {
			t.Errorf("%d epochs, %d in the history", finished, len(r.History.Epochs))
		}
	}
	sameFiles(t, trainTiny(t, root, spec), trainTiny(t, t.TempDir(), spec))
}

// What takes its number of steps from the training is said to, and nothing else.
func TestSpansTraining(t *testing.T) {
	for name, c := range map[string]struct {
		config Config
		want   bool
	}{
		"defaults":                {Config{}, false},
		"one cycle":               {Config{Schedule: OneCycle{Max: 0.1}}, true},
		"one cycle of 1000 steps": {Config{Schedule: OneCycle{Max: 0.1, Steps: 1000}}, false},
		"cyclic":                  {Config{Schedule: Cyclic{Max: 0.1}}, true},
		"restarts":                {Config{Schedule: CosineRestarts{Max: 0.1}}, true},
		"restarts of 100 steps":   {Config{Schedule: CosineRestarts{Max: 0.1, First: 100}}, false},
		"lookahead":               {Config{Lookahead: &Lookahead{}}, true},
		"lookahead of 100 steps":  {Config{Lookahead: &Lookahead{Steps: 100}}, false},
		"plateau, patience, EMA":  {Config{Plateau: &Plateau{}, Patience: 3, EMA: &EMA{}}, false},
	} {
		if got := c.config.SpansTraining(); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// A run on other images than the last one of its name, as in a notebook that compares splits, is no training begun anew.
func TestOtherImagesAreAnotherTraining(t *testing.T) {
	root, spec := t.TempDir(), statefulSpec(t)
	spec.Config.Epochs = 2
	trainTiny(t, root, spec)
	spec.Config.Epochs, spec.Config.Patience = 4, 9
	spec.Train = spec.Train.Head(spec.Train.Len() - 1)
	if got := openTiny(t, root, spec).Beginning(); got != "" {
		t.Errorf("it says %q", got)
	}
}
