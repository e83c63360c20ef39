package cnn

import (
	"fmt"
	"slices"
	"strings"
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

// Size is the number of values in one sample.
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
	Name   string  // free text, shown in the diagram
	Input  Shape   // height, width, channels
	Layers []Layer // first to last
}

// Layer is one step of a network. The types that implement it are [Conv2D],
// [Activation], [LeakyReLU], [BatchNormalization], [MaxPooling2D],
// [GlobalAveragePooling2D], [Dropout], [Flatten] and [Dense]; their names and
// fields are those of Keras.
type Layer interface {
	// Kind is the Keras class name, such as "Conv2D".
	Kind() string
	// LayerName is the layer's own name, unique in its network.
	LayerName() string
	// Output is the shape that the layer makes of one of shape in.
	Output(in Shape) (Shape, error)
	// Weights lists the layer's arrays for an input of shape in, in the order in
	// which Keras lists them.
	Weights(in Shape) []WeightSpec
}

// WeightSpec describes one array of a layer.
type WeightSpec struct {
	Name   string // "First-Convolution/kernel"
	Shape  []int  // as Keras stores it: height, width, in, out for a convolution; in, out for a dense layer
	FanIn  int    // inputs of one output value, for the initialiser
	FanOut int
	Bias   bool   // starts at zero
	Init   string // the initialiser's name, for an array that is no bias; "" is "glorot_uniform"
	Moving bool   // a moving statistic: training moves it, but not by a gradient
}

// Size is the number of values in the array.
func (w WeightSpec) Size() int { return Shape(w.Shape).Size() }

// Conv2D is a two-dimensional convolution: input [height, width, in], output
// [height, width, Filters] for Padding "same", smaller by Kernel−1 for "valid";
// with a Stride s, every s-th row and column of that, from the first.
type Conv2D struct {
	Name    string `json:"name"`
	Filters int    `json:"filters"`
	Kernel  int    `json:"kernel_size"`                  // side of the square kernel
	Padding string `json:"padding,omitempty"`            // "same", or "valid" (also when empty, as in Keras)
	Stride  int    `json:"strides,omitempty"`            // 0 is 1
	NoBias  bool   `json:"no_bias,omitempty"`            // Keras's use_bias=False, for a convolution before a BatchNormalization
	Init    string `json:"kernel_initializer,omitempty"` // see [Initializers]; empty is "glorot_uniform"
}

// Activation applies a function to each value; "softmax" applies to the last
// axis.
type Activation struct {
	Name     string `json:"name"`
	Function string `json:"activation"` // one of [Activations]
}

// MaxPooling2D keeps the largest value of each Size×Size window; windows do not
// overlap, and rows or columns that do not fill one are dropped, as Keras does.
type MaxPooling2D struct {
	Name string `json:"name"`
	Size int    `json:"pool_size"`
}

// Dropout sets each value to zero with probability Rate while training and
// divides the others by 1−Rate; it does nothing otherwise.
type Dropout struct {
	Name string  `json:"name"`
	Rate float64 `json:"rate"`
}

// Flatten makes one vector of an image, row by row, channels last.
type Flatten struct {
	Name string `json:"name"`
}

// Dense is a fully connected layer: Units outputs, each the weighted sum of all
// inputs, plus a bias.
type Dense struct {
	Name   string `json:"name"`
	Units  int    `json:"units"`
	NoBias bool   `json:"no_bias,omitempty"`            // Keras's use_bias=False
	Init   string `json:"kernel_initializer,omitempty"` // see [Initializers]; empty is "glorot_uniform"
}

func (l Conv2D) Kind() string       { return "Conv2D" }
func (l Activation) Kind() string   { return "Activation" }
func (l MaxPooling2D) Kind() string { return "MaxPooling2D" }
func (l Dropout) Kind() string      { return "Dropout" }
func (l Flatten) Kind() string      { return "Flatten" }
func (l Dense) Kind() string        { return "Dense" }

func (l Conv2D) LayerName() string       { return l.Name }
func (l Activation) LayerName() string   { return l.Name }
func (l MaxPooling2D) LayerName() string { return l.Name }
func (l Dropout) LayerName() string      { return l.Name }
func (l Flatten) LayerName() string      { return l.Name }
func (l Dense) LayerName() string        { return l.Name }

// Output checks the fields and gives [height, width, Filters].
func (l Conv2D) Output(in Shape) (Shape, error) {
	if len(in) != 3 {
		return nil, fmt.Errorf("needs an image [height, width, channels], got %v", in)
	}
	if l.Filters < 1 || l.Kernel < 1 {
		return nil, fmt.Errorf("needs at least 1 filter and a kernel side of at least 1, got %d and %d", l.Filters, l.Kernel)
	}
	if l.Stride < 0 {
		return nil, fmt.Errorf("strides must be at least 1, got %d", l.Stride)
	}
	if err := validInitializer(l.Init); err != nil {
		return nil, err
	}
	h, w := in[0], in[1]
	switch l.Padding {
	case "same":
	case "", "valid":
		h, w = h-l.Kernel+1, w-l.Kernel+1
		if h < 1 || w < 1 {
			return nil, fmt.Errorf("a %d×%d kernel does not fit into %v", l.Kernel, l.Kernel, in)
		}
	default:
		return nil, fmt.Errorf(`padding must be "same" or "valid", got %q`, l.Padding)
	}
	s := l.stride()
	return Shape{(h-1)/s + 1, (w-1)/s + 1, l.Filters}, nil
}

func (l Conv2D) stride() int { return max(1, l.Stride) }

// Output checks the function's name; the shape stays.
func (l Activation) Output(in Shape) (Shape, error) {
	if !slices.Contains(Activations(), l.Function) {
		return nil, fmt.Errorf("function must be one of %s, got %q", strings.Join(Activations(), ", "), l.Function)
	}
	return in, nil
}

// Output divides height and width by Size.
func (l MaxPooling2D) Output(in Shape) (Shape, error) {
	if len(in) != 3 {
		return nil, fmt.Errorf("needs an image [height, width, channels], got %v", in)
	}
	if l.Size < 1 || l.Size > in[0] || l.Size > in[1] {
		return nil, fmt.Errorf("a window of side %d does not fit into %v", l.Size, in)
	}
	return Shape{in[0] / l.Size, in[1] / l.Size, in[2]}, nil
}

// Output checks the rate; the shape stays.
func (l Dropout) Output(in Shape) (Shape, error) {
	if !(l.Rate >= 0 && l.Rate < 1) {
		return nil, fmt.Errorf("rate must be at least 0 and below 1, got %g", l.Rate)
	}
	return in, nil
}

// Output is one axis with all values.
func (l Flatten) Output(in Shape) (Shape, error) { return Shape{in.Size()}, nil }

// Output is [Units].
func (l Dense) Output(in Shape) (Shape, error) {
	if len(in) != 1 {
		return nil, fmt.Errorf("needs a flat vector, got %v: put a Flatten before it", in)
	}
	if l.Units < 1 {
		return nil, fmt.Errorf("needs at least 1 unit, got %d", l.Units)
	}
	if err := validInitializer(l.Init); err != nil {
		return nil, err
	}
	return Shape{l.Units}, nil
}

// Weights are kernel [Kernel, Kernel, in, Filters] and bias [Filters]. The fans
// count the kernel's area, as Keras's initialisers do.
func (l Conv2D) Weights(in Shape) []WeightSpec {
	area := l.Kernel * l.Kernel
	kernel := WeightSpec{
		Name: l.Name + "/kernel", Shape: []int{l.Kernel, l.Kernel, in[2], l.Filters},
		FanIn: area * in[2], FanOut: area * l.Filters, Init: l.Init,
	}
	return withBias(kernel, l.Name, l.Filters, l.NoBias)
}

// Weights are kernel [in, Units] and bias [Units].
func (l Dense) Weights(in Shape) []WeightSpec {
	kernel := WeightSpec{Name: l.Name + "/kernel", Shape: []int{in[0], l.Units}, FanIn: in[0], FanOut: l.Units, Init: l.Init}
	return withBias(kernel, l.Name, l.Units, l.NoBias)
}

func withBias(kernel WeightSpec, layer string, size int, without bool) []WeightSpec {
	if without {
		return []WeightSpec{kernel}
	}
	return []WeightSpec{kernel, {Name: layer + "/bias", Shape: []int{size}, Bias: true}}
}

func (Activation) Weights(Shape) []WeightSpec   { return nil }
func (MaxPooling2D) Weights(Shape) []WeightSpec { return nil }
func (Dropout) Weights(Shape) []WeightSpec      { return nil }
func (Flatten) Weights(Shape) []WeightSpec      { return nil }

// Shapes gives the output shape of every layer, or names the first layer that
// cannot be built.
func (a Architecture) Shapes() ([]Shape, error) {
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
	return shapes, nil
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
		specs = append(specs, l.Weights(in)...)
		in = shapes[i]
	}
	return specs, nil
}

// Parameters is the number of values in all arrays, as Keras's count_params()
// tells it: moving statistics are counted too.
func (a Architecture) Parameters() (int, error) {
	specs, err := a.WeightSpecs()
	total := 0
	for _, s := range specs {
		total += s.Size()
	}
	return total, err
}

// WriteUp is the network of the write-up: two pairs of 3×3 convolutions with 32
// and 64 filters, each pair followed by max pooling and dropout 0.25, then a
// dense layer of 512 with dropout 0.5 and ten outputs; 2,168,362 parameters.
func WriteUp() Architecture {
	const p = 0.25
	return Architecture{
		Name:  "write-up",
		Input: Shape{32, 32, 3},
		Layers: []Layer{
			Conv2D{Name: "First-Convolution", Filters: 32, Kernel: 3, Padding: "same"},
			Activation{Name: "First-Relu", Function: "relu"},
			Conv2D{Name: "Second-Convolution", Filters: 32, Kernel: 3, Padding: "same"},
			Activation{Name: "Second-Relu", Function: "relu"},
			MaxPooling2D{Name: "First-Max-Pool", Size: 2},
			Dropout{Name: "First-Dropout", Rate: p},
			Conv2D{Name: "Third-Convolution", Filters: 64, Kernel: 3, Padding: "same"},
			Activation{Name: "Third-Relu", Function: "relu"},
			Conv2D{Name: "Fourth-Convolution", Filters: 64, Kernel: 3, Padding: "same"},
			Activation{Name: "Fourth-Relu", Function: "relu"},
			MaxPooling2D{Name: "Second-Max-Pool", Size: 2},
			Dropout{Name: "Second-Dropout", Rate: p},
			Flatten{Name: "Flatten"},
			Dense{Name: "First-Affine", Units: 512},
			Activation{Name: "Fifth-Relu", Function: "relu"},
			Dropout{Name: "Third-Dropout", Rate: 2 * p},
			Dense{Name: "Final-Connected-Layer", Units: 10},
			Activation{Name: "Softmax", Function: "softmax"},
		},
	}
}
