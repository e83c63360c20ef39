// Package compile compiles the evaluator of pages. The result is the same on every machine with the same Go version.
package compile

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/cnnbook/cnnbook/internal/atomicfile"
)

// The files that are written.
const (
	Wasm    = "evaluator.wasm.gz"
	Script  = "wasm_exec.js" // Go's own, which starts it
	License = "LICENSE"      // Go's, whose runtime is in both
	Version = "version.txt"  // of Go, and the hash of the sources
)

const evaluator = "github.com/cnnbook/cnnbook/internal/pagenet/evaluator"

// Files returns the content of each file.
func Files() (map[string][]byte, error) {
	dir, err := os.MkdirTemp("", "evaluator")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "evaluator.wasm")
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", out, evaluator)
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=", "GOWASM=", "GOEXPERIMENT=")
	if message, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("compiling the evaluator: %w: %s", err, bytes.TrimSpace(message))
	}
	wasm, err := os.ReadFile(out)
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(wasm); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, err
	}
	script, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js"))
	if err != nil {
		return nil, err
	}
	license, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "LICENSE"))
	if err != nil {
		return nil, err
	}
	version, err := Current()
	return map[string][]byte{Wasm: packed.Bytes(), Script: script, License: license, Version: []byte(version)}, err
}

// Current is the Go version and the hash of the evaluator's sources, in two lines.
func Current() (string, error) {
	list := exec.Command("go", "list", "-deps", "-f", `{{if .Module}}{{$dir := .Dir}}{{range .GoFiles}}{{$dir}}/{{.}}{{"\n"}}{{end}}{{end}}`, evaluator)
	list.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0")
	files, err := list.Output()
	if err != nil {
		return "", fmt.Errorf("listing the evaluator's sources: %w", err)
	}
	hash := sha256.New()
	for _, name := range strings.Fields(string(files)) {
		source, err := os.ReadFile(name)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(hash, "%s %d\n", filepath.Base(name), len(source))
		hash.Write(source)
	}
	return fmt.Sprintf("%s\nsources %s\n", runtime.Version(), hex.EncodeToString(hash.Sum(nil))), nil
}

// Write writes the files into a folder.
func Write(dir string) error {
	files, err := Files()
	if err != nil {
		return err
	}
	for name, data := range files {
		if err := atomicfile.WriteBytes(filepath.Join(dir, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
