package kernelext

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// exact compares a check with what it must say, the remedy to the letter.
func exact(t *testing.T, checks []Check, name string, status CheckStatus, detail, remedy string) {
	t.Helper()
	if c := find(t, checks, name); c.Status != status || !strings.Contains(c.Detail, detail) || c.Remedy != remedy {
		t.Errorf("%+v\nwant %s, a detail with %q and the remedy %q", c, status, detail, remedy)
	}
}

func TestDoctorDisk(t *testing.T) {
	for free, want := range map[uint64]CheckStatus{1 << 30: CheckWarn, 5 << 30: CheckOK} {
		d := doctor{Setup: Setup{Cache: t.TempDir()}, diskFree: func(string) (uint64, bool) { return free, true }}
		d.cacheFolder()
		if want == CheckWarn {
			exact(t, d.checks, "Cache folder", want, "1.1 GB free", "free some space: a first set-up takes about 2 GB")
		} else {
			exact(t, d.checks, "Cache folder", want, "5 GB free", "")
		}
	}
}

func TestDoctorGPU(t *testing.T) {
	cards := t.TempDir()
	if err := os.Mkdir(filepath.Join(cards, "0000:01:00.0"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		gpus   string
		kind   PluginKind
		status CheckStatus
		detail string
		remedy string
	}{
		{filepath.Join(cards, "none"), PluginCPU, CheckOK, "no NVIDIA GPU", ""},
		{cards, PluginOwn, CheckOK, "1 NVIDIA GPU", ""},
		{cards, PluginCPU, CheckWarn, "not used", "set PJRT_PLUGIN_LIBRARY_PATH to the folder of a CUDA plugin and GOMLX_BACKEND=xla:cuda"},
	} {
		d := doctor{gpus: c.gpus, env: Environment{Plugin: Plugin{Kind: c.kind}}}
		d.gpu()
		exact(t, d.checks, "GPU", c.status, c.detail, c.remedy)
	}
}

// madeBy finishes a step with files of one's own, as a set-up would that was spoilt later.
func madeBy(t *testing.T, st step, files map[string]string) string {
	t.Helper()
	st.build = func(_ context.Context, dir string) (any, error) {
		for name, text := range files {
			name = filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				return nil, err
			}
			if err := os.WriteFile(name, []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
				return nil, err
			}
		}
		return nil, nil
	}
	if _, err := st.run(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return st.dir
}

func TestDoctorTools(t *testing.T) {
	for broken, want := range map[string]string{"gonb": "no luck with gonb", "gopls": "no luck with gopls", "goimports": "no luck with goimports"} {
		s, err := Setup{Cache: t.TempDir()}.resolve(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		tc, err := findToolchain(t.Context(), s.Module)
		if err != nil {
			t.Fatal(err)
		}
		d := doctor{Setup: s, ctx: t.Context(), goFound: &tc}
		st, err := d.toolsStep(t.Context(), tc)
		if err != nil {
			t.Fatal(err)
		}
		files := map[string]string{"gonb": "exit 0", "gopls": "exit 0", "goimports": "exit 0"}
		files[broken] = "echo no luck with " + broken + "; exit 3"
		dir := madeBy(t, st, files)
		d.tools()
		exact(t, d.checks, "GoNB, gopls, goimports", CheckFail, want, "remove "+dir+" and run: go run . setup")
	}
}

func TestDoctorJupyterLab(t *testing.T) {
	d := doctor{Setup: Setup{Cache: t.TempDir()}, ctx: t.Context(), python: &python{Version: [3]int{3, 11, 7}}}
	d.pythonEnvironment()
	exact(t, d.checks, "JupyterLab, Sphinx", CheckWarn, "not installed yet", "run: go run . setup")
	dir := madeBy(t, d.pythonStep(*d.python), map[string]string{"bin/python": "echo 'ModuleNotFoundError: No module named jupyterlab' >&2; exit 1"})
	d.checks = nil
	d.pythonEnvironment()
	exact(t, d.checks, "JupyterLab, Sphinx", CheckFail, "No module named jupyterlab", "remove "+dir+" and run: go run . setup")
}

func TestDoctorKernels(t *testing.T) {
	cache := t.TempDir()
	d := doctor{Setup: Setup{Cache: cache}, env: Environment{Cache: cache, Module: "/here", Bin: "/bin", GoRoot: "/go", Plugin: Plugin{Backend: "xla:cpu"}}}
	d.kernelspec()
	exact(t, d.checks, "Kernel", CheckWarn, "not installed yet", "run: go run . setup")
	other := d.env
	other.Module = "/elsewhere"
	if err := other.KernelSpec().Write(filepath.Join(cache, "jupyter", "kernel-a", "kernels", KernelName)); err != nil {
		t.Fatal(err)
	}
	d.checks = nil
	d.kernelspec()
	exact(t, d.checks, "Kernel", CheckWarn, "1 installed, none for this checkout", "run: go run . setup")
	if err := d.env.KernelSpec().Write(filepath.Join(cache, "jupyter", "kernel-b", "kernels", KernelName)); err != nil {
		t.Fatal(err)
	}
	d.checks = nil
	d.kernelspec()
	exact(t, d.checks, "Kernel", CheckOK, KernelDisplayName, "")
}

func TestDoctorInstalledKernels(t *testing.T) {
	t.Setenv("JUPYTER_DATA_DIR", t.TempDir())
	t.Setenv("JUPYTER_PATH", "")
	root := t.TempDir()
	env := &Environment{
		Cache: filepath.Join(root, "cache"), Module: filepath.Join(root, "module"), Bin: filepath.Join(root, "bin"), GoRoot: filepath.Join(root, "go"),
		Plugin: Plugin{Path: filepath.Join(root, "plugin.so"), Backend: "xla:cpu"},
	}
	pretend(t, filepath.Join(env.Bin, "gonb"), filepath.Join(env.Module, "go.mod"), filepath.Join(env.GoRoot, "bin", "go"), env.Plugin.Path)
	if _, err := env.InstallKernel(t.Context(), KernelInstall{Name: "doctor-test"}); err != nil {
		t.Fatal(err)
	}
	look := func() []Check {
		d := doctor{ctx: t.Context()}
		d.installedKernels()
		return d.checks
	}
	exact(t, look(), "Installed kernels", CheckOK, "doctor-test", "")
	if err := os.RemoveAll(env.Module); err != nil {
		t.Fatal(err)
	}
	exact(t, look(), "Installed kernels", CheckWarn, "go.mod, which is gone",
		"install it again (go run . kernel install), or remove it (go run . kernel remove), with the flags of its place and name")
}

// TestDoctorLeftovers: the remedy names the very folders and processes.
func TestDoctorLeftovers(t *testing.T) {
	var d doctor
	d.reportLeftovers([]string{"/tmp/gonb_0a", "/tmp/gonb_0b"}, []process{{PID: 20}, {PID: 21}})
	if len(d.checks) != 2 {
		t.Fatalf("%+v", d.checks)
	}
	exact(t, d.checks[:1], "Leftovers", CheckWarn, "processes of kernels that are gone: 20 21", "end them: kill 20 21")
	exact(t, d.checks[1:], "Leftovers", CheckWarn, "2 folders", "remove them: rm -r /tmp/gonb_0a /tmp/gonb_0b")
	d.checks = nil
	d.reportLeftovers(nil, nil)
	exact(t, d.checks, "Leftovers", CheckOK, "none", "")
}
