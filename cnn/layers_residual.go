package cnn

import (
	"cmp"
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
)

// Residual is a block of two convolutions whose input is added to what they make of it (He et al. 2015, arXiv 1512.03385, figure 5, left):
//
//	y = relu(normalised(convolution(relu(normalised(convolution(x))))) + shortcut(x))
//
// Both convolutions have Filters filters and padding "same", and the first has the Stride. The shortcut is x itself or, if the shape
// changes, a normalised convolution of side 1 with the Stride (option B there). The normalisations are [BatchNormalization], and the
// convolutions have no biases; with NoNorm it is the other way round.
//
// Its arrays are called Name/conv1/kernel and so on: those of conv1, norm1, conv2, norm2, and then those of shortcut and
// shortcut_norm if there are any.
type Residual struct {
	Name    string  `json:"name"`
	Filters int     `json:"filters"`
	Kernel  int     `json:"kernel_size,omitempty"` // 0 is 3
	Stride  int     `json:"strides,omitempty"`     // 0 is 1
	NoNorm  bool    `json:"no_norm,omitempty"`
	Init    string  `json:"kernel_initializer,omitempty"` // see [Initializers]; empty is "glorot_uniform"
	L2      float64 `json:"kernel_l2,omitempty"`          // λ of the penalty λ·Σw² on each kernel: see [Architecture.WithL2]
}

func (Residual) Kind() string        { return "Residual" }
func (l Residual) LayerName() string { return l.Name }

// branches returns the layers from the block's input to the sum, and those of the shortcut: none if it is the input itself.
func (l Residual) branches(in Shape) (long, shortcut []Layer) {
	conv := func(name string, side, stride int) Layer {
		return Conv2D{Name: l.Name + "/" + name, Filters: l.Filters, Kernel: side, Stride: stride, Padding: "same", NoBias: !l.NoNorm, Init: l.Init, L2: l.L2}
	}
	normalised := func(layers []Layer, name string) []Layer {
		if l.NoNorm {
			return layers
		}
		return append(layers, BatchNormalization{Name: l.Name + "/" + name})
	}
	side := cmp.Or(l.Kernel, 3)
	long = normalised([]Layer{conv("conv1", side, l.Stride)}, "norm1")
	long = append(long, Activation{Name: l.Name + "/relu1", Function: "relu"}, conv("conv2", side, 0))
	long = normalised(long, "norm2")
	if l.Stride > 1 || in[2] != l.Filters {
		shortcut = normalised([]Layer{conv("shortcut", 1, l.Stride)}, "shortcut_norm")
	}
	return long, shortcut
}

// Output is [height, width, Filters], with a Stride s every s-th row and column of that, from the first.
func (l Residual) Output(in Shape) (Shape, error) {
	if len(in) != 3 {
		return nil, fmt.Errorf("needs an image [height, width, channels], got %v", in)
	}
	long, _ := l.branches(in)
	out := in
	for _, part := range long {
		var err error
		if out, err = part.Output(out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Weights are those of all convolutions and normalisations in the block.
func (l Residual) Weights(in Shape) (specs []WeightSpec) {
	long, shortcut := l.branches(in)
	for _, branch := range [][]Layer{long, shortcut} {
		shape := in
		for _, part := range branch {
			specs = append(specs, part.Weights(shape)...)
			shape, _ = part.Output(shape) // checked by Output
		}
	}
	return specs
}

// residual builds the block: see [Residual].
func (f forwarding) residual(l Residual, weights []*Node, x *Node) (y *Node, rest, moved []*Node) {
	long, shortcut := l.branches(x.Shape().Dimensions[1:])
	var branches []*Node
	for _, branch := range [][]Layer{long, shortcut} {
		y := x
		for _, part := range branch {
			var own []*Node
			y, weights, own = f.layer(part, weights, y)
			moved = append(moved, own...)
		}
		branches = append(branches, float32s(y))
	}
	return relu(Add(branches[0], branches[1])), weights, moved
}
