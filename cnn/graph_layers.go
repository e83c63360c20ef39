package cnn

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// normalize builds a batch normalisation of x [batch, …, channels] and returns
// its output and its arrays, moved on if training.
func (l BatchNormalization) normalize(x *Node, weights []*Node, training bool) (y *Node, moved []*Node) {
	gamma, beta, mean, variance := weights[0], weights[1], weights[2], weights[3]
	if training {
		axes := make([]int, x.Rank()-1)
		for i := range axes {
			axes[i] = i
		}
		mean = ReduceMean(x, axes...)
		variance = ReduceMean(Square(Sub(x, broadcastLast(mean, x.Rank()))), axes...)
		moved = []*Node{gamma, beta, running(weights[2], mean, l.momentum()), running(weights[3], variance, l.momentum())}
	} else {
		moved = weights
	}
	scale := Div(gamma, Sqrt(AddScalar(variance, l.epsilon())))
	y = Mul(Sub(x, broadcastLast(mean, x.Rank())), broadcastLast(scale, x.Rank()))
	return Add(y, broadcastLast(beta, x.Rank())), moved
}

// convolve is the layer's convolution without its bias.
//
// Where TensorFlow pads unevenly (an even kernel, or a stride, with "same": the
// odd row and column come at the end) or windows end before the picture does,
// the picture is padded, and cut to what the windows cover, before the
// convolution: there the gradient of GoMLX's convolution with respect to its
// input is wrong.
func (l Conv2D) convolve(x, kernel *Node) *Node {
	if l.stride() == 1 && (l.Padding != "same" || l.Kernel%2 == 1) {
		return convolve(x, kernel, l.Padding)
	}
	for axis := 1; axis <= 2; axis++ {
		size := x.Shape().Dimensions[axis]
		var around [2]int
		if l.Padding == "same" {
			around = SamePadding(size, l.Kernel, l.stride())
		}
		padded := around[0] + size + around[1]
		x = zerosAround(x, axis, around)
		if covered := (padded-l.Kernel)/l.stride()*l.stride() + l.Kernel; covered < padded {
			x = SliceAxis(x, axis, AxisRange(0, covered))
		}
	}
	return Convolve(x, kernel).Strides(l.stride()).NoPadding().Done()
}

// zerosAround pads an axis by concatenation, which has a gradient on every
// backend.
func zerosAround(x *Node, axis int, around [2]int) *Node {
	parts := []*Node{x}
	zeros := func(n int) *Node {
		shape := x.Shape().Clone()
		shape.Dimensions[axis] = n
		return Zeros(x.Graph(), shape)
	}
	if around[0] > 0 {
		parts = append([]*Node{zeros(around[0])}, parts...)
	}
	if around[1] > 0 {
		parts = append(parts, zeros(around[1]))
	}
	if len(parts) == 1 {
		return x
	}
	return Concatenate(parts, axis)
}
