package setup

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/cnnbook/cnnbook/kernelext/internal/cache"
	"github.com/cnnbook/cnnbook/kernelext/internal/process"
)

// Wheel is a Python package that is used for nothing but the library in it.
type Wheel struct {
	Name    string
	Version string
	SHA256  string // of the wheel
	Member  string // the library inside
}

func (w Wheel) String() string { return w.Name + " " + w.Version }

// Wheels are the pinned packages with a CPU plugin for a platform, best first. With oneDNN both train as fast; the first
// compiles faster: cnn's tests took 115 s with it, 195 s with the second.
func Wheels(goos, goarch string) []Wheel {
	if goos != "linux" || goarch != "amd64" {
		return nil
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

// maxPlugin bounds what is unpacked; the largest known plugin has 260 MB.
const maxPlugin = 1 << 30

// wheelPlugin fetches, checks, unpacks and tries the plugin of one wheel, once.
func (s Installer) wheelPlugin(ctx context.Context, t Toolchain, r *cache.Reporter, probe string, w Wheel) (Plugin, error) {
	version, err := RequiredVersion(filepath.Join(s.Module, "go.mod"), "github.com/gomlx/go-xla")
	if err != nil {
		return Plugin{}, err
	}
	st := s.WheelStep(w, version, r, func(ctx context.Context, file string) (probed, error) { return ProbePlugin(ctx, probe, file) })
	note, err := st.Run(ctx, r)
	if err != nil {
		return Plugin{}, err
	}
	return PluginFromNote(note, st.Dir, w.String())
}

func (s Installer) WheelStep(w Wheel, goXLA string, r *cache.Reporter, probe func(context.Context, string) (probed, error)) cache.Folder {
	return cache.Folder{
		Dir:  filepath.Join(s.Cache, "plugin", w.Name+"-"+w.Version+"_"+cache.Hash(w.SHA256, w.Member, goXLA)),
		What: fmt.Sprintf("Fetching the PJRT plugin %s (65 MB)", w),
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
				// Remembered, so that it is not fetched each time to fail again.
				return probed{Fault: fault.Fault}, os.Remove(lib)
			}
			if err != nil {
				return nil, err
			}
			return found, os.Rename(lib, filepath.Join(dir, found.File))
		},
	}
}

// fetchMember fetches the wheel into dir, unpacks its library to dest and removes the wheel.
func (s Installer) fetchMember(ctx context.Context, w Wheel, dir, dest string, r *cache.Reporter) error {
	file, err := s.downloadWheel(ctx, w, dir, r)
	if err != nil {
		return err
	}
	if err := unpackMember(file, w.Member, dest); err != nil {
		return err
	}
	return os.Remove(file)
}

// downloadWheel fetches a wheel with the machine's own Python, before there is an environment.
func (s Installer) downloadWheel(ctx context.Context, w Wheel, dir string, r *cache.Reporter) (string, error) {
	py, err := FindPython(ctx, s.Interpreter)
	if err != nil {
		return "", err
	}
	if py.LibC != "glibc" {
		return "", &pluginFault{w.String(), "is built for systems with glibc"}
	}
	pip := process.Command{Path: py.Path, Env: PythonEnviron(), Log: s.log("plugin")}
	if !py.Pip {
		st := s.pipStep(py)
		if _, err := st.Run(ctx, r); err != nil {
			return "", err
		}
		pip.Path = VenvPython(st.Dir)
	}
	return w.download(ctx, pip, dir)
}

// download lets pip, run by the Python of the command, fetch the wheel into dir, because pip knows the person's index,
// proxy and certificates. The hash is checked by pip and once more here.
func (w Wheel) download(ctx context.Context, pip process.Command, dir string) (string, error) {
	list := filepath.Join(dir, "wheel.txt")
	if err := os.WriteFile(list, fmt.Appendf(nil, "%s==%s --hash=sha256:%s\n", w.Name, w.Version, w.SHA256), 0o644); err != nil {
		return "", err
	}
	defer os.Remove(list)
	pip.Args = []string{"-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--require-hashes", "--dest", dir, "-r", list}
	if _, err := pip.Output(ctx); err != nil {
		if strings.Contains(process.OutputOf(err), "DO NOT MATCH THE HASHES") {
			return "", &Problem{
				Cause:  fmt.Sprintf("the package index gave another file for %s than the pinned one (SHA-256 %s)", w, w.SHA256),
				Remedy: "do not use that index, or report it",
				Err:    fmt.Errorf("%w: %w", ErrChecksum, err),
			}
		}
		return "", fmt.Errorf("download %s: %w", w, offline(err, "the Python package index"))
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.whl"))
	if err != nil || len(files) != 1 {
		return "", fmt.Errorf("download %s: expected one wheel in %s, found %d", w, dir, len(files))
	}
	return files[0], checkSHA256(files[0], w.SHA256)
}

// checkSHA256 compares a file with its pinned hash.
func checkSHA256(name, want string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		return fmt.Errorf("%s: %w: expected SHA-256 %s, found %s", filepath.Base(name), ErrChecksum, want, got)
	}
	return nil
}

// unpackMember writes one file of a zip archive to dest and syncs it.
func unpackMember(archive, member, dest string) error {
	z, err := zip.OpenReader(archive)
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(archive), err)
	}
	defer z.Close()
	in, err := z.Open(member)
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(archive), err)
	}
	defer in.Close()
	out, err := os.OpenFile(dest, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	n, err := io.Copy(out, io.LimitReader(in, maxPlugin+1))
	if err == nil && n > maxPlugin {
		err = fmt.Errorf("more than %d bytes", int64(maxPlugin))
	}
	if err == nil {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return fmt.Errorf("%s: %s: %w", filepath.Base(archive), member, err)
	}
	return nil
}
