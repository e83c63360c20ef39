package setup

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/cnnbook/cnnbook/kernelext/internal/cache"
	"github.com/cnnbook/cnnbook/kernelext/internal/process"
)

// wheels are the pinned packages with a CPU plugin for a platform, best first. With oneDNN both train equally fast; the first
// compiles faster: cnn's tests took 115 s with it, 195 s with the second.
func wheels(goos, goarch string) []Wheel {
	switch goos + "/" + goarch {
	case "linux/arm64": // tried in emulation: it loads, and cnn's tests against Keras pass
		return []Wheel{{
			Name: "xla-cpu-pjrt", Version: "0.0.1",
			SHA256: "8f613be6e891858f40d64f9799319502fff42689661944fc18a6ffd8210b30c9",
			Member: "xla_plugins/xla_cpu_pjrt/xla_cpu_pjrt.so",
		}}
	case "linux/amd64":
	default:
		return nil // no package index has one that could be tried
	}
	return []Wheel{
		{
			Name: "xla-cpu-pjrt", Version: "0.0.1",
			SHA256: "55837b6b7b47daa717f2d9a5a03563ea0ceaa338d06a81a1e2d3f060d960decc",
			Member: "xla_plugins/xla_cpu_pjrt/xla_cpu_pjrt.so",
		},
		{
			Name: "lammps-jax-pjrt-cpu", Version: "0.11.2",
			SHA256: "1319390d948b39f69f7dade496b7c385149d9ca6097a6b62114da113216d9ad1",
			Member: "lammps_jax_pjrt_cpu/pjrt_c_api_cpu_plugin.so",
		},
	}
}

// wheelPlugin fetches, checks, unpacks and tests the plugin of one wheel, once.
func (s Installer) wheelPlugin(ctx context.Context, t Toolchain, r *cache.Reporter, probe string, w Wheel) (Plugin, error) {
	version, err := requiredVersion(filepath.Join(s.Module, "go.mod"), "github.com/gomlx/go-xla")
	if err != nil {
		return Plugin{}, err
	}
	st := s.wheelFolder(w, version, r, func(ctx context.Context, file string) (probed, error) { return probePlugin(ctx, probe, file) })
	note, err := st.Run(ctx, r)
	if err != nil {
		return Plugin{}, err
	}
	return pluginFromNote(note, st.Dir, w.String())
}

func (s Installer) wheelFolder(w Wheel, goXLA string, r *cache.Reporter, probe func(context.Context, string) (probed, error)) cache.Folder {
	return cache.Folder{
		Dir:  filepath.Join(s.Cache, "plugin", w.Name+"-"+w.Version+"_"+cache.Hash(w.SHA256, w.Member, goXLA)),
		What: fmt.Sprintf("Fetching the PJRT plugin %s (50 to 65 MB)", w),
		Check: func(dir string) error {
			_, err := os.Stat(dir)
			return err
		},
		Build: func(ctx context.Context, dir string) (any, error) {
			lib := filepath.Join(dir, "plugin.so")
			if err := s.fetchMember(ctx, w, dir, lib, r); err != nil {
				return nil, err
			}
			found, err := probe(ctx, lib)
			if fault, ok := asPluginFault(err); ok {
				// Remembered, so that it is not fetched again only to fail again.
				return probed{Fault: fault.Fault}, os.Remove(lib)
			}
			if err != nil {
				return nil, err
			}
			return found, os.Rename(lib, filepath.Join(dir, found.File))
		},
	}
}

// fetchMember fetches the library of a wheel to dest. dir is a working folder.
func (s Installer) fetchMember(ctx context.Context, w Wheel, dir, dest string, r *cache.Reporter) error {
	py, err := FindPython(ctx, s.Interpreter)
	if err != nil {
		return err
	}
	if py.LibC != "glibc" {
		return &pluginFault{w.String(), "is built for systems with glibc"}
	}
	interpreter := py.Path
	if !py.Pip {
		st := s.pipFolder(py)
		if _, err := st.Run(ctx, r); err != nil {
			return err
		}
		interpreter = process.VenvPython(st.Dir)
	}
	return w.fetch(ctx, interpreter, s.log("plugin"), dir, dest)
}
