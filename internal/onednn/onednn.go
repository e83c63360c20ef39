// Package onednn lets graphs that XLA computes on the CPU call oneDNN
// (https://github.com/uxlfoundation/oneDNN), for what it computes faster, and loops
// of its own for what XLA's loops do in several passes.
package onednn

/*
#cgo CFLAGS: -O3
#cgo linux LDFLAGS: -ldl
#include <stdlib.h>
#include "onednn.h"
*/
import "C"

import (
	"fmt"
	"sync"
	"unsafe"

	"golang.org/x/sys/cpu"
)

// opening lets one at a time open the library, of which a process has one.
var opening sync.Mutex

// Open loads the library, libdnnl.so.3 of oneDNN 3, and tells the PJRT plugin at
// that path, which must be loaded, of the calls that it can put into graphs:
//
//   - cnnbook$convolution of pictures [batch, height, width, channels] and a kernel,
//     with a bias or without
//   - cnnbook$kernel_gradient of a convolution's pictures and the loss's gradient with
//     respect to its output
//   - cnnbook$product of two matrices
//   - cnnbook$max_pool, cnnbook$max_pool_gradient and cnnbook$relu_gradient of pictures
//
// All are float32, row by row, and come with the numbers that onednn.c and pictures.h
// describe, as their one attribute. A call that cannot be computed is an error of the graph.
//
// A result is the same to the bit each time on one machine. The order of a kernel
// gradient's sum follows from the number of threads: OMP_NUM_THREADS, or that of
// processors.
func Open(library, plugin string) error {
	l, p := C.CString(library), C.CString(plugin)
	defer C.free(unsafe.Pointer(l))
	defer C.free(unsafe.Pointer(p))
	opening.Lock()
	defer opening.Unlock()
	if message := C.onednn_open(l, p, C.bool(cpu.X86.HasAVX2)); message != nil {
		defer C.free(unsafe.Pointer(message))
		return fmt.Errorf("oneDNN: %s", C.GoString(message))
	}
	return nil
}
