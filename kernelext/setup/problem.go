package setup

import (
	"errors"

	"github.com/cnnbook/cnnbook/kernelext/internal/text"
)

// Classes of problems that set-up and the doctor can find on a machine, for errors.Is. Each is wrapped in a *Problem, which states cause and remedy.
var (
	ErrNoGo       = errors.New("no usable Go toolchain")
	ErrNoCompiler = errors.New("no C compiler")
	ErrNoPython   = errors.New("no usable Python")
	ErrNoVenv     = errors.New("Python cannot make virtual environments")
	ErrNoCheckout = errors.New("no checkout of cnnbook")
	ErrPlugin     = errors.New("the PJRT plugin cannot be used")
	ErrChecksum   = errors.New("checksum mismatch")
	ErrNetwork    = errors.New("no connection to the package index")
	ErrRoot       = errors.New("running as root")
	ErrKernel     = errors.New("the kernel cannot be installed or removed")
)

// Problem is an error that the user can fix: what is wrong and what to do about it.
type Problem struct {
	Cause  string // what was expected and what was found, without a full stop
	Remedy string // what to do, without a full stop; may be empty
	Err    error  // the class of the problem, one of this package's sentinels or an operating system's error
}

// Error returns cause and remedy in one line.
func (p *Problem) Error() string {
	if p.Remedy == "" {
		return text.OneLine(p.Cause)
	}
	return text.OneLine(p.Cause + "; " + p.Remedy)
}

// Unwrap returns the class of the problem.
func (p *Problem) Unwrap() error { return p.Err }

// RemedyOf is the remedy of the first Problem in err's tree, or "".
func RemedyOf(err error) (cause, remedy string) {
	if p, ok := errors.AsType[*Problem](err); ok {
		return text.OneLine(p.Cause), p.Remedy
	}
	return text.OneLine(err.Error()), ""
}
