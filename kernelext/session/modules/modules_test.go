package modules

import (
	"archive/zip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// write makes files below a folder.
func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// publish adds a version of a module with one package to a proxy's folder.
func publish(t *testing.T, proxy, path, version, requires string) {
	t.Helper()
	mod := "module " + path + "\n\ngo 1.26\n" + requires
	dir := filepath.Join(proxy, path, "@v")
	list, _ := os.ReadFile(filepath.Join(dir, "list"))
	write(t, dir, map[string]string{
		version + ".mod": mod, version + ".info": `{"Version":"` + version + `"}`, "list": string(list) + version + "\n",
	})
	file, err := os.Create(filepath.Join(dir, version+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	z := zip.NewWriter(file)
	source := "package " + filepath.Base(path) + "\n\nconst Version = \"" + version + "\"\n"
	if strings.Contains(requires, "example.com/pinned") {
		source = strings.Replace(source, "\n\n", "\n\nimport _ \"example.com/pinned\"\n\n", 1)
	}
	for name, text := range map[string]string{"go.mod": mod, "a.go": source} {
		w, err := z.Create(path + "@" + version + "/" + name)
		if err == nil {
			_, err = w.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
}

// newWorkspace makes a proxy, a checkout that pins example.com/pinned at v1.1.0, and a kernel's folder that uses it.
func newWorkspace(t *testing.T) (dir string) {
	t.Helper()
	root := t.TempDir()
	proxy := filepath.Join(root, "proxy")
	for _, v := range []string{"v1.0.0", "v1.1.0", "v1.2.0"} {
		publish(t, proxy, "example.com/pinned", v, "require example.com/hidden v1.0.0\n") // which none of its packages imports
	}
	publish(t, proxy, "example.com/hidden", "v1.0.0", "")
	publish(t, proxy, "example.com/plain", "v0.3.0", "")
	publish(t, proxy, "example.com/greedy", "v1.0.0", "require example.com/pinned v1.0.0\n")
	publish(t, proxy, "example.com/greedy", "v1.1.0", "require example.com/pinned v1.1.0\n")
	publish(t, proxy, "example.com/greedy", "v1.2.0", "require example.com/pinned v1.2.0\n")
	publish(t, proxy, "example.com/only", "v1.0.0", "require example.com/pinned v1.2.0\n")
	for name, value := range map[string]string{
		"GOPROXY": "file://" + proxy, "GOSUMDB": "off", "GOFLAGS": "-modcacherw", "GOMODCACHE": filepath.Join(root, "cache"),
		"GOWORK": "", "GONOSUMDB": "", "GOPRIVATE": "", "GONOPROXY": "", "GOTOOLCHAIN": "local",
	} {
		t.Setenv(name, value)
	}
	write(t, root, map[string]string{
		"checkout/go.mod":           "module example.com/checkout\n\ngo 1.26\n\nrequire example.com/pinned v1.1.0\n",
		"checkout/a.go":             "package checkout\n\nimport _ \"example.com/pinned\"\n",
		"checkout/internal/in/a.go": "package in\n",
		"kernel/go.mod":             "module gonb_1\n\ngo 1.26\n",
		"kernel/go.work":            "go 1.26\n\nuse (\n\t.\n\t" + filepath.Join(root, "checkout") + "\n)\n",
		"kernel/main.go":            "package main\n\nimport (\n\t_ \"example.com/hidden\"\n\t_ \"example.com/plain\"\n)\n\nfunc main() {}\n",
	})
	if _, err := (workspace{dir: filepath.Join(root, "checkout")}).run("mod", "tidy"); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(root, "kernel")
}

func TestAdd(t *testing.T) {
	dir := newWorkspace(t)
	w := workspace{dir: dir}
	pinned := func() string {
		t.Helper()
		out, err := w.run("list", "-m", "-f", "{{.Version}}", "example.com/pinned")
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(out)
	}
	for _, c := range []struct{ packages, added, problem string }{
		{packages: "fmt C unsafe example.com/pinned example.com/checkout"},
		{packages: "example.com/plain fmt", added: "example.com/plain v0.3.0 is added"},
		{packages: "example.com/plain"},
		{packages: "example.com/hidden", added: "example.com/hidden v1.0.0 is added"}, // another module needs it, but nothing is built with it
		{packages: "example.com/greedy", added: "example.com/greedy v1.1.0 is added, the newest version that leaves the workspace's modules as they are: " +
			"example.com/greedy v1.2.0 needs example.com/pinned v1.2.0 (here v1.1.0)"},
		{packages: "example.com/only", problem: "example.com/only is not added: example.com/only v1.0.0 needs example.com/pinned v1.2.0 (here v1.1.0), " +
			"which the workspace pins; no older version leaves them as they are"},
		{packages: "example.com/checkout/nope", problem: "there is no package example.com/checkout/nope in this checkout of example.com/checkout"},
		{packages: "example.com/checkout/internal/in", problem: "example.com/checkout/internal/in is internal: only its own module can import it"},
		{packages: "example.com/nothing", problem: "there is no package example.com/nothing: no module provides it"},
		{packages: "example.com/pinned/nope", problem: "there is no package example.com/pinned/nope: no module provides it"},
		{packages: "fmtt", problem: `there is no package "fmtt" in Go's standard library`},
	} {
		added, err := Add(dir, strings.Fields(c.packages))
		problem := ""
		if err != nil {
			problem = err.Error()
		}
		if strings.Join(added, "\n") != c.added || problem != c.problem {
			t.Errorf("%s: added %q, problem %q; want %q, %q", c.packages, added, problem, c.added, c.problem)
		}
		if v := pinned(); v != "v1.1.0" {
			t.Fatalf("%s moved the pinned module to %s", c.packages, v)
		}
	}
	if _, err := w.run("build", "-o", os.DevNull, "."); err != nil {
		t.Errorf("what was added does not build: %v", err)
	}
}

// TestNoProxy: what the workspace has needs no proxy, and a proxy that is not reached is one line.
func TestNoProxy(t *testing.T) {
	dir := newWorkspace(t)
	if _, err := Add(dir, []string{"example.com/plain"}); err != nil {
		t.Fatal(err)
	}
	for proxy, sign := range map[string]string{"off": "GOPROXY=off", "http://127.0.0.1:9": "dial tcp"} {
		t.Setenv("GOPROXY", proxy)
		if _, err := Add(dir, []string{"example.com/pinned", "example.com/plain", "fmt"}); err != nil {
			t.Errorf("GOPROXY=%s: what is there: %v", proxy, err)
		}
		want := "example.com/other is not in the workspace, and the module proxy is not reached (" + sign + "): connect, or import what the workspace has"
		if _, err := Add(dir, []string{"example.com/other"}); err == nil || err.Error() != want {
			t.Errorf("GOPROXY=%s: %v, want %s", proxy, err, want)
		}
	}
}
