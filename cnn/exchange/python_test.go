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

// pythons are the interpreters to check against: those that CNNBOOK_KERAS_PYTHON
// lists, or else one with what testdata/keras/requirements-3.txt pins, installed
// once into the cache folder. Where that fails, the test is skipped.
func pythons(t *testing.T) []string {
	t.Helper()
	if listed := os.Getenv("CNNBOOK_KERAS_PYTHON"); listed != "" {
		return filepath.SplitList(listed)
	}
	if testing.Short() {
		t.Skip("-short: Keras is not asked")
	}
	requirements := filepath.Join("..", "..", "testdata", "keras", "requirements-3.txt")
	pins, err := os.ReadFile(requirements)
	if err != nil {
		t.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Skip("no cache folder for Keras: ", err)
	}
	venv := filepath.Join(cache, "cnnbook", "test", fmt.Sprintf("keras-%x", sha256.Sum256(pins))[:22])
	python := filepath.Join(venv, "bin", "python")
	done := filepath.Join(venv, "complete")
	if _, err := os.Stat(done); err == nil {
		return []string{python}
	}
	for _, args := range [][]string{{"python3", "-m", "venv", "--clear", venv}, {python, "-m", "pip", "install", "-q", "-r", requirements}} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Skipf("Keras cannot be installed here: %v\n%s", err, out)
		}
	}
	if err := os.WriteFile(done, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	return []string{python}
}

// npyValues are the float32 values of a .npy file.
func npyValues(data []byte) []float32 {
	data = data[10+int(binary.LittleEndian.Uint16(data[8:])):]
	out := make([]float32, len(data)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return out
}
