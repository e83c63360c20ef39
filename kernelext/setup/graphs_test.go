package setup

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cnnbook/cnnbook/kernelext/internal/cache"
)

// The plugin in front is compiled against go-xla's header; one that does not work is reported once, remembered, and stops nothing.
func TestGraphsPluginThatDoesNotLoad(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only on Linux")
	}
	s, toolchain, err := Installer{Cache: t.TempDir()}.begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p := Plugin{Kind: PluginCPU, Path: filepath.Join(s.Cache, "plugin", "xla-cpu-pjrt-0.0.1_1", "pjrt_c_api_cpu_plugin.so"), Backend: "xla:cpu"}
	var log strings.Builder
	r := cache.NewReporter(&log)
	for range 2 {
		got, err := s.withGraphs(t.Context(), toolchain, r, "false", p)
		if err != nil || got != p {
			t.Errorf("got %+v, %v; want the plugin alone", got, err)
		}
	}
	if !strings.Contains(log.String(), "Each process compiles its graphs anew: ") || strings.Count(log.String(), "Compiling the plugin") == 0 {
		t.Errorf("said %q", log.String())
	}
}

func TestGraphsLeaveTheUsersOwn(t *testing.T) {
	s := Installer{Cache: "/cache"}
	for name, p := range map[string]Plugin{
		"own":       {Kind: PluginOwn, Path: "/own/plugin.so", Backend: "xla:/own/plugin.so"},
		"none":      {Kind: PluginGo, Backend: "go"},
		"inherited": {Kind: PluginCPU, Path: "/cache/graphs-plugin/xla_1/plugin.so", Backend: "xla:/cache/graphs-plugin/xla_1/plugin.so"},
	} {
		if got, err := s.withGraphs(t.Context(), Toolchain{OS: "linux"}, nil, "", p); err != nil || got != p {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	p := Plugin{Kind: PluginCPU, Graphs: "/cache/graphs"}
	t.Setenv(EnvGraphs, "")
	if env := p.graphsEnviron(); !slices.Equal(env, []string{EnvGraphs + "=/cache/graphs"}) {
		t.Errorf("environment %q", env)
	}
	t.Setenv(EnvGraphs, "0")
	if env := p.graphsEnviron(); env != nil {
		t.Errorf("environment %q beside the user's", env)
	}
}

func TestUnusedGraphsAreRemoved(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	for name, age := range map[string]time.Duration{"old.graph": 31 * 24 * time.Hour, "new.graph": time.Hour} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, now.Add(-age), now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	if err := removeUnused(dir, now.Add(-graphsUnused)); err != nil {
		t.Fatal(err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) != 1 || filepath.Base(left[0]) != "new.graph" {
		t.Errorf("left %q, %v", left, err)
	}
}
