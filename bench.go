package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/internal/bench"
	"github.com/cnnbook/cnnbook/internal/cli"
	"github.com/cnnbook/cnnbook/internal/mpi"
	"github.com/cnnbook/cnnbook/internal/trained"
	"github.com/cnnbook/cnnbook/kernelext/class"
	"github.com/cnnbook/cnnbook/kernelext/setup"
	"github.com/spf13/cobra"
)

const benchAbout = `Times training steps, evaluation, the time from start to the first finished step, and peak memory of the write-up's
network. With --python, Keras on TensorFlow, PyTorch and Keras on JAX do the same work, alternating with ours every two steps:

  python3 -m venv ~/peers && ~/peers/bin/pip install -r internal/bench/requirements.txt
  go run . bench --python ~/peers/bin/python
  go run . bench --python ~/peers/bin/python --precision bfloat16

To compare with other times, of this machine or another, or before a change:

  go run . bench --save before.json
  go run . bench --against before.json

With --shards, the same network also trains in one shard and in that many, to show what shards cost. With --exchange, processes
that mpirun started add up gradients, which a training on several machines does after each step: see docs/SCALE.md.

  mpirun -n 4 ./cnnbook bench --exchange --gbit 10

A class: a JupyterHub on this machine, with simulated students who begin at once, of whom some train (docs/CLASS.md):

  go run . bench --class 30 --trainers 2

Time to accuracy: the fast recipe (train --recipe fast; --form chooses its size, or the improved recipe) and the same in PyTorch are trained in
turn, a seed a round. With --save, each seed is kept when it is finished, and the same command goes on with the next; ctrl-C loses the seed that
is being trained.

  go run . bench --accuracy 0.90 --data ~/cifar10 --python ~/peers/bin/python --save fast.json

Where that would take hours, PyTorch can do its first steps alone, which give its minutes:

  go run . bench --accuracy 0.90 --form 95 --peer-steps 48 --data ~/cifar10 --python ~/peers/bin/python

Each measurement runs in a separate process. Keep the machine free of other work meanwhile.`

func benchCommand() *cobra.Command {
	var b bench.Benchmark
	var cells, worker, exchange bool
	var e bench.Exchange
	measured := class.Class{Restart: true, Quiet: 10 * time.Second}
	var accuracy bench.Accuracy
	var form string
	c := &cobra.Command{
		Use: "bench [flags]", Short: "measure steps, start-up and memory, compared with other frameworks",
		Long: benchAbout, Example: "bench --rounds 3 --steps 10", Args: cli.NoArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			if exchange {
				e.Batch, e.Rounds = b.Batch, b.Rounds
				return runExchange(e, c.OutOrStdout())
			}
			if c.Flags().Changed("accuracy") {
				if b.Growth || cells || b.PureGo || b.Against != "" || b.Devices != 1 {
					return errors.New("bench: --growth, --cells, --go, --against and --devices do not apply to --accuracy")
				}
				if !c.Flags().Changed("evaluate") {
					b.Evaluate = cifar.TestRecords
				}
				if accuracy.Recipe, err = trained.ParseRecipe(form); err != nil {
					return fmt.Errorf("bench: --form: %w", err)
				}
				if !c.Flags().Changed("epochs") {
					accuracy.Epochs = accuracy.Recipe.Epochs
				}
				return benchAccuracy(c, b, accuracy, worker)
			}
			if f := c.Flags(); f.Changed("steps") && !f.Changed("seconds") {
				b.Seconds = 0
			}
			if f := c.Flags(); f.Changed("rounds") && !f.Changed("minutes") {
				b.Minutes = 0
			}
			if err := b.Check(b.Rounds); err != nil {
				return err
			}
			switch {
			case worker:
				return bench.Measure(c.Context(), b.Workload, c.InOrStdin(), c.OutOrStdout())
			case c.Flags().Changed("class"):
				return benchClass(c, measured)
			case cells:
				return bench.Cells(c.Context(), b.Rounds, c.OutOrStdout(), c.ErrOrStderr())
			}
			self, err := os.Executable()
			if err != nil {
				return err
			}
			b.Worker, b.Log = []string{self, "bench", "--worker"}, c.ErrOrStderr()
			return b.Run(c.Context(), c.OutOrStdout())
		},
	}
	f := c.Flags()
	f.StringVar(&b.Data, "data", "", "dataset in CIFAR-10's binary layout, a folder (default: 60,000 drawn images)")
	f.IntVar(&b.Images, "images", cifar.TrainRecords, "training images to load")
	f.IntVar(&b.Batch, "batch", 500, "images per step")
	f.IntVar(&b.Warm, "warm", 3, "warm-up steps before the timed ones")
	f.IntVar(&b.Steps, "steps", 10, "steps to time")
	f.IntVar(&b.Turn, "turn", 2, "timed steps per turn, then the next framework runs; 0: each runs to completion")
	f.Float64Var(&b.Seconds, "seconds", 8, "a framework whose timed steps took so long in a round does no further turn of them, unless --steps is given; 0: no limit")
	f.IntVar(&b.Evaluate, "evaluate", 2000, "test images to evaluate (with --accuracy: 10,000)")
	f.IntVar(&b.Devices, "devices", 1, "devices that share each of our batches")
	f.IntVar(&b.Shards, "shards", 0, "also measure ours in one shard and in so many, a power of two")
	f.BoolVar(&exchange, "exchange", false, "instead, under mpirun: measure how long processes take to add up gradients, and compare it with a model; alone: only the model")
	f.Float64Var(&e.Gbit, "gbit", 10, "with --exchange: Gbit/s of each host's network")
	f.Float64Var(&e.Latency, "latency", 50e-6, "with --exchange: seconds that a message takes, where it is not measured")
	f.Float64Var(&e.Step, "step", 0.434, "with --exchange: seconds of a step on one host")
	f.StringVar(&b.Precision, "precision", "", "of convolutions and matrix multiplications, ours and the other frameworks': empty for float32, or bfloat16")
	f.IntVar(&b.Rounds, "rounds", 3, "rounds; each round runs every framework once")
	f.Float64Var(&b.Minutes, "minutes", 4.5, "begin no round that would not end within so many minutes, unless --rounds is given; 0: no limit")
	f.StringVar(&b.Python, "python", "", "interpreter with the packages of internal/bench/requirements.txt, to measure the other frameworks")
	f.Float64Var(&accuracy.Target, "accuracy", 0, "instead, train a recipe whole, see --form, and time it to this test accuracy, such as 0.9, with each of --rounds seeds")
	f.StringVar(&form, "form", "94", "with --accuracy: the form of the fast recipe: 93, 94 or 95, after the accuracy that was published for it; or improved, the write-up's network as train --recipe improved trains it, without PyTorch")
	f.Float64Var(&accuracy.Epochs, "epochs", 0, "with --accuracy: epochs of a training, not necessarily whole (default: the recipe's)")
	f.IntVar(&accuracy.PeerSteps, "peer-steps", 0, "with --accuracy and --python: PyTorch does only the first so many steps, which give its minutes, not its accuracy")
	f.Uint64Var(&accuracy.FirstSeed, "seed", 1, "with --accuracy: the first seed")
	f.StringVar(&b.Save, "save", "", "also save the times in this file, as JSON")
	f.StringVar(&b.Against, "against", "", "also compare with the times in a file of --save")
	f.BoolVar(&b.PureGo, "go", false, "also measure GoMLX's pure-Go backend, which needs no plugin")
	f.BoolVar(&b.Growth, "growth", false, "instead, measure ours over several image counts, batch sizes and device counts")
	f.BoolVar(&cells, "cells", false, "instead, time notebook cells: their overhead, figures, trainings, evaluations, loops")
	f.IntVar(&measured.Students, "class", 0, "instead, measure a JupyterHub with so many simulated students")
	f.IntVar(&measured.Trainers, "trainers", 1, "students of --class who train at once")
	f.BoolVar(&measured.Values, "values", true, "let the students of --class keep a dataset and a network")
	f.BoolVar(&measured.Slurm, "slurm", false, "start the servers of --class as jobs of the Slurm that SLURM_CONF names")
	f.BoolVar(&worker, "worker", false, "measure once in this process and write lines of JSON, as bench does in the processes it starts")
	cli.Complete(c, "precision", precisions)
	return c
}

// runExchange runs the measurement of --exchange; mistakes are said by rank 0 alone.
func runExchange(e bench.Exchange, stdout io.Writer) error {
	err := e.Check()
	if err == nil {
		err = mpi.Check()
	}
	if err != nil {
		return once(err)
	}
	return e.Run(stdout)
}

func benchClass(c *cobra.Command, measured class.Class) error {
	env, err := setup.Installer{Log: c.ErrOrStderr()}.Run(c.Context())
	if err != nil {
		return err
	}
	measured.Log = c.ErrOrStderr()
	result, err := measured.Run(c.Context(), env)
	if err != nil {
		return err
	}
	return result.Write(c.OutOrStdout())
}

// benchAccuracy races to an accuracy, or trains once as one of the race's processes.
func benchAccuracy(c *cobra.Command, b bench.Benchmark, a bench.Accuracy, worker bool) error {
	a.Workload, a.Seeds, a.Python, a.Save, a.Log = b.Workload, b.Rounds, b.Python, b.Save, c.ErrOrStderr()
	a.Seconds = 0 // a whole training
	if err := a.Check(); err != nil {
		return err
	}
	if worker {
		return bench.MeasureRecipe(c.Context(), a, c.InOrStdin(), c.OutOrStdout())
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	a.Worker = []string{self, "bench", "--worker"}
	return a.Run(c.Context(), c.OutOrStdout())
}

// precisions lists the precisions of a training's convolutions and matrix multiplications, apart from the default, float32.
func precisions() []string { return []string{"bfloat16"} }
