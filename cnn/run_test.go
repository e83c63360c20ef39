package cnn

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cnnbook/cnnbook/cifar"
)

// tiny is a network that trains in milliseconds, with every kind of layer.
func tiny() Architecture {
	return Architecture{Name: "tiny", Input: Shape{32, 32, 3}, Layers: []Layer{
		MaxPooling2D{"shrink", 4},
		Conv2D{Name: "conv", Filters: 4, Kernel: 3, Padding: "same"},
		Activation{"relu", "relu"},
		MaxPooling2D{"pool", 2},
		Dropout{"dropout", 0.25},
		Flatten{"flatten"},
		Dense{Name: "dense", Units: 10},
		Activation{"softmax", "softmax"},
	}}
}

func tinySpec(t *testing.T) Spec {
	t.Helper()
	train, valid := cifar.Drawn(1, 90, 30)
	return Spec{
		Name: "tiny", Network: tiny(), Train: train, Valid: valid,
		Config: Config{Optimizer: SGD{Momentum: 0.9}, Batch: 20, Epochs: 3, Seed: 7, Preprocess: Preprocess{Flip: true}},
	}
}

func openTiny(t *testing.T, root string, spec Spec) *Run {
	t.Helper()
	r, err := OpenRun(root, spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	r.saveEvery = time.Hour // on a busy machine, too
	return r
}

func trainTiny(t *testing.T, root string, spec Spec) *Run {
	t.Helper()
	r := openTiny(t, root, spec)
	if err := r.Train(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return r
}

// files reads a run's current weights, optimizer and history.
func files(t *testing.T, r *Run) map[string][]byte {
	t.Helper()
	m, err := readManifest(r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for what, f := range map[string]savedFile{"weights": m.State.Weights, "optimizer": m.State.Optimizer, "history": m.State.History} {
		data, err := os.ReadFile(filepath.Join(r.Dir, f.Name))
		if err != nil {
			t.Fatal(err)
		}
		out[what] = data
	}
	return out
}

func sameFiles(t *testing.T, a, b *Run) {
	t.Helper()
	x, y := files(t, a), files(t, b)
	for what := range x {
		if !bytes.Equal(x[what], y[what]) {
			t.Errorf("%s differ", what)
		}
	}
}

func TestTrainSavesAndIsFoundAgain(t *testing.T) {
	root, spec := t.TempDir(), tinySpec(t)
	var reports []Progress
	r := openTiny(t, root, spec)
	if err := r.Train(t.Context(), func(p Progress) { reports = append(reports, p) }); err != nil {
		t.Fatal(err)
	}
	if n := len(r.History.Steps); n != 15 { // ⌈90/20⌉ = 5 steps in each of 3 epochs
		t.Errorf("%d steps, want 15", n)
	}
	if last := r.History.Steps[4]; last.Images != 10 {
		t.Errorf("the last batch of an epoch has %d images, want 10", last.Images)
	}
	if n := len(reports); n != 18 {
		t.Errorf("%d reports, want one for each of 15 steps and 3 epochs", n)
	}
	found, err := FindRun(root, "tiny")
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(found.History, r.History) || !reflect.DeepEqual(found.Weights(), r.Weights()) || !found.Finished() {
		t.Error("the run that was found is not the one that was trained")
	}
	if !found.Drawn() {
		t.Error("the run does not know that its images are drawn")
	}
	if err := found.Train(t.Context(), nil); err != nil {
		t.Errorf("training a finished run: %v", err)
	}
}

// Promise(runs/identity): A run is never shown for a network, configuration, seed or dataset other
// than its own. What has changed is named.
func TestOpeningAgainTrainsNothing(t *testing.T) {
	root, spec := t.TempDir(), tinySpec(t)
	r := trainTiny(t, root, spec)
	again := openTiny(t, root, spec)
	if again.Dir != r.Dir || !again.Finished() {
		t.Fatalf("opened %s, finished %t; trained %s", again.Dir, again.Finished(), r.Dir)
	}
	var told []Progress
	if err := again.Train(t.Context(), func(p Progress) { told = append(told, p) }); err != nil {
		t.Error(err)
	}
	if len(told) != 3 || again.engine != nil {
		t.Errorf("reported %d times, want once for each of 3 epochs, and no engine", len(told))
	}
}

// Promise(runs/identity)
func TestChangesAreNamedAndTrainedAnew(t *testing.T) {
	root, spec := t.TempDir(), tinySpec(t)
	first := trainTiny(t, root, spec)
	other, _ := cifar.Drawn(2, 90, 30)
	for name, test := range map[string]struct {
		change func(*Spec)
		want   string
	}{
		"epochs":    {func(s *Spec) { s.Config.Epochs = 4 }, "epochs (4, was 3)"},
		"seed":      {func(s *Spec) { s.Config.Seed = 8 }, "seed (8, was 7)"},
		"optimizer": {func(s *Spec) { s.Config.Optimizer = Adam{}; s.Config.Schedule = Constant(0.01) }, "optimizer ("},
		"schedule":  {func(s *Spec) { s.Config.Schedule = Constant(0.5) }, "schedule ("},
		"plateau":   {func(s *Spec) { s.Config.Plateau = &Plateau{Patience: 5} }, "plateau ("},
		"EMA":       {func(s *Spec) { s.Config.EMA = &EMA{Decay: 0.99} }, "ema ("},
		"clip":      {func(s *Spec) { s.Config.Clip = &Clipping{GlobalNorm: 1} }, "clip ("},
		"data":      {func(s *Spec) { s.Train = other }, "training data"},
		"network": {func(s *Spec) {
			s.Network.Layers = append([]Layer{}, s.Network.Layers...)
			s.Network.Layers[4] = Dropout{"dropout", 0.5}
		}, "architecture"},
		"origin": {func(s *Spec) { s.From = first }, "starting weights"},
	} {
		t.Run(name, func(t *testing.T) {
			changed := spec
			test.change(&changed)
			m, err := newManifest(func() Spec { changed.Config = changed.Config.withDefaults(); return changed }())
			if err != nil {
				t.Fatal(err)
			}
			if m.Identity == first.manifest.Identity {
				t.Fatal("the identity is the same")
			}
			if got := strings.Join(differences(first.manifest, m), "; "); !strings.Contains(got, test.want) || strings.Contains(got, ";") {
				t.Errorf("differences: %q, want only %q", got, test.want)
			}
		})
	}
	spec.Config.Epochs = 4
	if r := openTiny(t, root, spec); r.Dir == first.Dir || len(r.Changed) != 1 || r.Changed[0] != "epochs (4, was 3)" {
		t.Errorf("changed run in %s, differences %q", r.Dir, r.Changed)
	}
}

// TestResumeIsExact stops a training after each of its steps in turn and checks
// that the resumed one ends as if never stopped, including dropout.
//
// Promise(runs/resume): A training that is stopped anywhere and resumed ends with the same weights,
// optimizer state and history, bit for bit, as one that was never stopped, on the same CPU and plugin.
// Promise(runs/resume) after each kind of step
func TestResumeIsExact(t *testing.T) {
	spec := tinySpec(t)
	whole := trainTiny(t, t.TempDir(), spec)
	for _, stop := range []int{1, 4, 5, 12, 15} { // 5 and 15 end an epoch
		root := t.TempDir()
		r := openTiny(t, root, spec)
		ctx, cancel := context.WithCancel(t.Context())
		err := r.Train(ctx, func(p Progress) {
			if (p.Epoch-1)*p.Steps+p.Step == stop {
				cancel()
			}
		})
		if stop < 15 && !errors.Is(err, context.Canceled) {
			t.Fatalf("stopped after step %d: %v", stop, err)
		}
		cancel()
		r.Close()
		sameFiles(t, trainTiny(t, root, spec), whole)
	}
}

func TestContinuesFromAnotherRun(t *testing.T) {
	root, spec := t.TempDir(), tinySpec(t)
	base := trainTiny(t, root, spec)
	spec.Name, spec.From = "next", base
	r := openTiny(t, root, spec)
	if !reflect.DeepEqual(r.Weights(), base.Weights()) {
		t.Error("the run does not start from the other's weights")
	}
	if err := r.Train(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if reflect.DeepEqual(r.Weights(), base.Weights()) {
		t.Error("training changed nothing")
	}
	again, err := LoadRun(base.Dir)
	if err != nil || !reflect.DeepEqual(again.Weights(), base.Weights()) {
		t.Errorf("training the second run changed the first: %v", err)
	}
}

// With one seed for all stages, each stage must still draw orders, flips and
// dropout of its own; runs from one start share theirs, so that they can be
// compared.
func TestStagesDrawTheirOwnBatches(t *testing.T) {
	root, spec := t.TempDir(), tinySpec(t)
	spec.Config.Schedule = Constant(1e-30) // so that the weights stay, and a loss tells the batch
	first := trainTiny(t, root, spec)
	spec.Name, spec.From = "second", first
	second := trainTiny(t, root, spec)
	spec.Name = "rival"
	rival := trainTiny(t, root, spec)
	spec.Name, spec.From = "third", second
	third := trainTiny(t, root, spec)
	losses := second.History.StepLosses()
	if reflect.DeepEqual(losses, first.History.StepLosses()) || reflect.DeepEqual(losses, third.History.StepLosses()) {
		t.Error("a stage repeats the batches of another one")
	}
	if !reflect.DeepEqual(losses, rival.History.StepLosses()) {
		t.Error("two runs from one start do not see the same batches")
	}
}

// Promise(runs/lock)
func TestSecondTrainerIsToldWhoHoldsTheRun(t *testing.T) {
	spec := tinySpec(t)
	r := openTiny(t, t.TempDir(), spec)
	release, err := lockRun(r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Train(t.Context(), nil); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), "process ") {
		t.Errorf("got %v, want ErrLocked with the process", err)
	}
	release()
	if err := r.Train(t.Context(), nil); err != nil {
		t.Errorf("after the release: %v", err)
	}
}

// Promise(runs/saves): What is saved is whole: the files of a state are written before the manifest
// that names them with their SHA-256, and the previous state is kept.
func TestSpoiltFilesAreNoticed(t *testing.T) {
	trained := trainTiny(t, t.TempDir(), tinySpec(t))
	for name, test := range map[string]struct {
		spoil func(t *testing.T, dir string, m manifest)
		want  string
	}{
		"manifest missing": {func(t *testing.T, dir string, _ manifest) { remove(t, dir, manifestName) }, "no run in"},
		"manifest cut":     {func(t *testing.T, dir string, _ manifest) { cut(t, dir, manifestName) }, manifestName},
		"manifest changed": {func(t *testing.T, dir string, _ manifest) { replace(t, dir, `"seed": 7`, `"seed": 9`) }, "identity does not match"},
		"path outside":     {func(t *testing.T, dir string, m manifest) { replace(t, dir, m.State.Weights.Name, "../w.safetensors") }, "not a file of the run's own folder"},
		"both histories cut": {func(t *testing.T, dir string, m manifest) {
			edit(t, dir, historyName, func(b []byte) []byte { return b[:m.Previous.History.Bytes-1] })
		}, "truncated"},
		"weights missing": {func(t *testing.T, dir string, m manifest) {
			remove(t, dir, m.State.Weights.Name)
			remove(t, dir, m.Previous.Weights.Name)
		}, "is missing"},
		"weights flipped": {func(t *testing.T, dir string, m manifest) {
			flipBit(t, dir, m.State.Weights.Name)
			if m.Previous != nil {
				flipBit(t, dir, m.Previous.Weights.Name)
			}
		}, "sha256"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(trained.Dir)); err != nil {
				t.Fatal(err)
			}
			test.spoil(t, dir, trained.manifest)
			_, err := LoadRun(dir)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// Promise(runs/saves)
func TestPreviousStateIsUsedWhenTheLatestIsSpoilt(t *testing.T) {
	r := trainTiny(t, t.TempDir(), tinySpec(t))
	flipBit(t, r.Dir, r.manifest.State.Weights.Name)
	old, err := LoadRun(r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if old.Recovered == "" || old.manifest.State.Step != 5 {
		t.Errorf("recovered %q at step %d, want the save before the first validation", old.Recovered, old.manifest.State.Step)
	}
	want := files(t, r)
	again := trainTiny(t, filepath.Dir(r.Dir), tinySpec(t))
	if !bytes.Equal(files(t, again)["history"], want["history"]) {
		t.Error("training from the older save does not give the same history")
	}
}

// A run that is stopped between an epoch's last step and its validation is
// saved twice at that step; the state before must still be there.
//
// Promise(runs/saves)
func TestPreviousStateIsAnotherStep(t *testing.T) {
	root, spec := t.TempDir(), tinySpec(t)
	spec.Config.Epochs = 1
	r := openTiny(t, root, spec)
	ctx, cancel := context.WithCancel(t.Context())
	err := r.Train(ctx, func(p Progress) {
		if p.Step == p.Steps {
			cancel()
		}
	})
	if cancel(); !errors.Is(err, context.Canceled) || r.manifest.State.Step != 5 || r.Finished() {
		t.Fatalf("stopped before the validation: %v at step %d", err, r.manifest.State.Step)
	}
	r.Close()
	r = trainTiny(t, root, spec)
	flipBit(t, r.Dir, r.manifest.State.Weights.Name)
	if old, err := LoadRun(r.Dir); err != nil || old.manifest.State.Step != 0 {
		t.Errorf("the state before is lost: %v", err)
	}
}

// Promise(runs/saves)
func TestTornHistoryLineIsCutOff(t *testing.T) {
	spec := tinySpec(t)
	whole := trainTiny(t, t.TempDir(), spec)
	root := t.TempDir()
	r := openTiny(t, root, spec)
	f, err := os.OpenFile(filepath.Join(r.Dir, historyName), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"s":{"step":1,"ep`); err != nil {
		t.Fatal(err)
	}
	f.Close()
	sameFiles(t, trainTiny(t, root, spec), whole)
}

func TestBadSpecs(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Spec)
		want   error
	}{
		"name":    {func(s *Spec) { s.Name = "../x" }, ErrConfig},
		"no data": {func(s *Spec) { s.Valid = nil }, ErrConfig},
		"one class": {func(s *Spec) {
			one := *s.Train
			one.Names, one.Labels = []string{"fruits"}, make([]byte, one.Len())
			s.Train, s.Valid = &one, &one
			last := len(s.Network.Layers) - 2
			s.Network.Layers = slices.Clone(s.Network.Layers)
			dense := s.Network.Layers[last].(Dense)
			dense.Units = 1
			s.Network.Layers[last] = dense
		}, ErrConfig},
		"batch":      {func(s *Spec) { s.Config.Batch = -1 }, ErrConfig},
		"momentum":   {func(s *Spec) { s.Config.Optimizer = SGD{Momentum: 1} }, ErrConfig},
		"rate":       {func(s *Spec) { s.Config.Schedule = Constant(-1) }, ErrConfig},
		"no network": {func(s *Spec) { s.Network = Architecture{} }, ErrArchitecture},
		"no softmax": {func(s *Spec) { s.Network.Layers = s.Network.Layers[:7] }, ErrArchitecture},
	} {
		t.Run(name, func(t *testing.T) {
			spec := tinySpec(t)
			test.change(&spec)
			if _, err := OpenRun(t.TempDir(), spec); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

func TestNoRun(t *testing.T) {
	if _, err := FindRun(t.TempDir(), "base"); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), `"base"`) {
		t.Errorf("got %v, want fs.ErrNotExist with the name", err)
	}
	r := trainTiny(t, t.TempDir(), tinySpec(t))
	loaded, err := LoadRun(r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := loaded.SearchRate(t.Context(), RateSearch{}, nil); !errors.Is(err, errUntrainable) {
		t.Errorf("searching with a loaded run: %v", err)
	}
}

func TestEvaluateIsByIndex(t *testing.T) {
	r := trainTiny(t, t.TempDir(), tinySpec(t))
	_, test := cifar.Drawn(1, 10, 1203) // more than two batches, the last one short
	whole, err := r.Evaluate(t.Context(), test, nil)
	if err != nil {
		t.Fatal(err)
	}
	some := []int{1202, 5, 777, 500}
	part, err := test.Subset(some)
	if err != nil {
		t.Fatal(err)
	}
	picked, err := r.Evaluate(t.Context(), part, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, from := range some {
		if picked.Predicted[i] != whole.Predicted[from] || picked.Actual[i] != whole.Actual[from] {
			t.Errorf("image %d: alone %d, in the whole set %d", from, picked.Predicted[i], whole.Predicted[from])
		}
	}
}

// TestValidationIsThatOfTheSavedWeights guards against a backend that computes
// with weights of an earlier step: the validation of the process that trained
// must be what the saved weights give in a new one.
func TestValidationIsThatOfTheSavedWeights(t *testing.T) {
	spec := tinySpec(t)
	spec.Network = WriteUp()
	spec.Config = Config{Schedule: Constant(0.05), Batch: 30, Epochs: 2, Seed: 1}
	for range 3 {
		r := trainTiny(t, t.TempDir(), spec)
		saved, err := LoadRun(r.Dir)
		if err != nil {
			t.Fatal(err)
		}
		result, err := saved.Evaluate(t.Context(), spec.Valid, nil)
		saved.Close()
		if err != nil {
			t.Fatal(err)
		}
		if got, want := r.History.ValidLoss()[1], result.Loss; got != want {
			t.Errorf("validation loss while training %g, of the saved weights %g", got, want)
		}
	}
}

func TestSearchRateLeavesTheRunAlone(t *testing.T) {
	r := openTiny(t, t.TempDir(), tinySpec(t))
	before := files(t, r)
	weights := r.Weights()
	curve, err := r.SearchRate(t.Context(), RateSearch{From: 1e-4, To: 1e4, Steps: 60}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !curve.Diverged || curve.Suggestion <= 0 || curve.Suggestion > 100 {
		t.Errorf("diverged %t, suggestion %g (%s)", curve.Diverged, curve.Suggestion, curve.Reason)
	}
	if !reflect.DeepEqual(files(t, r), before) || !reflect.DeepEqual(r.Weights(), weights) || len(r.History.Steps) != 0 {
		t.Error("the search changed the run")
	}
}

func remove(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}

func edit(t *testing.T, dir, name string, change func([]byte) []byte) {
	t.Helper()
	path := filepath.Join(dir, name)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, change(data), 0o644); err != nil {
		t.Fatal(err)
	}
}

func cut(t *testing.T, dir, name string) {
	edit(t, dir, name, func(b []byte) []byte { return b[:len(b)/2] })
}

func flipBit(t *testing.T, dir, name string) {
	edit(t, dir, name, func(b []byte) []byte { b[len(b)/2] ^= 1; return b })
}

func replace(t *testing.T, dir, old, with string) {
	edit(t, dir, manifestName, func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(old), []byte(with)) })
}

func TestEstimate(t *testing.T) {
	var r Run
	if got := r.Estimate(10); got != 0 {
		t.Errorf("without a step: %s, expected 0", got)
	}
	r.manifest.State.Step, r.manifest.State.Seconds = 20, 5
	if got := r.Estimate(10); got != 2500*time.Millisecond {
		t.Errorf("%s, expected 2.5s", got)
	}
}
