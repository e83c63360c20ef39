package lab

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/kernelext"
)

// TestMain computes with the backend in pure Go, which needs no plugin: the networks
// of these tests are tiny.
func TestMain(m *testing.M) {
	os.Setenv("GOMLX_BACKEND", "go")
	os.Exit(m.Run())
}

// tiny is a network that trains in milliseconds.
func tiny() cnn.Architecture {
	return cnn.Architecture{Name: "tiny", Input: cnn.Shape{32, 32, 3}, Layers: []cnn.Layer{
		cnn.MaxPooling2D{Name: "shrink", Size: 4},
		cnn.Conv2D{Name: "conv", Filters: 4, Kernel: 3, Padding: "same"},
		cnn.Activation{Name: "relu", Function: "relu"},
		cnn.MaxPooling2D{Name: "pool", Size: 2},
		cnn.Dropout{Name: "dropout", Rate: 0.25},
		cnn.Flatten{Name: "flatten"},
		cnn.Dense{Name: "dense", Units: 10},
		cnn.Activation{Name: "softmax", Function: "softmax"},
	}}
}

// trained returns a trained run of tiny, and images that it was not trained on.
func trainedRun(t *testing.T) (*cnn.Run, *cifar.Dataset) {
	t.Helper()
	train, valid := cifar.Drawn(1, 90, 30)
	r, err := cnn.OpenRun(t.TempDir(), cnn.Spec{
		Name: "tiny", Network: tiny(), Train: train, Valid: valid,
		Config: cnn.Config{Optimizer: cnn.SGD{Momentum: 0.9}, Batch: 20, Epochs: 3, Seed: 7, Preprocess: cnn.Preprocess{Flip: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	if err := r.Train(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return r, valid
}

// Runs that were trained long ago are found: the folders of the write-up's stages on
// drawn images never change.
func TestRunsKeepTheirFolders(t *testing.T) {
	for name, want := range map[string][]string{
		"smoke": {
			"base-e9dbfcbccd1c", "quick-93111ea0bedc", "ramp-41e2b2055050", "ramp-backwards-68048d7cbbcd",
			"short-ramp-44953f1402e6", "cyclic-68d8e3db5d01", "RMSprop-ab317fb9de06", "Adagrad-28dff60b19dd",
			"Adadelta-2491718b2a04", "Adam-6152613e209d", "split-with-replacement-548b5fc3c953",
		},
		"smoke for stages": {
			"base-d2966a70d1d2", "quick-9c4b7056d5d4", "ramp-c90211dc2573", "ramp-backwards-f3bd7e65589d",
			"short-ramp-163fd0f38efa", "cyclic-9f1bb9f76b9d", "RMSprop-989d9d7fd0f3", "Adagrad-d629747331e0",
			"Adadelta-7cb4c91446d6", "Adam-87f90576d8f5", "split-with-replacement-cf1dbcc87b6f",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(kernelext.EnvData, "")
			t.Setenv(kernelext.EnvSeed, "")
			t.Setenv(kernelext.EnvBudget, "smoke")
			t.Setenv(kernelext.EnvRuns, t.TempDir())
			openLab := Open
			if strings.HasSuffix(name, "stages") {
				openLab = OpenForStages
			}
			l := openLab()
			var got []string
			opened := func(r *cnn.Run, err error) *cnn.Run {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, filepath.Base(r.Dir))
				return r
			}
			n := l.Train.Len()
			open := func(name string, config cnn.Config, from *cnn.Run) *cnn.Run {
				return opened(cnn.OpenRun(l.Runs, l.Spec(name, config, from)))
			}
			base := open("base", l.BaseTraining(l.Seed), nil)
			open("quick", l.QuickTraining(n, l.Seed), base)
			ramp := open("ramp", l.LinearRamp(n, l.Seed), base)
			open("ramp-backwards", l.Budget.BackwardRamp(n, l.Seed), base)
			short := open("short-ramp", l.ShortLinearRamp(n, l.Seed), ramp)
			cyclic := open("cyclic", l.CyclicTraining(n, l.Seed), short)
			for _, o := range ComparedOptimizers() {
				open(o.Kind(), l.OptimizerTraining(o, n, l.Seed), cyclic)
			}
			spec := cnn.Spec{Name: "split-with-replacement", Network: cnn.WriteUp(), Config: l.LeakTraining(l.Seed)}
			var err error
			if spec.Train, spec.Valid, err = l.LeakImages(l.Images).SplitWithReplacement(0.8, 1); err != nil {
				t.Fatal(err)
			}
			opened(cnn.OpenRun(l.Runs, spec))
			if !reflect.DeepEqual(got, want) {
				t.Errorf("opened %q, want %q", got, want)
			}
			if run := FindRun("base"); run.Name != "base" {
				t.Errorf("FindRun gives the run %q", run.Name)
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Setenv(kernelext.EnvBudget, "tiny")
	if err := ended(func() { Open() }); !errors.Is(err, kernelext.ErrParams) {
		t.Errorf("unknown budget: %v, expected ErrParams", err)
	}
	if _, err := New(kernelext.Params{Data: filepath.Join(t.TempDir(), "none")}, Budget{}); err == nil {
		t.Error("missing data: no error")
	}
}

// ended gives the error with which a short call ends its cell, or nil.
func ended(call func()) (err error) {
	defer func() { err, _ = recover().(error) }()
	call()
	return nil
}

// testLab is a lab on a few drawn images.
func testLab(t *testing.T) *Lab {
	t.Helper()
	t.Setenv(kernelext.EnvBudget, kernelext.BudgetSmoke)
	l, err := New(kernelext.Params{Budget: kernelext.BudgetSmoke, Seed: 1, Runs: t.TempDir()}, Budget{Name: "smoke", Drawn: 100, Batch: 20})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestTheSeedChoosesTheSplit(t *testing.T) {
	first := testLab(t)
	params := first.Params
	params.Seed = 2
	second, err := New(params, first.Budget)
	if err != nil {
		t.Fatal(err)
	}
	if slices.Equal(first.Valid.Origin, second.Valid.Origin) {
		t.Error("seeds 1 and 2 hold back the same images")
	}
}

func TestFitTrainsOnce(t *testing.T) {
	l := testLab(t)
	config := cnn.Config{Optimizer: cnn.Adam{}, Schedule: cnn.CosineWarmup{Max: 0.01}, Epochs: 2}
	run := l.Fit("mine", tiny(), config)
	if len(run.History.Steps) != 8 || !run.Finished() {
		t.Errorf("%d steps, want 8: 80 images in batches of the budget's 20, twice", len(run.History.Steps))
	}
	if again := l.Fit("mine", tiny(), config); again.Dir != run.Dir || !again.Finished() {
		t.Errorf("the same training again is %s, was %s", again.Dir, run.Dir)
	}
	next := l.Fit("next", tiny(), config, run)
	if next.History.Steps[0].Loss == run.History.Steps[0].Loss {
		t.Error("a run from another one begins like that one did")
	}
	config.Seed = 3
	if other := l.Fit("mine", tiny(), config); other.Dir == run.Dir {
		t.Error("another seed is the same run")
	}
	if err := ended(func() { l.Fit("not a name", tiny(), config) }); !errors.Is(err, cnn.ErrConfig) {
		t.Errorf("a bad name: %v, expected ErrConfig", err)
	}
}

// What an interrupt does to a call that trains: the run keeps what it has done, and the cell ends.
func TestAnInterruptEndsATraining(t *testing.T) {
	l := testLab(t)
	config := cnn.Config{Schedule: cnn.Constant(0.01), Epochs: 100_000}
	go func() {
		time.Sleep(300 * time.Millisecond)
		syscall.Kill(os.Getpid(), syscall.SIGINT)
	}()
	if err := ended(func() { l.Fit("long", tiny(), config) }); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, expected context.Canceled", err)
	}
	run, err := cnn.FindRun(l.Runs, "long")
	if err != nil || run.Finished() {
		t.Errorf("%v: expected an unfinished run", err)
	}
}
