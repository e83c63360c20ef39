package cnn

import (
	"cmp"
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// TorchSGD is stochastic gradient descent as torch.optim.SGD computes it:
//
//	d = g + WeightDecay·w;  v ← Momentum·v + d;  w ← w − rate·v, or w − rate·(d + Momentum·v) if Nesterov
//
// The velocity does not contain the rate, so that a change of the rate acts at once on all of it. [SGD], which is Keras's, has the
// rate of each gradient's own step in its velocity; without weight decay, both are the same while the rate is.
//
// NormRate multiplies the rate of the betas of batch normalisations, and divides their WeightDecay, so that a step's decay,
// rate·WeightDecay, is the same for all weights.
type TorchSGD struct {
	Momentum    float64 `json:"momentum,omitempty"`
	Nesterov    bool    `json:"nesterov,omitempty"`
	WeightDecay float64 `json:"weight_decay,omitempty"`
	NormRate    float64 `json:"norm_rate,omitempty"` // 0 is 1
}

func (TorchSGD) Kind() string                         { return "TorchSGD" }
func (TorchSGD) DefaultRate() float64                 { return 0.001 } // PyTorch's
func (TorchSGD) slots() []string                      { return []string{"velocity"} }
func (TorchSGD) stepRate(rate float64, _ int) float64 { return rate }

func (o TorchSGD) validate() error {
	if o.Nesterov && o.Momentum == 0 {
		return fmt.Errorf("nesterov needs a momentum")
	}
	for what, v := range map[string]float64{"weight decay": o.WeightDecay, "norm rate": o.NormRate} {
		if !(v >= 0 && v <= math.MaxFloat32) {
			return fmt.Errorf("%s must be at least 0 and finite, got %g", what, v)
		}
	}
	return fraction("momentum", o.Momentum)
}

// update builds the formula above for one array.
func (o TorchSGD) update(spec WeightSpec, w, g *Node, slots []*Node, rate, momentum *Node) (*Node, []*Node) {
	decay := o.WeightDecay
	if spec.Norm {
		factor := cmp.Or(o.NormRate, 1)
		rate, decay = MulScalar(rate, factor), decay/factor
	}
	d := g
	if decay > 0 {
		d = Add(g, MulScalar(w, decay))
	}
	v := Add(slowed(slots[0], o.Momentum, momentum), d)
	step := v
	if o.Nesterov {
		step = Add(d, slowed(v, o.Momentum, momentum))
	}
	return Sub(w, Mul(rate, step)), []*Node{v}
}
