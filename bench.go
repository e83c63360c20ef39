package main

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/kernelext/setup"
)

//go:embed testdata/bench/peers.py
var peersScript []byte

const benchAbout = `[flags]

Times training steps, evaluation, the way from start to the first finished step, and peak memory of the write-up's
network. With -python, Keras on TensorFlow, PyTorch and Keras on JAX do the same work, every two steps in turn with ours:

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
	f.IntVar(&w.steps, "steps", 20, "steps to time")
	f.IntVar(&w.turn, "turn", 2, "timed steps after which the others have their turn; 0: each works to its end")
	f.IntVar(&w.evaluate, "evaluate", 2000, "test images to evaluate")
	f.IntVar(&w.devices, "devices", 1, "devices that share each of our batches")
	f.StringVar(&w.precision, "precision", "", "of our products: empty for float32, or bfloat16")
	rounds := f.Int("rounds", 5, "rounds; each starts everyone once")
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
		return measure(ctx, w, os.Stdin, stdout)
	}
	if *cells {
		return timeCells(ctx, *rounds, stdout, stderr)
	}
	plugin, err := setup.Installer{Log: stderr}.Plugin(ctx)
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
			contenders = append(contenders, contender{name, peer(*python, script, name), plugin.Preload()})
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
	if w.turn < 0 {
		return fmt.Errorf("bench: -turn must be 0 or more, got %d", w.turn)
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
