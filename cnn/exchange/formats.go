package exchange

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/cnnbook/cnnbook/cnn"
)

// Format is a format in which a run or its network can be exported.
type Format struct {
	Name  string
	About string                      // description of the output for users
	Write func(Model) ([]byte, error) // returns the network as one file; nil for a format of the whole run
}

// Formats lists every export format, the default first: those of
// [cnn.ExportFormats], which hold more than the network or are this module's own,
// then those of other frameworks.
func Formats() []Format {
	var all []Format
	for _, f := range cnn.ExportFormats() {
		all = append(all, Format{Name: f.Name, About: f.About})
	}
	return append(all, []Format{
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
	}...)
}

// Export writes a run in the named format to out, which must not exist: see
// [cnn.Run.Export]. The error for a name that is not in [Formats] wraps cnn.ErrConfig.
func Export(r *cnn.Run, format, out string) error {
	var names []string
	for _, f := range Formats() {
		if f.Name == format {
			return f.export(r, out)
		}
		names = append(names, f.Name)
	}
	return fmt.Errorf("%w: unknown export format %q: known are %s", cnn.ErrConfig, format, strings.Join(names, ", "))
}

func (f Format) export(r *cnn.Run, out string) error {
	if f.Write == nil {
		return r.Export(f.Name, out)
	}
	m := Model{Network: r.Network, Weights: r.Weights(), Preprocess: r.Preprocess()}
	if r.NamesClasses() {
		var err error
		if m.Classes, err = r.Classes(); err != nil {
			return fmt.Errorf("exporting as %s: %w", f.Name, err)
		}
	}
	data, err := f.Write(m)
	if err != nil {
		return fmt.Errorf("exporting as %s: %w", f.Name, err)
	}
	return cnn.WriteNewFile(out, data)
}

// Read reads any of Keras's files. Files with weights only need their network;
// other files are refused if they hold a different network.
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
		return Model{Network: *network, Weights: m.Weights, Preprocess: m.Preprocess, Classes: m.Classes}, nil
	}
	return Model{}, err
}

// ReadNetwork reads layers from JSON, in Keras's format or in ours.
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
