package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
)

// savedRun trains a small network in pure Go, which needs no plugin.
func savedRun(t *testing.T, root, layer, data string) *cnn.Run {
	t.Helper()
	t.Setenv("GOMLX_BACKEND", "go")
	t.Setenv("CNNBOOK_RUNS", root)
	train, valid := cifar.Drawn(1, 20, 10)
	train.Name = data
	r, err := cnn.OpenRun(root, cnn.Spec{Name: "small", Train: train, Valid: valid, Network: cnn.Architecture{
		Name: "small", Input: cnn.Shape{32, 32, 3},
		Layers: []cnn.Layer{cnn.MaxPooling2D{Name: "pool", Size: 16}, cnn.Flatten{Name: "flatten"}, cnn.Dense{Name: layer, Units: 10}, cnn.Activation{Name: "softmax", Function: "softmax"}},
	}, Config: cnn.Config{Telemetry: true}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	if err := r.Train(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return r
}

// Promise(runs/manage)
func TestRunsOfATrainedRun(t *testing.T) {
	r := savedRun(t, t.TempDir(), "dense", "twenty images")
	to := filepath.Join(t.TempDir(), "out")
	if _, _, err := call(t, "runs", "export", "small"); err == nil || !strings.Contains(err.Error(), "no destination: name one with --out") {
		t.Errorf("export without a destination: %v", err)
	}
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"list"}, "twenty images"},
		{[]string{"show", "small"}, "epoch 1: loss"},
		{[]string{"show", "small"}, "telemetry of 1 step; in step 1"},
		{[]string{"show", "small"}, "LAYER  WEIGHTS  GRADIENT / WEIGHTS  UPDATE / WEIGHTS\ndense  "},
		{[]string{"verify", "small"}, "every file is present and matches its sha256"},
		{[]string{"export", "small", "--out", to}, "as run"},
		{[]string{"export", "small", "-format", "safetensors", "-out", to + ".safetensors"}, "as safetensors"},
		{[]string{"rm", "small"}, "removed small-"},
	} {
		if out, _, err := call(t, append([]string{"runs"}, test.args...)...); err != nil || !strings.Contains(out, test.want) {
			t.Errorf("runs %s: %v, %q", strings.Join(test.args, " "), err, out)
		}
	}
	if _, err := os.Stat(r.Dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the run was not removed: %v", err)
	}
	if _, err := cnn.LoadRun(to); err != nil {
		t.Errorf("the export outlives its run: %v", err)
	}
	if info, err := os.Stat(to + ".safetensors"); err != nil || info.Size() < 12*10*4 {
		t.Errorf("the weights: %v, %v", info, err)
	}
}

// TestHostileTextInATerminal prints a run whose names were chosen to do harm.
//
// Promise(files/text)
func TestHostileTextInATerminal(t *testing.T) {
	const hostile = "\x1b[2J\x1b]0;owned\x07<b>\"cat\"\u202egpj.exe\u2066\x00\r\n\u009b31m'"
	r := savedRun(t, t.TempDir(), "layer"+hostile, "data"+hostile)
	for _, args := range [][]string{{"list"}, {"show", filepath.Base(r.Dir)}, {"export", filepath.Base(r.Dir), "-out", filepath.Join(t.TempDir(), "x")}} {
		out, errs, err := call(t, append([]string{"runs"}, args...)...)
		if err != nil {
			t.Fatal(err)
		}
		onlyText(t, "runs "+args[0], out+errs)
	}
	var out bytes.Buffer
	if status := report(errors.New("no data at /tmp/"+hostile), &out); status != 1 {
		t.Errorf("exit status %d", status)
	}
	onlyText(t, "an error", out.String())
}

func onlyText(t *testing.T, what, s string) {
	t.Helper()
	if !strings.Contains(s, "gpj.exe") {
		t.Errorf("%s does not tell the name: %q", what, s)
	}
	for _, r := range s {
		if unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r) {
			t.Errorf("%s prints %U in %q", what, r, s)
		}
	}
}
