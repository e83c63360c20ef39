package cnn

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gomlx/compute"
	_ "github.com/gomlx/gomlx/backends/default" // registers XLA, where it exists, and the pure-Go backend
)

// backendName is what GOMLX_BACKEND names, or the default.
func backendName() string {
	if name := os.Getenv(compute.ConfigEnvVar); name != "" {
		return name
	}
	return "xla:cpu"
}

// backendLabel is backendName for people and saved files: a plugin that is given
// by its path, as cnnbook's kernel does, is called by what it runs on.
func backendLabel() string {
	kind, plugin, _ := strings.Cut(backendName(), ":")
	switch {
	case !filepath.IsAbs(plugin):
		return backendName()
	case strings.Contains(filepath.Base(plugin), "cuda"):
		return kind + ":cuda"
	}
	return kind + ":cpu"
}

// openBackend opens what GOMLX_BACKEND names ("xla:cpu", "xla:cuda" or "go"),
// by default XLA on the CPU. It never downloads anything.
func openBackend() (backend compute.Backend, err error) {
	config := backendName()
	err = guard("opening "+config, func() error {
		backend, err = compute.NewWithConfig(config)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%w: cannot open %s: %s: run `go run . doctor` to see what is missing, or set %s=go for the pure-Go backend, which needs no plugin but is far slower",
			ErrBackend, config, firstLine(err.Error()), compute.ConfigEnvVar)
	}
	return withOneDNN(backend)
}
