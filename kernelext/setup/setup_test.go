package setup

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/kernelext/internal/process"
	"github.com/cnnbook/cnnbook/kernelext/internal/testkit"
)

func TestFindPython(t *testing.T) {
	answer := func(version, venv string) string {
		return testkit.Script(t, "python3", `echo '{"exe":"/p","prefix":"/","version":`+version+`,"venv":`+venv+`,"pip":true,"libc":"glibc"}'`)
	}
	t.Run("old", func(t *testing.T) {
		t.Setenv("PATH", answer("[3,9,2]", "true"))
		_, err := FindPython(t.Context(), "")
		testkit.OnePlainLine(t, err, ErrNoPython, "3.11", "Python 3.9.2")
	})
	t.Run("without venv", func(t *testing.T) {
		t.Setenv("PATH", answer("[3,11,2]", "false"))
		p, err := FindPython(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		testkit.OnePlainLine(t, p.CheckVenv(), ErrNoVenv, "apt install python3.11-venv")
	})
	t.Run("no interpreter", func(t *testing.T) {
		t.Setenv("PATH", testkit.Script(t, "python3", "echo pyenv: no such version >&2; exit 127"))
		_, err := FindPython(t.Context(), "")
		testkit.OnePlainLine(t, err, ErrNoPython, "no python3 on PATH")
		_, err = FindPython(t.Context(), "python3")
		testkit.OnePlainLine(t, err, ErrNoPython, `CNNBOOK_PYTHON names "python3"`)
	})
	t.Run("newer beside old", func(t *testing.T) {
		newer := testkit.Script(t, "python3.12", `echo '{"version":[3,12,1],"venv":true}'`)
		t.Setenv("PATH", answer("[3,9,2]", "true")+string(filepath.ListSeparator)+newer)
		p, err := FindPython(t.Context(), "")
		if err != nil || p.Version != [3]int{3, 12, 1} {
			t.Errorf("found %v, error %v; want Python 3.12.1", p, err)
		}
	})
}

func TestFindModule(t *testing.T) {
	root := testkit.Checkout(t, "1.26.5")
	below := filepath.Join(root, "notebooks", "deep")
	if err := os.MkdirAll(below, 0o755); err != nil {
		t.Fatal(err)
	}
	if got, err := findModule(t.Context(), below); err != nil || got != root {
		t.Errorf("found %q, %v; want %q", got, err, root)
	}
	_, err := findModule(t.Context(), t.TempDir())
	testkit.OnePlainLine(t, err, ErrNoCheckout, ModulePath, "clone")
}

func TestParseTools(t *testing.T) {
	const good = `{"Require":[{"Path":"github.com/janpfeifer/gonb","Version":"v0.11.4"},{"Path":"golang.org/x/tools","Version":"v0.40.0"},
		{"Path":"golang.org/x/tools/gopls","Version":"v0.21.0"}],
		"Tool":[{"Path":"golang.org/x/tools/gopls"},{"Path":"github.com/janpfeifer/gonb"},{"Path":"golang.org/x/tools/cmd/goimports"}]}`
	tools, err := parseTools([]byte(good))
	want := []tool{
		{"gonb", "github.com/janpfeifer/gonb", "v0.11.4"},
		{"gopls", "golang.org/x/tools/gopls", "v0.21.0"}, // of the longest module path that fits
		{"goimports", "golang.org/x/tools/cmd/goimports", "v0.40.0"},
	}
	if err != nil || !slices.Equal(tools, want) {
		t.Errorf("tools %v, error %v; want %v", tools, err, want)
	}
	for name, bad := range map[string]string{
		"no JSON": "{", "no tool line": `{"Require":[]}`,
		"no require line": `{"Tool":[{"Path":"a.b/gonb"},{"Path":"a.b/gopls"},{"Path":"a.b/goimports"}]}`,
	} {
		if _, err := parseTools([]byte(bad)); err == nil || !strings.HasPrefix(err.Error(), "tools/go.mod: ") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestGoFlagsLeaveCellsAlone(t *testing.T) {
	got := Toolchain{Flags: "-mod=vendor -tags=foo -modfile=x.mod -buildvcs=true"}.CellFlags()
	if want := "-buildvcs=false -ldflags=-s -tags=foo"; got != want {
		t.Errorf("flags %q, want %q", got, want)
	}
}

func TestSetAside(t *testing.T) {
	log := filepath.Join(t.TempDir(), "gonb.log")
	if err := setAside(log, 3); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"abcd", "efg", "hijk"} {
		if err := os.WriteFile(log, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := setAside(log, 3); err != nil {
			t.Fatal(err)
		}
		kept, err := os.ReadFile(log)
		if short := len(text) <= 3; short != (err == nil) || short && string(kept) != text {
			t.Errorf("%s: the log holds %q, %v", text, kept, err)
		}
	}
	if old, err := os.ReadFile(log + ".old"); err != nil || string(old) != "hijk" {
		t.Errorf("set aside: %q, %v", old, err)
	}
}

func TestOffline(t *testing.T) {
	lost := &process.Error{Name: "pip", Output: "WARNING: Retrying\nERROR: Max retries exceeded with url: /simple/x", Err: errors.New("exit status 1")}
	err := offline(lost, "the Python package index")
	testkit.OnePlainLine(t, err, ErrNetwork, "the Python package index cannot be reached, or lacks the file", "Max retries exceeded")
	other := &process.Error{Name: "go", Output: "x.go:1:1: syntax error", Err: errors.New("exit status 1")}
	if err := offline(other, "the proxy"); err != error(other) {
		t.Errorf("another failure became %v", err)
	}
}

func TestTogetherStopsAtTheFirstFailure(t *testing.T) {
	boom := errors.New("no luck")
	err := together(t.Context(),
		func(context.Context) error { return boom },
		func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
	)
	if err != boom {
		t.Errorf("error %v, want %v", err, boom)
	}
	if err := together(t.Context(), func(context.Context) error { return nil }); err != nil {
		t.Error(err)
	}
}

func TestKernelSpec(t *testing.T) {
	env := Environment{Cache: "/c$1", Module: "/m", Bin: "/c$1/bin", GoRoot: "/go", GoFlags: "-buildvcs=false", Kernel: KernelName, Python: "/py/bin/python",
		Kernels: "/c$1/k", Plugin: Plugin{Path: "/c$1/p/x.so", Backend: "xla:/c$1/p/x.so"}}
	spec := env.KernelSpec()
	if want := "/c$$1/bin:/go/bin:${PATH}"; filepath.ListSeparator == ':' && spec.Env["PATH"] != want {
		t.Errorf("PATH %q, want %q", spec.Env["PATH"], want)
	}
	if !slices.Contains(spec.Argv, "-go_work=/m") || spec.Argv[0] != "/c$1/bin/gonb" || spec.InterruptMode != "message" || spec.Language != "go" {
		t.Errorf("kernelspec %+v", spec)
	}
	dir := t.TempDir()
	if err := spec.Write(dir); err != nil {
		t.Fatal(err)
	}
	var read KernelSpec
	data, err := os.ReadFile(filepath.Join(dir, "kernel.json"))
	if err != nil || json.Unmarshal(data, &read) != nil || read.DisplayName != KernelDisplayName || read.Env["GOMLX_BACKEND"] != "xla:/c$$1/p/x.so" {
		t.Errorf("kernel.json %s, %v", data, err)
	}
	if !testkit.Exists(filepath.Join(dir, "logo-64x64.png")) || !testkit.Exists(filepath.Join(dir, "logo-svg.svg")) {
		t.Error("the logos are missing")
	}
	// The variables of a child process, unlike those of the file, are taken as they are.
	if got := env.Environ(); !slices.Contains(got, "GOMLX_BACKEND=xla:/c$1/p/x.so") || !slices.Contains(got, "JUPYTER_PATH=/c$1/k") {
		t.Errorf("environment %v", got)
	}
}

func TestRequirementsArePinnedWithHashes(t *testing.T) {
	for _, name := range []string{"jupyterlab", "nbclient", "nbconvert", "sphinx", "myst-nb", "sphinx-book-theme"} {
		if !strings.Contains("\n"+requirements, "\n"+name+"==") {
			t.Errorf("%s is not pinned", name)
		}
	}
	joined := strings.ReplaceAll(requirements, "\\\n", " ")
	for line := range strings.Lines(joined) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") && (!strings.Contains(line, "==") || !strings.Contains(line, "--hash=sha256:")) {
			t.Errorf("requirement without version or hash: %.80s", line)
		}
	}
}
