package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// smallHalving has three rates, of which one is chosen, with two seeds.
const smallHalving = `{
  "name": "small",
  "base": {"batch": 100, "optimizer": "SGD"},
  "network": {"name": "small", "input_shape": [32, 32, 3], "layers": [{"class_name": "MaxPooling2D", "name": "pool", "pool_size": 8},
    {"class_name": "Flatten", "name": "flatten"}, {"class_name": "Dense", "name": "dense", "units": 10}, {"class_name": "Activation", "name": "softmax", "activation": "softmax"}]},
  "vary": [{"field": "rate", "values": [1e-6, 0.1, 1e-5]}],
  "halving": {"epochs": [1, 2], "factor": 3},
  "seeds": [1, 2]
}`

// TestSweepWithHalving: a sweep with halving is planned, trained index by index, and gathered; each command says what is known, and a task that comes too
// early says so.
func TestSweepWithHalving(t *testing.T) {
	if testing.Short() {
		t.Skip("trains eight networks")
	}
	t.Setenv("GOMLX_BACKEND", "go") // in this process, which has no plugin
	dir := t.TempDir()
	file, runs := filepath.Join(dir, "small.json"), filepath.Join(dir, "runs")
	if err := os.WriteFile(file, []byte(smallHalving), 0o644); err != nil {
		t.Fatal(err)
	}
	says := func(want []string, args ...string) {
		t.Helper()
		out, _, err := call(t, append(args, "--runs", runs)...)
		for _, text := range want {
			if err != nil || !strings.Contains(out, text) {
				t.Errorf("%q: %v, no %q in\n%s", args, err, text, out)
			}
		}
	}
	task := func(index int) (string, error) {
		t.Helper()
		var out bytes.Buffer
		err := sweepRun{sweepPlaces: sweepPlaces{runs: runs}, index: index}.one(t.Context(), file, &out)
		return out.String(), err
	}
	undecided := "Rung 2, up to epoch 2: 2 trainings, indices 6 to 7, of the best 1 of 3 combinations: known once rung 1 has ended."
	says([]string{"5      1     1       small-rate0.00001-s2", "Rung 1, up to epoch 1: 6 trainings, 6 waiting.", undecided,
		"A rung goes on from the one before: 8 epochs of training in all; all combinations for 2 epochs would be 12."}, "sweep", "plan", file)
	for index := range 5 {
		if _, err := task(index); err != nil {
			t.Fatal(err)
		}
	}
	says([]string{"6 trainings, 5 finished, 1 waiting.", undecided}, "sweep", "status", file)
	want := "sweep run: --index 7: rung 2 is decided once rung 1 has ended, of which 1 training is left: sweep status says which, sweep run trains them"
	if _, err := task(7); err == nil || err.Error() != want {
		t.Errorf("too early: %v", err)
	}
	if _, err := task(8); err == nil || !strings.Contains(err.Error(), "the sweep has the trainings 0 to 7") {
		t.Errorf("an index that does not exist: %v", err)
	}
	if _, err := task(5); err != nil {
		t.Fatal(err)
	}
	says([]string{"7      2     2       small-rate0.1-s2       rate=0.1 seed=2", "Rung 2, up to epoch 2: 2 trainings, 2 waiting."}, "sweep", "plan", file)
	for _, index := range []int{7, 6} {
		if out, err := task(index); err != nil || !strings.Contains(out, "goes on from epoch 1 of small-rate0.1-s") {
			t.Errorf("%d: %v\n%s", index, err, out)
		}
	}
	says([]string{"The winner is rate 0.1, 2 epochs: validation accuracy 0."}, "sweep", "status", file)
	says([]string{"| rate | rung | epochs | trainings |", "|---|\n| 0.1 | 2 | 2 | 2 |", "| 0.000001 | 1 | 1 | 2 |", "the winner, the best of 3, is rate 0.1, 2 epochs"},
		"sweep", "gather", file, "--out", dir)
	if svg, err := os.ReadFile(filepath.Join(dir, "small.svg")); err != nil || !strings.Contains(string(svg), "rate 0.1, 2 epochs") {
		t.Errorf("the figure: %v", err)
	}
	says([]string{"#SBATCH --array=0-5\n", "#SBATCH --array=0-1\n#SBATCH --dependency=afterany:JOB_OF_RUNG_1\n", "--index $((6 + SLURM_ARRAY_TASK_ID))"},
		"sweep", "submit", file, "--engine", "slurm", "--dry-run")
	if out, _, err := call(t, "sweep", "submit", file, "--engine", "kubernetes", "--dry-run"); err == nil || out != "" || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "use --engine slurm") {
		t.Errorf("Kubernetes: %v\n%s", err, out)
	}
}
