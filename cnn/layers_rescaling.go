package cnn

import (
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// Rescaling multiplies by Scale and adds Offset: a fixed factor inside the network, such as the one that keeps
// the logits of [Fast] small at its first steps.
type Rescaling struct {
	Name   string  `json:"name"`
	Scale  float64 `json:"scale"`
	Offset float64 `json:"offset,omitempty"`
}

func (Rescaling) Kind() string               { return "Rescaling" }
func (l Rescaling) LayerName() string        { return l.Name }
func (Rescaling) Weights(Shape) []WeightSpec { return nil }

// Output checks the numbers; the shape does not change.
func (l Rescaling) Output(in Shape) (Shape, error) {
	within := func(v float64) bool { return math.Abs(v) <= math.MaxFloat32 } // false for NaN, too
	if l.Scale == 0 || !within(l.Scale) || !within(l.Offset) {
		return nil, fmt.Errorf("scale must not be 0, and scale and offset must be finite, got %g and %g", l.Scale, l.Offset)
	}
	return in, nil
}

func (Rescaling) arrays() int { return 0 }

func (l Rescaling) build(x *Node, _ []*Node) *Node {
	x = MulScalar(x, l.Scale)
	if l.Offset == 0 {
		return x
	}
	return AddScalar(x, l.Offset)
}
