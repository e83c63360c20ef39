package kerneltest

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/kernelext/internal/cache"
	"github.com/cnnbook/cnnbook/kernelext/internal/process"
	"github.com/cnnbook/cnnbook/kernelext/setup"
	"github.com/cnnbook/cnnbook/kernelext/setup/doctor"
)

// TestReadyMachine makes the installation of this machine if need be, and then works with the real thing.
func TestReadyMachine(t *testing.T) {
	env := Environment(t)
	var log bytes.Buffer
	again, err := setup.Installer{Log: &log}.Run(t.Context())
	if err != nil || *again != *env {
		t.Errorf("a second run gives %+v, %v; want %+v", again, err, env)
	}
	if log.Len() > 0 && env.Plugin.Notice == "" {
		t.Errorf("a second run has something to do: %s", &log)
	}
	if checks := doctor.Run(t.Context(), setup.Installer{}, ""); doctor.Failed(checks) {
		var out bytes.Buffer
		doctor.Write(&out, checks)
		t.Errorf("the doctor finds a fault after set-up:\n%s", &out)
	}
	t.Run("a notebook anywhere, offline", func(t *testing.T) { BothWays(t, func(t *testing.T, _ bool) { notebookAnywhere(t, env) }) })
}

// notebookAnywhere runs a notebook that was copied out of the checkout, has no line of set-up, and no connection.
func notebookAnywhere(t *testing.T, env *setup.Environment) {
	dir := t.TempDir()
	cell := func(source string) map[string]any {
		return map[string]any{"cell_type": "code", "id": cache.Hash(source), "metadata": map[string]any{}, "execution_count": nil, "outputs": []any{}, "source": source}
	}
	notebook, err := json.Marshal(map[string]any{"nbformat": 4, "nbformat_minor": 5,
		"metadata": map[string]any{"kernelspec": map[string]string{"name": setup.KernelName, "display_name": setup.KernelDisplayName, "language": "go"}},
		"cells": []any{
			cell("import \"" + setup.ModulePath + "/kernelext\"\n%%\nfmt.Println(kernelext.EnvSeed)"),
		}})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "copy.ipynb")
	if err := os.WriteFile(name, notebook, 0o644); err != nil {
		t.Fatal(err)
	}
	// nothing listens there: any network request fails
	const nowhere = "http://127.0.0.1:9"
	cmd := exec.CommandContext(t.Context(), env.Python, "-c", `import nbformat, sys
from nbclient import NotebookClient
nb = nbformat.read(sys.argv[1], 4)
NotebookClient(nb, timeout=300, kernel_name="cnnbook").execute()
print("".join(o.get("text", "") for c in nb.cells for o in c.outputs))`, name)
	cmd.Dir = dir
	cmd.Env = process.MergeEnv(env.Environ(), "GOPROXY=off", "HTTPS_PROXY="+nowhere, "HTTP_PROXY="+nowhere, "GOSUMDB=sum.golang.org")
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte(kernelext.EnvSeed)) {
		t.Fatalf("%v\n%s", err, out)
	}
}
