package doctor

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/kernelext/internal/cache"
	"github.com/cnnbook/cnnbook/kernelext/internal/process"
	"github.com/cnnbook/cnnbook/kernelext/internal/testkit"
	"github.com/cnnbook/cnnbook/kernelext/setup"
)

// exact compares a check with what it must say, the remedy to the letter.
func exact(t *testing.T, checks []Check, name string, status Status, detail, remedy string) {
	t.Helper()
	if c := find(t, checks, name); c.Status != status || !strings.Contains(c.Detail, detail) || c.Remedy != remedy {
		t.Errorf("%+v\nwant %s, a detail with %q and the remedy %q", c, status, detail, remedy)
	}
}

// Promise(setup/doctor): What the doctor finds, it names with the exact remedy.
func TestDoctorDisk(t *testing.T) {
	for free, want := range map[uint64]Status{1 << 30: Warn, 5 << 30: OK} {
		d := doctor{Installer: setup.Installer{Cache: t.TempDir()}, diskFree: func(string) (uint64, bool) { return free, true }}
		d.cacheFolder()
		if want == Warn {
			exact(t, d.checks, "Cache folder", want, "1.1 GB free", "free some space: a first set-up takes about 2 GB")
		} else {
			exact(t, d.checks, "Cache folder", want, "5 GB free", "")
		}
	}
}

// Promise(setup/doctor)
func TestDoctorGPU(t *testing.T) {
	cards := t.TempDir()
	if err := os.Mkdir(filepath.Join(cards, "0000:01:00.0"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		gpus   string
		kind   setup.PluginKind
		status Status
		detail string
		remedy string
	}{
		{filepath.Join(cards, "none"), setup.PluginCPU, OK, "no NVIDIA GPU", ""},
		{cards, setup.PluginOwn, OK, "1 NVIDIA GPU", ""},
		{cards, setup.PluginCPU, Warn, "not used", "set PJRT_PLUGIN_LIBRARY_PATH to the folder of a CUDA plugin and GOMLX_BACKEND=xla:cuda"},
	} {
		d := doctor{gpus: c.gpus, env: setup.Environment{Plugin: setup.Plugin{Kind: c.kind}}}
		d.gpu()
		exact(t, d.checks, "GPU", c.status, c.detail, c.remedy)
	}
}

// madeBy finishes a step with files of one's own, as a set-up would that was spoilt later.
func madeBy(t *testing.T, st cache.Folder, files map[string]string) string {
	t.Helper()
	st.Build = func(_ context.Context, dir string) (any, error) {
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
	if _, err := st.Run(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return st.Dir
}

// Promise(setup/doctor)
func TestDoctorTools(t *testing.T) {
	for broken, want := range map[string]string{"gonb": "no luck with gonb", "gopls": "no luck with gopls", "goimports": "no luck with goimports"} {
		s, err := setup.Installer{Cache: t.TempDir()}.Resolve(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		tc, err := setup.FindToolchain(t.Context(), s.Module)
		if err != nil {
			t.Fatal(err)
		}
		d := doctor{Installer: s, ctx: t.Context(), goFound: &tc}
		st, err := d.ToolsFolder(t.Context(), tc)
		if err != nil {
			t.Fatal(err)
		}
		files := map[string]string{"gonb": "exit 0", "gopls": "exit 0", "goimports": "exit 0"}
		files[broken] = "echo no luck with " + broken + "; exit 3"
		dir := madeBy(t, st, files)
		d.tools()
		exact(t, d.checks, "GoNB, gopls, goimports", Fail, want, "remove "+dir+" and run: go run . setup")
	}
}

// TestDoctorNamesSkippedPatches: a kernel that is built without one of GoNB's patches works, and the patch is named.
func TestDoctorNamesSkippedPatches(t *testing.T) {
	s, err := setup.Installer{Cache: t.TempDir()}.Resolve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tc, err := setup.FindToolchain(t.Context(), s.Module)
	if err != nil {
		t.Fatal(err)
	}
	d := doctor{Installer: s, ctx: t.Context(), goFound: &tc}
	st, err := d.ToolsFolder(t.Context(), tc)
	if err != nil {
		t.Fatal(err)
	}
	dir := madeBy(t, st, map[string]string{"gonb": "exit 0", "gopls": "exit 0", "goimports": "exit 0"})
	const note = `{"note": {"skipped": ["patches/0009-x.patch: a/b.txt:4: expected \"four\", found \"for\""]}}`
	if err := os.WriteFile(filepath.Join(dir, cache.MarkerName), []byte(note), 0o644); err != nil {
		t.Fatal(err)
	}
	d.tools()
	exact(t, d.checks, "GoNB, gopls, goimports", Warn, `patches/0009-x.patch: a/b.txt:4: expected "four", found "for"`, "adapt the patches to this version of GoNB")
	if d.env.Bin != dir {
		t.Errorf("programs in %q, want %q: the kernel works without the patch", d.env.Bin, dir)
	}
}

// Promise(setup/doctor)
func TestDoctorJupyterLab(t *testing.T) {
	d := doctor{Installer: setup.Installer{Cache: t.TempDir()}, ctx: t.Context(), python: &setup.Python{Version: [3]int{3, 11, 7}}}
	d.pythonEnvironment()
	exact(t, d.checks, "JupyterLab, Sphinx", Warn, "not installed yet", "run: go run . setup")
	dir := madeBy(t, d.PythonFolder(*d.python), map[string]string{"bin/python": "echo 'ModuleNotFoundError: No module named jupyterlab' >&2; exit 1"})
	d.checks = nil
	d.pythonEnvironment()
	exact(t, d.checks, "JupyterLab, Sphinx", Fail, "No module named jupyterlab", "remove "+dir+" and run: go run . setup")
}

// Promise(setup/doctor)
func TestDoctorKernels(t *testing.T) {
	cache := t.TempDir()
	d := doctor{Installer: setup.Installer{Cache: cache}, env: setup.Environment{Cache: cache, Module: "/here", Bin: "/bin", GoRoot: "/go", Plugin: setup.Plugin{Backend: "xla:cpu"}}}
	d.kernelspec()
	exact(t, d.checks, "Kernel", Warn, "not installed yet", "run: go run . setup")
	other := d.env
	other.Module = "/elsewhere"
	if err := other.KernelSpec().Write(filepath.Join(cache, "jupyter", "kernel-a", "kernels", setup.KernelName)); err != nil {
		t.Fatal(err)
	}
	d.checks = nil
	d.kernelspec()
	exact(t, d.checks, "Kernel", Warn, "1 installed, none for this checkout", "run: go run . setup")
	if err := d.env.KernelSpec().Write(filepath.Join(cache, "jupyter", "kernel-b", "kernels", setup.KernelName)); err != nil {
		t.Fatal(err)
	}
	d.checks = nil
	d.kernelspec()
	exact(t, d.checks, "Kernel", OK, setup.KernelDisplayName, "")
}

// Promise(setup/doctor)
func TestDoctorInstalledKernels(t *testing.T) {
	t.Setenv("JUPYTER_DATA_DIR", t.TempDir())
	t.Setenv("JUPYTER_PATH", "")
	root := t.TempDir()
	env := &setup.Environment{
		Cache: filepath.Join(root, "cache"), Module: filepath.Join(root, "module"), Bin: filepath.Join(root, "bin"), GoRoot: filepath.Join(root, "go"),
		Plugin: setup.Plugin{Path: filepath.Join(root, "plugin.so"), Backend: "xla:cpu"},
	}
	testkit.Pretend(t, filepath.Join(env.Bin, "gonb"), filepath.Join(env.Module, "go.mod"), filepath.Join(env.GoRoot, "bin", "go"), env.Plugin.Path)
	if _, err := env.InstallKernel(t.Context(), setup.KernelInstall{Name: "doctor-test"}); err != nil {
		t.Fatal(err)
	}
	look := func() []Check {
		d := doctor{ctx: t.Context()}
		d.installedKernels()
		return d.checks
	}
	exact(t, look(), "Installed kernels", OK, "doctor-test", "")
	if err := os.RemoveAll(env.Module); err != nil {
		t.Fatal(err)
	}
	exact(t, look(), "Installed kernels", Warn, "go.mod, which no longer exists",
		"install it again (go run . kernel install), or remove it (go run . kernel remove), with the flags for its location and name")
}

// TestDoctorLeftovers: the remedy names the very folders and processes.
//
// Promise(setup/doctor)
func TestDoctorLeftovers(t *testing.T) {
	var d doctor
	d.reportLeftovers([]string{"/tmp/gonb_0a", "/tmp/gonb_0b"}, []process.Info{{PID: 20}, {PID: 21}})
	if len(d.checks) != 2 {
		t.Fatalf("%+v", d.checks)
	}
	exact(t, d.checks[:1], "Leftovers", Warn, "processes of kernels that are gone: 20 21", "end them: kill 20 21")
	exact(t, d.checks[1:], "Leftovers", Warn, "2 folders", "remove them: rm -r /tmp/gonb_0a /tmp/gonb_0b")
	d.checks = nil
	d.reportLeftovers(nil, nil)
	exact(t, d.checks, "Leftovers", OK, "none", "")
}
