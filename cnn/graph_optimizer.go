package cnn

import (
	"cmp"
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
)

// update applies the optimizer to every weight. slots holds all arrays of the
// first slot, then all of the second; the result has the same order. momentum, if it is not nil, replaces the optimizer's.
func update(o Optimizer, specs []WeightSpec, weights, gradients, slots []*Node, rate, stepRate, momentum *Node) (newWeights, newSlots []*Node) {
	count := len(weights)
	newWeights, newSlots = make([]*Node, count), make([]*Node, len(slots))
	for i, w := range weights {
		var own []*Node
		for s := i; s < len(slots); s += count {
			own = append(own, slots[s])
		}
		var next []*Node
		newWeights[i], next = updateOne(o, specs[i], w, gradients[i], own, rate, stepRate, momentum)
		for s, n := range next {
			newSlots[s*count+i] = n
		}
	}
	return newWeights, newSlots
}

// updateOne implements the formulas in the optimizers' documentation.
func updateOne(optimizer Optimizer, spec WeightSpec, w, g *Node, slots []*Node, rate, stepRate, momentum *Node) (*Node, []*Node) {
	switch o := optimizer.(type) {
	case SGD:
		step := Mul(stepRate, g)
		if o.Momentum == 0 {
			return Sub(w, step), nil
		}
		v := Sub(slowed(slots[0], o.Momentum, momentum), step)
		if o.Nesterov {
			return Add(w, Sub(slowed(v, o.Momentum, momentum), step)), []*Node{v}
		}
		return Add(w, v), []*Node{v}
	case TorchSGD:
		return o.update(spec, w, g, slots, stepRate, momentum)
	case RMSprop:
		a := running(slots[0], Square(g), cmp.Or(o.Rho, 0.9))
		return Sub(w, scaled(stepRate, g, a, o.Epsilon)), []*Node{a}
	case Adagrad:
		a := Add(slots[0], Square(g))
		return Sub(w, scaled(stepRate, g, a, o.Epsilon)), []*Node{a}
	case Adadelta:
		rho, eps := cmp.Or(o.Rho, 0.95), cmp.Or(o.Epsilon, epsilonKeras)
		a := running(slots[0], Square(g), rho)
		u := Div(Mul(g, Sqrt(AddScalar(slots[1], eps))), Sqrt(AddScalar(a, eps)))
		return Sub(w, Mul(stepRate, u)), []*Node{a, running(slots[1], Square(u), rho)}
	case Adam:
		return adam(o, w, g, slots, stepRate)
	case AdamW:
		w = Sub(w, Mul(MulScalar(rate, cmp.Or(o.WeightDecay, 0.004)), w))
		return adam(o.adam(), w, g, slots, stepRate)
	}
	panic(fmt.Errorf("no graph for optimizer %s", optimizer.Kind()))
}

// slowed returns a velocity times the momentum: that of this step, or the optimizer's if it is nil.
func slowed(v *Node, momentum float64, ofStep *Node) *Node {
	if ofStep != nil {
		return Mul(v, ofStep)
	}
	return MulScalar(v, momentum)
}

func adam(o Adam, w, g *Node, slots []*Node, stepRate *Node) (*Node, []*Node) {
	m := running(slots[0], g, cmp.Or(o.Beta1, 0.9))
	v := running(slots[1], Square(g), cmp.Or(o.Beta2, 0.999))
	return Sub(w, scaled(stepRate, m, v, o.Epsilon)), []*Node{m, v}
}

// running returns decay·mean + (1−decay)·x.
func running(mean, x *Node, decay float64) *Node {
	return Add(MulScalar(mean, decay), MulScalar(x, 1-decay))
}

// scaled returns rate·x/(√square + epsilon).
func scaled(rate, x, square *Node, epsilon float64) *Node {
	return Div(Mul(rate, x), AddScalar(Sqrt(square), cmp.Or(epsilon, epsilonKeras)))
}
