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

// KerasWeights writes the format of Keras 2's save_weights("….h5"): a group per
// layer, weights in the layer's order, "kernel:0" and so on.
func KerasWeights(m Model) ([]byte, error) {
	if err := inKeras(m.Network); err != nil {
		return nil, err
	}
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

// withoutSlashes returns the layers' names for Keras 3, which allows no slashes
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

// weightsGroup returns the tree of the weights, with the layers under the given names;
// h5py makes nested groups of a name with slashes.
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

// KerasModel writes a whole model in the format of model.save("….h5") of Keras 2.2.3
// and later, without a training configuration. Keras 3 reads it too. Keras 2.1 does
// not support this form of the configuration: use [KerasJSON] and [KerasWeights]
// for it.
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
	layers := config["config"].([]any) // as returned by kerasConfig
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

// Keras3Weights writes the format of Keras 3's save_weights("….weights.h5"): a
// group per layer, named after its class, with numbered arrays.
func Keras3Weights(m Model) ([]byte, error) {
	if err := inKeras(m.Network); err != nil {
		return nil, err
	}
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

// keras3Names returns the group names that Keras 3 derives from the layers' classes.
func keras3Names(net cnn.Architecture) []string {
	used := map[string]int{}
	out := make([]string, len(net.Layers))
	for i, l := range net.Layers {
		out[i] = numbered(used, snakeCase(kerasClass(l)))
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
	notes, err := m.notes()
	if err != nil {
		return nil, err
	}
	notes["keras_version"], notes["cnnbook"] = kerasVersion(3), inputNote(m.Preprocess)
	metadata, err := json.Marshal(notes)
	if err != nil {
		return nil, err
	}
	return stored(member{"metadata.json", metadata}, member{"config.json", config}, member{"model.weights.h5", weights})
}

// The unpacked size of a .keras file is limited: a small archive may expand to far
// more than its own length.
const (
	maxConfig  = 16 << 20
	maxWeights = 1 << 30
)

// ReadKeras reads a .keras file or a whole model's .h5; the first bytes show which it
// is. What package cnn cannot represent is refused, as by [ReadKerasJSON].
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
	if err == nil {
		err = m.named(f.classes)
	}
	if f.preprocess != nil {
		m.Preprocess = *f.preprocess
	}
	return m, err
}

// ReadKerasWeights reads the weights of a known network from any of Keras's .h5
// files: a weights file of Keras 2 or 3, or a whole model. Arrays are assigned to the
// network's layers by their order, as in Keras.
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
