package cnn

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// normalize builds a batch normalisation of x [batch, …, channels] and returns its output and its arrays, with updated moving statistics
// if training.
func (f forwarding) normalize(l BatchNormalization, x *Node, weights []*Node) (y *Node, moved []*Node) {
	training := f.rng != nil && !f.frozen
	fast := acceleratesAffine(x) && (training || f.rng == nil)
	if !fast {
		x = float32s(x)
	}
	gamma, beta, mean, variance := l.split(weights)
	moved = weights
	if training {
		if fast {
			mean, variance = channelMoments(x)
		} else {
			mean, variance = reducedMoments(x)
		}
		moved = l.moved(weights, mean, variance, x.Shape().Size()/mean.Shape().Size())
	}
	if fast {
		return f.normalized(newNormalized(x, gamma, beta, mean, variance, l.epsilon(), f.precision.dtype()), training), moved
	}
	scale := Inverse(Sqrt(AddScalar(variance, l.epsilon())))
	if gamma != nil {
		scale = Div(gamma, Sqrt(AddScalar(variance, l.epsilon())))
	}
	y = Mul(Sub(x, broadcastLast(mean, x.Rank())), broadcastLast(scale, x.Rank()))
	if beta != nil {
		y = Add(y, broadcastLast(beta, x.Rank()))
	}
	return y, moved
}

// reducedMoments returns the mean and variance of each channel.
func reducedMoments(x *Node) (mean, variance *Node) {
	axes := make([]int, x.Rank()-1)
	for i := range axes {
		axes[i] = i
	}
	mean = ReduceMean(x, axes...)
	return mean, ReduceMean(Square(Sub(x, broadcastLast(mean, x.Rank()))), axes...)
}

// normalized applies n, and notes how its GELU is computed together with it. Without training, no gradient is taken.
func (f forwarding) normalized(n normalized, training bool) *Node {
	apply := n.apply
	if !training {
		apply = n.affine.apply
	}
	y := apply(false)
	f.scaled[y] = func() *Node { return apply(true) }
	return y
}

// moved returns the layer's arrays with moving statistics that take in those of count values for each channel.
func (l BatchNormalization) moved(weights []*Node, mean, variance *Node, count int) []*Node {
	trained, wasMean, wasVariance := weights[:len(weights)-2], weights[len(weights)-2], weights[len(weights)-1]
	if l.Unbiased {
		variance = MulScalar(variance, float64(count)/float64(count-1))
	}
	return append(trained[:len(trained):len(trained)], running(wasMean, mean, l.momentum()), running(wasVariance, variance, l.momentum()))
}

// arrays returns the number of the layer's arrays.
func (l BatchNormalization) arrays() int { return 2 + without(l.NoScale) + without(l.NoCenter) }

// split returns the layer's arrays by name; gamma or beta is nil if the layer has none.
func (l BatchNormalization) split(weights []*Node) (gamma, beta, mean, variance *Node) {
	if !l.NoScale {
		gamma, weights = weights[0], weights[1:]
	}
	if !l.NoCenter {
		beta, weights = weights[0], weights[1:]
	}
	return gamma, beta, weights[0], weights[1]
}

// convolve returns the layer's convolution without its bias.
//
// GoMLX's convolution has a wrong gradient with respect to its input if the
// kernel's side is even: such a kernel gets a row and a column of zeros at its
// end, and the image one more row and column to match. In that case, or with a
// stride, the image is padded, and cropped to the area that the windows cover,
// before the convolution. Padding "same" is TensorFlow's: an odd row and column
// are added at the end.
func (l Conv2D) convolve(x, kernel *Node) *Node {
	extra := 1 - l.Kernel%2
	if l.stride() == 1 && extra == 0 {
		return convolve(x, kernel, l.Padding)
	}
	for axis := 1; axis <= 2; axis++ {
		size := x.Shape().Dimensions[axis]
		var around [2]int
		if l.Padding == "same" {
			around = SamePadding(size, l.Kernel, l.stride())
		}
		padded := around[0] + size + around[1]
		covered := (padded-l.Kernel)/l.stride()*l.stride() + l.Kernel
		around[1] += extra
		x = zerosAround(x, axis, around)
		if covered < padded {
			x = SliceAxis(x, axis, AxisRange(0, covered+extra))
		}
		kernel = zerosAround(kernel, axis-1, [2]int{0, extra})
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
