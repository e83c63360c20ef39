package main

import (
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/kernelext"
)

// A training that has stopped early is finished: the commands say so, and whose epoch's weights answer.
//
// Promise(runs/stopping) in runs and predict
func TestCommandsNameTheKeptEpoch(t *testing.T) {
	root := t.TempDir()
	t.Setenv("GOMLX_BACKEND", "go")
	t.Setenv(kernelext.EnvRuns, root)
	train, valid := cifar.Drawn(1, 60, 30)
	r, err := cnn.OpenRun(root, cnn.Spec{Name: "early", Train: train, Valid: valid, Network: cnn.Architecture{
		Name: "small", Input: cnn.Shape{32, 32, 3},
		Layers: []cnn.Layer{cnn.MaxPooling2D{Name: "pool", Size: 16}, cnn.Flatten{Name: "flatten"}, cnn.Dense{Name: "dense", Units: 10}, cnn.Activation{Name: "softmax", Function: "softmax"}},
	}, Config: cnn.Config{Schedule: cnn.Exponential{From: 0.01, To: 50, Steps: 12}, Epochs: 9, Batch: 20, Patience: 2, KeepBest: true}})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Train(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	r.Close()
	kept := r.KeptEpoch()
	finished, _ := r.Epochs()
	if !r.StoppedEarly() || kept == finished {
		t.Fatalf("%s", r)
	}
	best := r.History.Epochs[kept-1].ValidAccuracy
	if out, _, err := call(t, "runs", "list"); err != nil || !strings.Contains(out, fmt.Sprintf("%d/9, stopped early  %.4f ", kept+2, best)) {
		t.Errorf("%v\n%s", err, out)
	}
	said := fmt.Sprintf("%d of 9 epochs, stopped early, weights of epoch %d, ", kept+2, kept)
	if out, _, err := call(t, "runs", "show", "early"); err != nil || !strings.Contains(out, said) {
		t.Errorf("%v\n%s", err, out)
	}
	file := filepath.Join(t.TempDir(), "grey.png")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, image.NewGray(image.Rect(0, 0, 32, 32))); err != nil {
		t.Fatal(err)
	}
	if out, _, err := call(t, "predict", "early", file); err != nil || !strings.Contains(out, said) || strings.Contains(out, "not finished") {
		t.Errorf("%v\n%s", err, out)
	}
	out, _, err := call(t, "predict", "--json", "early", file)
	var page struct{ Epoch int }
	if err == nil {
		err = json.Unmarshal([]byte(out), &page)
	}
	if err != nil || page.Epoch != kept {
		t.Errorf("%v, epoch %d, want %d\n%s", err, page.Epoch, kept, out)
	}
}
