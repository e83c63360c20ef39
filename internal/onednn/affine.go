package onednn

import (
	"strconv"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/go-xla/compute/xla"
)

// AcceleratesAffine reports whether functions named by AffineFunction are faster for feature maps of that shape [batch, height, width,
// channels].
func (b Backend) AcceleratesAffine(x shapes.Shape) bool { return b.AcceleratesMaxPool(x) }

// AffineFunction is the name of a function of a graph that becomes a call of affine, affine_gradient, combine or moments, with its integers.
// The function's own body says what the call computes; any other backend computes that. serial distinguishes functions of one graph.
func (b Backend) AffineFunction(call string, integers []int, serial int) string {
	parts := []string{namedPrefix + call}
	for _, n := range append(integers, serial) {
		parts = append(parts, strconv.Itoa(n))
	}
	return strings.Join(parts, namedBetween)
}

// go-xla replaces other characters than letters, digits and underscores where a function is called, but not where it is defined.
const namedPrefix, namedBetween = "cnnbook__", "__"

// Call replaces functions with such a name.
func (f function) Call(target compute.Function, operands ...compute.Value) ([]compute.Value, error) {
	values, err := f.Function.Call(target, operands...)
	own, ok := target.(*xla.Function)
	if err != nil || !ok || !strings.HasPrefix(own.Name(), namedPrefix) {
		return values, err
	}
	parts := strings.Split(strings.TrimPrefix(own.Name(), namedPrefix), namedBetween)
	var integers []int
	for _, part := range parts[1 : len(parts)-1] {
		n, err := strconv.Atoi(part)
		if err != nil {
			return nil, err
		}
		integers = append(integers, n)
	}
	// XLA removes the values of the function itself if they are not returned: only their shapes are used.
	outputs := make([]shapes.Shape, len(values))
	for i, v := range values {
		if outputs[i], err = f.Shape(v); err != nil {
			return nil, err
		}
	}
	return f.call(parts[0], integers, outputs, operands...)
}
