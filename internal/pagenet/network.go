package pagenet

import "math"

// Magic begins a network's file.
const Magic = "cnnpage1"

// Kind is a kind of layer in the file.
type Kind uint8

// The kinds of layers.
const (
	Convolution Kind = iota + 1
	Depthwise
	Dense
	Affine
	MaxPool
	MeanPool
	Zeros
	Activation
	GlobalMean
	Flatten
)

// Function is an activation in the file.
type Function uint8

// The activations, in Keras's definitions. GELU is the one with the error function.
const (
	ReLU Function = iota + 1
	LeakyReLU
	Softmax
	ELU
	GELU
	ReLU6
	SELU
	Sigmoid
	SiLU
	Softplus
	Softsign
	Tanh
)

// Network is a network that can be asked. It keeps no state between calls, but buffers: ask it from one goroutine at a time.
type Network struct {
	Height, Width, Channels int
	Classes                 []string
	Products                int // multiplications for one image, about

	standardise   bool
	scale, offset []float32 // of each channel, unless it standardises
	layers        []layer
	a, b          []float32 // the values before and after a layer
}

// shape is the shape of the values between two layers; a vector has one row and one column.
type shape struct{ h, w, c int }

func (s shape) size() int { return s.h * s.w * s.c }

// layer is a layer with the shapes before and after it.
type layer struct {
	name    string
	in, out shape
	run     func(in, out []float32) // of in.size() and out.size() values
}

// Pixels is the number of values of an image.
func (n *Network) Pixels() int { return n.Height * n.Width * n.Channels }

// Ask returns the probability of each class for an image [height, width, channels], of values from 0 to 255. The result is
// valid until the next call.
func (n *Network) Ask(pixels []byte) []float32 {
	n.input(pixels, n.a[:n.Pixels()])
	for i := range n.layers {
		l := &n.layers[i]
		l.run(n.a[:l.in.size()], n.b[:l.out.size()])
		n.a, n.b = n.b, n.a
	}
	return n.a[:len(n.Classes)]
}

// input prepares the pixels.
func (n *Network) input(pixels []byte, out []float32) {
	if !n.standardise {
		for i, v := range pixels {
			c := i % n.Channels
			out[i] = float32(v)*n.scale[c] + n.offset[c]
		}
		return
	}
	const epsilon = 1e-7 // Keras 2.1
	var sum float64
	for _, v := range pixels {
		sum += float64(v)
	}
	mean := sum / float64(len(pixels))
	var squares float64
	for _, v := range pixels {
		squares += (float64(v) - mean) * (float64(v) - mean)
	}
	scale := 1 / (math.Sqrt(squares/float64(len(pixels))) + epsilon)
	for i, v := range pixels {
		out[i] = float32((float64(v) - mean) * scale)
	}
}

// Best is the position of the largest of some probabilities, the first of several.
func Best(probabilities []float32) int {
	best := 0
	for i, p := range probabilities {
		if p > probabilities[best] {
			best = i
		}
	}
	return best
}
