package exchange

import (
	"encoding/json"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/internal/hdf5"
)

// KerasWeights writes what save_weights("….h5") of Keras 2 does: a group per
// layer, weights in the layer's order, "kernel:0" and so on.
func KerasWeights(m Model) ([]byte, error) {
	var names []string
	for _, l := range m.Network.Layers {
		names = append(names, l.LayerName())
	}
	g, err := weightsGroup(m, names)
	if err != nil {
		return nil, err
	}
	return hdf5.Encode(g)
}

// withoutSlashes are the layers' names as Keras 3 takes them, which has no slashes
// in names.
func withoutSlashes(net cnn.Architecture) []string {
	taken := map[string]bool{}
	for _, l := range net.Layers {
		taken[l.LayerName()] = true
	}
	var out []string
	for _, l := range net.Layers {
		name := l.LayerName()
		if strings.Contains(name, "/") {
			base := strings.ReplaceAll(name, "/", "_")
			name = base
			for i := 2; taken[name]; i++ {
				name = base + "_" + strconv.Itoa(i)
			}
			taken[name] = true
		}
		out = append(out, name)
	}
	return out
}

// weightsGroup is the tree of the weights, the layers under the given names; h5py
// makes nested groups of a name with slashes.
func weightsGroup(m Model, names []string) (*hdf5.Group, error) {
	layers, err := m.layerWeights()
	if err != nil {
		return nil, err
	}
	root := hdf5.NewGroup()
	root.Attributes["backend"], root.Attributes["keras_version"] = "tensorflow", kerasVersion(2)
	for i, name := range names {
		g := root.Path(name)
		weights := []string{}
		for _, a := range layers[i] {
			kind := path.Base(a.Name) // of "layer/kernel"
			weights = append(weights, name+"/"+kind+":0")
			g.Path(name).Datasets[kind+":0"] = &hdf5.Dataset{Shape: a.Shape, Values: a.Values}
		}
		g.Attributes["weight_names"] = weights
	}
	root.Attributes["layer_names"] = names
	return root, m.note(root)
}

// KerasModel writes a whole model as model.save("….h5") of Keras 2.2.3 and later
// does, without a training configuration. Keras 3 reads it too. Keras 2.1 does
// not know a model's configuration in that form: for it take [KerasJSON] and
// [KerasWeights].
func KerasModel(m Model) ([]byte, error) {
	names := withoutSlashes(m.Network)
	g, err := weightsGroup(m, names)
	if err != nil {
		return nil, err
	}
	config, err := kerasConfig(m.Network, 2)
	if err != nil {
		return nil, err
	}
	layers := config["config"].([]any) // as kerasConfig makes it
	for i, l := range layers {
		l.(object)["config"].(object)["name"] = names[i]
	}
	first := layers[0].(object)["config"].(object)
	input := object{"class_name": "InputLayer", "config": object{"name": "input", "batch_input_shape": first["batch_input_shape"], "dtype": "float32", "sparse": false}}
	delete(first, "batch_input_shape") // Keras 3 misreads it in any other layer
	config["config"] = object{"name": "sequential", "layers": append([]any{input}, layers...)}
	text, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}
	root := hdf5.NewGroup()
	root.Attributes["model_config"] = string(text)
	root.Attributes["backend"], root.Attributes["keras_version"] = "tensorflow", kerasVersion(2)
	root.Groups["model_weights"] = g
	if err := m.note(root); err != nil {
		return nil, err
	}
	return hdf5.Encode(root)
}

// Keras3Weights writes what save_weights("….weights.h5") of Keras 3 does: a
// group per layer, named after its class, with the arrays by number.
func Keras3Weights(m Model) ([]byte, error) {
	layers, err := m.layerWeights()
	if err != nil {
		return nil, err
	}
	root := hdf5.NewGroup()
	if err := m.note(root); err != nil {
		return nil, err
	}
	root.Group("vars").Attributes["name"] = "sequential"
	for i, name := range keras3Names(m.Network) {
		if len(layers[i]) == 0 {
			continue
		}
		vars := root.Group("layers").Group(name).Group("vars")
		vars.Attributes["name"] = m.Network.Layers[i].LayerName()
		for j, a := range layers[i] {
			vars.Datasets[strconv.Itoa(j)] = &hdf5.Dataset{Shape: a.Shape, Values: a.Values}
		}
	}
	return hdf5.Encode(root)
}

// keras3Names are the groups that Keras 3 names after the layers' classes.
func keras3Names(net cnn.Architecture) []string {
	used := map[string]int{}
	out := make([]string, len(net.Layers))
	for i, l := range net.Layers {
		out[i] = numbered(used, snakeCase(l.Kind()))
	}
	return out
}

// Keras writes a .keras file, the format of Keras 3.
func Keras(m Model) ([]byte, error) {
	weights, err := Keras3Weights(m)
	if err != nil {
		return nil, err
	}
	config, err := KerasJSON(m.Network, 3)
	if err != nil {
		return nil, err
	}
	preprocess, err := json.Marshal(m.Preprocess)
	if err != nil {
		return nil, err
	}
	metadata, err := json.Marshal(object{"keras_version": kerasVersion(3), "cnnbook": inputNote(m.Preprocess), preprocessKey: string(preprocess)})
	if err != nil {
		return nil, err
	}
	return stored(member{"metadata.json", metadata}, member{"config.json", config}, member{"model.weights.h5", weights})
}

// What is unpacked from a .keras file is bounded: a small archive may hold far
// more than its own length.
const (
	maxConfig  = 16 << 20
	maxWeights = 1 << 30
)

// ReadKeras reads a .keras file or a whole model's .h5, told apart by their
// first bytes. What package cnn has no place for is refused, as by [ReadKerasJSON].
func ReadKeras(data []byte) (Model, error) {
	p, f, err := readFile(data, nil)
	if err != nil {
		return Model{}, err
	}
	if err := p.strict(); err != nil {
		return Model{}, err
	}
	w, err := p.weights(f.weights)
	m := Model{Network: p.net, Weights: w}
	if f.preprocess != nil {
		m.Preprocess = *f.preprocess
	}
	return m, err
}

// ReadKerasWeights reads the weights of a known network from any of Keras's .h5
// files: a weights file of Keras 2 or 3, or a whole model's. Arrays belong to the
// network's layers by their order, as they do in Keras.
func ReadKerasWeights(data []byte, net cnn.Architecture) (cnn.Weights, error) {
	p, err := planOf(net)
	if err != nil {
		return nil, err
	}
	if err := notKeras(data); err != nil {
		return nil, err
	}
	root, err := hdf5.Decode(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", cnn.ErrFormat, err)
	}
	return p.weights(root)
}
