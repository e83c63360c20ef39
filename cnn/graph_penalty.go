package cnn

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// penalised adds the gradients of the penalties on some arrays: see [Architecture.WithL2]. That of λ·Σw² is 2·λ·w.
func penalised(specs []WeightSpec, weights, gradients []*Node) []*Node {
	for i, spec := range specs {
		if spec.L2 > 0 {
			gradients[i] = Add(gradients[i], MulScalar(weights[i], 2*spec.L2))
		}
	}
	return gradients
}
