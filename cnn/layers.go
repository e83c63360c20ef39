package cnn

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Layer is one step of a network. The types that implement it are [Conv2D],
// [Activation], [LeakyReLU], [BatchNormalization], [MaxPooling2D],
// [GlobalAveragePooling2D], [Dropout], [Flatten], [Dense] and [Rescaling], and those of
// layers_window.go; their names and fields are those of Keras. [WhiteningConv2D] is not in Keras.
type Layer interface {
	// Kind is the Keras class name, such as "Conv2D".
	Kind() string
	// LayerName is the layer's own name, unique in its network.
	LayerName() string
	// Output returns the layer's output shape for the input shape in.
	Output(in Shape) (Shape, error)
	// Weights lists the layer's arrays for an input of shape in, in the order in
	// which Keras lists them.
	Weights(in Shape) []WeightSpec
}

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

	BiasInit float64 `json:"bias_initializer,omitempty"` // what each bias starts as
	L2       float64 `json:"kernel_l2,omitempty"`        // λ of the penalty λ·Σw² on the kernel: see [Architecture.WithL2]
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

// Flatten turns an image into one vector, row by row, channels last.
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

	BiasInit float64 `json:"bias_initializer,omitempty"` // what each bias starts as
	L2       float64 `json:"kernel_l2,omitempty"`        // λ of the penalty λ·Σw² on the kernel: see [Architecture.WithL2]
}

// LeakyReLU scales negative values by Alpha: x where x > 0, Alpha·x otherwise.
type LeakyReLU struct {
	Name  string  `json:"name"`
	Alpha float64 `json:"alpha,omitempty"` // 0 is 0.3
}

// BatchNormalization normalises each channel to mean 0 and variance 1, then scales
// and shifts it (Ioffe and Szegedy 2015, arXiv 1502.03167):
//
//	y = gamma·(x − mean)/√(variance + Epsilon) + beta
//
// While training, mean and variance are those of the batch, over all axes but
// the last, and the moving statistics follow them:
//
//	moving ← Momentum·moving + (1−Momentum)·batch
//
// Otherwise they are the moving statistics, which belong to the weights but get
// no gradient. The variance is the population's in both places, as in Keras 3,
// unless Unbiased asks for PyTorch's way.
// Keras 2 differs in what it stores: for images 2.15 multiplies the variance by
// n/(n−1), n values per channel, and 2.1 also divides both averages by
// 1−Momentum^steps.
type BatchNormalization struct {
	Name     string  `json:"name"`
	Momentum float64 `json:"momentum,omitempty"`  // 0 is 0.99
	Epsilon  float64 `json:"epsilon,omitempty"`   // 0 is 0.001
	NoScale  bool    `json:"no_scale,omitempty"`  // without gamma: Keras's scale=False
	NoCenter bool    `json:"no_center,omitempty"` // without beta: Keras's center=False
	// Unbiased lets the moving variance follow the batch's variance times n/(n−1), n values per
	// channel, as PyTorch's BatchNorm2d does. The output in training is the same.
	Unbiased bool `json:"unbiased,omitempty"`
}

// GlobalAveragePooling2D is the mean of each channel: input [height, width,
// channels], output [channels].
type GlobalAveragePooling2D struct {
	Name string `json:"name"`
}

func (l Conv2D) Kind() string                 { return "Conv2D" }
func (l Activation) Kind() string             { return "Activation" }
func (l MaxPooling2D) Kind() string           { return "MaxPooling2D" }
func (l Dropout) Kind() string                { return "Dropout" }
func (l Flatten) Kind() string                { return "Flatten" }
func (l Dense) Kind() string                  { return "Dense" }
func (l LeakyReLU) Kind() string              { return "LeakyReLU" }
func (l BatchNormalization) Kind() string     { return "BatchNormalization" }
func (l GlobalAveragePooling2D) Kind() string { return "GlobalAveragePooling2D" }

func (l Conv2D) LayerName() string                 { return l.Name }
func (l Activation) LayerName() string             { return l.Name }
func (l MaxPooling2D) LayerName() string           { return l.Name }
func (l Dropout) LayerName() string                { return l.Name }
func (l Flatten) LayerName() string                { return l.Name }
func (l Dense) LayerName() string                  { return l.Name }
func (l LeakyReLU) LayerName() string              { return l.Name }
func (l BatchNormalization) LayerName() string     { return l.Name }
func (l GlobalAveragePooling2D) LayerName() string { return l.Name }

// Keras's defaults, used for fields that are zero.
const (
	DefaultAlpha    = 0.3   // of a LeakyReLU
	DefaultMomentum = 0.99  // of a BatchNormalization
	DefaultEpsilon  = 0.001 // of a BatchNormalization
)

func (l LeakyReLU) alpha() float64             { return cmp.Or(l.Alpha, DefaultAlpha) }
func (l BatchNormalization) momentum() float64 { return cmp.Or(l.Momentum, DefaultMomentum) }
func (l BatchNormalization) epsilon() float64  { return cmp.Or(l.Epsilon, DefaultEpsilon) }

// Output checks the fields and returns [height, width, Filters].
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
	if err := validStart(l.Init, l.BiasInit, l.NoBias, l.L2); err != nil {
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

// Output checks the function's name; the shape does not change.
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

// Output checks the rate; the shape does not change.
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
	if l.Init == "dirac" {
		return nil, fmt.Errorf(`the initialiser "dirac" is for convolutions`)
	}
	if err := validStart(l.Init, l.BiasInit, l.NoBias, l.L2); err != nil {
		return nil, err
	}
	return Shape{l.Units}, nil
}

// Output checks Alpha; the shape does not change.
func (l LeakyReLU) Output(in Shape) (Shape, error) {
	if !(l.Alpha >= 0 && l.Alpha <= 1) {
		return nil, fmt.Errorf("alpha must be from 0 to 1, got %g", l.Alpha)
	}
	return in, nil
}

// Output checks the fields; the shape does not change.
func (l BatchNormalization) Output(in Shape) (Shape, error) {
	if !(l.Momentum >= 0 && l.Momentum < 1) {
		return nil, fmt.Errorf("momentum must be at least 0 and below 1, got %g", l.Momentum)
	}
	if !(l.Epsilon >= 0 && l.Epsilon < 1) {
		return nil, fmt.Errorf("epsilon must be at least 0 and below 1, got %g", l.Epsilon)
	}
	return in, nil
}

// Output is [channels].
func (l GlobalAveragePooling2D) Output(in Shape) (Shape, error) {
	if len(in) != 3 {
		return nil, fmt.Errorf("needs an image [height, width, channels], got %v", in)
	}
	return Shape{in[2]}, nil
}

// Weights are kernel [Kernel, Kernel, in, Filters] and bias [Filters]. The fans
// count the kernel's area, as Keras's initialisers do.
func (l Conv2D) Weights(in Shape) []WeightSpec {
	area := l.Kernel * l.Kernel
	kernel := WeightSpec{
		Name: l.Name + "/kernel", Shape: []int{l.Kernel, l.Kernel, in[2], l.Filters},
		FanIn: area * in[2], FanOut: area * l.Filters, Init: l.Init, L2: l.L2,
	}
	return withBias(kernel, l.Name, l.Filters, l.NoBias, l.BiasInit)
}

// Weights are kernel [in, Units] and bias [Units].
func (l Dense) Weights(in Shape) []WeightSpec {
	kernel := WeightSpec{Name: l.Name + "/kernel", Shape: []int{in[0], l.Units}, FanIn: in[0], FanOut: l.Units, Init: l.Init, L2: l.L2}
	return withBias(kernel, l.Name, l.Units, l.NoBias, l.BiasInit)
}

func withBias(kernel WeightSpec, layer string, size int, without bool, start float64) []WeightSpec {
	if without {
		return []WeightSpec{kernel}
	}
	return []WeightSpec{kernel, {Name: layer + "/bias", Shape: []int{size}, Bias: true, Start: start}}
}

// Weights are gamma and beta, which are trained, if the layer has them, and the moving mean and
// variance, each [channels].
func (l BatchNormalization) Weights(in Shape) []WeightSpec {
	size := []int{in[len(in)-1]}
	var specs []WeightSpec
	if !l.NoScale {
		specs = append(specs, WeightSpec{Name: l.Name + "/gamma", Shape: size, Init: "ones"})
	}
	if !l.NoCenter {
		specs = append(specs, WeightSpec{Name: l.Name + "/beta", Shape: size, Bias: true, Norm: true})
	}
	return append(specs,
		WeightSpec{Name: l.Name + "/moving_mean", Shape: size, Bias: true, Moving: true},
		WeightSpec{Name: l.Name + "/moving_variance", Shape: size, Init: "ones", Moving: true})
}

func (Activation) Weights(Shape) []WeightSpec             { return nil }
func (MaxPooling2D) Weights(Shape) []WeightSpec           { return nil }
func (Dropout) Weights(Shape) []WeightSpec                { return nil }
func (Flatten) Weights(Shape) []WeightSpec                { return nil }
func (LeakyReLU) Weights(Shape) []WeightSpec              { return nil }
func (GlobalAveragePooling2D) Weights(Shape) []WeightSpec { return nil }

// SamePadding returns the number of rows or columns that padding "same" adds before
// and after an axis of that size, by TensorFlow's rule.
func SamePadding(size, kernel, stride int) [2]int {
	total := max(0, (size-1)/stride*stride+kernel-size)
	return [2]int{total / 2, total - total/2}
}
