package onednn

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/go-xla/compute/xla"
)

// Backend is a backend of XLA for the CPU whose graphs call oneDNN for convolutions and
// matrix multiplications, and loops of this package for max pooling, batch normalisation and GELU, and for the gradients of these and of
// ReLU. XLA computes everything else.
type Backend struct {
	compute.Backend
	bfloat16 bool // the processor has AMX, which oneDNN uses for bfloat16
}

// Wrap makes the PJRT plugin, a file that backend has loaded, call oneDNN's library, a
// file libdnnl.so.3, and returns a backend whose graphs do so. All versions and layouts on
// which this relies are checked first. The error wraps [ErrUnsupported] if one of them is
// unknown to this package; other errors say why a file cannot be used. After any error,
// backend is unchanged, and XLA computes everything.
func Wrap(backend compute.Backend, library, plugin string) (compute.Backend, error) {
	if err := checkGoXLA(backend); err != nil {
		return nil, err
	}
	if err := open(library, plugin); err != nil {
		return nil, err
	}
	return Backend{backend, hasBFloat16()}, nil
}

// Accelerates reports whether convolutions with an input or output of that shape, the bias
// and ReLU after them, and the gradients of all three are computed faster than by XLA.
// In bfloat16, that needs a processor with AMX.
func (b Backend) Accelerates(x shapes.Shape) bool {
	return (x.DType == dtypes.Float32 || x.DType == dtypes.BFloat16 && b.bfloat16) && x.Rank() == 4
}

// AcceleratesMaxPool reports the same for max pooling of feature maps of that shape
// [batch, height, width, channels], over adjacent square windows without overlap.
func (b Backend) AcceleratesMaxPool(x shapes.Shape) bool {
	return b.Accelerates(x) && x.Dim(3)%poolLanes == 0
}

// Unaccelerated returns the backend without calls. Several devices need it: XLA cannot
// divide a call among them.
func (b Backend) Unaccelerated() compute.Backend { return b.Backend }

// Builder returns a builder of graphs with calls.
func (b Backend) Builder(name string) compute.Builder {
	return builder{b.Backend.Builder(name), b}
}

type builder struct {
	compute.Builder
	backend Backend
}

func (b builder) Main() compute.Function { return withCalls(b.Builder.Main(), b.backend.bfloat16) }

func (b builder) Compile() (compute.Executable, error) {
	e, err := b.Builder.Compile()
	if err != nil {
		return nil, err
	}
	return executable{e, b.backend}, nil
}

// function is the main function of a graph. Other functions, for instance those of a loop,
// are left to XLA.
type function struct {
	*xla.Function
	bfloat16     bool                                            // calls also compute in bfloat16
	convolutions map[compute.Value]convolutionCall               // values that are calls of a convolution
	zeros        map[compute.Value]bool                          // values that are the constant zero, also broadcast
	above        map[compute.Value]compute.Value                 // conditions that a value is above zero, and that value
	gradients    map[compute.Value]gradientCall                  // values that are a gradient computed by a call
	wide         map[compute.Value]func() (compute.Value, error) // bfloat16 values that a call also returns in float32
}

func withCalls(f compute.Function, bfloat16 bool) compute.Function {
	own, ok := f.(*xla.Function)
	if !ok {
		return f
	}
	return function{
		Function:     own,
		bfloat16:     bfloat16,
		convolutions: map[compute.Value]convolutionCall{},
		zeros:        map[compute.Value]bool{},
		above:        map[compute.Value]compute.Value{},
		gradients:    map[compute.Value]gradientCall{},
		wide:         map[compute.Value]func() (compute.Value, error){},
	}
}

// executable returns buffers that belong to the wrapping backend: GoMLX refuses a tensor of
// one backend in a graph of another.
type executable struct {
	compute.Executable
	backend Backend
}

func (e executable) Execute(inputs []compute.Buffer, donate []bool, device compute.DeviceNum) ([]compute.Buffer, error) {
	own := make([]compute.Buffer, len(inputs))
	for i, in := range inputs {
		own[i] = in
		if b, ok := in.(buffer); ok {
			own[i] = b.Buffer
		}
	}
	outputs, err := e.Executable.Execute(own, donate, device)
	for i, out := range outputs {
		outputs[i] = buffer{out, e.backend}
	}
	return outputs, err
}

type buffer struct {
	compute.Buffer
	backend Backend
}

func (b buffer) Backend() compute.Backend { return b.backend }

// checkGoXLA reports whether go-xla is the version that this package knows, and adds a
// call to a temporary graph, so that any other incompatibility is detected now, and not
// while a user's graph is built.
func checkGoXLA(backend compute.Backend) error {
	if err := checkModule(); err != nil {
		return err
	}
	if _, ok := backend.(*xla.Backend); !ok {
		return fmt.Errorf("%w: the backend is %T, not go-xla's", ErrUnsupported, backend)
	}
	main, ok := withCalls(backend.Builder("oneDNN").Main(), false).(function)
	if !ok {
		return fmt.Errorf("%w: the main function of go-xla's graphs is not *xla.Function", ErrUnsupported)
	}
	shape := shapes.Make(dtypes.Float32, 2, 2)
	x, err := main.Parameter("x", shape, nil)
	if err == nil {
		_, err = main.one("matmul", []int{0, 0}, shape, x, x)
	}
	return err
}
