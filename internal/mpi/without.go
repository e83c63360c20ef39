//go:build !mpi

package mpi

// Built reports whether the program was built with MPI.
const Built = false

// World is the processes of one mpirun. Without MPI there is none.
type World struct{}

// Start joins the processes that a launcher started; without MPI that is an error. A process that no launcher started, or
// alone, gets nil.
func Start() (*World, error) {
	if n := Launched(); n > 1 {
		return nil, errMissing(n)
	}
	return nil, nil
}

func (*World) Rank() int                               { return 0 }
func (*World) Size() int                               { return 1 }
func (*World) Exchange(with int, out, in []byte) error { return ErrMissing }
func (*World) Finish() error                           { return nil }
func (*World) Abort(status int)                        {}
