package setup

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/cnnbook/cnnbook/kernelext/internal/process"
)

// KernelPlace is where Jupyter finds an installed kernel. At most one field is set; the zero value is the
// user's own folder, which every Jupyter of that user searches.
type KernelPlace struct {
	Prefix    string // an installation such as /usr/local, or a virtual environment
	SysPrefix bool   // the environment of the Python on PATH: the active virtual or conda environment
}

// folder is the folder of kernelspecs at this place.
func (p KernelPlace) folder(ctx context.Context) (string, error) {
	prefix := p.Prefix
	switch {
	case p.Prefix != "" && p.SysPrefix:
		return "", &Problem{Cause: "both a prefix and the Python environment's prefix were requested", Remedy: "choose one", Err: ErrKernel}
	case p.SysPrefix:
		var err error
		if prefix, err = sysPrefix(ctx); err != nil {
			return "", err
		}
	case p.Prefix == "":
		data, err := jupyterDataDir(runtime.GOOS, os.Getenv, os.UserHomeDir)
		return filepath.Join(data, "kernels"), err
	}
	prefix, err := filepath.Abs(prefix)
	return filepath.Join(prefix, "share", "jupyter", "kernels"), err
}

// Flags is the place as flags of the command.
func (p KernelPlace) flags() string {
	switch {
	case p.SysPrefix:
		return " -sys-prefix"
	case p.Prefix != "":
		return " -prefix " + shellQuote(p.Prefix)
	}
	return ""
}

// sysPrefix asks the Python on PATH for its sys.prefix.
func sysPrefix(ctx context.Context) (string, error) {
	py, err := FindPython(ctx, "")
	if err != nil {
		return "", err
	}
	out, err := process.Command{Path: py.Path, Args: []string{"-c", "import sys; print(sys.prefix)"}, Env: process.PythonEnviron()}.Output(ctx)
	return strings.TrimSpace(out), err
}

// jupyterDataDir is the user's data folder, as jupyter_core.paths finds it.
func jupyterDataDir(goos string, getenv func(string) string, home func() (string, error)) (string, error) {
	if dir := getenv("JUPYTER_DATA_DIR"); dir != "" {
		return dir, nil
	}
	if goos == "windows" && getenv("APPDATA") != "" {
		return filepath.Join(getenv("APPDATA"), "jupyter"), nil
	}
	if dir := getenv("XDG_DATA_HOME"); dir != "" && goos != "darwin" {
		return filepath.Join(dir, "jupyter"), nil
	}
	dir, err := home()
	if err != nil {
		return "", &Problem{Cause: "there is no home folder: " + err.Error(), Remedy: "set HOME, or install with -prefix", Err: ErrKernel}
	}
	if goos == "darwin" {
		return filepath.Join(dir, "Library", "Jupyter"), nil
	}
	return filepath.Join(dir, ".local", "share", "jupyter"), nil
}

// kernelFolders are the folders in which Jupyter looks for kernelspecs, the user's first. prefix is one more.
func kernelFolders(ctx context.Context, prefix string) []string {
	var places []KernelPlace
	if prefix != "" {
		places = append(places, KernelPlace{Prefix: prefix})
	}
	places = append(places, KernelPlace{}, KernelPlace{SysPrefix: true}, KernelPlace{Prefix: "/usr/local"}, KernelPlace{Prefix: "/usr"})
	var folders []string
	for _, place := range places {
		if folder, err := place.folder(ctx); err == nil && !slices.Contains(folders, folder) {
			folders = append(folders, folder)
		}
	}
	for _, path := range filepath.SplitList(os.Getenv("JUPYTER_PATH")) {
		if folder := filepath.Join(path, "kernels"); path != "" && !slices.Contains(folders, folder) {
			folders = append(folders, folder)
		}
	}
	return folders
}

// String describes the place for messages.
func (p KernelPlace) String() string {
	switch {
	case p.SysPrefix:
		return "the active Python environment"
	case p.Prefix != "":
		return fmt.Sprintf("the prefix %s", p.Prefix)
	}
	return "your own kernels"
}
