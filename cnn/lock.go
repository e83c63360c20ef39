package cnn

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/cnnbook/cnnbook/internal/filelock"
)

// lockName is the file whose lock a process holds while it trains a run. The
// operating system releases the lock when the process ends for any reason.
const lockName = "lock"

// lockRun takes the run's lock; the error names the process that holds it.
func lockRun(dir string) (release func(), err error) {
	path := filepath.Join(dir, lockName)
	l, err := filelock.Try(path, "training")
	if errors.Is(err, filelock.ErrHeld) {
		who := "another process"
		if h := filelock.ReadHolder(path); h.PID != 0 {
			who = fmt.Sprintf("process %d on %s", h.PID, h.Host)
		}
		return nil, fmt.Errorf("%w: %s is being trained by %s: wait for it, or stop it", ErrLocked, dir, who)
	}
	if err != nil {
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	return func() { _ = l.Unlock() }, nil
}
