package setup

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/cnnbook/cnnbook/kernelext/internal/cache"
)

// EnvOneDNN names oneDNN's library to package cnn. A value that the user has set takes precedence: another library, or 0 for none.
const EnvOneDNN = "CNNBOOK_ONEDNN"

// ompWaitEnv sets how the OpenMP threads of this build of oneDNN wait: passively, so that they leave the
// processors to XLA between oneDNN's calls.
const ompWaitEnv = "OMP_WAIT_POLICY"

// oneDNNFile is the library's name.
const oneDNNFile = "libdnnl.so.3"

// oneDNNWheel is Intel's own build of oneDNN for a platform (Apache-2.0), if there is one: oneDNN 3.2, the last whose
// threads are GCC's OpenMP. Later packages include, and load, the SYCL runtime for GPUs.
func oneDNNWheel(goos, goarch string) (Wheel, bool) {
	return Wheel{
		Name: "onednn-cpu-gomp", Version: "2023.2.0",
		SHA256: "2f22a54d6a890ed14bfa185d42a4be65d8b5b1df85dc1f0f3a9abe31620416fb",
		Member: "onednn_cpu_gomp-2023.2.0.data/data/lib/" + oneDNNFile,
	}, goos == "linux" && goarch == "amd64"
}

// withOneDNN fetches oneDNN for a plugin that computes on the CPU, and tests both together. Without it, for which the
// reason is reported, the plugin computes everything itself.
func (s Installer) withOneDNN(ctx context.Context, t Toolchain, r *cache.Reporter, probe string, p Plugin) (Plugin, error) {
	w, ok := oneDNNWheel(t.OS, t.Arch)
	if !ok || !p.OnCPU() || os.Getenv(EnvOneDNN) != "" {
		return p, nil
	}
	st := s.oneDNNFolder(w, p, r, func(ctx context.Context, library string) error { return probeOneDNN(ctx, probe, p.Path, library) })
	note, err := st.Run(ctx, r)
	if err != nil {
		return p, err
	}
	if p.OneDNN, err = libraryFromNote(note, st.Dir, "oneDNN"); isPluginFault(err) {
		p.Notice = fmt.Sprintf("Without oneDNN, which would shorten a training step by a third: %v (remove %s to try it again)", err, st.Dir)
		r.Say("%s", p.Notice)
		return p, nil
	}
	return p, err
}

// oneDNNFolder fetches the library for the use with one plugin.
func (s Installer) oneDNNFolder(w Wheel, p Plugin, r *cache.Reporter, probe func(ctx context.Context, library string) error) cache.Folder {
	return cache.Folder{
		Dir:  filepath.Join(s.Cache, "onednn", w.Name+"-"+w.Version+"_"+cache.Hash(w.SHA256, w.Member, p.Path)),
		What: fmt.Sprintf("Fetching oneDNN for convolutions, %s (39 MB)", w),
		Build: func(ctx context.Context, dir string) (any, error) {
			library := filepath.Join(dir, oneDNNFile)
			err := s.fetchMember(ctx, w, dir, library, r)
			if err == nil {
				err = probe(ctx, library)
			}
			if fault, ok := asPluginFault(err); ok {
				// Remembered, so that it is not fetched again only to fail again.
				return probed{Fault: fault.Fault}, os.RemoveAll(library)
			}
			return probed{File: oneDNNFile}, err
		},
	}
}

// OnCPU reports whether the plugin is XLA's for the CPU.
func (p Plugin) OnCPU() bool {
	return p.Path != "" && !strings.Contains(filepath.Base(p.Path), string(PluginCUDA))
}

// oneDNNEnviron returns the variables for oneDNN; those that the user has set stay unchanged.
func (p Plugin) oneDNNEnviron() []string {
	library := p.OneDNN
	if set := os.Getenv(EnvOneDNN); set != "" {
		library = set
	}
	if library == "" || !p.OnCPU() {
		return nil
	}
	env := []string{EnvOneDNN + "=" + library}
	if os.Getenv(ompWaitEnv) == "" {
		env = append(env, ompWaitEnv+"=passive")
	}
	return env
}
