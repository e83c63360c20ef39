package onednn

/*
#cgo CFLAGS: -O3
#cgo linux LDFLAGS: -ldl
#include <stdlib.h>
#include "onednn.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"sync"
	"unsafe"

	"golang.org/x/sys/cpu"
)

// ErrUnsupported is wrapped by errors that name a version or layout of go-xla, the plugin or
// oneDNN that this package does not know.
var ErrUnsupported = errors.New("not a version known to work")

// opening serialises the opening of oneDNN, of which a process has only one.
var opening sync.Mutex

// open loads oneDNN's library and registers this package's functions with the plugin,
// which must be loaded.
func open(library, plugin string) error {
	opening.Lock()
	defer opening.Unlock()
	api, err := findPlugin(plugin)
	if err != nil {
		return err
	}
	if err := openLibrary(library); err != nil {
		return err
	}
	var why C.onednn_refusal
	x86 := cpu.X86
	avx2 := x86.HasAVX2 && x86.HasFMA
	avx512 := avx2 && x86.HasAVX512F && x86.HasAVX512BW && x86.HasAVX512DQ && x86.HasAVX512VL
	return refusal(bool(C.onednn_register(api, C.bool(avx2), C.bool(avx512), &why)), &why)
}

// findPlugin returns the PJRT interface of a plugin that the process has loaded.
func findPlugin(file string) (unsafe.Pointer, error) {
	name := C.CString(file)
	defer C.free(unsafe.Pointer(name))
	var why C.onednn_refusal
	api := C.onednn_find_plugin(name, &why)
	return api, refusal(api != nil, &why)
}

// openLibrary opens oneDNN. The first library that is opened is used for all computations.
func openLibrary(file string) error {
	name := C.CString(file)
	defer C.free(unsafe.Pointer(name))
	var why C.onednn_refusal
	return refusal(bool(C.onednn_open_library(name, &why)), &why)
}

// hasBFloat16 reports whether the library that is open computes in bfloat16 with AMX, which may be excluded
// by its environment variable ONEDNN_MAX_CPU_ISA.
func hasBFloat16() bool { return bool(C.onednn_has_bfloat16()) }

// refusal returns the error that C filled in, or nil on success.
func refusal(ok bool, why *C.onednn_refusal) error {
	text := C.GoString(&why.text[0])
	switch {
	case ok:
		return nil
	case bool(why.unsupported):
		return fmt.Errorf("%w: %s", ErrUnsupported, text)
	}
	return errors.New(text)
}
