package setup

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// Go commands of the server keep their files in the kernel's folder, so that they vanish with it.
func TestGoplsKeepsFilesInTheKernelsFolder(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("gopls has no script in front of it")
	}
	dir, kernel := t.TempDir(), t.TempDir()
	server := "#!/bin/sh\ncd \"$GOTMPDIR\" && echo \"$GOTMPDIR $*\"\n"
	if err := os.WriteFile(filepath.Join(dir, "gopls"), []byte(server), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := endGoplsWithKernel(dir); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOTMPDIR", "")
	t.Setenv("GONB_TMP_DIR", kernel)
	out, err := exec.Command(filepath.Join(dir, "gopls"), "-listen", "address").CombinedOutput()
	if want := filepath.Join(kernel, ".go") + " -listen address\n"; err != nil || string(out) != want {
		t.Errorf("%v: %q, want %q", err, out, want)
	}
	t.Setenv("GONB_TMP_DIR", "")
	if out, err := exec.Command(filepath.Join(dir, "gopls"), "version").CombinedOutput(); err != nil || string(out) != " version\n" {
		t.Errorf("a command alone: %v: %q", err, out)
	}
}
