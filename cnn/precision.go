package cnn

import (
	"fmt"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"

	"github.com/cnnbook/cnnbook/internal/processor"
)

// Precision is the type in which convolutions and dense layers multiply, as in
// Keras's mixed precision.
type Precision string

const (
	Float32 Precision = ""
	// BFloat16 has float32's range with 8 bits of mantissa. GPUs multiply it several times as
	// fast, and so do processors with AMX. Where it would be slower than float32, a training is refused, but
	// not an evaluation.
	BFloat16 Precision = "bfloat16"
)

// worthwhile returns an error that says why a training of that precision would be slower on the backend than one in
// float32, or nil.
func (p Precision) worthwhile(backend compute.Backend) error {
	if p == Float32 || !onCPU() {
		return nil
	}
	b, calls := backend.(accelerated)
	if calls && b.Accelerates(shapes.Make(p.dtype(), 1, 1, 1, 1)) {
		return nil
	}
	why := "this processor has " + processor.Instructions()
	switch {
	case !processor.HasBFloat16():
	case calls:
		why = "oneDNN does not use this processor's AMX: see ONEDNN_MAX_CPU_ISA"
	default:
		why = "it runs without oneDNN, by " + backendLabel() + " alone"
	}
	return fmt.Errorf("%w: %s would be slower than float32 here: on a CPU it needs oneDNN and a processor with AMX; %s: leave the precision empty, for float32", ErrBackend, p, why)
}

// onCPU reports whether the backend computes on the CPU.
func onCPU() bool { return backendLabel() == "go" || strings.HasSuffix(backendLabel(), ":cpu") }
