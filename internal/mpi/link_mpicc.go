//go:build mpi && mpicc && !mpich

package mpi

// CC=mpicc adds what is needed.
import "C"
