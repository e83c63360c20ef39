package main

import (
	"encoding/json"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/kernelext/setup"
)

// benchLine is a line of a process that bench starts.
type benchLine struct {
	First    bool
	Epoch    struct{ Step int }
	Steps    []float64
	Evaluate []float64
	Product  float64
	Versions string
}

// benchWorker lets this process do what bench lets others do, with so many drawn training images and ten test images.
func benchWorker(t *testing.T, images int, flags string) (lines []benchLine) {
	t.Helper()
	plugin, err := setup.Installer{Log: t.Output()}.Plugin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := plugin.Apply(); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "drawn")
	train, test := cifar.Drawn(1, images, 10)
	if err := cifar.Save(dir, train, test); err != nil {
		t.Fatal(err)
	}
	words := append(strings.Fields("bench --worker --evaluate 10 "+flags), "--images", strconv.Itoa(images), "--data", dir)
	out, _, err := call(t, words...)
	if err != nil {
		t.Fatal(err)
	}
	for d := json.NewDecoder(strings.NewReader(out)); d.More(); {
		var l benchLine
		if err := d.Decode(&l); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, l)
	}
	return lines
}

func TestBenchWorker(t *testing.T) {
	lines := benchWorker(t, 40, "--batch 10 --warm 1 --steps 5 --turn 0")
	if len(lines) != 2 || !lines[0].First || len(lines[1].Steps) != 5 || len(lines[1].Evaluate) != 3 || lines[1].Evaluate[0] <= 0 || lines[1].Product <= 0 || !strings.Contains(lines[1].Versions, "gomlx") {
		t.Errorf("measured %+v", lines)
	}
}

// The lines of a whole training are the first step, two epochs, and the seconds of all steps.
func TestBenchTrainsTheRecipe(t *testing.T) {
	lines := benchWorker(t, 16, "--accuracy 0.9 --form 93 --epochs 1.5 --turn 100")
	if len(lines) != 4 || lines[1].Epoch.Step != 8 || lines[2].Epoch.Step != 12 || len(lines[3].Steps) != 12 || lines[3].Steps[0] <= 0 {
		t.Errorf("measured %+v", lines)
	}
}

func TestBenchRefuses(t *testing.T) {
	for args, want := range map[string]string{
		"-steps 0":                  "bench: --steps must be from 1 to 100000, got 0",
		"-images 100 -batch 101":    "bench: --batch must be from 1 to 100, got 101",
		"--seconds -1":              "bench: --seconds must be 0 or more, got -1",
		"--minutes -1":              "bench: --minutes must be 0 or more, got -1",
		"-turn -1":                  "bench: --turn must be 0 or more, got -1",
		"--accuracy 1.5":            "bench: --accuracy must be from above 0 to 1, got 1.5",
		"--accuracy 0.9 --turn 0":   "bench: --accuracy needs turns: --turn must be 1 or more, got 0",
		"--accuracy 0.9 --epochs 0": "bench: --epochs must be from above 0 to 1000, got 0",
		"--accuracy 0.9 --form 96":  "bench: --form: bad configuration: unknown form \"96\" of a recipe: choose one of 93, 94, 95, improved",
		"--accuracy 0.9 --growth":   "bench: --growth, --cells, --go, --against and --devices do not apply to --accuracy",
		"-rounds -1":                "bench: --rounds must be from 1 to 1000, got -1",
	} {
		_, _, err := call(t, append([]string{"bench"}, strings.Fields(args)...)...)
		if err == nil || err.Error() != want {
			t.Errorf("%s: error %v, want %s", args, err, want)
		}
	}
}
