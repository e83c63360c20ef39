package cnn

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"
)

// lockName is the file by which a process holds a run while training. The
// system lets go of the lock when the process ends, however it ends.
const lockName = "lock"

// lockRun takes the run's lock, or says who has it.
func lockRun(dir string) (release func(), err error) {
	path := filepath.Join(dir, lockName)
	l := flock.New(path)
	ok, err := l.TryLock()
	if err != nil {
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	if !ok {
		holder, _ := os.ReadFile(path) // only for the message
		who := strings.TrimSpace(string(holder))
		if who == "" {
			who = "another process"
		}
		return nil, fmt.Errorf("%w: %s is being trained by %s: wait for it, or stop it", ErrLocked, dir, who)
	}
	host, _ := os.Hostname() // only for the message
	if err := os.WriteFile(path, fmt.Appendf(nil, "process %d on %s\n", os.Getpid(), host), 0o644); err != nil {
		_ = l.Unlock()
		return nil, err
	}
	return func() { _ = l.Unlock() }, nil
}
