package setup

import (
	"context"
	"path/filepath"
	"strings"
)

// Pins are the versions that set-up installs, for files by which others start cnnbook: containers and the like.
type Pins struct {
	Go     string   // the toolchain: 1.26.5
	Python []string // the Python packages, each as name==version
	Plugin PluginPin
}

// PluginPin is the Python package of a PJRT plugin for Linux on x86-64 that may be passed on, and so may lie in an image
// (Apache-2.0). Set-up prefers another one, which is faster and names no licence: that is fetched where it is used.
type PluginPin struct {
	Name, Version string
	SHA256        string // of the package
	Member        string // the library in it
}

// ReadPins reads the versions of a checkout from where set-up takes them: its go.mod, the packages' list and the plugins'.
func ReadPins(ctx context.Context, module string) (Pins, error) {
	module, err := findModule(ctx, module)
	if err != nil {
		return Pins{}, err
	}
	var p Pins
	if p.Go, err = goDirective(filepath.Join(module, "go.mod")); err != nil {
		return Pins{}, err
	}
	for line := range strings.Lines(requirements) {
		if name, _, ok := strings.Cut(line, " \\"); ok && strings.Contains(name, "==") && !strings.HasPrefix(name, " ") {
			p.Python = append(p.Python, name)
		}
	}
	for _, w := range wheels("linux", "amd64") {
		if w.Name == sharedPlugin {
			p.Plugin = PluginPin(w)
		}
	}
	return p, nil
}

// sharedPlugin is the plugin whose licence lets an image hold it.
const sharedPlugin = "lammps-jax-pjrt-cpu"
