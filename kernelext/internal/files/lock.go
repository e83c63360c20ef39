package files

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// lockRetry is how often a waiting process asks for a lock again.
const lockRetry = 100 * time.Millisecond

// Holder is written into a lock file by the process that holds it, so that another can say for what it waits.
// The lock itself is the operating system's: it ends with the process, however that ends.
type Holder struct {
	PID   int       `json:"pid"`
	What  string    `json:"what"`
	Since time.Time `json:"since"`
}

// Lock takes the lock on the file name, made if missing, and gives the function that frees it.
// Where another process holds it, waiting is called once with what is known of that process.
func Lock(ctx context.Context, name, what string, waiting func(Holder)) (release func() error, err error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return nil, fmt.Errorf("lock for %s: %w", what, err)
	}
	lock := flock.New(name)
	held, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	if !held {
		if waiting != nil {
			waiting(readHolder(name))
		}
		// TryLockContext gives ctx's error when it ends first.
		if _, err := lock.TryLockContext(ctx, lockRetry); err != nil {
			return nil, fmt.Errorf("wait for lock %s: %w", name, err)
		}
	}
	holder, err := json.Marshal(Holder{PID: os.Getpid(), What: what, Since: time.Now().UTC().Truncate(time.Second)})
	if err == nil {
		// Same file, written in place: the lock stays. A reader that sees half of it says "another process".
		err = os.WriteFile(name, holder, 0o644)
	}
	if err != nil {
		lock.Close()
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	// The file stays: to remove it would let two processes lock two files of one name.
	return lock.Close, nil
}

// readHolder reads who holds the lock; its zero value means that it could not be told.
func readHolder(name string) Holder {
	var h Holder
	data, err := os.ReadFile(name)
	if err != nil || json.Unmarshal(data, &h) != nil {
		return Holder{}
	}
	return h
}

// String says who holds a lock, for a line that tells why a command waits.
func (h Holder) String() string {
	if h.PID == 0 {
		return "another process"
	}
	return fmt.Sprintf("process %d, since %s", h.PID, h.Since.Local().Format(time.TimeOnly))
}
