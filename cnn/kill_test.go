//go:build unix

package cnn

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cnnbook/cnnbook/cifar"
)

// The tests here train in a real process of their own and end it. That process
// is this test binary with the variable trainingProcess set to the folder of runs.
const trainingProcess = "CNNBOOK_TEST_TRAINING"

// endedSeed repeats a test with the moments of an earlier one.
const endedSeed = "CNNBOOK_TEST_SEED"

// longSpec is a training of 900 quick steps with all that a resume must restore:
// two moments per weight, a rate that changes with every step, dropout, flips,
// a new order in each epoch.
func longSpec() Spec {
	train, valid := cifar.Drawn(3, 60, 20)
	return Spec{
		Name: "long", Train: train, Valid: valid,
		Network: Architecture{Name: "long", Input: Shape{32, 32, 3}, Layers: []Layer{
			MaxPooling2D{"pool", 4}, Flatten{"flatten"}, Dense{Name: "hidden", Units: 24}, Activation{"relu", "relu"},
			Dropout{"dropout", 0.25}, Dense{Name: "dense", Units: 10}, Activation{"softmax", "softmax"},
		}},
		Config: Config{Optimizer: Adam{}, Schedule: OneCycle{Max: 0.01, Steps: 900}, Batch: 20, Epochs: 300, Seed: 5, Preprocess: Preprocess{Flip: true}},
	}
}

// TestTrainingProcess is the process. It saves after every few steps, so that
// much of its time goes into saving.
func TestTrainingProcess(t *testing.T) {
	root := os.Getenv(trainingProcess)
	if root == "" {
		t.Skip("it serves the other tests of this file")
	}
	if err := limitFiles(os.Getenv(fileLimit)); err != nil {
		t.Fatal(err)
	}
	asCell(func(ctx context.Context) error {
		fmt.Println("ready")
		spec := longSpec()
		spec.Config.Telemetry = os.Getenv(fileLimit) == "" // otherwise the limit is meant for another file
		r, err := OpenRun(root, spec)
		if err != nil {
			return err
		}
		defer r.Close()
		r.saveEvery = 5 * time.Millisecond
		first := true
		return r.Train(ctx, func(p Progress) {
			if !p.Validated {
				if first {
					fmt.Println("training")
					first = false
				}
				fmt.Println("step", (p.Epoch-1)*p.Steps+p.Step)
			}
		})
	})
}

// asCell runs body until it returns, or 3.5 s longer than the first signal, as a notebook's cell does: a process that was stopped
// says so and ends with status 130, one that failed with status 1.
func asCell(body func(ctx context.Context) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- body(ctx) }()
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		select {
		case err = <-done:
		case <-time.After(3500 * time.Millisecond):
			err = fmt.Errorf("busy with what cannot be stopped: %w", ctx.Err())
		}
	}
	switch {
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "interrupted:", err)
		os.Exit(130)
	case err != nil:
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// child is a training process.
type child struct {
	cmd    *exec.Cmd
	lines  chan string
	stderr strings.Builder
	step   int // the last one it reported
}

func startChild(t *testing.T, root string, env ...string) *child {
	t.Helper()
	c := &child{cmd: exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestTrainingProcess$"), lines: make(chan string, 10_000)}
	c.cmd.Env = append(append(os.Environ(), trainingProcess+"="+root), env...)
	c.cmd.Stderr = &c.stderr
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(c.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			c.lines <- s.Text()
		}
	}()
	return c
}

// until waits for a line of the child, which says false if it ended before.
func (c *child) until(line string) bool {
	for l := range c.lines {
		if l == line {
			return true
		}
	}
	return false
}

// end sends the signal after a while and waits.
func (c *child) end(after time.Duration, signal os.Signal) int {
	time.Sleep(after)
	_ = c.cmd.Process.Signal(signal) // it may have ended by itself
	return c.wait()
}

// wait reads to the end of the child; the result is the exit status,
// −1 when the signal itself ended the process.
func (c *child) wait() int {
	for l := range c.lines {
		if n, ok := strings.CutPrefix(l, "step "); ok {
			c.step, _ = strconv.Atoi(n)
		}
	}
	_ = c.cmd.Wait()
	return c.cmd.ProcessState.ExitCode()
}

// moments is a seeded source of random moments; the seed is printed.
func moments(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv(endedSeed); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("moments drawn from %s=%d", endedSeed, seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// TestKilledTrainingEndsTheSame kills a training process at 20 random moments and
// more, a fifth of them counted from its very start, until at least 3 have hit it in
// the middle of a save. After each the folder must hold a whole state, and
// the resumed training must end with the weights, the optimizer's state, the history and the telemetry of
// a run that was never stopped.
//
// Promise(runs/resume) killed at 20 or more random moments, some in the middle of a save
func TestKilledTrainingEndsTheSame(t *testing.T) {
	spec := longSpec()
	spec.Config.Telemetry = true
	whole := trainTiny(t, t.TempDir(), spec)
	rng := moments(t)
	root := t.TempDir()
	dir := filepath.Join(root, filepath.Base(whole.Dir))
	kills, inSaves, last, finished := 0, 0, 0, 0
	for kills < 20 || inSaves < 3 {
		c := startChild(t, root)
		wait := time.Duration(rng.Int64N(int64(150 * time.Millisecond)))
		if kills%5 == 0 {
			wait *= 10 // start, opening the backend, compiling
		} else if !c.until("training") {
			wait = 0 // there was nothing left to train
		}
		status := c.end(wait, syscall.SIGKILL)
		if status == 0 && finished < 10 { // it reached the end first: that counts as no kill, and the next starts afresh
			sameFiles(t, trainTiny(t, root, spec), whole)
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			last, finished = 0, finished+1
			continue
		}
		if status != -1 {
			t.Fatalf("exit status %d after %d kills: %s", status, kills, c.stderr.String())
		}
		kills++
		r, err := LoadRun(dir)
		if err != nil && !notThere(err) {
			t.Fatalf("after kill %d: %v", kills, err)
		}
		if err != nil { // killed before there was a run
			continue
		}
		if r.Recovered != "" || r.saved.Step < last {
			t.Fatalf("after kill %d: at step %d, before at step %d; %s", kills, r.saved.Step, last, r.Recovered)
		}
		last = r.saved.Step
		if unfinished(t, r) {
			inSaves++
		}
	}
	t.Logf("%d kills, %d of them in a save, the last after step %d of 900", kills, inSaves, last)
	resumed := trainTiny(t, root, spec)
	sameFiles(t, resumed, whole)
	if got, want := stepsOf(t, resumed), stepsOf(t, whole); !slices.Equal(got, want) || len(want) < 300 {
		t.Errorf("watched steps %v, want %v", got, want)
	}
}

// unfinished reports whether a folder holds files that only an interrupted save leaves.
func unfinished(t *testing.T, r *Run) bool {
	t.Helper()
	entries, err := os.ReadDir(r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	named := []string{r.manifest.State.Weights.Name, r.manifest.State.Optimizer.Name}
	if p := r.manifest.Previous; p != nil {
		named = append(named, p.Weights.Name, p.Optimizer.Name)
	}
	for _, e := range entries {
		if strings.Contains(e.Name(), ".tmp-") || strings.HasSuffix(e.Name(), ".safetensors") && !strings.Contains(strings.Join(named, " "), e.Name()) {
			return true
		}
	}
	return false
}

// TestInterruptedTrainingEndsTheSame stops a training process by the signals of
// ctrl-C, of Jupyter and of service managers: no step is lost.
//
// Promise(runs/resume) by ctrl-C or SIGTERM, without losing a step
func TestInterruptedTrainingEndsTheSame(t *testing.T) {
	whole := trainTiny(t, t.TempDir(), longSpec())
	rng := moments(t)
	root := t.TempDir()
	for i, signal := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGINT, syscall.SIGTERM, syscall.SIGINT, syscall.SIGTERM} {
		c := startChild(t, root)
		if line := []string{"ready", "training"}[min(i, 1)]; !c.until(line) {
			t.Fatalf("%v, stop %d: ended before %q: %s", signal, i+1, line, c.stderr.String())
		}
		status := c.end(time.Duration(rng.Int64N(int64(150*time.Millisecond))), signal)
		if status != 130 || !strings.Contains(c.stderr.String(), "interrupted: ") {
			t.Errorf("%v, stop %d: exit status %d and %q", signal, i+1, status, c.stderr.String())
		}
		r, err := LoadRun(filepath.Join(root, filepath.Base(whole.Dir)))
		if err != nil {
			t.Fatal(err)
		}
		busy := strings.Contains(c.stderr.String(), "busy with") // a starved machine: less than a step in seconds
		if r.saved.Step < c.step && !busy || r.Recovered != "" || unfinished(t, r) {
			t.Errorf("%v, stop %d: reported step %d, saved step %d; %s", signal, i+1, c.step, r.saved.Step, r.Recovered)
		}
	}
	sameFiles(t, trainTiny(t, root, longSpec()), whole)
}

// TestTwoProcessesOneRun: the second one gets an error that names the first, and no
// cleaning up is needed after the first was killed.
//
// Promise(runs/lock): If two processes want one run, the second one's error names the first. A dead process
// holds no lock.
func TestTwoProcessesOneRun(t *testing.T) {
	root := t.TempDir()
	c := startChild(t, root)
	if !c.until("training") {
		t.Fatal(c.stderr.String())
	}
	r := openTiny(t, root, longSpec())
	err := r.Train(t.Context(), nil)
	if want := fmt.Sprintf("being trained by process %d on ", c.cmd.Process.Pid); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want ErrLocked with %q", err, want)
	}
	if err := RemoveRun(r.Dir); !errors.Is(err, ErrLocked) {
		t.Errorf("removing a run in training: %v, want ErrLocked", err)
	}
	c.end(0, syscall.SIGKILL)
	if err := r.Train(t.Context(), nil); err != nil {
		t.Errorf("after the first was killed: %v", err)
	}
}
