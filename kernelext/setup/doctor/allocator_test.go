package doctor

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/kernelext/setup"
)

func TestAllocatorIsFoundAndDiagnosed(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("libraries are preloaded on Linux only")
	}
	t.Setenv(setup.PreloadEnv, "")
	d := doctor{root: t.TempDir()}
	d.allocator()
	if c := d.checks[0]; c.Status != Warn || !strings.Contains(c.Remedy, "apt install libtcmalloc-minimal4") {
		t.Errorf("without a library: %+v", c)
	}
	want := filepath.Join(d.root, "usr/lib64/libtcmalloc_minimal.so.4")
	if err := os.MkdirAll(filepath.Dir(want), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(want, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	d.allocator()
	if c := d.checks[1]; c.Status != OK || !strings.Contains(c.Detail, want) {
		t.Errorf("with a library: %+v", c)
	}
	t.Setenv(setup.PreloadEnv, "/own.so")
	if got := setup.Allocator(); got != "" {
		t.Errorf("a person's own %s is replaced by %s", setup.PreloadEnv, got)
	}
	d.allocator()
	if c := d.checks[2]; c.Status != OK || !strings.Contains(c.Detail, "/own.so") {
		t.Errorf("with a person's own: %+v", c)
	}
}
