package cnn

import (
	"errors"
	"fmt"
	"strings"
)

// Sentinel errors. Every error of this package that a caller may want to distinguish
// wraps one of them; the text names the layer, file or step.
var (
	// ErrArchitecture means that a list of layers cannot be built.
	ErrArchitecture = errors.New("bad architecture")
	// ErrConfig means that a training configuration is invalid.
	ErrConfig = errors.New("bad configuration")
	// ErrBackend means that there is no backend, or that it failed.
	ErrBackend = errors.New("backend")
	// ErrFormat means that a saved file is damaged or is not what it should be.
	ErrFormat = errors.New("bad format")
	// ErrMismatch means that a saved run does not match what is requested.
	ErrMismatch = errors.New("does not match")
	// ErrLocked means that another process holds the run.
	ErrLocked = errors.New("run is in use")
	// ErrSuperseded means that another process has saved the run since this one did.
	ErrSuperseded = errors.New("run was saved by another process")
	// ErrDiverged means that the loss or a weight became NaN or infinite.
	ErrDiverged = errors.New("training diverged")
)

// guard turns a panic of a GoMLX graph builder into an error. Graph code
// reports mistakes by panicking; this is the only place that recovers from it.
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
