package setup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/cnnbook/cnnbook/kernelext/internal/cache"
	"github.com/cnnbook/cnnbook/kernelext/internal/process"
)

// Variables that choose where set-up works. A field of Installer takes precedence over its variable.
const (
	EnvCache  = "CNNBOOK_CACHE"  // the cache folder
	EnvPython = "CNNBOOK_PYTHON" // the Python interpreter to make the environment from
)

// Installer makes everything that a kernel needs, in one cache folder, once. The zero value is ready for use.
//
// All methods may run at once in several processes and may be killed at any moment: each part is made under a lock
// and is valid only when complete. A second call finds the parts and takes well under a second. Nothing is
// written outside the cache folder, except for the Go toolchain's own caches.
type Installer struct {
	Cache       string    // cache folder; "" is $CNNBOOK_CACHE, otherwise cnnbook in the user's cache folder
	Module      string    // the checkout that cells import; "" finds it from the working directory
	Interpreter string    // Python to use, a name or path; "" is $CNNBOOK_PYTHON, otherwise the first on PATH that is new enough
	Log         io.Writer // receives progress and warnings; nil is silent
}

// Run makes all parts: programs, plugin, Python environment, kernelspec, and the compiled packages that a first
// cell needs. Independent parts are made concurrently; the first failure stops the others.
func (s Installer) Run(ctx context.Context) (*Environment, error) {
	s, t, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	// What is missing on this machine is reported before any long work begins.
	if err := t.CheckCompiler(); err != nil {
		return nil, err
	}
	py, err := FindPython(ctx, s.Interpreter)
	if err != nil {
		return nil, err
	}
	if err := py.CheckVenv(); err != nil {
		return nil, err
	}
	tools, err := s.ToolsFolder(ctx, t)
	if err != nil {
		return nil, err
	}
	venv := s.PythonFolder(py)
	env := &Environment{
		Cache: s.Cache, Module: s.Module, Bin: tools.Dir, Python: process.VenvPython(venv.Dir),
		Kernel: KernelName, GoRoot: t.Root, GoFlags: t.CellFlags(),
		ModCache: t.ModCache, BuildCache: t.BuildCache,
	}
	r := cache.NewReporter(s.Log)
	err = together(ctx,
		func(ctx context.Context) error {
			note, err := tools.Run(ctx, r)
			for _, patch := range SkippedPatches(note) {
				r.Say("WARNING: GoNB is built without a patch that does not fit its version: %s", patch)
			}
			return err
		},
		func(ctx context.Context) error { _, err := venv.Run(ctx, r); return err },
		func(ctx context.Context) (err error) { env.Plugin, err = s.plugin(ctx, t, r); return err },
		func(ctx context.Context) error { env.Session = s.session(ctx, t, r); return nil },
	)
	if err != nil {
		return nil, err
	}
	if env.Kernels, err = s.kernelspec(ctx, env, r); err != nil {
		return nil, err
	}
	if err := setAside(env.kernelLog(), maxKernelLog); err != nil {
		return nil, err
	}
	if env.Plugin.Graphs != "" {
		if err := removeUnused(env.Plugin.Graphs, time.Now().Add(-graphsUnused)); err != nil {
			return nil, err
		}
	}
	return env, s.warm(ctx, t, env, r)
}

// Plugin makes only the PJRT plugin, which is enough for tests of GoMLX code. Call Apply on the result.
func (s Installer) Plugin(ctx context.Context) (Plugin, error) {
	s, t, err := s.begin(ctx)
	if err != nil {
		return Plugin{}, err
	}
	return s.plugin(ctx, t, cache.NewReporter(s.Log))
}

// begin fills the fields, makes the cache folder and finds Go.
func (s Installer) begin(ctx context.Context) (Installer, Toolchain, error) {
	s, err := s.Resolve(ctx)
	if err != nil {
		return s, Toolchain{}, err
	}
	if err := makeCache(s.Cache); err != nil {
		return s, Toolchain{}, err
	}
	t, err := FindToolchain(ctx, s.Module)
	return s, t, err
}

// Resolve fills the fields that are empty and changes nothing on the machine.
func (s Installer) Resolve(ctx context.Context) (Installer, error) {
	var err error
	if s.Interpreter == "" {
		s.Interpreter = os.Getenv(EnvPython)
	}
	if s.Cache == "" {
		s.Cache = os.Getenv(EnvCache)
	}
	if s.Cache == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return s, &Problem{Cause: "there is no folder for caches: " + err.Error(), Remedy: "set HOME, or name a folder in " + EnvCache, Err: err}
		}
		s.Cache = filepath.Join(base, "cnnbook")
	}
	if s.Cache, err = filepath.Abs(s.Cache); err != nil {
		return s, err
	}
	if s.Module == "" {
		s.Module, err = findModule(ctx, ".")
	} else {
		s.Module, err = findModule(ctx, s.Module)
	}
	return s, err
}

// log is the file for the output of one part's commands.
func (s Installer) log(part string) string { return filepath.Join(s.Cache, "logs", part+".log") }

// makeCache makes the cache folder. It will hold Jupyter's tokens, so others may not read it.
func makeCache(dir string) error {
	err := os.MkdirAll(dir, 0o700)
	if err == nil {
		err = os.MkdirAll(filepath.Join(dir, "logs"), 0o700) // a kernel opens its log there
	}
	if err != nil {
		return &Problem{
			Cause:  fmt.Sprintf("the cache folder %s cannot be made: %v", dir, err),
			Remedy: "make it writable, or name another in " + EnvCache,
			Err:    err,
		}
	}
	return nil
}

// together runs the functions concurrently. The first failure ends the context of the others and is returned.
func together(ctx context.Context, fns ...func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	for _, fn := range fns {
		wg.Go(func() {
			if err := fn(ctx); err != nil && !errors.Is(err, context.Canceled) {
				cancel(err) // only the first counts
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}
