package exchange

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// python is an interpreter to check against. If the test installed it itself, its
// packages are known.
type python struct {
	path string
	own  bool
}

// pythons returns the interpreters that CNNBOOK_KERAS_PYTHON lists; otherwise one with
// the packages of testdata/keras/requirements-3.txt, and the system's python3 if it has
// PyTorch, which is too large to install without asking.
func pythons(t *testing.T) []python {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: no other program is run")
	}
	var out []python
	if listed := os.Getenv("CNNBOOK_KERAS_PYTHON"); listed != "" {
		for _, path := range filepath.SplitList(listed) {
			out = append(out, python{path, false})
		}
		return out
	}
	out = append(out, python{ownPython(t), true})
	if exec.CommandContext(t.Context(), "python3", "-c", "import torch, safetensors").Run() == nil {
		out = append(out, python{"python3", false})
	}
	return out
}

// ownPython is installed once into the cache folder; if that fails, the test is
// skipped.
func ownPython(t *testing.T) string {
	t.Helper()
	requirements := filepath.Join("..", "..", "testdata", "keras", "requirements-3.txt")
	pins, err := os.ReadFile(requirements)
	if err != nil {
		t.Fatal(err)
	}
	cache := os.Getenv("CNNBOOK_CACHE")
	if cache == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			t.Skip("no cache folder for Keras: ", err)
		}
		cache = filepath.Join(user, "cnnbook")
	}
	folder := filepath.Join(cache, "test")
	venv := filepath.Join(folder, fmt.Sprintf("keras-%x", sha256.Sum256(pins))[:22])
	path := filepath.Join(venv, "bin", "python")
	if _, err := os.Stat(path); err == nil {
		return path
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	aside, err := os.MkdirTemp(folder, "keras.tmp-*") // python -m works wherever the folder is moved to
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(aside)
	t.Logf("installing %s into %s, once", requirements, venv)
	for _, args := range [][]string{
		{"python3", "-m", "venv", aside},
		{filepath.Join(aside, "bin", "python"), "-m", "pip", "install", "-q", "-r", requirements},
	} {
		if out, err := exec.CommandContext(t.Context(), args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Skipf("Keras cannot be installed here: %v\n%s", err, out)
		}
	}
	if err := os.Rename(aside, venv); err != nil {
		if _, there := os.Stat(path); there != nil { // it was not another test that came first
			t.Fatal(err)
		}
	}
	return path
}

// npyValues returns the float32 values of a .npy file.
func npyValues(data []byte) []float32 {
	data = data[10+int(binary.LittleEndian.Uint16(data[8:])):]
	out := make([]float32, len(data)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return out
}
