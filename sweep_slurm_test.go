//go:build linux

package main

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// slurmSweep is small, but each of its trainings takes long enough to be killed in its middle.
const slurmSweep = `{
  "name": "nodes", %s, "base": {"batch": 50%s},
  "network": {"input_shape": [32, 32, 3], "layers": [
    {"class_name": "MaxPooling2D", "name": "pool", "pool_size": 8}, {"class_name": "Flatten", "name": "flatten"},
    {"class_name": "Dense", "name": "hidden", "units": 64}, {"class_name": "Activation", "name": "relu", "activation": "relu"},
    {"class_name": "Dense", "name": "dense", "units": 10}, {"class_name": "Activation", "name": "softmax", "activation": "softmax"}]}
}`

// trainingsEnv is the number of trainings of TestSweepOnSlurm; the default is 4. CNNBOOK_TEST_KILLS is the number of its nodes that
// die; the default is 1:
//
//	CNNBOOK_TEST_TRAININGS=64 CNNBOOK_TEST_KILLS=20 go test . -run TestSweepOnSlurm -timeout 2h -v
const trainingsEnv = "CNNBOOK_TEST_TRAININGS"

// A sweep on a real Slurm of four nodes, on this machine. Nodes are killed with their trainings at random moments, every other one in the
// middle of a training; one training is asked to stop, and the controller is started anew: what was lost is put back into the queue, and all end with the bytes of trainings
// that nobody disturbed. Submitted again, nothing is trained.
//
// Promise(runs/sweeps) on a real Slurm with nodes that die and a controller that is started anew
func TestSweepOnSlurm(t *testing.T) {
	trainings, kills := testNumber(t, trainingsEnv, 4), testNumber(t, killsEnv, 1)
	c := startSlurm(t)
	seeds := "1"
	for seed := 2; seed <= trainings/2; seed++ {
		seeds += fmt.Sprintf(", %d", seed)
	}
	file := c.sweep(t, `"vary": [{"field": "optimizer", "values": ["SGD", "Adam"]}], "seeds": [`+seeds+"]", `, "epochs": 6`)
	runs, calm := filepath.Join(c.dir, "runs"), filepath.Join(c.dir, "calm")

	began := time.Now()
	c.submit(t, file, runs)
	c.killNode(t, saved)
	if err := syscall.Kill(c.training(t, saved), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for k := range kills {
		if k == kills/2 {
			c.restartController(t)
		}
		if k == 0 {
			continue // the first one has been killed
		}
		time.Sleep(rand.N(5 * time.Second))
		if k%2 == 0 {
			c.killNode(t, saved)
		} else {
			c.killNode(t, anyTraining)
		}
	}
	emptyQueue(t, trainings)

	all := fmt.Sprintf("%d trainings, %d finished.", trainings, trainings)
	if out := command(t, c.dir, c.program, "sweep", "status", file, "--runs", runs); !strings.Contains(out, all) {
		t.Errorf("afterwards:\n%s\n%s", out, c.logs(t))
	}
	steps := c.steps(t)
	if len(steps) != trainings {
		t.Errorf("%d trainings came to their end, want %d", len(steps), trainings)
	}
	starts := strings.Count("\n"+c.logs(t), "\ntraining ")
	if starts < trainings+2 {
		t.Errorf("%d starts, expected %d and at least 2 again:\n%s", starts, trainings, c.logs(t))
	}
	t.Logf("%d trainings, %d nodes killed, %d starts, %d steps in those that came to their end: %s", trainings, kills, starts, total(steps), time.Since(began).Round(time.Second))

	command(t, c.dir, c.program, "sweep", "run", file, "--runs", calm)
	disturbed := sameWeights(t, runs, calm, trainings)

	c.forgetLogs(t)
	began = time.Now()
	c.submit(t, file, runs)
	emptyQueue(t, trainings)
	if steps := c.steps(t); len(steps) != trainings || total(steps) > 0 {
		t.Errorf("submitted again, %d trainings trained %d steps:\n%s", len(steps), total(steps), c.logs(t))
	}
	t.Logf("submitted again: %s", time.Since(began).Round(time.Second))
	for name, data := range lastWeights(t, runs) {
		if !bytes.Equal(disturbed[name], data) {
			t.Errorf("%s was trained again", name)
		}
	}
}

// Successive halving on the same Slurm: each rung waits for the one before, also where a training diverged and where a node dies, and
// ends with the winner of a sweep on this machine, byte for byte.
//
// Promise(runs/halving) on a real Slurm with a node that dies
func TestHalvingOnSlurm(t *testing.T) {
	c := startSlurm(t)
	file := c.sweep(t, `"vary": [{"field": "rate", "values": [3e38, 0.0001, 0.1, 0.001]}], "halving": {"epochs": [2, 4, 6]}`, "")
	runs, calm := filepath.Join(c.dir, "runs"), filepath.Join(c.dir, "calm")
	c.submit(t, file, runs)
	c.killNode(t, anyTraining)
	emptyQueue(t, 7)
	if out, err := exec.Command(c.program, "sweep", "run", file, "--runs", calm).CombinedOutput(); err == nil || !strings.Contains(string(out), "1 of 7 trainings diverged") {
		t.Fatalf("%v\n%s", err, out)
	}
	winner := func(root string) string {
		out := command(t, c.dir, c.program, "sweep", "status", file, "--runs", root)
		return out[max(0, strings.Index(out, "The winner is ")):]
	}
	if got, want := winner(runs), winner(calm); got != want || !strings.HasPrefix(got, "The winner is rate 0.1, 6 epochs") {
		t.Errorf("on Slurm %s, here %s\n%s", got, want, c.logs(t))
	}
	sameWeights(t, runs, calm, 6)
}

// sameWeights compares the last weights of all runs of two folders.
func sameWeights(t *testing.T, runs, calm string, trainings int) (disturbed map[string][]byte) {
	t.Helper()
	disturbed, undisturbed := lastWeights(t, runs), lastWeights(t, calm)
	same := 0
	for name, data := range undisturbed {
		if bytes.Equal(disturbed[name], data) {
			same++
		} else {
			t.Errorf("%s differs from an undisturbed training", name)
		}
	}
	if len(undisturbed) != trainings || len(disturbed) != trainings {
		t.Errorf("%d and %d runs, want %d", len(disturbed), len(undisturbed), trainings)
	}
	t.Logf("%d of %d equal undisturbed trainings byte for byte", same, trainings)
	return disturbed
}

func total(numbers []int) (sum int) {
	for _, n := range numbers {
		sum += n
	}
	return sum
}

// testNumber is a number that the environment may set.
func testNumber(t *testing.T, name string, otherwise int) int {
	t.Helper()
	n, err := strconv.Atoi(cmp.Or(os.Getenv(name), strconv.Itoa(otherwise)))
	if err != nil || n < otherwise || n%otherwise != 0 {
		t.Fatalf("%s=%s: expected a multiple of %d", name, os.Getenv(name), otherwise)
	}
	return n
}
