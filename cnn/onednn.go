package cnn

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/go-xla/compute/xla"

	"github.com/cnnbook/cnnbook/internal/onednn"
)

// oneDNNEnv names oneDNN's library. Set-up sets it where it has fetched one. Empty
// or 0 leaves all to XLA.
const oneDNNEnv = "CNNBOOK_ONEDNN"

// oneDNN is a backend whose convolutions and products of matrices are computed
// by oneDNN (see [oneDNNFunction.ConvGeneral] and [oneDNNFunction.DotGeneral]),
// which XLA's plugin calls. All else is the plugin's own.
type oneDNN struct{ compute.Backend }

// withOneDNN is the backend, with oneDNN where the environment names it and the
// plugin by its path, as set-up does.
func withOneDNN(backend compute.Backend) (compute.Backend, error) {
	library := os.Getenv(oneDNNEnv)
	_, plugin, _ := strings.Cut(backendName(), ":")
	if library == "" || library == "0" || backendLabel() != "xla:cpu" || !filepath.IsAbs(plugin) {
		return backend, nil
	}
	if err := onednn.Open(library, plugin); err != nil {
		return nil, fmt.Errorf("%w: %s=%s: %w: set it to 0 to compute without", ErrBackend, oneDNNEnv, library, err)
	}
	return oneDNN{backend}, nil
}

// withoutOneDNN is the backend itself. Several devices need it: XLA does not
// know how to share a call among them.
func withoutOneDNN(backend compute.Backend) compute.Backend {
	if b, ok := backend.(oneDNN); ok {
		return b.Backend
	}
	return backend
}

func (b oneDNN) Builder(name string) compute.Builder {
	return oneDNNBuilder{b.Backend.Builder(name), b}
}

type oneDNNBuilder struct {
	compute.Builder
	backend oneDNN
}

func (b oneDNNBuilder) Main() compute.Function { return withCalls(b.Builder.Main()) }

func (b oneDNNBuilder) Compile() (compute.Executable, error) {
	e, err := b.Builder.Compile()
	if err != nil {
		return nil, err
	}
	return oneDNNExecutable{e, b.backend}, nil
}

// oneDNNFunction is the main function of a graph. What other functions compute,
// those of a loop for instance, is left to XLA.
type oneDNNFunction struct {
	*xla.Function
	convolutions map[compute.Value]oneDNNCall     // those among its values that are calls to oneDNN
	zeros        map[compute.Value]bool           // those that are the constant zero, or many of it
	above        map[compute.Value]compute.Value  // those that tell where another is above zero
	gradients    map[compute.Value]oneDNNGradient // those that are a gradient by a call
}

func withCalls(f compute.Function) compute.Function {
	if own, ok := f.(*xla.Function); ok {
		return oneDNNFunction{
			own, map[compute.Value]oneDNNCall{}, map[compute.Value]bool{}, map[compute.Value]compute.Value{}, map[compute.Value]oneDNNGradient{},
		}
	}
	return f
}

// oneDNNExecutable gives buffers that name the backend oneDNN as theirs: GoMLX
// refuses a tensor of one backend in a graph of another.
type oneDNNExecutable struct {
	compute.Executable
	backend oneDNN
}

func (e oneDNNExecutable) Execute(inputs []compute.Buffer, donate []bool, device compute.DeviceNum) ([]compute.Buffer, error) {
	own := make([]compute.Buffer, len(inputs))
	for i, in := range inputs {
		own[i] = in
		if b, ok := in.(oneDNNBuffer); ok {
			own[i] = b.Buffer
		}
	}
	outputs, err := e.Executable.Execute(own, donate, device)
	for i, out := range outputs {
		outputs[i] = oneDNNBuffer{out, e.backend}
	}
	return outputs, err
}

type oneDNNBuffer struct {
	compute.Buffer
	backend oneDNN
}

func (b oneDNNBuffer) Backend() compute.Backend { return b.backend }
