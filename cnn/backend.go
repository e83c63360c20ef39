package cnn

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
	_ "github.com/gomlx/gomlx/backends/default" // registers XLA, where it exists, and the pure-Go backend

	"github.com/cnnbook/cnnbook/internal/onednn"
)

// backendName returns the value of GOMLX_BACKEND, or the default.
func backendName() string {
	if name := os.Getenv(compute.ConfigEnvVar); name != "" {
		return name
	}
	return "xla:cpu"
}

// backendLabel is backendName for messages and saved files: a plugin given by its
// path, as in cnnbook's kernel, is named after the hardware that it runs on.
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

// openBackend opens the backend that GOMLX_BACKEND names ("xla:cpu", "xla:cuda" or "go"),
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

// accelerated is a backend that computes some layers faster than XLA, such as package onednn's.
// Graph code asks it which implementation of a layer to use.
type accelerated interface {
	compute.Backend
	// Accelerates reports whether it does so for convolutions with an input or output of that
	// shape, the bias and ReLU after them, and the gradients of all three.
	Accelerates(x shapes.Shape) bool
	// AcceleratesMaxPool reports the same for max pooling of feature maps of that shape.
	AcceleratesMaxPool(x shapes.Shape) bool
	// AcceleratesAffine reports the same for batch normalisation and GELU of such feature maps.
	AcceleratesAffine(x shapes.Shape) bool
	// AffineFunction is the name of a function of a graph that it replaces: see graph_normalize.go.
	AffineFunction(call string, integers []int, serial int) string
	// Unaccelerated returns the backend that leaves everything to XLA.
	Unaccelerated() compute.Backend
}

// oneDNNEnv is the environment variable with the path of oneDNN's library. Set-up sets it if it
// has downloaded one. Empty or 0 leaves everything to XLA.
const oneDNNEnv = "CNNBOOK_ONEDNN"

// warned holds the reasons for computing without oneDNN that this process has already reported:
// it opens a backend for each training and evaluation.
var warned sync.Map

// withOneDNN returns the backend, with oneDNN if the environment names its library and the
// plugin by their paths, as set-up does. A library that cannot be opened is an error. If any
// component has a version that is not known to work, XLA computes everything, and a line on
// standard error states the reason.
func withOneDNN(backend compute.Backend) (compute.Backend, error) {
	library, plugin, ok := oneDNNFiles()
	if !ok {
		return backend, nil
	}
	fast, err := onednn.Wrap(backend, library, plugin)
	switch {
	case errors.Is(err, onednn.ErrUnsupported):
		if _, said := warned.LoadOrStore(err.Error(), true); !said {
			fmt.Fprintf(os.Stderr, "cnnbook: XLA computes without oneDNN, more slowly: %v (%s=0 ends this message)\n", err, oneDNNEnv)
		}
		return backend, nil
	case err != nil:
		return nil, fmt.Errorf("%w: %s=%s: %w: set it to 0 to compute without", ErrBackend, oneDNNEnv, library, err)
	}
	return fast, nil
}

// oneDNNFiles returns the paths of oneDNN's library and of the plugin that calls it, if the
// environment contains both.
func oneDNNFiles() (library, plugin string, ok bool) {
	library = os.Getenv(oneDNNEnv)
	_, plugin, _ = strings.Cut(backendName(), ":")
	return library, plugin, library != "" && library != "0" && backendLabel() == "xla:cpu" && filepath.IsAbs(plugin)
}

// withoutOneDNN returns the backend that leaves everything to XLA.
func withoutOneDNN(backend compute.Backend) compute.Backend {
	if b, ok := backend.(accelerated); ok {
		return b.Unaccelerated()
	}
	return backend
}
