package setup

import (
	"archive/zip"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/kernelext/internal/cache"
	"github.com/cnnbook/cnnbook/kernelext/internal/testkit"
)

// testSetup is the set-up that the tests share: in this user's cache, so that it is made once per machine.
func testSetup(t *testing.T) Installer {
	t.Helper()
	if testing.Short() {
		t.Skip("set-up takes minutes the first time")
	}
	return Installer{Log: os.Stderr}
}

// testProbe returns the program that tests plugins.
func testProbe(t *testing.T) string {
	t.Helper()
	s, tc, err := testSetup(t).begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	probe, err := s.prober(t.Context(), tc, cache.NewReporter(s.Log))
	if err != nil {
		t.Fatal(err)
	}
	return probe
}

// Promise(setup/plugin): A faulty plugin (missing, not a library, of another interface, aborting) is
// tried in a process of its own, and reported in one line by the first call and by `doctor`.
func TestProbeContainsFaultyPlugins(t *testing.T) {
	probe := testProbe(t)
	for _, c := range testkit.FaultyPlugins(t) {
		t.Run(c.Name, func(t *testing.T) {
			_, err := probePlugin(t.Context(), probe, c.File)
			if !errors.Is(err, ErrPlugin) || !strings.Contains(err.Error(), c.Want) {
				t.Fatalf("error %v, want one of class ErrPlugin with %q", err, c.Want)
			}
			if !strings.HasPrefix(err.Error(), c.File) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %q does not name the file in one line", err)
			}
		})
	}
}

func TestPluginLoads(t *testing.T) {
	t.Setenv(EnvBackend, "")
	t.Setenv(EnvPluginPaths, "")
	t.Setenv(EnvOneDNN, "")
	p, err := testSetup(t).Plugin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if p.Kind == PluginGo {
		t.Skip("no plugin for this platform: ", p.Notice)
	}
	if w, ok := oneDNNWheel(runtime.GOOS, runtime.GOARCH); ok && (p.OneDNN == "" || !testkit.Exists(p.OneDNN)) {
		t.Errorf("no %s with %+v", w, p)
	}
	if p.Kind != PluginCPU || p.API == "" || p.Devices < 1 || !testkit.Exists(p.Path) || !testkit.Exists(strings.TrimPrefix(p.Backend, "xla:")) {
		t.Errorf("plugin %+v", p)
	}
	// A child inherits it and takes it for what it is.
	for _, kv := range p.Environ() {
		name, value, _ := strings.Cut(kv, "=")
		t.Setenv(name, value)
	}
	again, err := testSetup(t).Plugin(t.Context())
	if err != nil || "xla:"+again.Path != p.Backend || again.Kind != PluginCPU || again.Backend != p.Backend {
		t.Errorf("in a child: %+v, error %v", again, err)
	}
}

func TestOwnPlugin(t *testing.T) {
	dir := t.TempDir()
	cpu := filepath.Join(dir, "pjrt_c_api_cpu_v9_plugin.so")
	if err := os.WriteFile(cpu, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		backend, paths, want string
		fails                bool
	}{
		{"", "", "", false},
		{"xla", "", "", false},
		{"xla:cpu", "", "", false},
		{"xla:/opt/p.so", "", "/opt/p.so", false},
		{"xla:/opt/p.so,noshared_buffers", "", "/opt/p.so", false},
		{"", dir, cpu, false},
		{"xla:cpu", "/nonexistent" + string(filepath.ListSeparator) + dir, cpu, false},
		{"xla:cuda", dir, "", true},
		{"xla:cuda", "", "", true},
		{"", "/nonexistent", "", true},
	} {
		got, err := ownPlugin(c.backend, c.paths)
		if got != c.want || (err != nil) != c.fails || err != nil && !errors.Is(err, ErrPlugin) {
			t.Errorf("ownPlugin(%q, %q) = %q, %v; want %q", c.backend, c.paths, got, err, c.want)
		}
	}
}

func TestBackendOfAnotherKindNeedsNoPlugin(t *testing.T) {
	t.Setenv(EnvBackend, "go")
	p, err := Installer{Cache: t.TempDir()}.Plugin(t.Context())
	if err != nil || p.Kind != PluginGo || p.Backend != "go" || p.Path != "" {
		t.Errorf("plugin %+v, error %v", p, err)
	}
}

func TestApply(t *testing.T) {
	for _, name := range []string{EnvBackend, EnvPluginPaths, noInstallEnv} {
		t.Setenv(name, "")
	}
	if err := (Plugin{}).Apply(); !errors.Is(err, ErrPlugin) {
		t.Errorf("no plugin: error %v, want ErrPlugin", err)
	}
	if err := (Plugin{Path: "/opt/p/p.so", Backend: "xla:/opt/p/p.so"}).Apply(); err != nil {
		t.Fatal(err)
	}
	if os.Getenv(EnvBackend) != "xla:/opt/p/p.so" || os.Getenv(EnvPluginPaths) != "/opt/p" || os.Getenv(noInstallEnv) != "1" {
		t.Error("the variables are not set")
	}
}

// oneDNN goes with plugins for the CPU, and the user's setting takes precedence.
func TestOneDNNEnviron(t *testing.T) {
	cpu := Plugin{Kind: PluginCPU, Name: "p 1", Path: "/p/p.so", Backend: "xla:/p/p.so", OneDNN: "/o/libdnnl.so.3"}
	without, cuda := cpu, cpu
	without.OneDNN, cuda.Path = "", "/p/xla_cuda_plugin.so"
	for _, c := range []struct {
		plugin          Plugin
		set, wait       string
		library, waited string
	}{
		{cpu, "", "", "/o/libdnnl.so.3", "passive"},
		{cpu, "", "active", "/o/libdnnl.so.3", ""},
		{cpu, "0", "", "0", "passive"},
		{without, "", "", "", ""},
		{without, "/mine.so", "", "/mine.so", "passive"},
		{cuda, "", "", "", ""},
	} {
		t.Setenv(EnvOneDNN, c.set)
		t.Setenv(ompWaitEnv, c.wait)
		var library, waited string
		for _, kv := range c.plugin.Environ() {
			switch name, value, _ := strings.Cut(kv, "="); name {
			case EnvOneDNN:
				library = value
			case ompWaitEnv:
				waited = value
			}
		}
		if library != c.library || waited != c.waited {
			t.Errorf("%s with %q and %q: library %q, waits %q; want %q and %q", c.plugin.Path, c.set, c.wait, library, waited, c.library, c.waited)
		}
	}
}

// A library that does not work, or a plugin that cannot call any, is told in one line, and remembered.
//
// Promise(compute/onednn-refused)
func TestOneDNNThatDoesNotWork(t *testing.T) {
	t.Setenv(EnvBackend, "")
	t.Setenv(EnvPluginPaths, "")
	t.Setenv(EnvOneDNN, "")
	probe, s := testProbe(t), testSetup(t)
	p, err := s.Plugin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if p.OneDNN == "" {
		t.Skip("no oneDNN for this platform: ", p.Notice)
	}
	text := filepath.Join(t.TempDir(), oneDNNFile)
	if err := os.WriteFile(text, []byte(strings.Repeat("no library\n", 100)), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, plugin, library, want string }{
		{"text", p.Path, text, "is not a shared library for this machine"},
		{"missing", p.Path, "/nonexistent/libdnnl.so.3", "needs a library that this system lacks: "},
		{"another library", p.Path, testkit.SharedLibrary(t, `int x;`), "has no dnnl_engine_create"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := probeOneDNN(t.Context(), probe, c.plugin, c.library)
			if !isPluginFault(err) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want one line with %q", err, c.want)
			}
		})
	}
	s.Cache = t.TempDir()
	w, _ := oneDNNWheel("linux", "amd64")
	dir := s.oneDNNFolder(w, p, nil, nil).Dir
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, cache.MarkerName), []byte(`{"note": {"fault": "is broken"}}`), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := s.withOneDNN(t.Context(), Toolchain{OS: "linux", Arch: "amd64"}, cache.NewReporter(nil), probe, p)
	if err != nil || got.OneDNN != "" || !strings.Contains(got.Notice, "oneDNN is broken") {
		t.Errorf("plugin %+v, error %v", got, err)
	}
}

// WheelFile makes a wheel with one file in it.
func wheelFile(t *testing.T, member, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "w.whl")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	w, err := z.Create(member)
	if err == nil {
		_, err = w.Write([]byte(content))
	}
	if err := errors.Join(err, z.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestUnpackMember(t *testing.T) {
	whl := wheelFile(t, "p/lib.so", "library")
	dest := filepath.Join(t.TempDir(), "lib.so")
	if err := unpackMember(whl, "p/lib.so", dest); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(dest); err != nil || string(got) != "library" {
		t.Errorf("unpacked %q, %v", got, err)
	}
	if err := unpackMember(whl, "p/other.so", dest+"2"); err == nil || testkit.Exists(dest+"2") {
		t.Errorf("a missing member: error %v", err)
	}
	if err := os.Truncate(whl, 40); err != nil {
		t.Fatal(err)
	}
	if err := unpackMember(whl, "p/lib.so", dest+"3"); err == nil || testkit.Exists(dest+"3") {
		t.Errorf("a torn wheel: error %v", err)
	}
}

func TestCheckSHA256(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(name, []byte("abc"), 0o644); err != nil {
		t.Fatal(err)
	}
	const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" // FIPS 180-2, B.1
	if err := checkSHA256(name, abc); err != nil {
		t.Error(err)
	}
	if err := checkSHA256(name, strings.Repeat("0", 64)); !errors.Is(err, ErrChecksum) || !strings.Contains(err.Error(), abc) {
		t.Errorf("error %v, want ErrChecksum with the hash that was found", err)
	}
}

// TestFaultyWheelIsRemembered: a plugin that does not work on this machine is fetched once, not at every start.
func TestFaultyWheelIsRemembered(t *testing.T) {
	s := Installer{Cache: t.TempDir()}
	w := Wheel{Name: "p", Version: "1"}
	dir := s.wheelFolder(w, "v1", nil, nil).Dir
	st := cache.Folder{Dir: dir, What: "Fetching", Build: func(context.Context, string) (any, error) { return probed{Fault: "aborts when it is loaded"}, nil }}
	note, err := st.Run(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = pluginFromNote(note, dir, w.String())
	if !isPluginFault(err) || !errors.Is(err, ErrPlugin) || err.Error() != "p 1 aborts when it is loaded" {
		t.Errorf("error %v", err)
	}
}

func TestWheelsArePinned(t *testing.T) {
	for _, w := range append(wheels("linux", "amd64"), wheels("linux", "arm64")...) {
		if len(w.SHA256) != 64 || w.Member == "" || w.Version == "" {
			t.Errorf("%+v is not pinned", w)
		}
	}
	if w := wheels("darwin", "arm64"); w != nil {
		t.Errorf("wheels for macOS: %v", w)
	}
}

func TestEnvironKeepsThePersonsFlags(t *testing.T) {
	ours := Plugin{Kind: PluginCPU, Name: "xla-cpu-pjrt 0.0.1", Backend: "xla:cpu"}
	for name, c := range map[string]struct{ flags, want string }{
		"none":        {"", strings.Join(xlaFlags, " ")},
		"another":     {"--xla_dump_to=/x", "--xla_dump_to=/x " + strings.Join(xlaFlags, " ")},
		"one of ours": {"--xla_cpu_use_fusion_emitters=true", "--xla_cpu_use_fusion_emitters=true " + xlaFlags[0] + " " + xlaFlags[2]},
		"all":         {strings.Join(xlaFlags, " "), strings.Join(xlaFlags, " ")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(xlaFlagsEnv, c.flags)
			if want := xlaFlagsEnv + "=" + c.want; !slices.Contains(ours.Environ(), want) {
				t.Errorf("got %q, want %q among them", ours.Environ(), want)
			}
			if other := (Plugin{Kind: PluginOwn, Name: "libother.so", Backend: "xla:cpu"}); strings.Contains(strings.Join(other.Environ(), " "), xlaFlagsEnv) {
				t.Errorf("another plugin gets flags: %q", other.Environ())
			}
		})
	}
}
