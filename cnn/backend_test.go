package cnn

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFaultyBackendIsReportedInOneLine: the first call that computes says what is wrong, and
// how to fix it; the run is as it was.
//
// Promise(setup/plugin)
func TestFaultyBackendIsReportedInOneLine(t *testing.T) {
	text := filepath.Join(t.TempDir(), "plugin.so")
	if err := os.WriteFile(text, []byte("not a library"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, backend := range map[string]string{"missing": "xla:/nonexistent/plugin.so", "not a library": "xla:" + text, "unknown": "abacus"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("GOMLX_BACKEND", backend)
			r := openTiny(t, t.TempDir(), tinySpec(t))
			err := r.Train(t.Context(), nil)
			if !errors.Is(err, ErrBackend) || !strings.Contains(err.Error(), backend) || !strings.Contains(err.Error(), "go run . doctor") || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want one line of class ErrBackend that names %s", err, backend)
			}
			if _, err := LoadRun(r.Dir); err != nil {
				t.Errorf("the run: %v", err)
			}
		})
	}
}
