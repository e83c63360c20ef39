package onednn

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// The results of these calls are tested in package cnn, which builds the graphs.

func TestOpenNeedsALoadedPlugin(t *testing.T) {
	err := open("/nonexistent/libdnnl.so.3", "/nonexistent/plugin.so")
	if err == nil || !strings.Contains(err.Error(), "/nonexistent/plugin.so is not loaded") {
		t.Errorf("error %v, want one that names the plugin", err)
	}
}

// compile runs the C compiler.
func compile(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("cc", args...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// A library with an unknown version, or without a needed function, is refused with a
// one-line reason.
//
// Promise(compute/onednn-refused)
func TestRefusesUnknownLibraries(t *testing.T) {
	version := func(major, minor int) string {
		return fmt.Sprintf("static const int version[] = {%d, %d, 1}; const void* dnnl_version(void) { return version; }", major, minor)
	}
	const functions = `#include "dnnl.h"
#define STUB(name, parameters) int dnnl_##name(void) { return 0; }
DNNL_FUNCTIONS(STUB)
STUB(primitive_desc_query_md, )`
	for _, c := range []struct{ name, code, want string }{
		{"earlier major", version(2, 7), "is oneDNN 2.7.1"},
		{"earlier minor", version(3, 1), "is oneDNN 3.1.1"},
		{"later major", version(4, 0), "is oneDNN 4.0.1"},
		{"no version", functions, "has no dnnl_version"},
		{"another library", "int nothing(void) { return 0; }", "has no dnnl_engine_create"},
		{"no functions", version(3, 2), "has no dnnl_engine_create"},
		{"one function", version(3, 11) + " int dnnl_engine_create(void) { return 0; }", "has no dnnl_stream_create"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			source, library := filepath.Join(dir, "fake.c"), filepath.Join(dir, "libdnnl.so.3")
			if err := os.WriteFile(source, []byte(c.code), 0o644); err != nil {
				t.Fatal(err)
			}
			compile(t, "-I.", "-shared", "-fPIC", "-o", library, source)
			err := openLibrary(library)
			if !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), library+" "+c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want one line of class ErrUnsupported with %q", err, c.want)
			}
		})
	}
}

// A file that is not a library is an error of another class.
//
// Promise(compute/onednn-refused)
func TestLibraryThatDoesNotLoad(t *testing.T) {
	file := filepath.Join(t.TempDir(), "libdnnl.so.3")
	if err := os.WriteFile(file, []byte("not a library"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, library := range []string{file, file + ".missing"} {
		if err := openLibrary(library); err == nil || errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), library) {
			t.Errorf("error %v, want one that names %s, not of class ErrUnsupported", err, library)
		}
	}
}

// A plugin with unknown versions or layouts is refused with a one-line reason. One with
// larger structs is accepted: later minor versions append fields.
//
// Promise(compute/onednn-refused)
func TestRefusesUnknownPlugins(t *testing.T) {
	program := filepath.Join(t.TempDir(), "plugin")
	compile(t, "-I.", "-o", program, "testdata/plugin.c", "onednn.c", "plugin.c", "loops.c", "affine.c", "-ldl")
	for name, want := range map[string]string{
		"nothing":            "registered",
		"larger structs":     "registered",
		"later PJRT":         "version 1.81 of PJRT",
		"small PJRT":         "PJRT_Api has",
		"small PJRT version": "PJRT_Api_Version has 20 bytes; 24",
		"no extension":       "no extension for XLA's FFI",
		"small extension":    "PJRT_FFI_Extension has 40 bytes; 48",
		"tiny extension":     "PJRT_Extension_Base has 8 bytes; 24",
		"does not ask":       "does not ask",
		"refuses":            "refuses the function cnnbook$convolution: not today",
		"later major":        "version 1.3 of XLA's FFI",
		"later minor":        "version 0.5 of XLA's FFI",
		"earlier minor":      "version 0.1 of XLA's FFI",
		"no api":             "without an XLA_FFI_Api",
		"small api":          "XLA_FFI_Api has 48 bytes; 56",
		"tiny api":           "XLA_FFI_Api has 8 bytes",
		"small version":      "XLA_FFI_Api_Version has 20 bytes; 24",
		"no errors":          "cannot make an error",
		"small call":         "XLA_FFI_CallFrame has 120 bytes; 168",
		"small operands":     "XLA_FFI_Args has 32 bytes; 40",
		"small results":      "XLA_FFI_Rets has 32 bytes; 40",
		"small attributes":   "XLA_FFI_Attrs has 40 bytes; 48",
		"small query":        "XLA_FFI_Metadata_Extension has 24 bytes; 32",
		"small metadata":     "XLA_FFI_Metadata has 32 bytes; 36",
	} {
		t.Run(name, func(t *testing.T) {
			out, err := exec.Command(program, name).CombinedOutput()
			said := string(out)
			if err != nil || !strings.Contains(said, want) || strings.Count(said, "\n") != 1 {
				t.Errorf("%q, error %v, want one line with %q", said, err, want)
			}
			if class := strings.HasPrefix(said, "unsupported: "); class == (want == "registered") {
				t.Errorf("%q is of the wrong class", said)
			}
		})
	}
}

// Go's own linker, which links a notebook's cells in a fraction of the time, can link this
// package's C code. It does not support thread-local variables, for example.
func TestLinksInternally(t *testing.T) {
	if testing.Short() || runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("cells are linked so on Linux with x86-64; takes seconds")
	}
	out, err := exec.Command("go", "build", "-ldflags=-s -linkmode=internal", "-o", filepath.Join(t.TempDir(), "link"), "./testdata/link").CombinedOutput()
	if err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
