package setup

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cnnbook/cnnbook/kernelext/internal/cache"
	"github.com/cnnbook/cnnbook/kernelext/internal/process"
	"github.com/cnnbook/cnnbook/kernelext/internal/text"
)

// Variables that choose GoMLX's backend. Values that the user has set are respected.
const (
	EnvBackend     = "GOMLX_BACKEND"
	EnvPluginPaths = "PJRT_PLUGIN_LIBRARY_PATH"
	noInstallEnv   = "GOMLX_NO_AUTO_INSTALL"
)

// PluginKind is the origin of a Plugin.
type PluginKind string

const (
	PluginCPU  PluginKind = "cpu"  // XLA on the CPU, fetched by set-up
	PluginOwn  PluginKind = "own"  // chosen by the user through GOMLX_BACKEND or PJRT_PLUGIN_LIBRARY_PATH
	PluginGo   PluginKind = "go"   // no plugin: GoMLX's own backend in Go
	PluginCUDA PluginKind = "cuda" // XLA on an NVIDIA GPU; set-up fetches none yet, see PluginOwn
)

// Plugin is the library through which GoMLX reaches XLA, or the decision to do without one.
type Plugin struct {
	Kind    PluginKind `json:"kind"`
	Name    string     `json:"name"`    // for messages: "xla-cpu-pjrt 0.0.1"
	Path    string     `json:"path"`    // the library, absolute; "" without one
	Backend string     `json:"backend"` // value for GOMLX_BACKEND
	API     string     `json:"api"`     // PJRT interface "major.minor", as the plugin reports it
	Devices int        `json:"devices"` // that the plugin offers
	OneDNN  string     `json:"onednn"`  // the oneDNN library used with it, absolute; "" without one
	// Allocator is the library to preload that keeps memory between steps, absolute; "" without one.
	Allocator string `json:"allocator"`
	// Graphs is the folder in which compiled graphs are kept, by a plugin in front of the one at Path; "" keeps none.
	Graphs string `json:"graphs"`
	Notice string `json:"notice"` // a warning for the user: why this is not the best choice; usually ""
}

// Environ returns the variables that make a child process use the plugin, as "NAME=value".
func (p Plugin) Environ() []string {
	env := []string{EnvBackend + "=" + p.Backend, noInstallEnv + "=1"}
	if p.Path != "" {
		env = append(env, EnvPluginPaths+"="+filepath.Dir(p.Path))
	}
	if p.Kind == PluginCPU && strings.HasPrefix(p.Name, "xla-cpu-pjrt ") {
		env = append(env, xlaFlagsEnv+"="+withFlags(os.Getenv(xlaFlagsEnv)))
	}
	return slices.Concat(env, p.oneDNNEnviron(), p.graphsEnviron(), p.Preload())
}

const xlaFlagsEnv = "XLA_FLAGS"

// xlaFlags are for xla-cpu-pjrt 0.0.1. Other plugins may not know them, and XLA ends a process that gives it an
// unknown one.
var xlaFlags = []string{
	// With XNNPACK's kernels, a compiled graph sometimes continues to compute with weights of an earlier call when the
	// new ones lie at the same address: losses of the same weights differed between two graphs of one process, by 4e-3
	// in one of six trainings; without them, in none of nine.
	"--xla_cpu_use_xnnpack=false",
	// XLA's older code generator compiles a training step in half the time. Loops over 32 or 64 channels are no
	// longer unrolled element by element, and so use the processor's vector instructions.
	"--xla_cpu_use_fusion_emitters=false",
	"--xla_backend_extra_options=xla_cpu_disable_loop_unrolling",
}

// withFlags adds xlaFlags to the user's flags, except those that the user has set.
func withFlags(flags string) string {
	for _, flag := range xlaFlags {
		if name, _, _ := strings.Cut(flag, "="); !strings.Contains(flags, name) {
			flags = strings.TrimSpace(flags + " " + flag)
		}
	}
	return flags
}

// Apply makes this process use the plugin. It must run before GoMLX makes its first backend. The backend's setting
// names the library by its path: go-xla reads its search path once, when the program starts.
func (p Plugin) Apply() error {
	if p.Backend == "" {
		return fmt.Errorf("no plugin has been set up: %w", ErrPlugin)
	}
	for _, kv := range p.Environ() {
		name, value, _ := strings.Cut(kv, "=")
		if name == EnvPreload {
			continue // too late for this process, see Restart
		}
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return nil
}

// String describes the plugin in a few words.
func (p Plugin) String() string {
	if p.Path == "" {
		return p.Name
	}
	return fmt.Sprintf("%s (PJRT %s, %d devices)", p.Name, p.API, p.Devices)
}

// plugin chooses a plugin, checks that it works, and adds oneDNN.
func (s Installer) plugin(ctx context.Context, t Toolchain, r *cache.Reporter) (Plugin, error) {
	backend, paths := os.Getenv(EnvBackend), os.Getenv(EnvPluginPaths)
	if backend != "" && !usesXLA(backend) {
		return Plugin{Kind: PluginGo, Name: "GoMLX backend " + backend, Backend: backend}, nil
	}
	if err := t.CheckCompiler(); err != nil {
		return Plugin{}, err
	}
	probe, err := s.prober(ctx, t, r)
	if err != nil {
		return Plugin{}, err
	}
	p, err := s.bestPlugin(ctx, t, r, probe, backend, paths)
	if err != nil {
		return Plugin{}, err
	}
	if p, err = s.withOneDNN(ctx, t, r, probe, p); err != nil {
		return p, err
	}
	if p, err = s.withAllocator(ctx, t, r, probe, p); err != nil {
		return p, err
	}
	return s.withGraphs(ctx, t, r, probe, p)
}

// bestPlugin is the user's own plugin, the first working one that set-up knows, or none.
func (s Installer) bestPlugin(ctx context.Context, t Toolchain, r *cache.Reporter, probe, backend, paths string) (Plugin, error) {
	if file, err := ownPlugin(backend, paths); file != "" || err != nil {
		if err != nil {
			return Plugin{}, err
		}
		return s.probeOwn(ctx, probe, file, backend)
	}
	for _, w := range wheels(t.OS, t.Arch) {
		p, err := s.wheelPlugin(ctx, t, r, probe, w)
		if err == nil {
			return p, nil
		}
		if !isPluginFault(err) {
			return Plugin{}, err
		}
		r.Say("%s does not work on this machine: %v", w, err)
	}
	p, err := s.installedPlugin(ctx, t, r, probe)
	if err == nil || ctx.Err() != nil {
		return p, err
	}
	p = goPlugin(t, err)
	r.Say("%s", p.Notice)
	return p, nil
}

// usesXLA reports whether a value of GOMLX_BACKEND asks for XLA.
func usesXLA(backend string) bool {
	name, _, _ := strings.Cut(backend, ":")
	return name == "xla"
}

// goPlugin is the fallback where no plugin works.
func goPlugin(t Toolchain, why error) Plugin {
	return Plugin{
		Kind:    PluginGo,
		Name:    "GoMLX's pure-Go backend",
		Backend: "go",
		Notice: fmt.Sprintf("WARNING: no PJRT plugin for %s/%s (%s). GoMLX's pure-Go backend is used: it gives the same results, "+
			"several times more slowly. With a plugin of your own, set %s to its folder", t.OS, t.Arch, text.OneLine(why.Error()), EnvPluginPaths),
	}
}

// ownPlugin is the library that the user has chosen through the environment, "" if none.
func ownPlugin(backend, paths string) (string, error) {
	_, name, _ := strings.Cut(backend, ":")
	name, _, _ = strings.Cut(name, ",") // options follow the name
	if filepath.IsAbs(name) {
		return name, nil
	}
	if paths == "" {
		if name != "" && name != "cpu" {
			return "", &Problem{
				Cause:  fmt.Sprintf("%s=%s asks for the plugin %q, which set-up does not fetch", EnvBackend, backend, name),
				Remedy: fmt.Sprintf("set %s to the folder of that plugin, or unset %s for XLA on the CPU", EnvPluginPaths, EnvBackend),
				Err:    ErrPlugin,
			}
		}
		return "", nil
	}
	if name == "" {
		name = "cpu"
	}
	for _, dir := range filepath.SplitList(paths) {
		for _, pattern := range []string{"pjrt_c_api_" + name + "*_plugin.*", "pjrt[-_]plugin[-_]" + name + "*.*"} {
			if found, err := filepath.Glob(filepath.Join(dir, pattern)); err == nil && len(found) > 0 {
				return found[0], nil
			}
		}
	}
	return "", &Problem{
		Cause:  fmt.Sprintf("%s=%s holds no plugin for %q (a file pjrt_c_api_%s_plugin.so)", EnvPluginPaths, paths, name, name),
		Remedy: "correct the variable, or unset it so that set-up fetches a plugin",
		Err:    ErrPlugin,
	}
}

func (s Installer) probeOwn(ctx context.Context, probe, file, backend string) (Plugin, error) {
	found, err := probePlugin(ctx, probe, file)
	if err != nil {
		return Plugin{}, &Problem{
			Cause:  err.Error(),
			Remedy: fmt.Sprintf("correct or unset %s and %s: without them set-up fetches a plugin that works", EnvBackend, EnvPluginPaths),
			Err:    err,
		}
	}
	p := Plugin{Kind: PluginOwn, Name: filepath.Base(file), Path: file, Backend: backend, API: found.API, Devices: found.Devices}
	if within(s.Cache, file) {
		p.Kind = PluginCPU // set-up's own, inherited from a process that took it
		p.Name = strings.SplitN(filepath.Base(filepath.Dir(file)), "_", 2)[0]
	}
	if p.Backend == "" || p.Backend == "xla" || p.Backend == "xla:cpu" {
		p.Backend = backendFor(file)
	}
	return p, nil
}

// backendFor is the setting that makes GoMLX load exactly this library. A comma would begin an option there.
func backendFor(file string) string {
	if strings.Contains(file, ",") {
		return "xla:cpu"
	}
	return "xla:" + file
}

// within reports whether file lies under dir.
func within(dir, file string) bool {
	rel, err := filepath.Rel(dir, file)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// installedPlugin lets go-xla's installer fetch its release for this platform. It checks no hash, and the message states that.
func (s Installer) installedPlugin(ctx context.Context, t Toolchain, r *cache.Reporter, probe string) (Plugin, error) {
	version, err := requiredVersion(filepath.Join(s.Module, "go.mod"), "github.com/gomlx/go-xla")
	if err != nil {
		return Plugin{}, err
	}
	st := cache.Folder{
		Dir:  filepath.Join(s.Cache, "plugin", "go-xla_"+cache.Hash(version, t.OS, t.Arch)),
		What: fmt.Sprintf("Fetching go-xla's own plugin for %s/%s (a GitHub release, without a checksum)", t.OS, t.Arch),
		Build: func(ctx context.Context, dir string) (any, error) {
			_, err := process.Command{Path: probe, Args: []string{"-install", dir}, Env: os.Environ(), Log: s.log("plugin")}.Output(ctx)
			if err != nil {
				return nil, fmt.Errorf("go-xla's installer: %w", err)
			}
			return nameAndProbe(ctx, probe, dir)
		},
	}
	note, err := st.Run(ctx, r)
	if err != nil {
		return Plugin{}, err
	}
	return pluginFromNote(note, st.Dir, "go-xla's plugin for "+t.OS+"/"+t.Arch)
}

// nameAndProbe probes the one library in dir.
func nameAndProbe(ctx context.Context, probe, dir string) (probed, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*plugin.*"))
	if err != nil || len(files) == 0 {
		return probed{}, fmt.Errorf("%w: none in %s", ErrPlugin, dir)
	}
	found, err := probePlugin(ctx, probe, files[0])
	found.File = filepath.Base(files[0])
	return found, err
}

// pluginFromNote returns the Plugin that was probed when its folder was made.
func pluginFromNote(note json.RawMessage, dir, name string) (Plugin, error) {
	found, err := probedFromNote(note, dir, name)
	if err != nil {
		return Plugin{}, err
	}
	file := filepath.Join(dir, found.File)
	return Plugin{Kind: PluginCPU, Name: name, Path: file, Backend: backendFor(file), API: found.API, Devices: found.Devices}, nil
}

// libraryFromNote returns the path of the library called name, or the reason why it does not work.
func libraryFromNote(note json.RawMessage, dir, name string) (string, error) {
	found, err := probedFromNote(note, dir, name)
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, found.File), nil
}

// probedFromNote is the result of the probe of the library called name when its folder was made. A library that did not
// work then is a *pluginFault.
func probedFromNote(note json.RawMessage, dir, name string) (probed, error) {
	var found probed
	if err := json.Unmarshal(note, &found); err != nil {
		return probed{}, fmt.Errorf("%s: %w", filepath.Join(dir, cache.MarkerName), err)
	}
	if found.Fault != "" {
		return probed{}, &pluginFault{File: name, Fault: found.Fault}
	}
	return found, nil
}
