package setup

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cnnbook/cnnbook/kernelext/internal/cache"
	"github.com/cnnbook/cnnbook/kernelext/internal/process"
)

// EnvGraphs names the folder in which compiled graphs are kept. A value that the user has set stays as it is; 0 keeps none.
const EnvGraphs = "CNNBOOK_GRAPHS"

// graphsSource is the plugin in front of XLA's. Its first comment explains what it does and why.
//
//go:embed graphs/graphs.c
var graphsSource []byte

// graphsUnused is how long a compiled graph is kept that nobody uses.
const graphsUnused = 30 * 24 * time.Hour

// withGraphs compiles the plugin that keeps compiled graphs and puts it in front of set-up's own plugin. Without it that plugin
// works, but each process compiles its graphs anew; the reason is reported.
func (s Installer) withGraphs(ctx context.Context, t Toolchain, r *cache.Reporter, probe string, p Plugin) (Plugin, error) {
	if !s.frontable(t, p) {
		return p, nil
	}
	f, err := s.graphsFolder(t, probe, p)
	if err != nil {
		return p, err
	}
	note, err := f.Run(ctx, r)
	if err != nil {
		return p, err
	}
	front, err := libraryFromNote(note, f.Dir, "the plugin that keeps compiled graphs")
	if isPluginFault(err) {
		r.Say("Each process compiles its graphs anew: %v (remove %s to try again)", err, f.Dir)
		return p, nil
	}
	if err != nil {
		return p, err
	}
	p.Backend, p.Graphs = backendFor(front), s.graphsKept()
	return p, os.MkdirAll(p.Graphs, 0o700)
}

// frontable reports whether p is a plugin that set-up has fetched and that has none in front of it yet, as one has that is inherited from
// another process.
func (s Installer) frontable(t Toolchain, p Plugin) bool {
	return t.OS == "linux" && p.Kind == PluginCPU && !within(s.graphsFront(), p.Path)
}

// graphsFront is the folder of the plugins in front of others, graphsKept that of the compiled graphs.
func (s Installer) graphsFront() string { return filepath.Join(s.Cache, "graphs-plugin") }
func (s Installer) graphsKept() string  { return filepath.Join(s.Cache, "graphs") }

// graphsFolder compiles the plugin in front of p into a folder of the cache. Its name begins with p's, for messages.
func (s Installer) graphsFolder(t Toolchain, probe string, p Plugin) (cache.Folder, error) {
	const goXLA = "github.com/gomlx/go-xla"
	version, err := requiredVersion(filepath.Join(s.Module, "go.mod"), goXLA)
	if err != nil {
		return cache.Folder{}, err
	}
	cc := t.compiler()
	name := strings.SplitN(filepath.Base(filepath.Dir(p.Path)), "_", 2)[0]
	return cache.Folder{
		Dir:  filepath.Join(s.graphsFront(), name+"_"+cache.Hash(string(graphsSource), p.Path, version, strings.Join(cc, " "))),
		What: "Compiling the plugin that keeps compiled graphs",
		Build: func(ctx context.Context, dir string) (any, error) {
			file := filepath.Base(p.Path)
			source, library := filepath.Join(dir, "graphs.c"), filepath.Join(dir, file)
			if err := os.WriteFile(source, graphsSource, 0o644); err != nil {
				return nil, err
			}
			module, err := t.goCommand(s.Module, s.log("graphs"), "list", "-m", "-f", "{{.Dir}}", goXLA).Output(ctx)
			if err != nil {
				return nil, offline(err, "the Go module proxy")
			}
			header := filepath.Join(strings.TrimSpace(module), "pjrt") // the folder of pjrt_c_api.h
			args := append(cc[1:len(cc):len(cc)], "-O2", "-fPIC", "-shared", "-fvisibility=hidden", "-I"+header,
				fmt.Sprintf("-DPLUGIN=%q", p.Path), fmt.Sprintf("-DIDENTITY=%q", filepath.Base(filepath.Dir(p.Path))), "-o", library, source, "-ldl")
			_, err = process.Command{Path: cc[0], Args: args, Env: os.Environ(), Log: s.log("graphs")}.Output(ctx)
			if err == nil {
				_, err = process.Command{Path: probe, Args: []string{library}, Env: os.Environ()}.Output(ctx)
			}
			if fault, ok := errors.AsType[*process.Error](err); ok {
				return probed{Fault: fault.Error()}, nil // remembered, so that it is not tried at every start
			}
			return probed{File: file}, err
		},
	}, nil
}

// graphsEnviron returns the variable for compiled graphs, unless the user has set it.
func (p Plugin) graphsEnviron() []string {
	if p.Graphs == "" || os.Getenv(EnvGraphs) != "" {
		return nil
	}
	return []string{EnvGraphs + "=" + p.Graphs}
}

// removeUnused removes the files of dir that were not used since then.
func removeUnused(dir string, since time.Time) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err == nil && info.ModTime().Before(since) {
			err = os.Remove(path)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil // another process was faster
		}
		return err
	})
}
