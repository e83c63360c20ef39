package setup

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/kernelext/internal/testkit"
)

// pretended is an installation whose parts are empty files.
func pretended(t *testing.T) *Environment {
	t.Helper()
	root := filepath.Join(t.TempDir(), "it's $HOME")
	env := &Environment{
		Cache: filepath.Join(root, "cache"), Module: filepath.Join(root, "module"), Bin: filepath.Join(root, "bin"),
		GoRoot: filepath.Join(root, "go"), Python: "/nonexistent/python",
		Plugin: Plugin{Path: filepath.Join(root, "plugin.so"), Backend: "xla:cpu"},
	}
	testkit.Pretend(t, filepath.Join(env.Bin, "gonb"), filepath.Join(env.Module, "go.mod"), filepath.Join(env.GoRoot, "bin", "go"), env.Plugin.Path,
		filepath.Join(env.Cache, "logs", "x"))
	return env
}

func TestInstallListRemove(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no kernel on Windows")
	}
	env, prefix := pretended(t), filepath.Join(t.TempDir(), "a prefix")
	t.Setenv("JUPYTER_DATA_DIR", filepath.Join(t.TempDir(), "jupyter"))
	place := KernelPlace{Prefix: prefix}
	for _, k := range []KernelInstall{
		{}, {Place: place}, {Place: place, Name: "go-two", DisplayName: "Go \"two\" $x"}, {Place: place}, // the last renews
	} {
		dir, err := env.InstallKernel(t.Context(), k)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"kernel.json", "logo-64x64.png", "logo-svg.svg", "start.sh", "gone.py"} {
			if !testkit.Exists(filepath.Join(dir, name)) {
				t.Errorf("%s lacks %s", dir, name)
			}
		}
		if left, _ := filepath.Glob(filepath.Join(filepath.Dir(dir), ".*")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
	found, err := InstalledKernels(t.Context(), prefix)
	var names []string
	for _, k := range found {
		if len(k.Gone) > 0 {
			t.Errorf("%+v, want all its parts", k)
		}
		names = append(names, k.Name+": "+k.DisplayName)
	}
	want := []string{"cnnbook: Go (cnnbook)", "go-two: Go \"two\" $x", "cnnbook: Go (cnnbook)"}
	if err != nil || !slices.Equal(names[:min(3, len(names))], want) { // this machine may have more
		t.Errorf("kernels %q, %v; want %q first", names, err, want)
	}
	dir, err := RemoveKernel(t.Context(), place, "go-two")
	if err != nil || testkit.Exists(dir) || !testkit.Exists(filepath.Join(prefix, "share", "jupyter", "kernels", "cnnbook")) {
		t.Errorf("removed %s, %v", dir, err)
	}
	_, err = RemoveKernel(t.Context(), place, "go-two")
	testkit.OnePlainLine(t, err, ErrKernel, "no kernel", "kernel list")
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v, want one that says that it does not exist", err)
	}
}

// TestInstallLeavesOthersAlone: a GoNB that a user installed under the same name, and a folder that is not a kernel.
//
// Promise(setup/kernels): Installing the kernel leaves other kernels alone. When a part of it is gone
// later, the notebook says so.
func TestInstallLeavesOthersAlone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no kernel on Windows")
	}
	env, prefix := pretended(t), t.TempDir()
	place := KernelPlace{Prefix: prefix}
	dir := filepath.Join(prefix, "share", "jupyter", "kernels", "gonb")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, content := range []string{"", `{"argv":["gonb"],"display_name":"Go (gonb)","language":"go","metadata":{"debugger":false}}`} {
		if content != "" {
			if err := os.WriteFile(filepath.Join(dir, "kernel.json"), []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		_, err := env.InstallKernel(t.Context(), KernelInstall{Place: place, Name: "gonb"})
		testkit.OnePlainLine(t, err, ErrKernel, "left alone", "-name")
		_, err = RemoveKernel(t.Context(), place, "gonb")
		testkit.OnePlainLine(t, err, ErrKernel, "left alone")
	}
	if data, err := os.ReadFile(filepath.Join(dir, "kernel.json")); err != nil || !bytes.Contains(data, []byte("Go (gonb)")) {
		t.Errorf("the other kernel is now %q, %v", data, err)
	}
	for _, name := range []string{"../x", "Go", "a b", ".x"} {
		_, err := env.InstallKernel(t.Context(), KernelInstall{Place: place, Name: name})
		testkit.OnePlainLine(t, err, ErrKernel, "kernel name")
	}
	_, err := env.InstallKernel(t.Context(), KernelInstall{Place: KernelPlace{Prefix: filepath.Join(env.Bin, "gonb")}})
	testkit.OnePlainLine(t, err, ErrKernel, "cannot be written", "-prefix")
}

// TestStartScript runs the script as Jupyter would, with all parts and with one gone.
func TestStartScript(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no kernel on Windows")
	}
	env, prefix := pretended(t), filepath.Join(t.TempDir(), "it's")
	dir, err := env.InstallKernel(t.Context(), KernelInstall{Place: KernelPlace{Prefix: prefix}, Name: "two"})
	if err != nil {
		t.Fatal(err)
	}
	var spec KernelSpec
	data, err := os.ReadFile(filepath.Join(dir, "kernel.json"))
	if err != nil || json.Unmarshal(data, &spec) != nil {
		t.Fatalf("%v in %s", err, data)
	}
	start := func() (string, error) {
		cmd := exec.CommandContext(t.Context(), spec.Argv[0], spec.Argv[1], "/tmp/connection.json")
		cmd.Env = []string{"PATH=/nonexistent", "HOME=" + t.TempDir()} // no python3: only the message is tested here
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	out, err := start()
	log := env.kernelLog()
	want := strings.Join([]string{"--kernel", "/tmp/connection.json", "-raw_error", "-go_work=" + env.Module, "-logtostderr=false", "-extra_log=" + log, "-log_file=" + log, ""}, "\n")
	if err != nil || out != want {
		t.Errorf("%v, %q; want %q", err, out, want)
	}
	moved := env.Bin + "-moved"
	if err := os.Rename(env.Bin, moved); err != nil {
		t.Fatal(err)
	}
	out, err = start()
	for _, word := range []string{`"two"`, filepath.Join(env.Bin, "gonb") + " is gone", "go run . kernel install -prefix '" + strings.ReplaceAll(prefix, "'", `'\''`) + "' -name two"} {
		if err == nil || !strings.Contains(out, word) {
			t.Errorf("%v, %q lacks %q", err, out, word)
		}
	}
	found, err := InstalledKernels(t.Context(), prefix)
	if err != nil || len(found) == 0 || !slices.Equal(found[0].Gone, []string{filepath.Join(env.Bin, "gonb")}) {
		t.Errorf("kernels %+v, %v; want gonb gone", found, err)
	}
}

func TestJupyterDataDir(t *testing.T) {
	home := func() (string, error) { return "/home/p", nil }
	for _, c := range []struct {
		goos string
		env  map[string]string
		want string
	}{
		{"linux", nil, "/home/p/.local/share/jupyter"},
		{"linux", map[string]string{"XDG_DATA_HOME": "/x"}, "/x/jupyter"},
		{"darwin", map[string]string{"XDG_DATA_HOME": "/x"}, "/home/p/Library/Jupyter"},
		{"linux", map[string]string{"JUPYTER_DATA_DIR": "/j", "XDG_DATA_HOME": "/x"}, "/j"},
	} {
		got, err := jupyterDataDir(c.goos, func(name string) string { return c.env[name] }, home)
		if err != nil || filepath.ToSlash(got) != c.want {
			t.Errorf("%s %v: %q, %v; want %q", c.goos, c.env, got, err, c.want)
		}
	}
	if _, err := jupyterDataDir("linux", func(string) string { return "" }, func() (string, error) { return "", errors.New("no home") }); !errors.Is(err, ErrKernel) {
		t.Errorf("without a home: %v", err)
	}
}
