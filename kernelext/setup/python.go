package setup

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/cnnbook/cnnbook/internal/atomicfile"
	"github.com/cnnbook/cnnbook/kernelext/internal/cache"
	"github.com/cnnbook/cnnbook/kernelext/internal/process"
)

// minPython is the oldest minor version of Python 3 for which the pinned packages exist.
const minPython = 11

// requirements pins every package of the Python environment, each with the hashes of its files.
//
//go:embed python/requirements.txt
var requirements string

// Python is an interpreter of the user's system, from which environments are made.
type Python struct {
	Path     string `json:"-"`
	Exe      string `json:"exe"`     // the interpreter's own sys.executable
	Prefix   string `json:"prefix"`  // of the installation, also from within an environment
	Version  [3]int `json:"version"` // 3, 11, 7
	Venv     bool   `json:"venv"`    // can make environments with pip
	Pip      bool   `json:"pip"`
	LibC     string `json:"libc"` // "glibc", or "" where there is another
	Platform string `json:"platform"`
}

// askPython is the program that describes an interpreter. It must run on any Python 3.
const askPython = `import importlib.util, json, platform, sys, sysconfig
def has(*names): return all(importlib.util.find_spec(n) for n in names)
print(json.dumps({"exe": sys.executable, "prefix": sys.base_prefix, "version": list(sys.version_info[:3]),
    "venv": has("venv", "ensurepip"), "pip": has("pip"), "libc": platform.libc_ver()[0], "platform": sysconfig.get_platform()}))`

func (p Python) String() string {
	return fmt.Sprintf("Python %d.%d.%d", p.Version[0], p.Version[1], p.Version[2])
}

// FindPython returns the interpreter named by want, or the first on PATH that is new enough.
func FindPython(ctx context.Context, want string) (Python, error) {
	candidates := []string{want}
	if want == "" {
		candidates = []string{"python3", "python3.13", "python3.12", "python3.11", "python3.14", "python"}
	}
	var old *Python
	for _, name := range candidates {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		p, err := inspectPython(ctx, path)
		if err != nil {
			if ctx.Err() != nil {
				return Python{}, ctx.Err()
			}
			continue // a shim without an interpreter behind it, a Python 2
		}
		if p.Version[0] == 3 && p.Version[1] >= minPython {
			return p, nil
		}
		if old == nil {
			old = &p
		}
	}
	remedy := fmt.Sprintf("install Python 3.%d or newer (Debian and Ubuntu: apt install python3 python3-venv), or name one in CNNBOOK_PYTHON", minPython)
	switch {
	case old != nil:
		return Python{}, &Problem{Cause: fmt.Sprintf("Python 3.%d or newer is needed, found %v at %s", minPython, *old, old.Path), Remedy: remedy, Err: ErrNoPython}
	case want != "":
		return Python{}, &Problem{Cause: fmt.Sprintf("CNNBOOK_PYTHON names %q, which is not a Python interpreter", want), Remedy: remedy, Err: ErrNoPython}
	}
	return Python{}, &Problem{Cause: "there is no python3 on PATH", Remedy: remedy, Err: ErrNoPython}
}

func inspectPython(ctx context.Context, path string) (Python, error) {
	var p Python
	out, err := process.Command{Path: path, Args: []string{"-c", askPython}, Env: process.PythonEnviron()}.Output(ctx)
	if err != nil {
		return p, err
	}
	if err := json.Unmarshal([]byte(out), &p); err != nil {
		return p, fmt.Errorf("%s: %w", path, err)
	}
	p.Path = path
	return p, nil
}

// CheckVenv checks that p can make an environment, which some distributions package separately.
func (p Python) CheckVenv() error {
	if p.Venv {
		return nil
	}
	return &Problem{
		Cause:  fmt.Sprintf("%v at %s lacks the modules venv and ensurepip", p, p.Path),
		Remedy: fmt.Sprintf("install them (Debian and Ubuntu: apt install python3.%d-venv)", p.Version[1]),
		Err:    ErrNoVenv,
	}
}

// PythonFolder is the environment with JupyterLab, nbclient, nbconvert and Sphinx, in the pinned versions.
func (s Installer) PythonFolder(p Python) cache.Folder {
	return cache.Folder{
		Dir:     filepath.Join(s.Cache, "python", cache.Hash(requirements, fmt.Sprint(p.Version), p.Prefix, p.Platform)),
		What:    fmt.Sprintf("Installing JupyterLab and Sphinx for %v", p),
		InPlace: true,
		Check:   func(dir string) error { _, err := os.Stat(process.VenvPython(dir)); return err },
		Build: func(ctx context.Context, dir string) (any, error) {
			if err := s.makeVenv(ctx, p, dir); err != nil {
				return nil, err
			}
			list := filepath.Join(dir, "requirements.txt")
			if err := atomicfile.WriteBytes(list, []byte(requirements), 0o644); err != nil {
				return nil, err
			}
			if _, err := s.pip(dir, "python", "install", "--require-hashes", "--no-deps", "--only-binary=:all:", "-r", list).Output(ctx); err != nil {
				return nil, fmt.Errorf("install the Python packages: %w", offline(err, "the Python package index"))
			}
			try := process.Command{Path: process.VenvPython(dir), Args: []string{"-c", "import jupyterlab, nbclient, nbconvert, sphinx, myst_nb, sphinx_book_theme"},
				Env: process.PythonEnviron(), Log: s.log("python")}
			if _, err := try.Output(ctx); err != nil {
				return nil, fmt.Errorf("try the Python packages: %w", err)
			}
			return p, nil
		},
	}
}

// pipFolder is an environment with only pip, for systems whose own Python has none.
func (s Installer) pipFolder(p Python) cache.Folder {
	return cache.Folder{
		Dir:     filepath.Join(s.Cache, "pip", cache.Hash(fmt.Sprint(p.Version), p.Prefix, p.Platform)),
		What:    "Making an environment for pip",
		InPlace: true,
		Check:   func(dir string) error { _, err := os.Stat(process.VenvPython(dir)); return err },
		Build:   func(ctx context.Context, dir string) (any, error) { return nil, s.makeVenv(ctx, p, dir) },
	}
}

func (s Installer) makeVenv(ctx context.Context, p Python, dir string) error {
	if err := p.CheckVenv(); err != nil {
		return err
	}
	_, err := process.Command{Path: p.Path, Args: []string{"-m", "venv", dir}, Env: process.PythonEnviron(), Log: s.log("python")}.Output(ctx)
	if err != nil {
		return fmt.Errorf("make a Python environment in %s: %w", dir, err)
	}
	return nil
}

// pip is a pip command of the environment in dir. The user's settings select the index.
func (s Installer) pip(venv, log string, args ...string) process.Command {
	return process.Command{Path: process.VenvPython(venv), Args: append([]string{"-m", "pip"}, args...), Env: process.PythonEnviron(), Log: s.log(log)}
}
