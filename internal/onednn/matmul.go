package onednn

import (
	"github.com/gomlx/compute"
)

// DotGeneral multiplies two matrices with oneDNN; either may be transposed. XLA
// computes all other cases.
func (f function) DotGeneral(lhs compute.Value, lhsContracting, lhsBatch []int, rhs compute.Value, rhsContracting, rhsBatch []int,
	config compute.DotGeneralConfig) (compute.Value, error) {
	// XLA removes this value if it is not returned: only its shape is used.
	own, err := f.Function.DotGeneral(lhs, lhsContracting, lhsBatch, rhs, rhsContracting, rhsBatch, config)
	if err != nil {
		return nil, err
	}
	output, err := f.Shape(own)
	if err != nil {
		return nil, err
	}
	for _, operand := range []compute.Value{lhs, rhs} {
		shape, err := f.Shape(operand)
		if err != nil {
			return nil, err
		}
		if shape.Rank() != 2 || shape.DType != output.DType {
			return own, nil
		}
	}
	if !f.accelerates(output.DType) || len(lhsContracting) != 1 || len(lhsBatch) > 0 {
		return own, nil
	}
	return f.typed("matmul", []int{1 - lhsContracting[0], rhsContracting[0]}, output, lhs, rhs)
}
