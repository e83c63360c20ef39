package cnn

import (
	"fmt"
	"slices"
)

// WithL2 returns the network with a penalty on the kernels of the named layers, or of all [Conv2D] and [Dense] layers if none
// is named: λ·Σw² for each is added to the objective of a training, as by Keras's kernel_regularizer=L2(λ). Its gradient,
// 2·λ·w, pulls weights towards zero. Other than in Keras, the loss that a training reports is without the penalty, so that
// it can be compared with the validation loss. The penalty is added once a step, to the sum over a batch as to the mean: see
// [Loss]. A name that no such layer has is an error wherever the network is used.
func (a Architecture) WithL2(lambda float64, layers ...string) Architecture {
	return a.with("L2", layers, func(c *Conv2D) { c.L2 = lambda }, func(d *Dense) { d.L2 = lambda })
}

// WithInit is [Architecture.WithL2] for the initialiser of kernels: see [Initializers].
func (a Architecture) WithInit(initializer string, layers ...string) Architecture {
	return a.with("an initialiser", layers, func(c *Conv2D) { c.Init = initializer }, func(d *Dense) { d.Init = initializer })
}

// WithBiases is [Architecture.WithL2] for what biases start as. Without names, layers without biases stay as they are. A small
// positive value lets most ReLUs pass their input on at the start.
func (a Architecture) WithBiases(start float64, layers ...string) Architecture {
	named := len(layers) > 0 // for a layer without biases that is named, Shapes reports the error
	return a.with("biases", layers, func(c *Conv2D) {
		if named || !c.NoBias {
			c.BiasInit = start
		}
	}, func(d *Dense) {
		if named || !d.NoBias {
			d.BiasInit = start
		}
	})
}

// with changes the named convolutions and dense layers, or all of them.
func (a Architecture) with(what string, names []string, conv func(*Conv2D), dense func(*Dense)) Architecture {
	a.Layers = slices.Clone(a.Layers)
	changed := map[string]bool{}
	for i, l := range a.Layers {
		if len(names) > 0 && !slices.Contains(names, l.LayerName()) {
			continue
		}
		switch l := l.(type) {
		case Conv2D:
			conv(&l)
			a.Layers[i] = l
		case Dense:
			dense(&l)
			a.Layers[i] = l
		default:
			continue
		}
		changed[l.LayerName()] = true
	}
	for _, name := range names {
		if !changed[name] && a.wrong == nil {
			a.wrong = fmt.Errorf("%w: %s for layer %q: no Conv2D or Dense layer has that name", ErrArchitecture, what, name)
		}
	}
	return a
}
