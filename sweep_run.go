package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/cnn/sweep"
	"github.com/cnnbook/cnnbook/internal/engine"
	"github.com/cnnbook/cnnbook/kernelext/setup"
	"github.com/spf13/cobra"
)

// sweepRun holds the flags of sweep run.
type sweepRun struct {
	sweepPlaces
	index, atOnce int
}

func sweepRunCommand() *cobra.Command {
	c := ofSweep("run", "train what is missing of a sweep, here",
		fmt.Sprintf(`Trains what is missing of a sweep on this machine, several trainings at the same time, each in a process of its own with its share of the
processors. Every combination is trained with the first seed, then with the second. With halving, a rung begins when the one before has ended.
Ctrl-C saves them all; the same command continues.

With --index it trains one of them, as a task of an engine. The exit status is then %d if the task should start again (it was asked to stop by
the engine, or another process trains this run) and %d if the training diverged, as it always would.`, engine.StatusAgain, engine.StatusNever))
	var r sweepRun
	r.flags(c)
	f := c.Flags()
	f.IntVar(&r.index, "index", -1, "train only this one, as a task of an engine (default: all)")
	f.IntVar(&r.atOnce, "at-once", 0, "trainings at the same time (default: one per processor); each needs memory of its own, about 1 GB for the write-up's network")
	c.RunE = func(c *cobra.Command, args []string) error {
		if r.atOnce < 0 {
			return fmt.Errorf("sweep run: --at-once must be at least 1, got %d", r.atOnce)
		}
		plugin, err := setup.Installer{Log: c.ErrOrStderr()}.Plugin(c.Context())
		if err != nil {
			return err
		}
		if !c.Flags().Changed("index") {
			return r.all(c.Context(), args[0], c.OutOrStdout())
		}
		if err := plugin.Restart(); err != nil {
			fmt.Fprintln(c.ErrOrStderr(), "cnnbook:", err, "(continuing with the system's allocator)")
		}
		if err := plugin.Apply(); err != nil {
			return err
		}
		return taskStatus(c.Context(), r.one(c.Context(), args[0], c.OutOrStdout()))
	}
	return c
}

// taskStatus adds the exit status by which an engine knows what to do with a task.
func taskStatus(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, cnn.ErrDiverged):
		return engine.Error{Status: engine.StatusNever, Err: err}
	case errors.Is(err, cnn.ErrLocked), errors.Is(err, cnn.ErrSuperseded):
		return engine.Error{Status: engine.StatusAgain, Err: err}
	case err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) && engine.Running():
		return engine.Error{Status: engine.StatusAgain, Err: errors.New("stopped and saved: start again to continue")}
	}
	return err
}

// one trains one training.
func (r sweepRun) one(ctx context.Context, file string, stdout io.Writer) error {
	o, err := r.open(file)
	if err != nil {
		return err
	}
	t, why, err := o.at(r.index)
	if err != nil {
		return err
	}
	if why != "" {
		_, err := fmt.Fprintln(stdout, why)
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	var run *cnn.Run
	begin := func(opened *cnn.Run) {
		run = opened
		fmt.Fprintf(stdout, "training %d, %s, in %s\n", t.Index, o.Describe(t), run.Dir)
		if where := run.Beginning(); where != "" {
			fmt.Fprintln(stdout, t.Name, where)
		}
	}
	steps := 0
	err = t.Train(ctx, o.params.Runs, o.train, o.valid, begin, func(p cnn.Progress) {
		if !p.EpochEnd {
			steps++
		} else {
			fmt.Fprintf(stdout, "epoch %d of %d: loss %.4f, accuracy %.4f, validation loss %.4f, validation accuracy %.4f\n",
				p.Epoch, p.Epochs, p.Loss, p.Accuracy, p.ValidLoss, p.ValidAccuracy)
		}
	})
	if err == nil {
		_, err = fmt.Fprintf(stdout, "trained %d steps\n", steps)
	}
	return err
}

// all trains what is missing, each training in a process of its own, and rung by rung.
func (r sweepRun) all(ctx context.Context, file string, stdout io.Writer) error {
	o, err := r.open(file)
	if err != nil {
		return err
	}
	rows, err := o.read()
	if err != nil {
		return err
	}
	atOnce := r.atOnce
	if atOnce == 0 {
		atOnce = runtime.NumCPU()
	}
	for {
		var missing []sweep.Training
		for _, row := range rows {
			if !row.Ended() {
				missing = append(missing, row.Training)
			}
		}
		missing = sweep.SeedsFirst(missing)
		fmt.Fprintf(stdout, "%s %d to train, %d at the same time\n", sweepSummary(rows), len(missing), min(atOnce, len(missing)))
		failed := r.train(ctx, o, file, missing, atOnce, stdout)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		known := len(rows)
		if rows, err = o.read(); err != nil {
			return err
		}
		if failed != nil || len(rows) == known { // that was the last rung, or it has not ended
			fmt.Fprintln(stdout, o.summary(rows))
			if err := o.waiting(rows); failed == nil && err != nil {
				failed = fmt.Errorf("sweep: %w", err)
			}
			return errors.Join(failed, divergedError(rows))
		}
	}
}

// train starts a process for each training and reports each as it ends. The error is the first failure; the others train on.
func (r sweepRun) train(ctx context.Context, o opened, file string, missing []sweep.Training, atOnce int, stdout io.Writer) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	environ := append(os.Environ(), fmt.Sprintf("OMP_NUM_THREADS=%d", max(1, runtime.NumCPU()/atOnce)))
	var lock sync.Mutex
	var first error
	ended := 0
	sweep.Each(ctx, missing, atOnce, func(slot int, t sweep.Training) {
		began := time.Now()
		command := []string{self, "sweep", "run", file, "--index", fmt.Sprint(t.Index), "--data", o.params.Data, "--runs", o.params.Runs}
		status, last, err := engine.Process(ctx, command, environ, slot, atOnce)
		lock.Lock()
		defer lock.Unlock()
		ended++
		what := fmt.Sprintf("finished in %.1f s", time.Since(began).Seconds())
		switch {
		case ctx.Err() != nil && err == nil && status != 0:
			what = "stopped and saved"
		case err == nil && status == engine.StatusNever:
			what = "diverged: " + last
		case err == nil && status == engine.StatusAgain:
			what = "is trained by another process: " + last
		case err != nil || status != 0:
			what = fmt.Sprintf("failed: %s", failure(status, last, err))
			if first == nil {
				first = fmt.Errorf("sweep: training %d, %s, %s", t.Index, t.Name, what)
			}
		}
		fmt.Fprintf(stdout, "[%d/%d] %s %s\n", ended, len(missing), t.Name, what)
	})
	return first
}

func failure(status int, last string, err error) string {
	switch {
	case err != nil:
		return err.Error()
	case last != "":
		return last
	case status < 0:
		return "the process was killed"
	}
	return fmt.Sprintf("exit status %d", status)
}
