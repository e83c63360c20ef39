//go:build mpi

package mpi

/*
#include <mpi.h>
#include <stdlib.h>
#include <time.h>

static int start(int *rank, int *size, int *level) {
	int rc = MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, level);
	if (rc == MPI_SUCCESS) rc = MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
	if (rc == MPI_SUCCESS) rc = MPI_Comm_rank(MPI_COMM_WORLD, rank);
	if (rc == MPI_SUCCESS) rc = MPI_Comm_size(MPI_COMM_WORLD, size);
	return rc;
}

static int serialized(void) { return MPI_THREAD_SERIALIZED; }

// exchange sends and receives at the same time. MPI's own functions wait at full speed, which takes the processor from other
// ranks of the machine, for minutes while one of them validates. So it asks in ever longer intervals: first without a pause,
// then 20 µs apart, and after more than a second 500 µs.
static int exchange(int with, void *out, int out_bytes, void *in, int in_bytes) {
	MPI_Request requests[2];
	MPI_Status statuses[2];
	int n = 0, rc = MPI_SUCCESS, done = 0;
	if (in_bytes > 0) rc = MPI_Irecv(in, in_bytes, MPI_BYTE, with, 0, MPI_COMM_WORLD, &requests[n++]);
	if (rc == MPI_SUCCESS && out_bytes > 0) rc = MPI_Isend(out, out_bytes, MPI_BYTE, with, 0, MPI_COMM_WORLD, &requests[n++]);
	for (long i = 0; rc == MPI_SUCCESS; i++) {
		rc = MPI_Testall(n, requests, &done, statuses);
		if (done) break;
		if (i < 1000) continue;
		struct timespec pause = {0, i < 20000 ? 20000 : 500000};
		nanosleep(&pause, NULL);
	}
	return rc;
}

static int finish(void) { return MPI_Finalize(); }
static void end_all(int status) { MPI_Abort(MPI_COMM_WORLD, status); }

static int text(int code, char *s) {
	int n = 0;
	MPI_Error_string(code, s, &n);
	return n;
}
static int text_size(void) { return MPI_MAX_ERROR_STRING; }
*/
import "C"

import (
	"fmt"
	"os"
	"sync"
	"unsafe"
)

// Built reports whether the program was built with MPI.
const Built = true

// Check returns nil: see the build without MPI.
func Check() error { return nil }

// World is the processes of one mpirun. Its methods may be called by several goroutines, one at a time.
type World struct {
	rank, size int
	mu         sync.Mutex
}

// Start joins the processes that a launcher started. A process that no launcher started gets nil.
func Start() (*World, error) {
	if Launched() == 0 {
		return nil, nil
	}
	// Open MPI's handlers of signals such as SIGSEGV would take the place of Go's, which turn them into panics.
	if _, set := os.LookupEnv("OMPI_MCA_opal_signal"); !set {
		os.Setenv("OMPI_MCA_opal_signal", "")
	}
	var rank, size, level C.int
	if err := failure("MPI_Init_thread", C.start(&rank, &size, &level)); err != nil {
		return nil, err
	}
	if level < C.serialized() {
		return nil, fmt.Errorf("this MPI cannot be called by more than one thread (level %d), which Go needs: use one that was built with threads", level)
	}
	w := &World{rank: int(rank), size: int(size)}
	if n := Launched(); n != w.size {
		return nil, fmt.Errorf("%d processes were started, and MPI knows of %d: mpirun or srun is not that of the MPI with which this program was built", n, w.size)
	}
	return w, nil
}

// Rank is this process's number, from 0.
func (w *World) Rank() int { return w.rank }

// Size is the number of processes.
func (w *World) Size() int { return w.size }

// most is the greatest number of bytes in one message: MPI counts by a C int.
const most = 1 << 30

// Exchange sends out to another process while it receives in from it. Both must name each other, and know each other's lengths;
// either may be empty.
func (w *World) Exchange(with int, out, in []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(out) > 0 || len(in) > 0 {
		o, i := out[:min(len(out), most)], in[:min(len(in), most)]
		rc := C.exchange(C.int(with), unsafe.Pointer(unsafe.SliceData(o)), C.int(len(o)), unsafe.Pointer(unsafe.SliceData(i)), C.int(len(i)))
		if err := failure(fmt.Sprintf("exchange with rank %d", with), rc); err != nil {
			return err
		}
		out, in = out[len(o):], in[len(i):]
	}
	return nil
}

// Finish leaves MPI. All processes must call it; none can use MPI afterwards.
func (w *World) Finish() error {
	if w == nil {
		return nil
	}
	return failure("MPI_Finalize", C.finish())
}

// Abort ends all processes of the launcher, this one with the status. It does not return.
func (w *World) Abort(status int) { C.end_all(C.int(status)) }

// failure turns an MPI status into an error with MPI's own text.
func failure(what string, code C.int) error {
	if code == C.MPI_SUCCESS {
		return nil
	}
	text := make([]byte, int(C.text_size()))
	n := C.text(code, (*C.char)(unsafe.Pointer(&text[0])))
	return fmt.Errorf("MPI: %s: %s", what, text[:n])
}
