package kernelext

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// script puts an executable shell script into a folder of its own and gives that folder.
func script(t *testing.T, name, body string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// checkout writes a go.mod as this module has one, asking for a Go version.
func checkout(t *testing.T, goVersion string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module "+modulePath+"\n\ngo "+goVersion+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// onePlainLine checks the shape that each error for a person has.
func onePlainLine(t *testing.T, err, class error, words ...string) {
	t.Helper()
	if !errors.Is(err, class) {
		t.Fatalf("error %v, want one of class %q", err, class)
	}
	for _, w := range append(words, "; ") { // cause; remedy
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q lacks %q", err, w)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error %q has several lines", err)
	}
}

func TestMissingThings(t *testing.T) {
	module := checkout(t, "1.26.5")
	empty := t.TempDir()
	setup := Setup{Cache: filepath.Join(empty, "cache"), Module: module}
	goEnv := func(version, cgo, cc string) string {
		return script(t, "go", `echo '{"GOROOT":"/opt/go","GOVERSION":"`+version+`","CGO_ENABLED":"`+cgo+`","CC":"`+cc+`","GOOS":"linux","GOARCH":"amd64"}'`)
	}
	t.Setenv(pythonEnv, "")
	t.Setenv(backendEnv, "")
	t.Setenv(pluginPathsEnv, "")
	for _, c := range []struct {
		name  string
		path  string
		class error
		words []string
	}{
		{"no Go", empty, ErrNoGo, []string{"not on PATH", "go.dev/dl"}},
		{"old Go", goEnv("go1.24.1", "1", "sh"), ErrNoGo, []string{"1.26.5", "go1.24.1", "/opt/go"}},
		{"no C compiler", goEnv("go1.26.5", "1", "gcc-none"), ErrNoCompiler, []string{"gcc-none", "apt install gcc"}},
		{"no cgo", goEnv("go1.26.5", "0", "sh"), ErrNoCompiler, []string{"switched off", "CGO_ENABLED"}},
		{"no Python", goEnv("go1.26.5", "1", "sh"), ErrNoPython, []string{"no python3 on PATH", "3.11"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("PATH", c.path)
			if c.name == "no cgo" || c.name == "no Python" { // "sh" plays the C compiler
				t.Setenv("PATH", c.path+string(filepath.ListSeparator)+script(t, "sh", ""))
			}
			_, err := setup.Run(t.Context())
			onePlainLine(t, err, c.class, c.words...)
			fails := slices.ContainsFunc(setup.Doctor(t.Context(), ""), func(k Check) bool { return k.Status == CheckFail && k.Remedy != "" })
			if !fails {
				t.Error("the doctor does not see it")
			}
		})
	}
}

func TestFindPython(t *testing.T) {
	answer := func(version, venv string) string {
		return script(t, "python3", `echo '{"exe":"/p","prefix":"/","version":`+version+`,"venv":`+venv+`,"pip":true,"libc":"glibc"}'`)
	}
	t.Run("old", func(t *testing.T) {
		t.Setenv("PATH", answer("[3,9,2]", "true"))
		_, err := findPython(t.Context(), "")
		onePlainLine(t, err, ErrNoPython, "3.11", "Python 3.9.2")
	})
	t.Run("without venv", func(t *testing.T) {
		t.Setenv("PATH", answer("[3,11,2]", "false"))
		p, err := findPython(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		onePlainLine(t, p.checkVenv(), ErrNoVenv, "apt install python3.11-venv")
	})
	t.Run("no interpreter", func(t *testing.T) {
		t.Setenv("PATH", script(t, "python3", "echo pyenv: no such version >&2; exit 127"))
		_, err := findPython(t.Context(), "")
		onePlainLine(t, err, ErrNoPython, "no python3 on PATH")
		_, err = findPython(t.Context(), "python3")
		onePlainLine(t, err, ErrNoPython, `CNNBOOK_PYTHON names "python3"`)
	})
	t.Run("newer beside old", func(t *testing.T) {
		newer := script(t, "python3.12", `echo '{"version":[3,12,1],"venv":true}'`)
		t.Setenv("PATH", answer("[3,9,2]", "true")+string(filepath.ListSeparator)+newer)
		p, err := findPython(t.Context(), "")
		if err != nil || p.Version != [3]int{3, 12, 1} {
			t.Errorf("found %v, error %v; want Python 3.12.1", p, err)
		}
	})
}

func TestFindModule(t *testing.T) {
	root := checkout(t, "1.26.5")
	below := filepath.Join(root, "notebooks", "deep")
	if err := os.MkdirAll(below, 0o755); err != nil {
		t.Fatal(err)
	}
	if got, err := findModule(t.Context(), below); err != nil || got != root {
		t.Errorf("found %q, %v; want %q", got, err, root)
	}
	_, err := findModule(t.Context(), t.TempDir())
	onePlainLine(t, err, ErrNoCheckout, modulePath, "clone")
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
	got := toolchain{Flags: "-mod=vendor -tags=foo -modfile=x.mod -buildvcs=true"}.flags()
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

func TestMergeEnv(t *testing.T) {
	got := mergeEnv([]string{"A=1", "B=2", "C=3"}, "B=x", "C", "D=4")
	if want := []string{"A=1", "B=x", "D=4"}; !slices.Equal(got, want) {
		t.Errorf("environment %v, want %v", got, want)
	}
}

func TestOffline(t *testing.T) {
	lost := &commandError{Name: "pip", Output: "WARNING: Retrying\nERROR: Max retries exceeded with url: /simple/x", Err: errors.New("exit status 1")}
	err := offline(lost, "the Python package index")
	onePlainLine(t, err, ErrNetwork, "the Python package index cannot be reached, or lacks the file", "Max retries exceeded")
	other := &commandError{Name: "go", Output: "x.go:1:1: syntax error", Err: errors.New("exit status 1")}
	if err := offline(other, "the proxy"); err != error(other) {
		t.Errorf("another failure became %v", err)
	}
}

func TestCommandKeepsLogAndTellsTheError(t *testing.T) {
	log := filepath.Join(t.TempDir(), "logs", "x.log")
	c := command{Path: "/bin/sh", Args: []string{"-c", "echo fine; echo 'fatal Error: no luck' >&2; echo bye; exit 3"}, Env: os.Environ(), Log: log}
	_, err := c.output(t.Context())
	if err == nil || !strings.Contains(err.Error(), "exit status 3: fatal Error: no luck") || !strings.Contains(err.Error(), log) {
		t.Errorf("error %v", err)
	}
	if data, err := os.ReadFile(log); err != nil || !bytes.Contains(data, []byte("bye")) {
		t.Errorf("log %q, %v", data, err)
	}
}

func TestCommandEndsItsChildren(t *testing.T) {
	pidFile := filepath.Join(t.TempDir(), "pid")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := command{Path: "/bin/sh", Args: []string{"-c", "sleep 60 & echo $! >" + pidFile + ".new; mv " + pidFile + ".new " + pidFile + "; wait"}, Env: os.Environ()}.output(ctx)
		done <- err
	}()
	waitFor(t, "the child", func() bool { return exists(pidFile) })
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	pid, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	if len(processes()) == 0 {
		t.Skip("no list of processes on this system")
	}
	waitFor(t, "the child's end", func() bool { return !exists(filepath.Join("/proc", strings.TrimSpace(string(pid)), "exe")) })
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

func TestReporter(t *testing.T) {
	var out bytes.Buffer
	r := newReporter(&out)
	endA, endB := r.begin("Building A"), r.begin("Fetching B")
	if got, want := r.status(r.active[0].since.Add(34*time.Second)), "Building A … 34 s · Fetching B … 34 s"; got != want {
		t.Errorf("status %q, want %q", got, want)
	}
	endA(nil)
	endB(errors.New("no luck"))
	for _, want := range []string{"Building A …\n", "Building A: done in 0.0 s\n", "Fetching B: failed after 0.0 s\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("output %q lacks %q", &out, want)
		}
	}
	newReporter(nil).begin("nobody listens")(nil)
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
	if !exists(filepath.Join(dir, "logo-64x64.png")) || !exists(filepath.Join(dir, "logo-svg.svg")) {
		t.Error("the logos are missing")
	}
	// The variables of a child process, unlike those of the file, are taken as they are.
	if got := env.Environ(); !slices.Contains(got, "GOMLX_BACKEND=xla:/c$1/p/x.so") || !slices.Contains(got, "JUPYTER_PATH=/c$1/k") {
		t.Errorf("environment %v", got)
	}
}

func TestRequirementsArePinnedWithHashes(t *testing.T) {
	for _, name := range []string{"jupyterlab", "nbclient", "nbconvert", "sphinx", "myst-nb", "sphinx-book-theme"} {
		if packageVersion(name) == "" {
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

// TestReadyMachine makes the installation of this machine if need be, and then works with the real thing.
func TestReadyMachine(t *testing.T) {
	env, err := testSetup(t).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	again, err := Setup{Log: &log}.Run(t.Context())
	if err != nil || *again != *env {
		t.Errorf("a second run gives %+v, %v; want %+v", again, err, env)
	}
	if log.Len() > 0 && env.Plugin.Notice == "" {
		t.Errorf("a second run has something to do: %s", &log)
	}
	if checks := (Setup{}).Doctor(t.Context(), ""); ChecksFailed(checks) {
		var out bytes.Buffer
		WriteChecks(&out, checks)
		t.Errorf("the doctor finds a fault after set-up:\n%s", &out)
	}
	t.Run("a notebook anywhere, offline", func(t *testing.T) { notebookAnywhere(t, env) })
	t.Run("completion", func(t *testing.T) { completion(t, env) })
}

// completion asks a kernel for what may follow "kernelext.Kernel". GoNB connects to gopls 12 s after its start.
func completion(t *testing.T, env *Environment) {
	cmd := exec.CommandContext(t.Context(), env.Python, "-c", `import time
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel(kernel_name="cnnbook")
try:
    code = 'import "`+modulePath+`/kernelext"\n%%\nkernelext.Kernel'
    found, end = [], time.time() + 90
    while not found and time.time() < end:
        found = client.complete(code, len(code), reply=True, timeout=60)["content"]["matches"]
        time.sleep(0.5)
    print(found)
finally:
    client.stop_channels()
    manager.shutdown_kernel()`)
	cmd.Dir, cmd.Env = t.TempDir(), env.Environ()
	out, err := cmd.Output()
	if err != nil || !bytes.Contains(out, []byte("'KernelSpec'")) {
		t.Errorf("completion gives %s, %v; want KernelSpec among it", out, err)
	}
}

// notebookAnywhere runs a notebook that was copied out of the checkout, has no line of set-up, and no connection.
func notebookAnywhere(t *testing.T, env *Environment) {
	dir := t.TempDir()
	cell := func(source string) map[string]any {
		return map[string]any{"cell_type": "code", "id": hashOf(source), "metadata": map[string]any{}, "execution_count": nil, "outputs": []any{}, "source": source}
	}
	notebook, err := json.Marshal(map[string]any{"nbformat": 4, "nbformat_minor": 5,
		"metadata": map[string]any{"kernelspec": map[string]string{"name": KernelName, "display_name": KernelDisplayName, "language": "go"}},
		"cells": []any{
			cell("import \"" + modulePath + "/kernelext\"\n%%\nfmt.Println(kernelext.KernelDisplayName)"),
		}})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "copy.ipynb")
	if err := os.WriteFile(name, notebook, 0o644); err != nil {
		t.Fatal(err)
	}
	// nothing listens there: whoever asks the network fails
	const nowhere = "http://127.0.0.1:9"
	cmd := exec.CommandContext(t.Context(), env.Python, "-c", `import nbformat, sys
from nbclient import NotebookClient
nb = nbformat.read(sys.argv[1], 4)
NotebookClient(nb, timeout=300, kernel_name="cnnbook").execute()
print("".join(o.get("text", "") for c in nb.cells for o in c.outputs))`, name)
	cmd.Dir = dir
	cmd.Env = mergeEnv(env.Environ(), "GOPROXY=off", "HTTPS_PROXY="+nowhere, "HTTP_PROXY="+nowhere, "GOSUMDB=sum.golang.org")
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte(KernelDisplayName)) {
		t.Fatalf("%v\n%s", err, out)
	}
}
