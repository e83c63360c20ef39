// Package engine starts the trainings of a sweep: as processes of this machine, as an array of Slurm, or as an indexed Job of
// Kubernetes. Both engines are others' programs. This package only writes what they read, and tells them by exit statuses what
// became of a training.
package engine

import "os"

// Exit statuses of a training that an engine started. Their numbers are those of sysexits.h.
const (
	StatusAgain = 75 // EX_TEMPFAIL: it was asked to stop, or another process trains it: start it again
	StatusNever = 65 // EX_DATAERR: it diverged, and always would: do not
)

// Running reports whether an engine started this process.
func Running() bool {
	return os.Getenv("SLURM_JOB_ID") != "" || os.Getenv("KUBERNETES_SERVICE_HOST") != "" || os.Getenv("JOB_COMPLETION_INDEX") != ""
}

// Error is an error with the exit status that it gives the process.
type Error struct {
	Status int
	Err    error
}

func (e Error) Error() string { return e.Err.Error() }
func (e Error) Unwrap() error { return e.Err }
