package main

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/kernelext"
)

//go:embed testdata/bench/peers.py
var peersScript []byte

const benchAbout = `[flags]

Times training steps, evaluation, the way from start to the first finished step, and peak memory of the write-up's
network. With -python, Keras on TensorFlow, PyTorch and Keras on JAX do the same work in turn with ours:

  python3 -m venv ~/peers && ~/peers/bin/pip install -r testdata/bench/requirements.txt
  go run . bench -python ~/peers/bin/python

Each measurement is a process of its own. Keep the machine free of other work meanwhile.`

// bench measures.
func bench(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f := flags("bench", benchAbout, stderr)
	var w workload
	f.StringVar(&w.data, "data", "", "dataset in CIFAR-10's binary layout, a folder (default: 60,000 drawn images)")
	f.IntVar(&w.images, "images", cifar.TrainRecords, "training images to load")
	f.IntVar(&w.batch, "batch", 500, "images per step")
	f.IntVar(&w.warm, "warm", 3, "steps before those that are timed")
	f.IntVar(&w.steps, "steps", 10, "steps to time")
	f.IntVar(&w.evaluate, "evaluate", 2000, "test images to evaluate")
	f.IntVar(&w.devices, "devices", 1, "devices that share each of our batches")
	f.StringVar(&w.precision, "precision", "", "of our products: empty for float32, or bfloat16")
	rounds := f.Int("rounds", 5, "rounds; each measures everyone once, in turn")
	python := f.String("python", "", "interpreter with the packages of testdata/bench/requirements.txt, to measure the others with")
	pureGo := f.Bool("go", false, "also measure GoMLX's pure-Go backend, which needs no plugin")
	growth := f.Bool("growth", false, "instead, measure ours over numbers of images, sizes of batches and numbers of devices")
	cells := f.Bool("cells", false, "instead, time cells in the kernel that draw a saved run or train")
	worker := f.Bool("worker", false, "measure once in this process and write lines of JSON, as bench does in processes that it starts")
	if err := parse(f, args); err != nil {
		return err
	}
	if err := w.check(*rounds); err != nil {
		return err
	}
	if *worker {
		return measure(ctx, w, stdout)
	}
	if *cells {
		return timeCells(ctx, *rounds, stdout, stderr)
	}
	plugin, err := kernelext.Setup{Log: stderr}.Plugin(ctx)
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "cnnbook-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	if w.data, err = benchData(w.data, scratch, stderr); err != nil {
		return err
	}
	b := benchmark{workload: w, rounds: *rounds, log: stderr}
	if *growth {
		return b.growth(ctx, plugin, stdout)
	}
	contenders := []contender{{"cnnbook", ours, plugin.Environ()}}
	if *pureGo {
		contenders = append(contenders, contender{"cnnbook, pure Go", ours, []string{"GOMLX_BACKEND=go"}})
	}
	if *python != "" {
		script := filepath.Join(scratch, "peers.py")
		if err := os.WriteFile(script, peersScript, 0o644); err != nil {
			return err
		}
		for _, name := range []string{"keras-tf", "pytorch", "keras-jax"} {
			contenders = append(contenders, contender{name, peer(*python, script, name), nil})
		}
	}
	return b.race(ctx, contenders, plugin, stdout)
}

// check refuses what cannot be measured.
func (w workload) check(rounds int) error {
	for _, n := range []struct {
		name       string
		value, max int
	}{
		{"images", w.images, cifar.TrainRecords}, {"batch", w.batch, w.images}, {"warm", w.warm, 1000},
		{"steps", w.steps, 100_000}, {"evaluate", w.evaluate, cifar.TestRecords}, {"devices", w.devices, w.batch}, {"rounds", rounds, 1000},
	} {
		if n.value < 1 || n.value > n.max {
			return fmt.Errorf("bench: -%s must be from 1 to %d, got %d", n.name, n.max, n.value)
		}
	}
	return nil
}

// benchData is the folder of the batches, which are drawn where none are given.
// The others read files, and all should read the same.
func benchData(given, scratch string, log io.Writer) (string, error) {
	if given == "" {
		fmt.Fprintln(log, "drawing 60,000 images")
		train, test := cifar.Drawn(1, cifar.TrainRecords, cifar.TestRecords)
		given = filepath.Join(scratch, "drawn")
		if err := cifar.Save(given, train, test); err != nil {
			return "", err
		}
	}
	if inner := filepath.Join(given, "cifar-10-batches-bin"); isFolder(inner) {
		given = inner
	}
	if !isFolder(given) {
		return "", fmt.Errorf("bench: -data %s: expected a folder with data_batch_1.bin to data_batch_5.bin and test_batch.bin", given)
	}
	return filepath.Abs(given)
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// contender is somebody who can do the work in a process of its own.
type contender struct {
	name    string
	command func(ctx context.Context, w workload) (*exec.Cmd, error)
	env     []string // for it alone, beside those of this process
}

// ours is this program.
func ours(ctx context.Context, w workload) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return exec.CommandContext(ctx, self, append([]string{"bench", "-worker", "-devices", strconv.Itoa(w.devices), "-precision", w.precision}, w.args()...)...), nil
}

// peer is one of the others, by their script.
func peer(python, script, name string) func(context.Context, workload) (*exec.Cmd, error) {
	return func(ctx context.Context, w workload) (*exec.Cmd, error) {
		return exec.CommandContext(ctx, python, append([]string{script, name}, w.args()...)...), nil
	}
}

// args are the flags that say what is measured, which our worker and the script
// of the others name alike.
func (w workload) args() []string {
	return []string{
		"--data", w.data, "--images", strconv.Itoa(w.images), "--batch", strconv.Itoa(w.batch),
		"--warm", strconv.Itoa(w.warm), "--steps", strconv.Itoa(w.steps), "--evaluate", strconv.Itoa(w.evaluate),
	}
}

// sample is what one process measured, and what was measured of it.
type sample struct {
	measurement
	FirstStep float64 `json:"first_step"` // seconds from the start of the process to the end of its first step
	Peak      int64   `json:"peak"`       // resident memory, bytes
}

// once lets c do the work.
func (c contender) once(ctx context.Context, w workload) (sample, error) {
	var s sample
	cmd, err := c.command(ctx, w)
	if err != nil {
		return s, err
	}
	cmd.Env = slices.Concat(os.Environ(), kernelext.AllocatorEnviron(), c.env) // the same allocator for all
	said := listen(cmd)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return s, err
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return s, fmt.Errorf("%s: %w", c.name, err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var m measurement
		switch {
		case json.Unmarshal(lines.Bytes(), &m) != nil: // something that a library prints
		case m.First:
			s.FirstStep = time.Since(began).Seconds()
		default:
			s.measurement = m
		}
	}
	err = errors.Join(lines.Err(), cmd.Wait())
	if ctx.Err() != nil {
		return s, ctx.Err()
	}
	if err == nil && (len(s.Steps) != w.steps || s.FirstStep == 0) {
		err = fmt.Errorf("expected the times of %d steps, got %d", w.steps, len(s.Steps))
	}
	if err != nil {
		return s, fmt.Errorf("%s: %w: its last words: %s", c.name, err, tail(said.Bytes(), 600))
	}
	s.Peak = peakMemory(cmd.ProcessState)
	return s, nil
}

// listen lets cmd end by itself when its context does, and gives what it will
// have said on its standard error.
func listen(cmd *exec.Cmd) *bytes.Buffer {
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	var said bytes.Buffer
	cmd.Stderr = &said
	return &said
}

// peakMemory is the most memory that a finished process had resident, in bytes.
func peakMemory(p *os.ProcessState) int64 {
	usage, ok := p.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return int64(usage.Maxrss) * maxrssUnit()
}

// maxrssUnit is what the system counts a process's peak memory in: bytes on
// macOS, kibibytes elsewhere.
func maxrssUnit() int64 {
	if runtime.GOOS == "darwin" {
		return 1
	}
	return 1024
}

func tail(text []byte, n int) string {
	return string(bytes.TrimSpace(text[max(0, len(text)-n):]))
}
