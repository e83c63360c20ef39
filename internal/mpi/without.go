//go:build !mpi

package mpi

import "fmt"

// Built reports whether the program was built with MPI.
const Built = false

// World is the processes of one mpirun. Without MPI there is none.
type World struct{}

// Check returns an error that says how to build the program, if a launcher started several processes.
func Check() error {
	if n := Launched(); n > 1 {
		return errMissing(n)
	}
	return nil
}

// Start joins the processes that a launcher started. Without MPI there are none: it returns nil, or the error of [Check].
func Start() (*World, error) { return nil, Check() }

func (*World) Rank() int                               { return 0 }
func (*World) Size() int                               { return 1 }
func (*World) Exchange(with int, out, in []byte) error { return ErrMissing }
func (*World) Finish() error                           { return nil }
func (*World) Abort(status int)                        {}

// errMissing says what to do where n processes were started and there is no MPI in the program.
func errMissing(n int) error {
	return fmt.Errorf("%w, and mpirun or srun started %d processes: build it by `go build -tags mpi .` (Debian's libopenmpi-dev), or by `go build -tags mpi,mpich .` for MPICH", ErrMissing, n)
}
