package setup

import (
	"os"
	"path/filepath"

	"github.com/cnnbook/cnnbook/kernelext/internal/process"
)

// Environment is a finished installation: the paths of its parts, and the variables with which a kernel, a test or a
// command uses them.
type Environment struct {
	Cache   string // the cache folder, which holds all of it
	Module  string // the checkout that cells import
	Bin     string // folder of gonb, gopls and goimports
	Session string // the program in which cells' values live; "" compiles every cell
	Python  string // interpreter with JupyterLab, nbclient, nbconvert and Sphinx
	Kernels string // folder for JUPYTER_PATH; the kernelspec lies in kernels/ below it
	Kernel  string // name of the kernelspec
	GoRoot  string // the Go installation with which cells are compiled
	GoFlags string // GOFLAGS for cells

	ModCache, BuildCache string // Go's own caches, in which everything is that cells need
	Plugin               Plugin // what GoMLX computes with
}

// Environ returns the complete environment for a child process, as "NAME=value": that of this process, changed so that
// the installation is used and the user's own Jupyter, IPython and Go workspaces are left alone.
func (e *Environment) Environ() []string {
	set := append(e.goEnviron(), e.Plugin.Environ()...)
	set = append(set,
		"PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONNOUSERSITE=1",
		"PATH="+prependPath(os.Getenv("PATH"), e.Bin, filepath.Join(e.GoRoot, "bin"), filepath.Dir(e.Python)),
		"JUPYTER_PATH="+e.Kernels,
		"JUPYTER_CONFIG_DIR="+e.jupyter("config"),
		"JUPYTER_DATA_DIR="+e.jupyter("data"),
		"JUPYTER_RUNTIME_DIR="+e.jupyter("runtime"),
		"JUPYTER_PLATFORM_DIRS=1",
		"JUPYTER_PREFER_ENV_PATH", "JUPYTER_NO_CONFIG", "JUPYTERLAB_DIR", "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR",
		"JUPYTER_TOKEN",
		"IPYTHONDIR="+e.jupyter("ipython"),
		"MPLCONFIGDIR="+e.jupyter("matplotlib"),
	)
	return process.MergeEnv(os.Environ(), set...)
}

// goEnviron is the environment for go commands in a cell's folder, in a child process or in a kernelspec.
func (e *Environment) goEnviron() []string {
	return []string{
		"GOTOOLCHAIN=local", // the toolchain that compiled the cache, and no download while a cell runs
		"GOFLAGS=" + e.GoFlags,
		"GOWORK=", // GoNB makes a workspace in the cell's folder; another would hide it
		"GO111MODULE=on",
		"GOPLSCACHE=" + filepath.Join(e.Cache, "gopls"),
		EnvCache + "=" + e.Cache,
	}
}

// jupyter is a folder for what Jupyter itself writes.
func (e *Environment) jupyter(part string) string { return filepath.Join(e.Cache, "jupyter", part) }
