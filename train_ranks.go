package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/internal/engine"
	"github.com/cnnbook/cnnbook/internal/mpi"
)

// silent is the error of a process that has nothing to say: rank 0 says it.
type silent struct{ status int }

func (silent) Error() string { return "" }

// checkRanks refuses what all ranks know to be wrong before they join.
func (t training) checkRanks() error {
	err := mpi.Check()
	if err == nil {
		if err = (cnn.Config{Shards: t.shards}).CheckRanks(max(1, mpi.Launched())); err != nil {
			err = fmt.Errorf("train: --shards: %w", err)
		}
	}
	return err
}

// once returns an error that all ranks have in the same words, for rank 0 alone to say.
func once(err error) error {
	if mpi.LaunchedRank() > 0 {
		return silent{}
	}
	return err
}

// setThreads sets the number of threads by which this process computes. It must run before the plugin is opened.
func setThreads(n int) error {
	if n < 0 {
		return fmt.Errorf("train: --threads must be at least 1, got %d", n)
	}
	if n == 0 {
		return nil
	}
	return errors.Join(os.Setenv("OMP_NUM_THREADS", fmt.Sprint(n)), os.Setenv("NPROC", fmt.Sprint(n))) // oneDNN's, XLA's
}

// together runs the work of one of several ranks. If one of them fails, it says so and ends all.
func together(ctx context.Context, world *mpi.World, stderr io.Writer, work func() error) error {
	err := work()
	if world == nil {
		return err
	}
	err = taskStatus(ctx, err)
	var task engine.Error
	if err == nil || errors.Is(err, context.Canceled) || errors.As(err, &task) && task.Status == engine.StatusAgain && ctx.Err() != nil {
		if failed := world.Finish(); err == nil {
			return failed
		}
		if world.Rank() > 0 {
			return silent{exitStatus(err)}
		}
		return err
	}
	if world.Rank() > 0 && errors.Is(err, cnn.ErrRanks) {
		time.Sleep(time.Second) // the rank that failed first says why
	}
	host, _ := os.Hostname() // for the message only
	fmt.Fprintf(printable{stderr}, "cnnbook: rank %d on %s: %v\n", world.Rank(), host, err)
	world.Abort(exitStatus(err))
	return err
}

// withWorld adds the other ranks to the context.
func withWorld(ctx context.Context, world *mpi.World) context.Context {
	if world == nil {
		return ctx
	}
	return cnn.WithRanks(ctx, world)
}
