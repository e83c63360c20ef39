// Package exchange writes networks and their weights in the formats of other
// frameworks, and reads those of Keras and ONNX.
//
//	format               written  read  for
//	Keras JSON           yes      yes   model_from_json of Keras 2 or 3: only the layers
//	.keras               yes      yes   Keras 3
//	.h5, whole model     yes      yes   Keras 2.2.3 and later, Keras 3
//	.h5, weights         yes      yes   load_weights of Keras 2 and 3 (the write-up's save_weights)
//	.weights.h5          yes      yes   load_weights of Keras 3
//	safetensors          yes      no    PyTorch, with PyTorch's names and layout: see [LoadInPyTorch]
//	ONNX                 yes      yes   onnxruntime and others; PyTorch's torch.onnx.export
//	npz                  yes      no    NumPy
//
// A run's history, in CSV for pandas, is written by [cnn.Run.Export].
//
// # Input in other programs
//
// A network takes float32 images [batch, height, width, channels], preprocessed by
// [Model.Preprocess], as [cnn.Preprocess.Inputs] does it: each image is standardised
// separately, unless the network was imported with another preprocessing. Every format with
// a text field states this. PyTorch's axes have another order: [batch, channels, height,
// width].
//
// # What is read
//
// [Import] reads Sequential and functional models that are one chain of layers that package
// cnn has, including nested models. A layer with its own activation becomes two layers.
// Rescaling and Normalization before the first layer become the preprocessing. Layers that
// act only in training are left out, and so are regularisers other than the L2 of a Conv2D's or Dense's kernel, and constraints:
// predictions do not depend on them, and the notes list them. A network
// that ends without a softmax gets one; a softmax that only Flatten or Dropout follow stays the only one. If a file does not describe the preprocessing of
// its images, the caller must choose one of [Preprocessings]. Anything else is refused with
// the layer's name, and so is a field whose type differs from Keras's.
//
// An ONNX file is read if its graph is one chain, from one input of images to one output, of
//
//   - Conv with one group, or one for each channel; Gemm; MatMul; BatchNormalization
//   - MaxPool, AveragePool, GlobalAveragePool; ReduceMean over rows and columns; Pad with zeros
//   - Relu, LeakyRelu, PRelu with one slope, Elu, Selu, Gelu, Sigmoid, Softplus, Softsign, Tanh,
//     Clip from 0 to 6, and the groups of operators that exporters write for them and for SiLU:
//     an activation is recognised by its values
//   - Flatten, Reshape and Squeeze to one row for each image, Transpose, Dropout, Identity
//   - Softmax and LogSoftmax
//   - Add, Sub, Mul and Div with constants: before the first layer they are preprocessing,
//     after a convolution or dense layer they become part of its weights
//
// Weights are turned from channels first to channels last, those of a dense layer after a
// Flatten too. The axis of the channels is taken from the first operator on images, or from
// their number. Kernels and windows must be square. Opsets 7 to 26 are read, and weights of
// float16, bfloat16, float32 and float64. [ImportFile] reads weights in files beside the .onnx
// file. A node that is not supported is named, with its operator.
//
// [ReadKeras] and [ReadKerasJSON], which return no notes, refuse what Import would note.
//
// The ONNX and PyTorch formats do not yet support the layers that only occur in Keras's files:
// average and overlapping pooling, zero padding, depthwise and separable convolutions, and
// activations other than ReLU, GELU and softmax are refused by name.
//
// A [cnn.WhiteningConv2D] is written as the convolution that it is, with Keras's trainable=False, and read as such. Of
// PyTorch's initialisers, Keras has torch_uniform as a VarianceScaling, which also stands in for dirac: only new weights depend on it.
//
// Penalties on kernels, initialisers with a number and what biases start as are Keras's L2, RandomNormal, Orthogonal and Constant, both ways.
// They act in a training alone: ONNX, npz and PyTorch's files have no place for them, and are the same without.
//
// It is a separate package so that a notebook that only trains does not compile it.
package exchange

import (
	"errors"
	"slices"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/internal/hdf5"
)

// ErrUnsupported means that a file uses a feature that package cnn does not have.
var ErrUnsupported = errors.New("not supported")

// Model is a network and its weights, in the order of [cnn.Architecture.WeightSpecs].
type Model struct {
	Network    cnn.Architecture
	Weights    cnn.Weights
	Preprocess cnn.Preprocess // preprocessing of the images; the zero value standardises
	Classes    []string       // names by output; nil: not known
}

// inputNote is the description of the input in every format.
func inputNote(p cnn.Preprocess) string {
	p = p.ForEvaluation()
	if p == (cnn.Preprocess{}) {
		return "input: each image standardised by itself, (x - mean) / (std + 1e-7) over all its values"
	}
	return "input: " + p.String()
}

// note writes preprocessing and classes into a .h5 file, where Keras ignores them and
// [Import] finds them.
func (m Model) note(root *hdf5.Group) error {
	notes, err := m.notes()
	root.Attributes["cnnbook"] = inputNote(m.Preprocess)
	for key, text := range notes {
		root.Attributes[key] = text
	}
	return err
}

// layerWeights splits the weights by layer.
func (m Model) layerWeights() ([]cnn.Weights, error) {
	if err := m.Weights.Check(m.Network); err != nil {
		return nil, err
	}
	shapes, err := m.Network.Shapes()
	if err != nil {
		return nil, err
	}
	out, rest, in := make([]cnn.Weights, len(shapes)), slices.Clone(m.Weights), m.Network.Input // cloned: a format may transpose an array
	for i, l := range m.Network.Layers {
		n := len(l.Weights(in))
		out[i], rest, in = rest[:n], rest[n:], shapes[i]
	}
	return out, nil
}
