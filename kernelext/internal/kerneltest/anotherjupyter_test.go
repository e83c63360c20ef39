package kerneltest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/kernelext/setup"
)

// TestInstalledKernelInAnotherJupyter runs a copied notebook by a Jupyter that knows nothing of this installation but
// the kernel: its environment is a fresh one. Then the kernel's GoNB is gone, and a cell says so.
//
// Promise(setup/kernels)
func TestInstalledKernelInAnotherJupyter(t *testing.T) {
	env := Environment(t)
	prefix := t.TempDir()
	dir, err := env.InstallKernel(t.Context(), setup.KernelInstall{Place: setup.KernelPlace{Prefix: prefix}})
	if err != nil {
		t.Fatal(err)
	}
	run := func() string {
		cmd := exec.CommandContext(t.Context(), env.Python, "-c", `import os
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel(kernel_name="cnnbook", startup_timeout=120)
def show(message):
    content = message["content"]
    print(content.get("text") or content.get("evalue") or "", end="")
try:
    client.execute_interactive('import "`+setup.ModulePath+`/kernelext"\n%%\nfmt.Println(kernelext.EnvSeed, os.Getenv("GOMLX_BACKEND"))', timeout=300, output_hook=show)
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)`)
		home := t.TempDir()
		cmd.Dir = home
		cmd.Env = []string{
			"PATH=/usr/bin:/bin", "HOME=" + home, "JUPYTER_PATH=" + filepath.Join(prefix, "share", "jupyter"),
			"GOCACHE=" + goEnv(t, "GOCACHE"), "GOMODCACHE=" + goEnv(t, "GOMODCACHE"),
		}
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return string(out)
	}
	if out, want := run(), kernelext.EnvSeed+" "+env.Plugin.Backend; !strings.Contains(out, want) {
		t.Errorf("the cell printed %q, want %q", out, want)
	}
	start := filepath.Join(dir, "start.sh")
	text, err := os.ReadFile(start)
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.ReplaceAll(text, []byte(filepath.Join(env.Bin, "gonb")), []byte("/moved/gonb"))
	if err := os.WriteFile(start, text, 0o644); err != nil {
		t.Fatal(err)
	}
	if out := run(); !strings.Contains(out, "/moved/gonb is gone") || !strings.Contains(out, "go run . kernel install -prefix "+prefix) {
		t.Errorf("without its GoNB the kernel says %q", out)
	}
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}
