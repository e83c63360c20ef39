package setup

import (
	"context"
	"path/filepath"
	"strings"
)

// Pins are the versions that set-up installs, for other ways to start cnnbook, such as containers.
type Pins struct {
	Go     string   // the toolchain: 1.26.5
	Python []string // the Python packages, each as name==version
	Plugin PluginPin
}

// PluginPin is the Python package of a PJRT plugin for Linux on x86-64 that may be redistributed, and so may be part of an image
// (Apache-2.0). Set-up prefers another one, which is faster but states no licence: it is fetched where it is used.
type PluginPin struct {
	Name, Version string
	SHA256        string // of the package
	Member        string // the library in it
}

// ReadPins reads the versions of a checkout from set-up's own sources: its go.mod, the packages' list and the plugins'.
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

// sharedPlugin is the plugin whose licence allows it in an image.
const sharedPlugin = "lammps-jax-pjrt-cpu"
