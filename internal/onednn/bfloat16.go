package onednn

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// Calls add up in float32 whatever the type of their operands. If a graph widens a result in
// bfloat16 to float32, the call returns its sums as they are, not rounded and widened again.

// accelerates reports whether calls compute with that type.
func (f function) accelerates(t dtypes.DType) bool {
	return t == dtypes.Float32 || t == dtypes.BFloat16 && f.bfloat16
}

// typed adds a call whose output has that shape. A bfloat16 output is recorded, for ConvertDType.
func (f function) typed(name string, attribute []int, output shapes.Shape, operands ...compute.Value) (compute.Value, error) {
	value, err := f.one(name, attribute, output, operands...)
	if err == nil && output.DType == dtypes.BFloat16 {
		f.wide[value] = func() (compute.Value, error) {
			return f.one(name, attribute, shapes.Make(dtypes.Float32, output.Dimensions...), operands...)
		}
	}
	return value, err
}

// narrowed rounds a float32 value to that type. A value rounded to bfloat16 is recorded, for ConvertDType.
func (f function) narrowed(x compute.Value, t dtypes.DType) (compute.Value, error) {
	if t == dtypes.Float32 {
		return x, nil
	}
	value, err := f.Function.ConvertDType(x, t)
	if err == nil {
		f.wide[value] = func() (compute.Value, error) { return x, nil }
	}
	return value, err
}

// ConvertDType widens a call's bfloat16 output by having the call return float32.
func (f function) ConvertDType(x compute.Value, t dtypes.DType) (compute.Value, error) {
	if wide, ok := f.wide[x]; ok && t == dtypes.Float32 {
		return wide()
	}
	return f.Function.ConvertDType(x, t)
}
