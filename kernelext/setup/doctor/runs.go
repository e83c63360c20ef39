package doctor

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/cnnbook/cnnbook/internal/atomicfile"
	"github.com/cnnbook/cnnbook/internal/filelock"
)

// runsVariable names the folder of saved runs: kernelext.EnvRuns.
const runsVariable = "CNNBOOK_RUNS"

// runsFolder tries in the folder of saved runs what trainings rely on: that a lock keeps others out, and that a file replaces another
// one by a rename. Some file systems that several machines share do neither. What it makes there it removes again.
func (d *doctor) runsFolder() {
	const name = "Saved runs"
	dir := os.Getenv(runsVariable)
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return // the commands that need it say so
		}
		dir = filepath.Join(cache, "cnnbook", "runs")
	}
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		d.add(OK, name, dir+" is made by the first training", "")
		return
	case err != nil:
		d.add(Fail, name, err.Error(), "name another folder in "+runsVariable)
		return
	case !info.IsDir():
		d.add(Fail, name, dir+" is a file, not a folder", "remove it, or name another folder in "+runsVariable)
		return
	}
	if err := tryRuns(dir, filelock.Try); err != nil {
		d.add(Fail, name, fmt.Sprintf("%s: %v", dir, err), "name a folder on another file system in "+runsVariable+"; on a shared one, ask whether it supports locks")
		return
	}
	d.add(OK, name, dir+": locks and renames work here", "")
}

// tryRuns tries locks and renames in a folder of its own below dir.
func tryRuns(dir string, lock func(path, what string) (*filelock.Lock, error)) (err error) {
	dir, err = os.MkdirTemp(dir, ".doctor-")
	if err != nil {
		return fmt.Errorf("it cannot be written: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "lock")
	held, err := lock(path, "doctor")
	if err != nil {
		return fmt.Errorf("no file can be locked: %w", err)
	}
	again, err := lock(path, "doctor")
	if err == nil {
		err = errors.Join(errors.New("a lock does not keep a second one out, so two processes could train one run"), again.Unlock())
	} else if errors.Is(err, filelock.ErrHeld) {
		err = nil
	}
	if err = errors.Join(err, held.Unlock()); err != nil {
		return err
	}
	file := filepath.Join(dir, "file")
	for _, text := range []string{"first", "second"} {
		if err := atomicfile.WriteBytes(file, []byte(text), 0o644); err != nil {
			return fmt.Errorf("no file can be replaced by a rename: %w", err)
		}
		if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, []byte(text)) {
			return errors.Join(fmt.Errorf("after a rename the file holds %q, expected %q", got, text), err)
		}
	}
	return nil
}
