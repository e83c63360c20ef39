package exchange

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/internal/hdf5"
)

// KerasWeights writes what save_weights("….h5") of Keras 2 does: a group per
// layer, weights in the layer's order, "kernel:0" and so on.
func KerasWeights(m Model) ([]byte, error) {
	g, err := weightsGroup(m)
	if err != nil {
		return nil, err
	}
	return hdf5.Encode(g)
}

func weightsGroup(m Model) (*hdf5.Group, error) {
	layers, err := m.layerWeights()
	if err != nil {
		return nil, err
	}
	root := hdf5.NewGroup()
	root.Attributes["backend"], root.Attributes["keras_version"] = "tensorflow", kerasVersion(2)
	names := []string{}
	for i, l := range m.Network.Layers {
		names = append(names, l.LayerName())
		g := root.Group(l.LayerName())
		weights := []string{}
		for _, a := range layers[i] {
			kind := path.Base(a.Name) // of "layer/kernel"
			weights = append(weights, l.LayerName()+"/"+kind+":0")
			g.Group(l.LayerName()).Datasets[kind+":0"] = &hdf5.Dataset{Shape: a.Shape, Values: a.Values}
		}
		g.Attributes["weight_names"] = weights
	}
	root.Attributes["layer_names"] = names
	return root, nil
}

// KerasModel writes a whole model as model.save("….h5") of Keras 2.2.3 and later
// does, without a training configuration. Keras 3 reads it too. Keras 2.1 does
// not know a model's configuration in that form: for it take [KerasJSON] and
// [KerasWeights].
func KerasModel(m Model) ([]byte, error) {
	g, err := weightsGroup(m)
	if err != nil {
		return nil, err
	}
	config, err := kerasConfig(m.Network, 2)
	if err != nil {
		return nil, err
	}
	layers := config["config"].([]any) // as kerasConfig makes it
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

// keras3Names are the groups of the layers that have weights; "" for others.
func keras3Names(net cnn.Architecture) []string {
	snake := map[string]string{"Conv2D": "conv2d", "Dense": "dense", "BatchNormalization": "batch_normalization"}
	used := map[string]int{}
	out := make([]string, len(net.Layers))
	for i, l := range net.Layers {
		name := snake[l.Kind()]
		if name == "" {
			continue
		}
		out[i] = name
		if n := used[name]; n > 0 {
			out[i] += "_" + strconv.Itoa(n)
		}
		used[name]++
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
	metadata, err := json.Marshal(object{"keras_version": kerasVersion(3), "cnnbook": inputNote})
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
// first bytes.
func ReadKeras(data []byte) (Model, error) {
	if !bytes.HasPrefix(data, []byte("PK")) {
		return readKerasModel(data)
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return Model{}, fmt.Errorf("%w: .keras file: %w", cnn.ErrFormat, err)
	}
	config, err := unpack(z, "config.json", maxConfig)
	if err != nil {
		return Model{}, err
	}
	net, err := ReadKerasJSON(config)
	if err != nil {
		return Model{}, err
	}
	weights, err := unpack(z, "model.weights.h5", maxWeights)
	if err != nil {
		return Model{}, err
	}
	w, err := ReadKerasWeights(weights, net)
	return Model{net, w}, err
}

// unpack reads a member of a .keras file, of at most some bytes.
func unpack(z *zip.Reader, name string, most int64) ([]byte, error) {
	f, err := z.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%w: .keras file: %w", cnn.ErrFormat, err)
	}
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("%w: .keras file: %s: %w", cnn.ErrFormat, name, err)
	}
	if int64(len(data)) > most {
		return nil, fmt.Errorf("%w: .keras file: %s has more than %d MiB", cnn.ErrFormat, name, most>>20)
	}
	return data, nil
}

func readKerasModel(data []byte) (Model, error) {
	root, err := hdf5.Decode(data)
	if err != nil {
		return Model{}, fmt.Errorf("%w: %w", cnn.ErrFormat, err)
	}
	config, ok := root.Attributes["model_config"].(string)
	if !ok {
		return Model{}, fmt.Errorf("%w: the .h5 file holds weights but no model: read them with the network that they are for", cnn.ErrFormat)
	}
	net, err := ReadKerasJSON([]byte(config))
	if err != nil {
		return Model{}, err
	}
	w, err := weightsOf(root, net)
	return Model{net, w}, err
}

// ReadKerasWeights reads the weights of a known network from any of Keras's .h5
// files: a weights file of Keras 2 or 3, or a whole model's. Arrays belong to the
// network's layers by their order, as they do in Keras.
func ReadKerasWeights(data []byte, net cnn.Architecture) (cnn.Weights, error) {
	root, err := hdf5.Decode(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", cnn.ErrFormat, err)
	}
	return weightsOf(root, net)
}

func weightsOf(root *hdf5.Group, net cnn.Architecture) (cnn.Weights, error) {
	if g := root.Groups["model_weights"]; g != nil {
		root = g
	}
	var arrays []*hdf5.Dataset
	var err error
	if root.Attributes["layer_names"] != nil || root.Attributes["layer_names0"] != nil {
		arrays, err = legacyArrays(root)
	} else {
		arrays, err = keras3Arrays(root, net)
	}
	if err != nil {
		return nil, err
	}
	specs, err := net.WeightSpecs()
	if err != nil {
		return nil, err
	}
	var out cnn.Weights
	for i, s := range specs {
		if i >= len(arrays) {
			return nil, fmt.Errorf("%w: the file's weights end before %q %v", cnn.ErrMismatch, s.Name, s.Shape)
		}
		a := arrays[i]
		if a.Unsupported != "" {
			return nil, fmt.Errorf("%w: the array for %q: %s", ErrUnsupported, s.Name, a.Unsupported)
		}
		if !slices.Equal(a.Shape, s.Shape) {
			return nil, fmt.Errorf("%w: the file holds an array %v where %q is %v", cnn.ErrMismatch, a.Shape, s.Name, s.Shape)
		}
		out = append(out, cnn.Array{Name: s.Name, Shape: s.Shape, Values: a.Values})
	}
	if len(arrays) > len(specs) {
		return nil, fmt.Errorf("%w: the file holds %d arrays, the network has %d", cnn.ErrMismatch, len(arrays), len(specs))
	}
	return out, out.Check(net)
}

// legacyArrays lists the arrays of a Keras 2 file, layer after layer.
func legacyArrays(root *hdf5.Group) ([]*hdf5.Dataset, error) {
	var out []*hdf5.Dataset
	for _, layer := range nameList(root, "layer_names") {
		g := root.Groups[layer]
		if g == nil {
			return nil, fmt.Errorf("%w: layer_names lists %q, which is not there", cnn.ErrFormat, layer)
		}
		for _, name := range nameList(g, "weight_names") {
			d := g.Find(name)
			if d == nil {
				return nil, fmt.Errorf("%w: layer %q lists the array %q, which is not there", cnn.ErrFormat, layer, name)
			}
			out = append(out, d)
		}
	}
	return out, nil
}

// nameList is a list attribute; Keras cuts one that is too long into name0,
// name1 and so on.
func nameList(g *hdf5.Group, name string) []string {
	if list, ok := g.Attributes[name].([]string); ok {
		return list
	}
	var out []string
	for i := 0; ; i++ {
		part, ok := g.Attributes[name+strconv.Itoa(i)].([]string)
		if !ok {
			return out
		}
		out = append(out, part...)
	}
}

// keras3Arrays lists the arrays of a .weights.h5 file of Keras 3, or of 2.13 to
// 2.15, which called the layers "_layer_checkpoint_dependencies".
func keras3Arrays(root *hdf5.Group, net cnn.Architecture) ([]*hdf5.Dataset, error) {
	layers := root.Groups["layers"]
	if layers == nil {
		layers = root.Groups["_layer_checkpoint_dependencies"]
	}
	if layers == nil {
		return nil, fmt.Errorf("%w: these are not weights as Keras saves them: neither layer_names nor layers is there", cnn.ErrFormat)
	}
	var out []*hdf5.Dataset
	for i, name := range keras3Names(net) {
		if name == "" {
			continue
		}
		g := layers.Groups[name]
		if g == nil || g.Groups["vars"] == nil {
			return nil, fmt.Errorf("%w: layers/%s, the weights of %q, is not there", cnn.ErrMismatch, name, net.Layers[i].LayerName())
		}
		vars := g.Groups["vars"].Datasets
		for j := range len(vars) {
			d := vars[strconv.Itoa(j)]
			if d == nil {
				return nil, fmt.Errorf("%w: layers/%s/vars/%d is not there", cnn.ErrFormat, name, j)
			}
			out = append(out, d)
		}
	}
	return out, nil
}
