package sweep

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/internal/atomicfile"
)

// divergedName is the file in a run's folder that says why its training diverged, so that it is not tried again: the same
// steps would end in the same way. Removing the run removes it.
const divergedName = "diverged.txt"

// Train trains what is left of a training, in its run's folder below root; nothing if it has finished. Stopped by ctx, it saves
// first. begin, if not nil, is called with the opened run, and observe with its progress.
//
// The error wraps cnn.ErrDiverged if the training diverges, now or when it was trained before, and cnn.ErrLocked or
// cnn.ErrSuperseded if another process trains it.
func (t Training) Train(ctx context.Context, root string, train, valid *cifar.Dataset, begin func(*cnn.Run), observe func(cnn.Progress)) error {
	run, err := cnn.OpenRun(root, t.Spec(train, valid))
	if err != nil {
		return err
	}
	defer run.Close()
	if why := divergence(run.Dir); why != "" {
		return fmt.Errorf("%w before, and is not tried again: %s: remove the run to try it: %s", cnn.ErrDiverged, why, filepath.Base(run.Dir))
	}
	if begin != nil {
		begin(run)
	}
	err = run.Train(ctx, observe)
	if errors.Is(err, cnn.ErrDiverged) {
		return errors.Join(err, atomicfile.WriteBytes(filepath.Join(run.Dir, divergedName), []byte(err.Error()+"\n"), 0o644))
	}
	return err
}

// divergence says why the run in a folder diverged; it is empty if it did not.
func divergence(dir string) string {
	data, err := os.ReadFile(filepath.Join(dir, divergedName))
	if errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(data))
}

// Each calls do for each training, for at most atOnce at the same time, in order. slot is from 0 to atOnce−1: no two calls at
// the same time have the same. Once ctx has ended, no further call begins. Each waits for all calls.
func Each(ctx context.Context, trainings []Training, atOnce int, do func(slot int, t Training)) {
	next := make(chan Training)
	var all sync.WaitGroup
	for slot := range min(max(1, atOnce), len(trainings)) {
		all.Go(func() {
			for t := range next {
				do(slot, t)
			}
		})
	}
	for _, t := range trainings {
		if ctx.Err() != nil {
			break
		}
		select {
		case next <- t:
		case <-ctx.Done():
		}
	}
	close(next)
	all.Wait()
}
