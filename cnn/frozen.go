package cnn

import (
	"fmt"
	"slices"
)

// Freeze returns the network with further layers frozen, as Keras's trainable=False: their weights get no gradient, no update
// and no optimizer slots, and a frozen [BatchNormalization] uses its moving statistics while training, and keeps them. A layer
// without weights is not changed by it. A name that no layer has is an error wherever the network is used.
func (a Architecture) Freeze(layers ...string) Architecture {
	a.Frozen = append(slices.Clone(a.Frozen), layers...)
	return a
}

// FreezeBelow is [Architecture.Freeze] for all layers with weights before the named one.
func (a Architecture) FreezeBelow(layer string) Architecture {
	shapes, err := a.Shapes()
	if err != nil {
		return a // reported wherever the network is used
	}
	in := a.Input
	for i, l := range a.Layers {
		if l.LayerName() == layer {
			return a
		}
		if len(l.Weights(in)) > 0 && !a.IsFrozen(l.LayerName()) {
			a = a.Freeze(l.LayerName())
		}
		in = shapes[i]
	}
	return a.Freeze(layer) // no such layer: the name is in the error
}

// IsFrozen reports whether a layer is frozen.
func (a Architecture) IsFrozen(layer string) bool { return slices.Contains(a.Frozen, layer) }

// checkFrozen checks the names of the frozen layers.
func (a Architecture) checkFrozen() error {
	for i, name := range a.Frozen {
		if !slices.ContainsFunc(a.Layers, func(l Layer) bool { return l.LayerName() == name }) {
			return fmt.Errorf("%w: frozen layer %q: no layer has that name", ErrArchitecture, name)
		}
		if slices.Contains(a.Frozen[:i], name) {
			return fmt.Errorf("%w: frozen layer %q is listed twice", ErrArchitecture, name)
		}
	}
	return nil
}

// frozenInOrder lists the frozen layers first to last, so that networks with the same frozen layers have the same JSON.
func (a Architecture) frozenInOrder() (names []string) {
	for _, l := range a.Layers {
		if a.IsFrozen(l.LayerName()) {
			names = append(names, l.LayerName())
		}
	}
	return names
}

// trainable checks that freezing leaves something to train.
func (a Architecture) trainable() error {
	specs, err := a.WeightSpecs()
	if err != nil || len(a.Frozen) == 0 || slices.ContainsFunc(specs, func(s WeightSpec) bool { return !s.Moving }) {
		return err
	}
	return fmt.Errorf("%w: every layer with weights is frozen: leave one of them out of Frozen to train it", ErrArchitecture)
}
