package cnn

import (
	"fmt"
	"slices"
	"strings"
)

// Fresh lists the layers that a run from other weights starts anew, each with the reason, as in
// "Final-Connected-Layer: new, 10→3 classes"; the others took the weights of the run that it starts from. A layer takes them
// if all its arrays have the same names and shapes there. Nil for a run that takes all, or that starts from no other.
func (r *Run) Fresh() []string {
	if r.manifest.From == nil {
		return nil
	}
	return slices.Clone(r.manifest.From.Fresh)
}

// Start says in one line where a run's weights come from; empty for one that starts from no other.
func (r *Run) Start() string {
	from := r.manifest.From
	if from == nil {
		return ""
	}
	return strings.Join(append([]string{"starts from the weights of " + from.Name}, from.Fresh...), "; ")
}

// fresh names and describes the layers that the weights of From do not fit. It is an error if they fit none, or if one that they do not
// fit is frozen: nothing would ever train it.
func (s Spec) fresh() (layers, lines []string, err error) {
	have, arrays := map[string][]int{}, map[string]int{}
	for _, w := range s.From.weights {
		have[w.Name] = w.Shape
		arrays[s.From.Network.layerOf(w.Name)]++
	}
	units := map[string]int{} // of the dense layers there
	for _, l := range s.From.Network.Layers {
		if d, ok := l.(Dense); ok {
			units[d.Name] = d.Units
		}
	}
	shapes, err := s.Network.Shapes()
	if err != nil {
		return nil, nil, err
	}
	in, taken := s.Network.Input, 0
	for i, l := range s.Network.Layers {
		specs := l.Weights(in)
		in = shapes[i]
		other := slices.IndexFunc(specs, func(w WeightSpec) bool {
			shape, ok := have[w.Name]
			return !ok || !slices.Equal(shape, w.Shape)
		})
		name := l.LayerName()
		if len(specs) == 0 || other < 0 && arrays[name] == len(specs) {
			taken += len(specs)
			continue
		}
		line := name + ": new"
		if other < 0 {
			line += fmt.Sprintf(", with %d arrays, there %d", len(specs), arrays[name])
		} else if shape, ok := have[specs[other].Name]; ok {
			line += fmt.Sprintf(", its %s is %v, there %v", strings.TrimPrefix(specs[other].Name, name+"/"), specs[other].Shape, shape)
			if d, ok := l.(Dense); ok && units[name] != d.Units && i == s.Network.lastDense() {
				line = fmt.Sprintf("%s: new, %d→%d classes", name, units[name], d.Units)
			}
		}
		if s.Network.IsFrozen(name) {
			return nil, nil, fmt.Errorf("%w: starting from %s: %s: it is frozen, so it would never be trained: leave it out of Frozen", ErrConfig, s.From.Name, line)
		}
		layers, lines = append(layers, name), append(lines, line)
	}
	if taken == 0 {
		return nil, nil, fmt.Errorf("%w: starting from %s: none of its layers has the name and the shapes of one of this network: %s", ErrMismatch, s.From.Name, strings.Join(lines, "; "))
	}
	return layers, lines, nil
}

// lastDense returns the index of the layer whose outputs are the classes, or −1.
func (a Architecture) lastDense() int {
	for i, l := range slices.Backward(a.Layers) {
		if _, ok := l.(Dense); ok {
			return i
		}
	}
	return -1
}

// startingWeights returns the weights of a run's start: new ones, or those of From, where they fit.
func (s Spec) startingWeights() (Weights, error) {
	weights, err := s.Network.Initialize(s.Config.Seed)
	if err == nil {
		err = s.Network.Whiten(weights, s.Train, s.Config.Preprocess)
	}
	if err != nil || s.From == nil {
		return weights, err
	}
	layers, _, err := s.fresh()
	if err != nil {
		return nil, err
	}
	given := map[string]Array{}
	for _, w := range s.From.Weights() {
		given[w.Name] = w
	}
	for i, w := range weights {
		if !slices.Contains(layers, s.Network.layerOf(w.Name)) {
			weights[i] = given[w.Name]
		}
	}
	return weights, nil
}
