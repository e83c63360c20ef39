package cnn

import (
	"fmt"
	"slices"
)

// Shape is the shape of one sample between two layers, without the batch axis:
// height, width, channels for an image (channels last), or one number for a
// flat vector.
type Shape []int

// String writes the shape as Keras does, with None for the batch:
// "(None, 32, 32, 3)".
func (s Shape) String() string {
	out := "(None"
	for _, n := range s {
		out += fmt.Sprintf(", %d", n)
	}
	return out + ")"
}

// Size returns the number of values in one sample.
func (s Shape) Size() int {
	size := 1
	for _, n := range s {
		size *= n
	}
	return size
}

// Architecture is a sequential network as data: a list of layers. The graph,
// the summary, the diagram and the JSON all come from this one list.
type Architecture struct {
	Name   string   // free text, shown in the diagram
	Input  Shape    // height, width, channels
	Layers []Layer  // first to last
	Frozen []string // names of the layers that are not trained: see [Architecture.Freeze]

	wrong error // of a method that returned this network; reported wherever it is used
}

// WeightSpec describes one array of a layer.
type WeightSpec struct {
	Name   string // "First-Convolution/kernel"
	Shape  []int  // as Keras stores it: height, width, in, out for a convolution; in, out for a dense layer
	FanIn  int    // inputs of one output value, for the initialiser
	FanOut int
	Bias   bool   // starts at Start
	Init   string // the initialiser's name, for an array that is not a bias; "" means "glorot_uniform"
	Moving bool   // no gradient updates it: a moving statistic, a kernel that is not trained, or an array of a frozen layer
	Norm   bool   // the beta of a batch normalisation, for optimizers that give it a rate of its own
	Epochs int    // trained in the first so many epochs of a run only; 0: in all

	Start float64 // each value of an array that is a bias, at the start
	L2    float64 // λ of the penalty λ·Σw² on this array
}

// Size returns the number of values in the array.
func (w WeightSpec) Size() int { return Shape(w.Shape).Size() }

// Shapes returns the output shape of every layer. The error names the first
// layer that cannot be built.
func (a Architecture) Shapes() ([]Shape, error) {
	if a.wrong != nil {
		return nil, a.wrong
	}
	if len(a.Input) != 3 || slices.Min(a.Input) < 1 {
		return nil, fmt.Errorf("%w: input must be [height, width, channels], each at least 1, got %v", ErrArchitecture, []int(a.Input))
	}
	if len(a.Layers) == 0 {
		return nil, fmt.Errorf("%w: no layers", ErrArchitecture)
	}
	seen := map[string]bool{}
	shapes := make([]Shape, len(a.Layers))
	in := a.Input
	for i, l := range a.Layers {
		name := l.LayerName()
		switch {
		case name == "":
			return nil, fmt.Errorf("%w: layer %d (%s) has no name", ErrArchitecture, i+1, l.Kind())
		case seen[name]:
			return nil, fmt.Errorf("%w: layer %d: the name %q is taken by an earlier layer", ErrArchitecture, i+1, name)
		}
		seen[name] = true
		out, err := l.Output(in)
		if err != nil {
			return nil, fmt.Errorf("%w: layer %d, %q (%s): %w", ErrArchitecture, i+1, name, l.Kind(), err)
		}
		shapes[i], in = out, out
	}
	return shapes, a.checkFrozen()
}

// Classifier checks that the network ends in a probability for each of the
// given number of classes: a vector of that length and a softmax.
func (a Architecture) Classifier(classes int) error {
	shapes, err := a.Shapes()
	if err != nil {
		return err
	}
	last := a.Layers[len(a.Layers)-1]
	if act, ok := last.(Activation); !ok || act.Function != "softmax" {
		return fmt.Errorf("%w: the last layer must be a softmax Activation, %q is %s", ErrArchitecture, last.LayerName(), last.Kind())
	}
	if out := shapes[len(shapes)-1]; len(out) != 1 || out[0] != classes {
		return fmt.Errorf("%w: the network ends in shape %v, the data has %d classes", ErrArchitecture, out, classes)
	}
	return nil
}

// WeightSpecs lists every array in order, first layer to last, and within a
// layer as Keras lists them: kernel before bias; gamma, beta, moving mean, moving
// variance. The order is that of [Weights] and of a saved run.
func (a Architecture) WeightSpecs() ([]WeightSpec, error) {
	shapes, err := a.Shapes()
	if err != nil {
		return nil, err
	}
	var specs []WeightSpec
	in := a.Input
	for i, l := range a.Layers {
		for _, spec := range l.Weights(in) {
			spec.Moving = spec.Moving || a.IsFrozen(l.LayerName())
			specs = append(specs, spec)
		}
		in = shapes[i]
	}
	return specs, nil
}

// Parameters returns the number of values in all arrays, including moving
// statistics, as Keras's count_params() does.
func (a Architecture) Parameters() (int, error) {
	specs, err := a.WeightSpecs()
	total := 0
	for _, s := range specs {
		total += s.Size()
	}
	return total, err
}
