// Package onednn lets graphs that XLA computes on the CPU call oneDNN
// (https://github.com/uxlfoundation/oneDNN), for what it computes faster, and loops of this
// package for what XLA's own loops do in several passes over memory. [Wrap] is its only way
// in; a [Backend] says which layers it makes faster.
//
// The package can be deleted, with the places that mention it: XLA computes the same
// networks without, more slowly.
//
// # Functions that graphs can call
//
//   - cnnbook$convolution of feature maps [batch, height, width, channels] and a kernel, with
//     a bias or without
//   - cnnbook$kernel_gradient of a convolution's input and the loss's gradient with respect to
//     its output
//   - cnnbook$matmul of two matrices
//   - cnnbook$max_pool, cnnbook$max_pool_gradient and cnnbook$relu_gradient of feature maps
//
// All take and return float32, row-major, and integers as their one attribute; onednn.c and
// loops.c say which. A call that cannot be computed is an error of the graph. A result is the
// same to the bit each time on one machine. The order of a kernel gradient's sum follows from
// the number of threads: OMP_NUM_THREADS, or that of processors.
//
// # What it relies on
//
// The package relies on the inside of three libraries, as none of them offers what it needs.
// What can differ from one version to the next is checked by [Wrap], before a graph is built.
// Anything that is not as the package knows it is an [ErrUnsupported] of one line, and XLA
// computes everything.
//
// Unexported fields of go-xla (customcall.go). go-xla writes custom calls of XLA's older
// kind, for cuDNN's attention alone, by a method that is not exported. The function
// stablehlo.CustomCallV2 is exported, but three fields around it are not: value and shape of
// an xla.Node, a value of the graph, and stmt of a stablehlo.Value, the statement whose
// api_version and backend_config make a call typed. They are found by name, and their types
// are checked; so is go-xla's version, for what types do not show. This ends when
// compute/xla.Function exports custom calls with API version 4 and attributes.
//
// Copied layouts of PJRT and typed FFI (xla.h, plugin.c, call.h). Functions are registered
// with a plugin through PJRT's FFI extension, which go-xla does not wrap, and called with
// structs of typed FFI, whose header comes with no package for Go or C. Each struct's size is
// compared with what is read of it, and the major versions of PJRT and the versions of typed
// FFI with those that were tried: 0.2 (xla-cpu-pjrt 0.0.1), 0.3 and 0.4 (lammps-jax-pjrt-cpu
// 0.11.2). Not every plugin compares versions itself. This ends when go-xla's package pjrt
// registers handlers, and OpenXLA publishes the header as a package.
//
// The plugin's own interface (plugin.c). GetPjrtApi is looked up in the loaded plugin a second
// time, as go-xla does not export its pointer. This ends when pjrt.Plugin exports the pointer.
//
// Copied declarations of oneDNN (dnnl.h, onednn.c). The library is opened when a program
// runs, so that programs can be built without it; its header is not installed then. Its
// version must be 3.2 or a later 3: within a major version oneDNN keeps its functions and
// constants. Every function is looked up before the first is called. This ends when a Go
// module binds oneDNN, or XLA's plugins for the CPU compute gradients of convolutions with it.
//
// GOMP_parallel of GCC's OpenMP (loops.c). The loops share oneDNN's threads: more threads
// would compete with them for the processors. The function is what GCC compiles "omp parallel"
// to, and part of libgomp's interface for binaries; without it, a loop uses one thread.
// Compiling with -fopenmp would link every program with libgomp instead. This ends when there
// is a build of oneDNN that computes on XLA's own threads, which typed FFI lends to the
// functions that it calls.
//
// Operations that are recognised (convolution.go, fusion.go, pool.go, matmul.go). A bias, a
// ReLU and the sums that are a bias's gradient become parts of a call by what follows what in
// a graph, as GoMLX has no operations for them. What is not recognised is left to XLA. This
// ends when XLA's CPU compiler fuses them into custom calls.
//
// Buffers of a wrapped backend (backend.go). GoMLX compares a tensor's backend with the
// graph's, so that outputs are wrapped to name this one. This ends when GoMLX lets a backend be
// extended.
package onednn
