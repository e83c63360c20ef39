// Package onednn lets graphs that XLA computes on the CPU call oneDNN
// (https://github.com/uxlfoundation/oneDNN), for what it computes faster, and loops of this
// package for what XLA's own loops do in several passes over memory. [Wrap] is the only entry
// point; a [Backend] reports which layers it accelerates.
//
// The package can be deleted, together with its uses: XLA then computes the same networks
// more slowly.
//
// # Functions that graphs can call
//
//   - cnnbook$convolution of feature maps [batch, height, width, channels] and a kernel, with
//     a bias or without
//   - cnnbook$kernel_gradient of a convolution's input and the loss's gradient with respect to
//     its output
//   - cnnbook$matmul of two matrices
//   - cnnbook$max_pool, cnnbook$max_pool_gradient and cnnbook$relu_gradient of feature maps
//   - cnnbook$moments, cnnbook$affine, cnnbook$affine_gradient and cnnbook$combine, of which a batch normalisation and a GELU are made
//
// All take and return float32 or bfloat16, row-major; the sums that the gradients return are
// float32. Sums are added up in float32, also of bfloat16, and a matrix multiplication or a kernel's gradient
// that the graph widens returns them unrounded (bfloat16.go). bfloat16 needs a processor with
// AMX. The functions' only attribute is a list of integers, which onednn.c, loops.c and affine.c describe. A call that cannot be computed is an error of the graph. On
// one machine, results are reproducible bit by bit. The order of a kernel gradient's sum
// depends on the number of threads: OMP_NUM_THREADS, or the number of processors.
//
// # What it relies on
//
// The package relies on the internals of three libraries, as none of them has a suitable public
// interface. [Wrap] checks everything that can differ between versions before a graph is
// built. Anything unknown gives a one-line [ErrUnsupported], and XLA computes everything.
//
// Unexported fields of go-xla (customcall.go). go-xla writes custom calls of XLA's older
// kind, only for cuDNN's attention, by a method that is not exported. The function
// stablehlo.CustomCallV2 is exported, but three fields around it are not: value and shape of
// an xla.Node, a value of the graph, and stmt of a stablehlo.Value, the statement whose
// api_version and backend_config make a call typed. They are found by name, and their types
// are checked; so is go-xla's version, for changes that types do not show. This ends when
// compute/xla.Function exports custom calls with API version 4 and attributes.
//
// Copied layouts of PJRT and typed FFI (xla.h, plugin.c, call.h). Functions are registered
// with a plugin through PJRT's FFI extension, which go-xla does not wrap, and called with
// structs of typed FFI, whose header is not part of any package for Go or C. Each struct's size is
// compared with the fields that are read, and the major versions of PJRT and the versions of typed
// FFI with those that were tested: 0.2 (xla-cpu-pjrt 0.0.1), 0.3 and 0.4 (lammps-jax-pjrt-cpu
// 0.11.2). Not every plugin compares versions itself. This ends when go-xla's package pjrt
// registers handlers, and OpenXLA publishes the header as a package.
//
// The plugin's own interface (plugin.c). GetPjrtApi is looked up in the loaded plugin a second
// time, as go-xla does not export its pointer. This ends when pjrt.Plugin exports the pointer.
//
// Copied declarations of oneDNN (dnnl.h, onednn.c). The library is opened when a program
// runs, so that programs can be built without it; its header is not installed. Its
// version must be 3.2 or a later 3: within a major version oneDNN keeps its functions and
// constants. Every function is looked up before the first is called. This ends when a Go
// module binds oneDNN, or XLA's plugins for the CPU compute gradients of convolutions with it.
//
// GOMP_parallel of GCC's OpenMP (loops.c). The loops share oneDNN's threads: more threads
// would compete with them for the processors. GCC compiles "omp parallel" to this function,
// which is part of libgomp's binary interface; without it, a loop uses one thread.
// Compiling with -fopenmp would link every program with libgomp instead. This ends when there
// is a build of oneDNN that computes on XLA's own threads, which typed FFI provides to the
// functions that it calls.
//
// Names of a graph's functions (affine.go). A batch normalisation has no operation of its own whose gradient could be replaced, so package
// cnn puts it into functions of the graph with names that this package knows, and calls them. This ends when GoMLX has custom calls.
//
// Pattern matching of operations (convolution.go, fusion.go, pool.go, matmul.go, bfloat16.go). A bias, a
// ReLU and the sums of a bias's gradient become parts of a call if the sequence of operations
// in a graph matches, as GoMLX has no operations for them. Everything else is left to XLA. This
// ends when XLA's CPU compiler fuses them into custom calls.
//
// Buffers of a wrapped backend (backend.go). GoMLX compares a tensor's backend with the
// graph's, so outputs are wrapped to belong to this one. This ends when GoMLX lets a backend be
// extended.
package onednn
