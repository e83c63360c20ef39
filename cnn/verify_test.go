package cnn

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cnnbook/cnnbook/cifar"
)

// ingredients gives what the tests' runs are made of.
func ingredients(spec Spec, runs ...*Run) Ingredients {
	return Ingredients{
		Images: func(name, fingerprint string) *cifar.Dataset {
			for _, d := range []*cifar.Dataset{spec.Train, spec.Valid} {
				if d.Name == name && d.Fingerprint() == fingerprint {
					return d
				}
			}
			return nil
		},
		Run: func(identity string) *Run {
			for _, r := range runs {
				if r.Identity() == identity {
					return r
				}
			}
			return nil
		},
	}
}

// load reads a run as one who verifies it does.
func load(t *testing.T, dir string) *Run {
	t.Helper()
	r, err := LoadRun(dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// verifyAll verifies all stretches of a run and returns the first error.
func verifyAll(t *testing.T, r *Run, limit time.Duration, in Ingredients) (names []string, err error) {
	t.Helper()
	for _, s := range r.Stretches(limit) {
		steps := 0
		err = errors.Join(err, r.Verify(t.Context(), s, in, func(done, of int) { steps = done }))
		names = append(names, s.String())
		if err == nil && steps != s.To-s.From {
			t.Errorf("%s: %d steps were reported", s, steps)
		}
	}
	return names, err
}

// Promise(runs/verify): What a run has saved can be trained again from the save before, or from the beginning, and gives the same
// bits on the same kind of machine; a changed file is found and named; a run of another kind of machine is not judged.
func TestVerifySameBits(t *testing.T) {
	spec := tinySpec(t)
	keeping := spec
	keeping.Name, keeping.Config.KeepBest, keeping.Config.Optimizer, keeping.Config.Schedule = "keeping", true, Adam{}, OneCycle{Max: 0.01}
	root := t.TempDir()
	first := trainTiny(t, root, spec)
	after := spec
	after.Name, after.From, after.Config.Lookahead = "after", first, &Lookahead{Every: 3}
	averaged, sharded := spec, spec
	averaged.Name, averaged.Config.EMA, averaged.Config.Clip = "averaged", &EMA{Decay: 0.9}, &Clipping{GlobalNorm: 1}
	averaged.Config.Plateau, averaged.Config.Schedule = &Plateau{Patience: 1}, CosineRestarts{Max: 0.1}
	sharded.Name, sharded.Config.Shards = "sharded", 4
	for _, spec := range []Spec{spec, keeping, after, averaged, sharded} {
		r := load(t, trainTiny(t, root, spec).Dir)
		before := files(t, r)
		names, err := verifyAll(t, r, time.Hour, ingredients(spec, load(t, first.Dir)))
		if err != nil || strings.Join(names, "; ") != "steps 6 to 15; the first 5 steps" {
			t.Errorf("%s: %q, %v", spec.Name, names, err)
		}
		for what, data := range files(t, r) {
			if string(data) != string(before[what]) {
				t.Errorf("%s: %s of the run has changed", spec.Name, what)
			}
		}
	}
	// Where the way to the first save is long, its first steps remain.
	r := load(t, first.Dir)
	r.manifest.State.Seconds = 15
	if names, err := verifyAll(t, r, 3*time.Second, ingredients(spec)); err != nil || strings.Join(names, "; ") != "the first 3 steps, by what was recorded at each" {
		t.Errorf("within 3 s: %q, %v", names, err)
	}
}

// Promise(runs/verify) whether or not the manifest was changed with it
func TestVerifyFindsChanges(t *testing.T) {
	spec := tinySpec(t)
	for name, test := range map[string]struct {
		file func(m manifest) string
		seal bool // the manifest is changed, too
		want string
	}{
		"last weights":     {func(m manifest) string { return m.State.Weights.Name }, true, "weights-000015.safetensors has sha256 "},
		"last optimizer":   {func(m manifest) string { return m.State.Optimizer.Name }, true, "of dense/bias/velocity differ"},
		"earlier weights":  {func(m manifest) string { return m.Previous.Weights.Name }, false, "weights-000005.safetensors: its sha256 is not the manifest's"},
		"earlier, sealed":  {func(m manifest) string { return m.Previous.Weights.Name }, true, "were recorded, again"},
		"recorded history": {func(m manifest) string { return historyName }, true, "were recorded, again 2."},
	} {
		t.Run(name, func(t *testing.T) {
			dir := trainTiny(t, t.TempDir(), spec).Dir
			m, err := readManifest(dir)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(dir, test.file(m))
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if filepath.Base(file) == historyName {
				data = []byte(strings.Replace(string(data), `"loss":2.`, `"loss":1.`, 1))
			} else {
				data[len(data)-2] ^= 1
			}
			if err := os.WriteFile(file, data, 0o644); err != nil {
				t.Fatal(err)
			}
			if test.seal {
				sealAgain(t, dir, m)
			}
			if _, err := verifyAll(t, load(t, dir), time.Hour, ingredients(spec)); err == nil || !strings.Contains(err.Error(), test.want) || errors.Is(err, ErrCannotVerify) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// sealAgain writes the hashes of a run's present files into its manifest.
func sealAgain(t *testing.T, dir string, m manifest) {
	t.Helper()
	for _, s := range []*savedState{&m.State, m.Previous} {
		for _, f := range []*savedFile{&s.Weights, &s.Optimizer, &s.History} {
			if err := os.WriteFile(filepath.Join(dir, "part"), must(t)(os.ReadFile(filepath.Join(dir, f.Name)))[:f.Bytes], 0o644); err != nil {
				t.Fatal(err)
			}
			part, err := hashFile(dir, "part")
			if err != nil {
				t.Fatal(err)
			}
			f.SHA256 = part.SHA256
		}
	}
	if err := writeManifest(dir, m); err != nil {
		t.Fatal(err)
	}
}

func must(t *testing.T) func(data []byte, err error) []byte {
	return func(data []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
}

// Promise(runs/verify) nor one whose images are not at hand
func TestVerifyRefuses(t *testing.T) {
	spec := tinySpec(t)
	root := t.TempDir()
	r := load(t, trainTiny(t, root, spec).Dir)
	s := r.Stretches(time.Hour)[0]
	refused := func(want string, in Ingredients) {
		t.Helper()
		if err := r.Verify(t.Context(), s, in, nil); !errors.Is(err, ErrCannotVerify) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	other := spec
	other.Train, _ = cifar.Drawn(2, 90, 30)
	refused("its training images (drawn", ingredients(other))
	was := r.manifest
	for _, change := range []func(m *manifest){
		func(m *manifest) { m.Processor = "Abacus 3000 (AVX2)" }, func(m *manifest) { m.Threads++ },
		func(m *manifest) { m.Backend = "xla:cuda" }, func(m *manifest) { m.Software = []string{"go1.1"} },
	} {
		change(&r.manifest)
		refused("trained on another kind of machine: ", ingredients(spec))
		r.manifest = was
	}
	r.manifest.Processor = ""
	refused("from before processors were recorded", ingredients(spec))
	r.manifest = was
	ctx, cancel := context.WithCancel(t.Context())
	if err := r.Verify(ctx, s, ingredients(spec), func(done, _ int) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}

// A configuration is read as it was written, or refused.
func TestReadConfig(t *testing.T) {
	optimizers := []Optimizer{SGD{Momentum: 0.9, Nesterov: true}, RMSprop{}, Adagrad{}, Adadelta{Rho: 0.9}, Adam{}, AdamW{WeightDecay: 0.1}, TorchSGD{Momentum: 0.8, NormRate: 64}}
	schedules := []Schedule{Constant(0.1), Cyclic{Base: 1, Max: 2, StepSize: 3, Mode: ExpRange, Gamma: 0.9}, OneCycle{Max: 1, Steps: 9}, CosineWarmup{Max: 1, Warm: 1, Steps: 3}, Exponential{1, 2, 3}, Linear{1, 2, 3}, Triangle{Max: 1, Steps: 2}}
	for i := range optimizers {
		for _, c := range []Config{
			{Optimizer: optimizers[i], Schedule: schedules[i]},
			{Optimizer: optimizers[i], Schedule: schedules[i], Batch: 3, Epochs: 4, Seed: 1<<64 - 1, Preprocess: Preprocess{Flip: true, Crop: 2}, FlipEvaluation: true, Devices: 3, Precision: BFloat16,
				Patience: 1, KeepBest: true, Monitor: MonitorAccuracy, MinDelta: 0.1, Loss: Loss{Smoothing: 0.1, ClassWeights: []float64{1, 2}}, Lookahead: &Lookahead{Steps: 3}, DropLast: true, Steps: 7},
			{Optimizer: optimizers[i], Schedule: CosineRestarts{Max: 1, First: 2}, Shards: 4, Plateau: &Plateau{Patience: 2}, EMA: &EMA{Decay: 0.9}, Clip: &Clipping{Norm: 1}},
		} {
			data, err := json.Marshal(c)
			if err != nil {
				t.Fatal(err)
			}
			got, err := readConfig(data)
			again, _ := json.Marshal(got)
			if err != nil || string(again) != string(data) {
				t.Errorf("%s became %s, %v", data, again, err)
			}
		}
	}
	for _, wrong := range []string{`{`, `{"optimizer":{"class_name":"SGDX","config":{}}}`, `{"optimizer":{"class_name":"SGD","config":{"later":1}},"schedule":{"class_name":"Constant","config":{"rate":1}}}`} {
		if _, err := readConfig([]byte(wrong)); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}
