package setup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/cnnbook/cnnbook/kernelext/internal/cache"
)

// ErrNotMade is the class of a Problem that is not a fault: set-up has not made a part yet.
var ErrNotMade = errors.New("set-up has not made it yet")

// ExaminePlugin follows the decisions of [Installer.Plugin] without fetching or building anything, and tests the plugin. It returns the
// plugin, without oneDNN, and a description of where it comes from.
func (s Installer) ExaminePlugin(ctx context.Context, t Toolchain) (p Plugin, detail string, err error) {
	backend := os.Getenv(EnvBackend)
	if backend != "" && !usesXLA(backend) {
		p = Plugin{Kind: PluginGo, Name: "GoMLX backend " + backend, Backend: backend}
		return p, fmt.Sprintf("none needed: %s=%s", EnvBackend, backend), nil
	}
	own, err := ownPlugin(backend, os.Getenv(EnvPluginPaths))
	if err != nil {
		return p, "", err
	}
	prober, err := s.proberFolder(t)
	if err == nil {
		_, err = prober.Finished()
	}
	if err != nil {
		return p, "", &Problem{Cause: "not fetched yet", Err: ErrNotMade}
	}
	probe := proberIn(prober.Dir)
	if own == "" {
		return s.examineFetched(ctx, t, probe)
	}
	if p, err = s.probeOwn(ctx, probe, own, backend); err != nil {
		return p, "", err
	}
	return p, p.String() + " at " + p.Path, nil
}

// examineFetched tests the plugin that set-up has fetched.
func (s Installer) examineFetched(ctx context.Context, t Toolchain, probe string) (p Plugin, detail string, err error) {
	version, err := requiredVersion(filepath.Join(s.Module, "go.mod"), "github.com/gomlx/go-xla")
	if err != nil {
		return p, "", err
	}
	var faults string
	for _, w := range wheels(t.OS, t.Arch) {
		st := s.wheelFolder(w, version, nil, nil)
		m, err := st.Finished()
		if err != nil {
			return p, "", &Problem{Cause: faults + w.String() + " is not fetched yet", Err: ErrNotMade}
		}
		p, err := pluginFromNote(m.Note, st.Dir, w.String())
		if err != nil { // did not work when it was fetched: set-up went on to the next
			faults += fmt.Sprintf("%v (remove %s to try it again); ", err, st.Dir)
			continue
		}
		if _, err := probePlugin(ctx, probe, p.Path); err != nil {
			return Plugin{}, "", &Problem{Cause: err.Error(), Remedy: "remove " + st.Dir + " and run: go run . setup", Err: err}
		}
		return p, faults + p.String() + " at " + p.Path, nil
	}
	if found, _ := filepath.Glob(filepath.Join(s.Cache, "plugin", "go-xla_*", "*plugin.*")); len(found) > 0 {
		got, err := probePlugin(ctx, probe, found[0])
		if err == nil {
			p = Plugin{Kind: PluginCPU, Name: "go-xla's plugin", Path: found[0], Backend: backendFor(found[0]), API: got.API, Devices: got.Devices}
			return p, faults + p.String(), nil
		}
		faults += err.Error()
	}
	p = goPlugin(t, fmt.Errorf("%w: %s", ErrPlugin, faults))
	return p, p.Notice, nil
}

// ExamineOneDNN returns the oneDNN library that set-up has fetched for a plugin, "" where there is none to fetch or the user
// has chosen one, and a description of it.
func (s Installer) ExamineOneDNN(t Toolchain, p Plugin) (library, detail string, err error) {
	if set := os.Getenv(EnvOneDNN); set != "" {
		return "", fmt.Sprintf("%s=%s", EnvOneDNN, set), nil
	}
	w, ok := oneDNNWheel(t.OS, t.Arch)
	if !ok {
		return "", fmt.Sprintf("none for %s/%s: XLA computes convolutions itself", t.OS, t.Arch), nil
	}
	st := s.oneDNNFolder(w, p, nil, nil)
	if library, err = examineLibrary(st, "oneDNN", w.String()+" is not fetched yet", "XLA computes convolutions itself, more slowly"); err != nil {
		return "", "", err
	}
	return library, fmt.Sprintf("%s at %s", w, library), nil
}

// examineLibrary returns the path of the library called name in a folder that set-up makes. The error says that it is not made yet, or why
// it does not work and with which consequence.
func examineLibrary(f cache.Folder, name, notMade, consequence string) (library string, err error) {
	m, err := f.Finished()
	if err != nil {
		return "", &Problem{Cause: notMade, Err: ErrNotMade}
	}
	if library, err = libraryFromNote(m.Note, f.Dir, name); err != nil {
		return "", &Problem{Cause: fmt.Sprintf("%v: %s", err, consequence), Remedy: "fix it, remove " + f.Dir + " and run: go run . setup", Err: err}
	}
	return library, nil
}

// ExamineAllocator returns the library that keeps memory between training steps, "" where there is none or the user
// preloads something else, and a description of it.
func (s Installer) ExamineAllocator(t Toolchain) (library, detail string, err error) {
	if set := os.Getenv(EnvPreload); set != "" {
		return "", EnvPreload + "=" + set, nil
	}
	if t.OS != "linux" {
		return "", "the system's", nil
	}
	f := s.allocatorFolder(t, nil)
	library, err = examineLibrary(f, "the allocator", "the library that keeps memory between training steps is not compiled yet", "a training step takes about a fifth longer")
	if err != nil {
		return "", "", err
	}
	return library, "keeps memory between training steps: " + library, nil
}

// ExamineGraphs returns p with the plugin in front of it that keeps compiled graphs, if there is one, and a description of that.
func (s Installer) ExamineGraphs(t Toolchain, p Plugin) (front Plugin, detail string, err error) {
	if set := os.Getenv(EnvGraphs); set != "" {
		detail = EnvGraphs + "=" + set
	}
	if !s.frontable(t, p) {
		return p, detail, nil
	}
	f, err := s.graphsFolder(t, "", p)
	if err != nil {
		return p, "", err
	}
	const name = "the plugin that keeps compiled graphs"
	library, err := examineLibrary(f, name, name+" is not compiled yet", "each process compiles its graphs anew")
	if err != nil {
		return p, "", err
	}
	if detail == "" {
		detail = "kept for other processes in " + s.graphsKept()
	}
	p.Backend, p.Graphs = backendFor(library), s.graphsKept()
	return p, detail, nil
}
