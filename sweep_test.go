package main

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// smallSweep is a sweep with an idea, on a network that trains in a moment.
const smallSweep = `{
  "name": "small",
  "base": {"rate": 0.1, "epochs": 2, "batch": 100},
  "network": {"name": "small", "input_shape": [32, 32, 3], "layers": [{"class_name": "MaxPooling2D", "name": "pool", "pool_size": 8},
    {"class_name": "Flatten", "name": "flatten"}, {"class_name": "Dense", "name": "dense", "units": 10}, {"class_name": "Activation", "name": "softmax", "activation": "softmax"}]},
  "variants": [{"name": "base"}, {"name": "slower", "set": {"rate": 1e-6}}],
  "seeds": [1, 2]
}`

// TestSweepOfIdeas: a sweep with variants is planned, trained in parts, and gathered, with what is missing named, the verdict, a curve
// for each training and a figure.
func TestSweepOfIdeas(t *testing.T) {
	if testing.Short() {
		t.Skip("trains four networks")
	}
	dir := t.TempDir()
	file, runs := filepath.Join(dir, "small.json"), filepath.Join(dir, "runs")
	if err := os.WriteFile(file, []byte(smallSweep), 0o644); err != nil {
		t.Fatal(err)
	}
	gather := func() string {
		t.Helper()
		out, _, err := call(t, "sweep", "gather", file, "--runs", runs, "--out", dir)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if out := gather(); !strings.Contains(out, "0 of 4 trainings finished") {
		t.Errorf("nothing is trained: %s", out)
	}
	t.Setenv("GOMLX_BACKEND", "go") // in this process, which has no plugin
	o, err := (&sweepPlaces{runs: runs}).open(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, index := range []int{0, 2, 1, 3} {
		if err := o.trainings[index].Train(t.Context(), runs, o.train, o.valid, nil, nil); err != nil {
			t.Fatal(err)
		}
		if index == 2 {
			if out := gather(); !strings.Contains(out, "| slower | 1 of 2 |") || !strings.Contains(out, ": not enough to tell") {
				t.Errorf("one seed says nothing: %s", out)
			}
		}
	}
	if out := gather(); !strings.Contains(out, "): hurts |") || !strings.Contains(out, "4 of 4 trainings finished") {
		t.Errorf("a rate that is far too low hurts: %s", out)
	}
	for name, lines := range map[string]int{"small.csv": 5, "small-epochs.csv": 9} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(strings.NewReader(string(data))).ReadAll()
		if err != nil || len(rows) != lines {
			t.Errorf("%s: %d lines, %v, want %d", name, len(rows), err, lines)
		}
	}
	svg, err := os.ReadFile(filepath.Join(dir, "small.svg"))
	if err != nil || !strings.Contains(string(svg), "slower") {
		t.Errorf("the figure: %v", err)
	}
}
