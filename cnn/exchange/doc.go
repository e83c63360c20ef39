// Package exchange writes networks and their weights in the formats of other
// frameworks, and reads those of Keras.
//
//	format               written  read  for
//	Keras JSON           yes      yes   model_from_json of Keras 2 or 3: the layers alone
//	.keras               yes      yes   Keras 3
//	.h5, whole model     yes      yes   Keras 2.2.3 and later, Keras 3
//	.h5, weights         yes      yes   load_weights of Keras 2 and 3 (the write-up's save_weights)
//	.weights.h5          yes      yes   load_weights of Keras 3
//	safetensors          yes      no    PyTorch, with PyTorch's names and layout: see [LoadInPyTorch]
//	ONNX                 yes      no    onnxruntime and others
//	npz                  yes      no    NumPy
//
// A run's history, in CSV for pandas, is written by [cnn.Run.Export].
//
// # What other programs must be given
//
// A network takes float32 images [batch, height, width, channels], which went through
// [Model.Preprocess], as [cnn.Preprocess.Inputs] does it: each standardised by itself,
// unless it was imported with another preprocessing. Every format says so where it has a
// place for words. PyTorch is the exception in the order: there images are [batch,
// channels, height, width].
//
// # What is read
//
// [Import] reads Sequential and functional models that are one chain, models within them
// too, of the layers that package cnn has. A layer with an activation of its own becomes
// two. Rescaling and Normalization before the first layer become the preprocessing;
// what acts in training only is left out, and so are regularisers, constraints and
// trainable=False: predictions do not depend on them, and the notes name them. A
// network that ends without a softmax gets one. What a file does not say about its
// images must be said, as one of [Preprocessings]. Anything else is refused with the
// layer's name, and so is a field of another type than Keras gives it.
//
// [ReadKeras] and [ReadKerasJSON], which give no notes, refuse what Import would note.
//
// ONNX and PyTorch's form have no place yet for the layers that only Keras's files
// bring: average and overlapping pooling, zero padding, depthwise and separable convolutions, and
// activations other than ReLU and softmax are refused there by name.
//
// It is a package of its own so that a notebook which trains does not pay for it.
package exchange

import (
	"encoding/json"
	"errors"
	"slices"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/internal/hdf5"
)

// ErrUnsupported: something that a file asks for and package cnn does not have.
var ErrUnsupported = errors.New("not supported")

// Model is a network and its weights, in the order of [cnn.Architecture.WeightSpecs].
type Model struct {
	Network    cnn.Architecture
	Weights    cnn.Weights
	Preprocess cnn.Preprocess // what the images go through before; the zero value standardises
}

// inputNote is what every format says about its input.
func inputNote(p cnn.Preprocess) string {
	p.Flip = false
	if p == (cnn.Preprocess{}) {
		return "input: each image standardised by itself, (x - mean) / (std + 1e-7) over all its values"
	}
	return "input: " + p.String()
}

// note writes the preprocessing into a .h5 file, where Keras leaves it alone and
// [Import] finds it.
func (m Model) note(root *hdf5.Group) error {
	text, err := json.Marshal(m.Preprocess)
	root.Attributes["cnnbook"], root.Attributes[preprocessKey] = inputNote(m.Preprocess), string(text)
	return err
}

// layerWeights cuts the weights by layer.
func (m Model) layerWeights() ([]cnn.Weights, error) {
	if err := m.Weights.Check(m.Network); err != nil {
		return nil, err
	}
	shapes, err := m.Network.Shapes()
	if err != nil {
		return nil, err
	}
	out, rest, in := make([]cnn.Weights, len(shapes)), slices.Clone(m.Weights), m.Network.Input // cloned: a format may turn an array
	for i, l := range m.Network.Layers {
		n := len(l.Weights(in))
		out[i], rest, in = rest[:n], rest[n:], shapes[i]
	}
	return out, nil
}
