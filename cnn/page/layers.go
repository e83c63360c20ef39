package page

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/internal/pagenet"
)

// validEnd reports whether a text ends with a whole character.
func validEnd(s string) bool {
	r, n := utf8.DecodeLastRuneInString(s)
	return r != utf8.RuneError || n > 1
}

// layer writes one layer, whose input has the shape in.
func (w *writer) layer(l cnn.Layer, in cnn.Shape, arrays cnn.Weights) error {
	channels := in[len(in)-1]
	switch l := l.(type) {
	case cnn.Conv2D:
		return w.convolution(l, arrays)
	case cnn.WhiteningConv2D:
		return w.convolution(l.Conv2D(channels), arrays)
	case cnn.DepthwiseConv2D:
		return w.depthwise(l, arrays)
	case cnn.SeparableConv2D:
		between := cnn.DepthwiseConv2D{Name: l.Name, Kernel: l.Kernel, Padding: l.Padding, Stride: l.Stride, Multiplier: l.Multiplier, NoBias: true}
		if err := w.depthwise(between, arrays[:1]); err != nil {
			return err
		}
		return w.convolution(cnn.Conv2D{Name: l.Name, Filters: l.Filters, Kernel: 1}, arrays[1:])
	case cnn.Dense:
		w.begin(pagenet.Dense, l)
		w.uint32(l.Units)
		w.weights(arrays[0])
		w.bias(arrays[1:])
	case cnn.BatchNormalization:
		w.begin(pagenet.Affine, l)
		return w.normalisation(l, arrays)
	case cnn.Rescaling:
		w.begin(pagenet.Affine, l)
		for _, v := range []float64{l.Scale, l.Offset} {
			for range channels {
				w.floats(float32(v))
			}
		}
	case cnn.MaxPooling2D:
		w.begin(pagenet.MaxPool, l)
		return w.pool(l.Size, l.Size, "")
	case cnn.WindowMaxPooling2D:
		if l.Uneven() {
			return errEdges
		}
		w.begin(pagenet.MaxPool, l)
		return w.pool(l.Size, cmp.Or(l.Stride, l.Size), l.Padding)
	case cnn.AveragePooling2D:
		w.begin(pagenet.MeanPool, l)
		return w.pool(l.Size, cmp.Or(l.Stride, l.Size), l.Padding)
	case cnn.GlobalAveragePooling2D:
		w.begin(pagenet.GlobalMean, l)
	case cnn.ZeroPadding2D:
		w.begin(pagenet.Zeros, l)
		w.uint16(l.Top, l.Bottom, l.Left, l.Right)
	case cnn.Flatten:
		w.begin(pagenet.Flatten, l)
	case cnn.Dropout: // does nothing outside training
	case cnn.LeakyReLU:
		w.begin(pagenet.Activation, l)
		w.uint8(int(pagenet.LeakyReLU))
		w.floats(float32(cmp.Or(l.Alpha, cnn.DefaultAlpha)))
	case cnn.Activation:
		f, ok := functions()[l.Function]
		if !ok {
			return fmt.Errorf("a page cannot compute the activation %q", l.Function)
		}
		w.begin(pagenet.Activation, l)
		w.uint8(int(f))
		w.floats(0)
	default:
		return fmt.Errorf("a page cannot compute a %s", l.Kind())
	}
	return nil
}

// functions are the activations by their names in package cnn.
func functions() map[string]pagenet.Function {
	return map[string]pagenet.Function{
		"relu": pagenet.ReLU, "softmax": pagenet.Softmax, "elu": pagenet.ELU, "gelu": pagenet.GELU, "relu6": pagenet.ReLU6, "selu": pagenet.SELU,
		"sigmoid": pagenet.Sigmoid, "silu": pagenet.SiLU, "softplus": pagenet.Softplus, "softsign": pagenet.Softsign, "tanh": pagenet.Tanh,
	}
}

// maxWindow is the largest side and stride that the format holds.
const maxWindow = 1024

var (
	errWindow = errors.New("a page computes windows and strides up to 1,024")
	errEdges  = errors.New(`a page computes max pooling without padding, or with that of "same"`)
)

func (w *writer) convolution(l cnn.Conv2D, arrays cnn.Weights) error {
	if l.Kernel > maxWindow || l.Stride > maxWindow {
		return errWindow
	}
	w.begin(pagenet.Convolution, l)
	w.window(l.Kernel, l.Stride, l.Padding)
	w.uint32(l.Filters)
	w.weights(arrays[0])
	w.bias(arrays[1:])
	return nil
}

func (w *writer) depthwise(l cnn.DepthwiseConv2D, arrays cnn.Weights) error {
	if l.Kernel > maxWindow || l.Stride > maxWindow {
		return errWindow
	}
	w.begin(pagenet.Depthwise, l)
	w.window(l.Kernel, l.Stride, l.Padding)
	w.uint32(max(1, l.Multiplier))
	shape := arrays[0].Shape // [kernel, kernel, in, multiplier], which is also [kernel, kernel, in·multiplier]
	w.quantised(arrays[0].Values, shape[2]*shape[3])
	w.bias(arrays[1:])
	return nil
}

func (w *writer) pool(size, stride int, padding string) error {
	if size > maxWindow || stride > maxWindow {
		return errWindow
	}
	w.window(size, stride, padding)
	return nil
}

// normalisation writes a factor and a summand for each channel: γ/√(variance + ε), and β − mean·factor.
func (w *writer) normalisation(l cnn.BatchNormalization, arrays cnn.Weights) error {
	var gamma, beta []float32
	if !l.NoScale {
		gamma, arrays = arrays[0].Values, arrays[1:]
	}
	if !l.NoCenter {
		beta, arrays = arrays[0].Values, arrays[1:]
	}
	mean, variance := arrays[0].Values, arrays[1].Values
	shifts := make([]float32, len(mean))
	for c := range mean {
		scale := 1 / math.Sqrt(float64(variance[c])+cmp.Or(l.Epsilon, cnn.DefaultEpsilon))
		if gamma != nil {
			scale *= float64(gamma[c])
		}
		if math.IsNaN(scale) || math.Abs(scale) > math.MaxFloat32 {
			return fmt.Errorf("channel %d has a moving variance of %g", c, variance[c])
		}
		shift := -float64(mean[c]) * scale
		if beta != nil {
			shift += float64(beta[c])
		}
		w.floats(float32(scale))
		shifts[c] = float32(shift)
	}
	w.floats(shifts...)
	return nil
}
