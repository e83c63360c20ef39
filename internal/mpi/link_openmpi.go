//go:build mpi && !mpich && !mpicc

package mpi

// Each MPI has a file of its own: to the build cache, the same files are the same package.

// #cgo pkg-config: ompi-c
import "C"
