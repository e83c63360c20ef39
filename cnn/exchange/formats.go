package exchange

import (
	"encoding/json"
	"fmt"

	"github.com/cnnbook/cnnbook/cnn"
)

// Format is a form in which a network can leave.
type Format struct {
	Name  string
	About string // for people, what is written
	Write func(Model) ([]byte, error)
}

// Formats lists what can be written; each is one file.
func Formats() []Format {
	return []Format{
		{"keras", "network and weights for Keras 3, as a .keras file", Keras},
		{"h5", "network and weights for Keras 2.2.3 and later, as a whole model's .h5", KerasModel},
		{"h5-weights", "the weights for load_weights of Keras 2 and 3: name it .h5", KerasWeights},
		{"keras3-weights", "the weights for load_weights of Keras 3: name it .weights.h5", Keras3Weights},
		{"keras2-json", "the layers for model_from_json of Keras 2", func(m Model) ([]byte, error) { return KerasJSON(m.Network, 2) }},
		{"keras3-json", "the layers for model_from_json of Keras 3", func(m Model) ([]byte, error) { return KerasJSON(m.Network, 3) }},
		{"pytorch", "the weights as safetensors with PyTorch's names, for load_in_pytorch.py", Safetensors},
		{"pytorch-loader", "load_in_pytorch.py, which builds the network of such a file", func(Model) ([]byte, error) { return []byte(LoadInPyTorch), nil }},
		{"onnx", "network and weights for onnxruntime, opset 13", ONNX},
		{"npz", "the weights for NumPy", NPZ},
	}
}

// FormatNamed finds a format.
func FormatNamed(name string) (Format, bool) {
	for _, f := range Formats() {
		if f.Name == name {
			return f, true
		}
	}
	return Format{}, false
}

// Read reads any of Keras's files. Those that hold weights alone need the network
// that they are for; others are refused if they hold another one.
func Read(data []byte, network *cnn.Architecture) (Model, error) {
	if network == nil {
		return ReadKeras(data)
	}
	w, err := ReadKerasWeights(data, *network)
	if err == nil {
		return Model{Network: *network, Weights: w}, nil
	}
	if m, other := ReadKeras(data); other == nil { // a .keras file, or a model with another network
		if err := m.Weights.Check(*network); err != nil {
			return Model{}, err
		}
		return Model{Network: *network, Weights: m.Weights, Preprocess: m.Preprocess}, nil
	}
	return Model{}, err
}

// ReadNetwork reads layers from JSON, in Keras's form or in ours.
func ReadNetwork(data []byte) (cnn.Architecture, error) {
	if isKerasJSON(data) {
		return ReadKerasJSON(data)
	}
	var ours cnn.Architecture
	if err := json.Unmarshal(data, &ours); err != nil {
		return ours, fmt.Errorf("neither Keras's JSON nor ours: %w", err)
	}
	return ours, nil
}
