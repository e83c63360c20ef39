// Package filelock keeps two processes, or two goroutines of one, from doing the
// same work at once. It adds to [github.com/gofrs/flock] a note in the lock file
// that names the holder of the lock, and lock files that may be removed.
//
// The operating system holds the lock: it is released when the process ends, for any
// reason. A lock file that is left behind is therefore free.
package filelock

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/gofrs/flock"
)

// ErrHeld means that another process or goroutine has the lock.
var ErrHeld = errors.New("locked")

// retry is the interval at which [Wait] tries again.
const retry = 100 * time.Millisecond

// Holder is the process that holds a lock.
type Holder struct {
	PID   int       `json:"pid"`
	Host  string    `json:"host"`
	What  string    `json:"what"` // what it is doing
	Since time.Time `json:"since"`
}

// Lock is a lock that this process holds.
type Lock struct{ file *flock.Flock }

// Try takes the lock on the file path, which it creates if necessary, or fails
// with [ErrHeld]. what describes for others what this process is doing. The folder must exist.
func Try(path, what string) (*Lock, error) {
	for {
		l, err := try(path, what)
		if !errors.Is(err, errRemoved) {
			return l, err
		}
	}
}

// Wait is [Try] that waits for the lock until ctx ends, and then returns ctx's
// cause. waiting, if set, is called once when the lock is held: with the zero
// Holder where the file does not name the holder.
func Wait(ctx context.Context, path, what string, waiting func(Holder)) (*Lock, error) {
	for {
		l, err := Try(path, what)
		if !errors.Is(err, ErrHeld) {
			return l, err
		}
		if waiting != nil {
			waiting(ReadHolder(path))
			waiting = nil
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(retry):
		}
	}
}

// errRemoved: the lock is on a file that no longer has its name, and so no other process
// sees it.
var errRemoved = errors.New("the lock file was removed")

func try(path, what string) (*Lock, error) {
	file := flock.New(path, flock.SetPermissions(0o666))
	held, err := file.TryLock()
	if err != nil {
		return nil, err
	}
	if !held {
		return nil, ErrHeld
	}
	l := &Lock{file}
	if !l.named() {
		return nil, errors.Join(errRemoved, l.Unlock())
	}
	if err := writeHolder(path, what); err != nil {
		return nil, errors.Join(err, l.Unlock())
	}
	return l, nil
}

// named reports whether the locked file still has the lock's name: the process
// before may have removed it between our open and our lock.
func (l *Lock) named() bool {
	held, err := l.file.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(l.file.Path())
	return err == nil && os.SameFile(held, there)
}

// Unlock releases the lock. The file stays.
func (l *Lock) Unlock() error { return l.file.Unlock() }

// Remove releases the lock and removes the file, so that nothing is left in a
// user's folder.
func (l *Lock) Remove() error {
	removed := os.Remove(l.file.Path()) // Windows refuses while the file is open
	err := l.file.Unlock()
	if removed != nil {
		_ = os.Remove(l.file.Path()) // and here if another process has it
	}
	return err
}

// holderOffset is where the note begins. Windows lets only the lock's own
// handle access the first byte, which is the one that is locked.
const holderOffset = 1

// maxHolder is the maximum length of a note that is read, in bytes.
const maxHolder = 4096

func writeHolder(path, what string) error {
	host, _ := os.Hostname() // only for messages
	note, err := json.Marshal(Holder{PID: os.Getpid(), Host: host, What: what, Since: time.Now().UTC().Truncate(time.Second)})
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(append(note, '\n'), holderOffset)
	if err == nil {
		err = f.Truncate(int64(holderOffset + len(note) + 1))
	}
	return errors.Join(err, f.Close())
}

// ReadHolder reads who holds the lock path. The zero Holder means that the file
// does not name it, or is being written.
func ReadHolder(path string) Holder {
	f, err := os.Open(path)
	if err != nil {
		return Holder{}
	}
	defer f.Close()
	data := make([]byte, maxHolder)
	n, _ := f.ReadAt(data, holderOffset)
	var h Holder
	if json.Unmarshal(data[:n], &h) != nil {
		return Holder{}
	}
	return h
}

// String describes the holder, for a message why a command waits.
func (h Holder) String() string {
	if h.PID == 0 {
		return "another process"
	}
	return fmt.Sprintf("process %d, since %s", h.PID, h.Since.Local().Format(time.TimeOnly))
}
