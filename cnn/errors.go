package cnn

import (
	"errors"
	"fmt"
	"strings"
)

// Sentinel errors. Every error of this package that a caller may want to tell
// apart wraps one of them; the text says which layer, file or step is meant.
var (
	// ErrArchitecture: a list of layers that cannot be built.
	ErrArchitecture = errors.New("bad architecture")
	// ErrConfig: a training configuration that makes no sense.
	ErrConfig = errors.New("bad configuration")
	// ErrBackend: no backend, or the backend failed.
	ErrBackend = errors.New("backend")
	// ErrFormat: a saved file that is damaged or is not what it should be.
	ErrFormat = errors.New("bad format")
	// ErrMismatch: a saved run that was made by something else than what is asked for.
	ErrMismatch = errors.New("does not match")
	// ErrLocked: another process holds the run.
	ErrLocked = errors.New("run is in use")
	// ErrDiverged: the loss or a weight became NaN or infinite.
	ErrDiverged = errors.New("training diverged")
)

// guard turns a panic of a GoMLX graph builder into an error. Graph code
// reports mistakes by panicking; this is the one place where that is undone.
func guard(what string, f func() error) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case error:
			err = fmt.Errorf("%w: %s: %s", ErrBackend, what, firstLine(r.Error()))
		default:
			err = fmt.Errorf("%w: %s: %s", ErrBackend, what, firstLine(fmt.Sprint(r)))
		}
	}()
	return f()
}

// firstLine drops the stack that GoMLX's errors carry in their text.
func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}
