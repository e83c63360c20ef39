package cnn

import (
	"os"

	"github.com/gomlx/compute"
	"github.com/gomlx/go-xla/compute/xla"
)

// oneDNNEnv, set to 1, says that the plugin holds oneDNN and takes its calls as
// xla-cpu-pjrt 0.0.1 does. Set-up sets it for that plugin. Another may not know
// the call, or may read its configuration otherwise and end the process.
const oneDNNEnv = "CNNBOOK_ONEDNN"

// oneDNN is a backend whose convolutions and products of matrices are computed
// by oneDNN (see [oneDNNFunction.ConvGeneral] and [oneDNNFunction.DotGeneral]).
// All else is the backend's own.
//
// The plugin holds oneDNN and runs calls to it, but it was built without the
// pass over the graph that puts them there, XLA's OneDnnContractionRewriter.
type oneDNN struct{ compute.Backend }

// withOneDNN is the backend, with oneDNN's convolutions where the environment
// says that the plugin has them.
func withOneDNN(backend compute.Backend) compute.Backend {
	if backendLabel() == "xla:cpu" && os.Getenv(oneDNNEnv) == "1" {
		return oneDNN{backend}
	}
	return backend
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
	convolutions map[compute.Value]oneDNNCall // those among its values that are calls to oneDNN
	zeros        map[compute.Value]bool       // those that are the constant zero
}

func withCalls(f compute.Function) compute.Function {
	if own, ok := f.(*xla.Function); ok {
		return oneDNNFunction{own, map[compute.Value]oneDNNCall{}, map[compute.Value]bool{}}
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
