package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/kernelext/setup"
)

// TestBenchWorker lets this process do what bench lets others do.
func TestBenchWorker(t *testing.T) {
	plugin, err := setup.Installer{Log: t.Output()}.Plugin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := plugin.Apply(); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "drawn")
	train, test := cifar.Drawn(1, 40, 10)
	if err := cifar.Save(dir, train, test); err != nil {
		t.Fatal(err)
	}
	out, _, err := call(t, strings.Fields("bench -worker -data "+dir+" -images 40 -batch 10 -warm 1 -steps 5 -evaluate 10 -turn 0")...)
	if err != nil {
		t.Fatal(err)
	}
	type measurement struct {
		First    bool
		Steps    []float64
		Evaluate []float64
		Product  float64
		Versions string
	}
	var lines []measurement
	for d := json.NewDecoder(strings.NewReader(out)); d.More(); {
		var m measurement
		if err := d.Decode(&m); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, m)
	}
	if len(lines) != 2 || !lines[0].First || len(lines[1].Steps) != 5 || len(lines[1].Evaluate) != 3 || lines[1].Evaluate[0] <= 0 || lines[1].Product <= 0 || !strings.Contains(lines[1].Versions, "gomlx") {
		t.Errorf("measured %+v", lines)
	}
}

// TestBenchTrainsTheRecipe lets this process do what bench --accuracy lets others do.
func TestBenchTrainsTheRecipe(t *testing.T) {
	plugin, err := setup.Installer{Log: t.Output()}.Plugin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := plugin.Apply(); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "drawn")
	train, test := cifar.Drawn(1, 16, 10)
	if err := cifar.Save(dir, train, test); err != nil {
		t.Fatal(err)
	}
	words := strings.Fields("bench --worker --accuracy 0.9 --images 16 --evaluate 10 --epochs 1.5 --turn 100 --data " + filepath.Join(dir, "cifar-10-batches-bin"))
	out, _, err := call(t, words...)
	if err != nil {
		t.Fatal(err)
	}
	type measurement struct {
		Epoch struct {
			Step         int
			Plain, Views float64
		}
		Steps []float64
	}
	var lines []measurement
	for d := json.NewDecoder(strings.NewReader(out)); d.More(); {
		var m measurement
		if err := d.Decode(&m); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, m)
	}
	// The first step, two epochs, and the seconds of all steps.
	if len(lines) != 4 || lines[1].Epoch.Step != 8 || lines[2].Epoch.Step != 12 || len(lines[3].Steps) != 12 || lines[3].Steps[0] <= 0 {
		t.Errorf("measured %+v", lines)
	}
}

func TestBenchRefuses(t *testing.T) {
	for args, want := range map[string]string{
		"-steps 0":                  "bench: --steps must be from 1 to 100000, got 0",
		"-images 100 -batch 101":    "bench: --batch must be from 1 to 100, got 101",
		"-turn -1":                  "bench: --turn must be 0 or more, got -1",
		"--accuracy 1.5":            "bench: --accuracy must be from above 0 to 1, got 1.5",
		"--accuracy 0.9 --turn 0":   "bench: --accuracy needs turns: --turn must be 1 or more, got 0",
		"--accuracy 0.9 --epochs 0": "bench: --epochs must be from above 0 to 1000, got 0",
		"--accuracy 0.9 --growth":   "bench: --growth, --cells, --go, --against and --devices do not apply to --accuracy",
		"-rounds -1":                "bench: --rounds must be from 1 to 1000, got -1",
	} {
		_, _, err := call(t, append([]string{"bench"}, strings.Fields(args)...)...)
		if err == nil || err.Error() != want {
			t.Errorf("%s: error %v, want %s", args, err, want)
		}
	}
}
