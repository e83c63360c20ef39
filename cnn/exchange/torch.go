package exchange

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/cnnbook/cnnbook/cnn"
)

// LoadInPyTorch is a Python program that builds the network of a file made by
// [Safetensors] as a torch.nn.Sequential, and loads its weights.
//
//go:embed load_in_pytorch.py
var LoadInPyTorch string

// Safetensors writes the weights under the names and in the layout of PyTorch:
// "layer.weight" [out, in, height, width] and "layer.bias" for a convolution,
// "layer.weight" [out, in] for a dense layer, and running_mean and running_var
// for a batch normalisation. PyTorch flattens an image channels first: the rows of
// the dense layer after a Flatten are in that order. The metadata holds the
// network as JSON under "architecture".
func Safetensors(m Model) ([]byte, error) {
	layers, err := m.layerWeights()
	if err != nil {
		return nil, err
	}
	shapes, err := m.Network.Shapes()
	if err != nil {
		return nil, err
	}
	var arrays []cnn.Array
	in := m.Network.Input
	flattened := cnn.Shape{} // shape of the image before flattening, while its order still matters
	for i, l := range m.Network.Layers {
		w := layers[i]
		names := []string{"weight", "bias"}
		switch l := l.(type) {
		case cnn.Activation:
			if l.Function != "relu" && l.Function != "softmax" && l.Function != "gelu" {
				return nil, fmt.Errorf("%w: layer %q: activation %q in PyTorch's format", ErrUnsupported, l.Name, l.Function)
			}
		case cnn.LeakyReLU, cnn.MaxPooling2D, cnn.GlobalAveragePooling2D, cnn.Dropout, cnn.Rescaling:
		default:
			return nil, fmt.Errorf("%w: layer %q: %s in PyTorch's format", ErrUnsupported, l.LayerName(), l.Kind())
		case cnn.Flatten:
			if len(in) == 3 {
				flattened = in
			}
		case cnn.Conv2D, cnn.WhiteningConv2D:
			w[0] = outputFirst(w[0])
		case cnn.Dense:
			w[0] = denseForTorch(w[0], flattened)
			flattened = nil
		case cnn.BatchNormalization:
			if len(flattened) > 0 && len(in) == 1 {
				return nil, fmt.Errorf("%w: layer %q: batch normalisation of a flattened image has another order in PyTorch: put it before the Flatten", ErrUnsupported, l.LayerName())
			}
			names, w = []string{"weight", "bias", "running_mean", "running_var"}, allOf(l, w)
		}
		for j, a := range w {
			a.Name = l.LayerName() + "." + names[j]
			arrays = append(arrays, a)
		}
		in = shapes[i]
	}
	network, err := json.Marshal(m.Network)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = cnn.WriteSafetensors(&b, arrays, map[string]string{"format": "pt", "architecture": string(network), "input": inputNote(m.Preprocess)})
	return b.Bytes(), err
}

// denseForTorch transposes a kernel [in, out] to [out, in]; if its input was an
// image, it also reorders in from channels last to channels first.
func denseForTorch(a cnn.Array, image cnn.Shape) cnn.Array {
	in, out := a.Shape[0], a.Shape[1]
	turned := cnn.Array{Name: a.Name, Shape: []int{out, in}, Values: make([]float32, len(a.Values))}
	for i := range in {
		to := i
		if len(image) == 3 {
			h, w, c := image[0], image[1], image[2]
			to = i%c*h*w + i/c
		}
		for o := range out {
			turned.Values[o*in+to] = a.Values[i*out+o]
		}
	}
	return turned
}

// allOf returns the four arrays of a batch normalisation, with ones or zeros for those that it lacks.
func allOf(l cnn.BatchNormalization, w cnn.Weights) cnn.Weights {
	size := len(w[0].Values)
	constant := func(name string, v float32) cnn.Array {
		a := cnn.Array{Name: l.Name + "/" + name, Shape: []int{size}, Values: make([]float32, size)}
		for i := range a.Values {
			a.Values[i] = v
		}
		return a
	}
	if l.NoScale {
		w = slices.Insert(slices.Clone(w), 0, constant("gamma", 1))
	}
	if l.NoCenter {
		w = slices.Insert(slices.Clone(w), 1, constant("beta", 0))
	}
	return w
}
