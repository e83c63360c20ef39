// Package mpi lets the processes that mpirun, srun or sbatch started exchange bytes in pairs: all that one training on several
// machines needs. MPI is not part of an ordinary build. The build tag "mpi" adds it, by Open MPI's pkg-config file:
//
//	apt-get install libopenmpi-dev openmpi-bin
//	go build -tags mpi .
//
// With the tags "mpi,mpich" it is MPICH's. Any other MPI is used through its compiler: CC=mpicc go build -tags mpi,mpicc.
// A program runs with the MPI that it was built with: their binary interfaces differ.
//
// Sums are not left to MPI: MPI_Allreduce picks its algorithm by size and machine, and the last bits of its result with it.
package mpi

import (
	"errors"
	"os"
	"strconv"
)

// ErrMissing means that the program was built without MPI.
var ErrMissing = errors.New("this program was built without MPI")

// Launched returns the number of processes that an MPI launcher started together with this one, and 0 if none did. It reads
// the variables of Open MPI's mpirun, of MPICH's and PMI, and of srun with PMIx.
func Launched() int {
	for _, name := range []string{"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"} {
		if n, err := strconv.Atoi(os.Getenv(name)); err == nil && n > 0 {
			return n
		}
	}
	if os.Getenv("PMIX_RANK") == "" {
		return 0
	}
	if n, err := strconv.Atoi(os.Getenv("SLURM_STEP_NUM_TASKS")); err == nil && n > 0 {
		return n
	}
	return 1
}

// LaunchedRank returns this process's number among them, from 0.
func LaunchedRank() int {
	for _, name := range []string{"OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK"} {
		if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
			return n
		}
	}
	return 0
}
