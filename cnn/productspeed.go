package cnn

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/cnnbook/cnnbook/internal/stats"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// productSide is the side of the matrices of [ProductSpeed]: large enough that memory
// access does not limit the multiplication.
const productSide = 2048

// ProductSpeed measures the backend's floating-point operations per second when it
// multiplies two square matrices of side 2,048 in that precision, as the median of that many
// repetitions: the processor's peak under the machine's present load, and a reference
// for a network's step (see [Architecture.Operations]).
func ProductSpeed(ctx context.Context, p Precision, times int) (perSecond float64, err error) {
	if times < 1 {
		return 0, fmt.Errorf("%w: at least 1 multiplication must be timed, got %d", ErrConfig, times)
	}
	backend, err := openBackend()
	if err != nil {
		return 0, err
	}
	defer backend.Finalize()
	err = guard("multiplying matrices", func() error {
		matrix := productMatrix(p)
		if err := matrix.ToDevice(backend, 0); err != nil {
			return err
		}
		product, err := graph.NewExec(backend, productCorner)
		if err != nil {
			return err
		}
		var took []time.Duration
		for range times + 1 { // the first one compiles
			if err := ctx.Err(); err != nil {
				return err
			}
			began := time.Now()
			if _, err := product.Call(matrix, matrix); err != nil {
				return err
			}
			took = append(took, time.Since(began))
		}
		perSecond = 2 * productSide * productSide * productSide / stats.Median(took[1:]).Seconds()
		return nil
	})
	return perSecond, err
}

func productMatrix(p Precision) *tensors.Tensor {
	const n = productSide * productSide
	if p == BFloat16 {
		return tensors.FromFlatDataAndDimensions(slices.Repeat([]bfloat16.BFloat16{bfloat16.FromFloat32(0.5)}, n), productSide, productSide)
	}
	return tensors.FromFlatDataAndDimensions(slices.Repeat([]float32{0.5}, n), productSide, productSide)
}
