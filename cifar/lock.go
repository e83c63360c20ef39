package cifar

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// errLocked: another process or goroutine has the lock.
var errLocked = errors.New("locked")

// lockPoll is how often a waiting call looks again.
const lockPoll = 100 * time.Millisecond

// lock waits for the exclusive lock on the file name, which it makes, and
// returns what releases it and removes the file. The system frees the lock of a
// process that dies.
func lock(ctx context.Context, name string) (unlock func(), err error) {
	for {
		unlock, err := tryLock(name)
		if err == nil {
			return unlock, nil
		}
		if !errors.Is(err, errLocked) {
			return nil, fmt.Errorf("locking %s: %w", name, err)
		}
		if err := sleep(ctx, lockPoll); err != nil {
			return nil, fmt.Errorf("waiting for the download that another process makes (%s): %w", name, err)
		}
	}
}
