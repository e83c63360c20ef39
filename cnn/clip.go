package cnn

import (
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// Clipping bounds the gradients of each step, those of penalties on kernels included, before the optimizer uses them: by exactly one of
// its fields, as Keras's optimizers do. The gradient of a summed [Loss] is larger by the number of images.
type Clipping struct {
	// Norm is the greatest Euclidean norm of each array's gradient: a longer one is scaled down to it. Keras's clipnorm.
	Norm float64 `json:"norm,omitempty"`
	// GlobalNorm is the same for all gradients together, as if they were one array (Pascanu et al. 2012, arXiv 1211.5063). Keras's
	// global_clipnorm, which is called clipnorm before Keras 2.2, and PyTorch's clip_grad_norm_.
	GlobalNorm float64 `json:"global_norm,omitempty"`
	// Value is the greatest magnitude of each number: larger ones become it. Keras's clipvalue.
	Value float64 `json:"value,omitempty"`
}

func (c *Clipping) validate() error {
	if c == nil {
		return nil
	}
	set := 0
	for _, v := range []float64{c.Norm, c.GlobalNorm, c.Value} {
		if !(v >= 0 && v <= math.MaxFloat32) {
			return fmt.Errorf("a bound must be above 0 and finite, got %g", v)
		}
		if v > 0 {
			set++
		}
	}
	if set != 1 {
		return fmt.Errorf("exactly one of norm, global norm and value must be set, got %d", set)
	}
	return nil
}

// clip builds the bounded gradients of some arrays. A nil Clipping leaves them as they are. Those that are not trained in this epoch
// do not count for the norm of all.
func (c *Clipping) clip(specs []WeightSpec, epoch *Node, gradients []*Node) []*Node {
	if c == nil {
		return gradients
	}
	var all *Node
	for i, g := range gradients {
		switch {
		case c.Value > 0:
			gradients[i] = MaxScalar(MinScalar(g, c.Value), -c.Value)
		case c.Norm > 0:
			gradients[i] = Mul(g, factor(c.Norm, ReduceAllSum(Square(g))))
		default:
			sum := ReduceAllSum(Square(g))
			if specs[i].Epochs > 0 {
				sum = Where(trainsNow(specs[i], epoch), sum, ZerosLike(sum))
			}
			if all == nil {
				all = sum
			} else {
				all = Add(all, sum)
			}
		}
	}
	if all != nil {
		f := factor(c.GlobalNorm, all)
		for i, g := range gradients {
			gradients[i] = Mul(g, f)
		}
	}
	return gradients
}

// factor is what brings a vector with that sum of squares to a norm of at most bound.
func factor(bound float64, squares *Node) *Node {
	return Div(Scalar(squares.Graph(), squares.DType(), bound), MaxScalar(Sqrt(squares), bound))
}
