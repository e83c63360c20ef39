package exchange

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/cnnbook/cnnbook/cnn"
)

// leaf is a layer of a Keras model, at any depth of nesting, with the information
// that locates its weights.
type leaf struct {
	kerasLayer
	place  int      // position of the top-level layer that it is or belongs to, from 1
	groups []string // Keras 3's groups for the weights, by nesting: "sequential", "conv2d"
	nested bool
	frozen bool // it, or a model around it, has trainable=False
	specs  []cnn.WeightSpec
}

// kerasChain is a Keras model as a plain chain.
type kerasChain struct {
	input  cnn.Shape
	open   []any   // instead of a shape: a batch shape with more than the first axis undefined
	leaves []*leaf // in the order of the data flow
	listed []*leaf // in the file's order
}

// maxNesting limits the nesting of models.
const maxNesting = 16

// readChain reads a model's JSON and lists its layers as one chain.
func readChain(data []byte) (*kerasChain, error) {
	var model kerasModel
	if err := json.Unmarshal(data, &model); err != nil {
		return nil, fmt.Errorf("%w: Keras JSON: %w", cnn.ErrFormat, err)
	}
	if strings.HasPrefix(model.Version, "1.") {
		return nil, keras1(model.Version)
	}
	switch model.Class {
	case "Sequential", "Functional", "Model":
	case "":
		return nil, fmt.Errorf("%w: Keras JSON: there is no class_name", cnn.ErrFormat)
	default:
		return nil, fmt.Errorf("%w: a Keras model of class %q: Sequential and functional models that are one chain can be read", ErrUnsupported, model.Class)
	}
	out := &kerasChain{}
	if err := out.model(model, leaf{}, 0); err != nil {
		return nil, err
	}
	if out.input == nil && out.open != nil {
		text, err := json.Marshal(out.open)
		if err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("%w: its images may have any size, %.80s: save it with a fixed size, as in keras.Input((32, 32, 3))", ErrUnsupported, text)
	}
	if out.input == nil {
		return nil, fmt.Errorf("%w: Keras JSON: it does not state the size of its images", cnn.ErrArchitecture)
	}
	return out, nil
}

func keras1(version string) error {
	if version == "" {
		version = "1"
	}
	return fmt.Errorf("%w: it is a file from Keras %s: load it with Keras 2.0 to 2.15 and save it again", ErrUnsupported, version)
}

// kerasModel is a model's JSON.
type kerasModel struct {
	Class   string          `json:"class_name"`
	Config  json.RawMessage `json:"config"`
	Version string          `json:"keras_version"`
	Build   buildConfig     `json:"build_config"`
}

// buildConfig is the input shape that a layer was built for.
type buildConfig struct {
	Shape []any `json:"input_shape"`
}

// modelConfig is a model's configuration.
type modelConfig struct {
	Name       string            `json:"name"`
	Trainable  *bool             `json:"trainable"`
	Layers     []json.RawMessage `json:"layers"`
	BuildInput []any             `json:"build_input_shape"`
	Inputs     any               `json:"input_layers"`
	Outputs    any               `json:"output_layers"`
}

// model adds a model's layers to the chain. around is the layer that contains it.
func (k *kerasChain) model(m kerasModel, around leaf, depth int) error {
	if depth > maxNesting {
		return fmt.Errorf("%w: models are nested too deeply", cnn.ErrFormat)
	}
	var config modelConfig
	if err := json.Unmarshal(m.Config, &config.Layers); err != nil { // before 2.2.3 the configuration was the list of layers
		config.Layers = nil
		if err := json.Unmarshal(m.Config, &config); err != nil {
			return fmt.Errorf("%w: Keras JSON: %w", cnn.ErrFormat, err)
		}
	}
	around.frozen = around.frozen || (config.Trainable != nil && !*config.Trainable)
	used := map[string]int{}
	parts := map[string]*kerasChain{} // by the layer's name
	var order []string
	for i, raw := range config.Layers {
		var l kerasLayer
		if err := json.Unmarshal(raw, &l); err != nil {
			return fmt.Errorf("%w: Keras JSON: %w", cnn.ErrFormat, err)
		}
		place := leaf{kerasLayer: l, place: around.place, nested: depth > 0}
		if depth == 0 {
			place.place = i + 1
		}
		place.frozen = around.frozen || l.Config["trainable"] == false
		place.groups = append(slices.Clone(around.groups), numbered(used, snakeCase(l.Class)))
		part := &kerasChain{}
		if err := part.layer(l, raw, place, depth); err != nil {
			return err
		}
		k.listed = append(k.listed, part.listed...)
		key := l.nameInModel()
		if m.Class == "Sequential" {
			key = strconv.Itoa(i)
		}
		if parts[key] != nil {
			return fmt.Errorf("%w: layer %d: the name %q is taken by an earlier layer", cnn.ErrArchitecture, i+1, key)
		}
		parts[key], order = part, append(order, key)
	}
	if m.Class != "Sequential" {
		var err error
		if order, err = chainOrder(config, m); err != nil {
			return err
		}
	}
	for _, name := range order {
		part := parts[name]
		if part == nil {
			return fmt.Errorf("%w: Keras JSON: the layer %q is used, but not listed", cnn.ErrFormat, name)
		}
		if k.input == nil && k.open == nil && len(k.leaves) == 0 {
			k.input, k.open = part.input, part.open
		}
		k.leaves = append(k.leaves, part.leaves...)
	}
	for _, shape := range [][]any{config.BuildInput, m.Build.Shape} {
		k.takes(shape)
	}
	if len(config.Layers) > 0 {
		var first kerasModel
		if json.Unmarshal(config.Layers[0], &first) == nil {
			k.takes(first.Build.Shape)
		}
	}
	return nil
}

// takes records a batch shape as the input's, if there is none yet.
func (k *kerasChain) takes(batch []any) {
	if k.input != nil || len(batch) == 0 {
		return
	}
	if k.input = imageShape(batch); k.input == nil {
		k.open = batch
	}
}

// layer adds one layer, or the layers of a nested model.
func (k *kerasChain) layer(l kerasLayer, raw json.RawMessage, place leaf, depth int) error {
	for _, key := range []string{"batch_shape", "batch_input_shape"} {
		if shape, ok := l.Config[key].([]any); ok {
			k.takes(shape)
		}
	}
	switch l.Class {
	case "InputLayer":
		return nil
	case "Sequential", "Functional", "Model":
		var inner kerasModel
		if err := json.Unmarshal(raw, &inner); err != nil {
			return fmt.Errorf("%w: Keras JSON: %w", cnn.ErrFormat, err)
		}
		return k.model(inner, place, depth+1)
	case "TimeDistributed", "Bidirectional":
		return place.wrap(fmt.Errorf("%w: this layer is not available", ErrUnsupported))
	}
	k.leaves, k.listed = []*leaf{&place}, []*leaf{&place}
	return nil
}

// wrap adds the layer to an error.
func (l *leaf) wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("layer %d, %q (%s): %w", l.place, l.text("name"), l.Class, err)
}

// nameInModel returns a layer's name within a functional model.
func (l kerasLayer) nameInModel() string {
	if l.Name != "" {
		return l.Name
	}
	return l.text("name")
}

// numbered returns Keras 3's name for one of several layers: "conv2d", "conv2d_1" and so on.
func numbered(used map[string]int, name string) string {
	n := used[name]
	used[name]++
	if n > 0 {
		return name + "_" + strconv.Itoa(n)
	}
	return name
}

var (
	capitalWord = regexp.MustCompile(`(.)([A-Z][a-z]+)`)
	capital     = regexp.MustCompile(`([a-z])([A-Z])`)
)

// snakeCase is Keras's to_snake_case.
func snakeCase(class string) string {
	return strings.ToLower(capital.ReplaceAllString(capitalWord.ReplaceAllString(class, "${1}_${2}"), "${1}_${2}"))
}

// chainOrder lists a functional model's layers from input to output, and refuses
// a model that is not one chain.
func chainOrder(config modelConfig, m kerasModel) ([]string, error) {
	refuse := func(format string, args ...any) error {
		return fmt.Errorf("%w: the functional model %q is not one chain: %s", ErrUnsupported, config.Name, fmt.Sprintf(format, args...))
	}
	inputs, outputs := tensorNames(config.Inputs), tensorNames(config.Outputs)
	if len(inputs) != 1 || len(outputs) != 1 {
		return nil, refuse("it has %d inputs and %d outputs", len(inputs), len(outputs))
	}
	before := map[string]string{}
	for _, raw := range config.Layers {
		var l kerasLayer
		if err := json.Unmarshal(raw, &l); err != nil {
			return nil, fmt.Errorf("%w: Keras JSON: %w", cnn.ErrFormat, err)
		}
		name := l.nameInModel()
		if l.Class == "InputLayer" {
			continue
		}
		if n := len(l.Inbound); n != 1 {
			return nil, refuse("layer %q (%s) is used %d times", name, l.Class, n)
		}
		from, training := inboundNames(l.Inbound[0])
		if len(from) != 1 {
			return nil, refuse("layer %q (%s) takes %d inputs", name, l.Class, len(from))
		}
		if training && !slices.Contains(onlyTraining, l.Class) { // for these it is the default, which predictions override
			return nil, fmt.Errorf("%w: layer %q (%s) is called with training=True", ErrUnsupported, name, l.Class)
		}
		before[name] = from[0]
	}
	order := []string{outputs[0]}
	for order[0] != inputs[0] {
		from, ok := before[order[0]]
		if !ok || len(order) > len(config.Layers) {
			return nil, refuse("layer %q is not reached from the input", outputs[0])
		}
		order = slices.Insert(order, 0, from)
	}
	if len(order) != len(config.Layers) {
		return nil, refuse("%d of its %d layers are on the way to its output", len(order), len(config.Layers))
	}
	return order, nil
}

// tensorNames returns the layers of ["input", 0, 0] or [["input", 0, 0]].
func tensorNames(v any) (names []string) {
	switch v := v.(type) {
	case []any:
		if len(v) == 3 {
			if name, ok := v[0].(string); ok {
				return []string{name}
			}
		}
		for _, one := range v {
			names = append(names, tensorNames(one)...)
		}
	case object: // several, by name
		for _, one := range v {
			names = append(names, tensorNames(one)...)
		}
	}
	return names
}

// inboundNames returns the layers that provide the inputs of one call of a layer, in
// the format of Keras 2, [["conv", 0, 0, {}]], or of Keras 3, {"args": [tensor],
// "kwargs": {}}; and whether it is called with training=True.
func inboundNames(call any) (names []string, training bool) {
	switch call := call.(type) {
	case object:
		if history, ok := call["keras_history"].([]any); ok {
			return tensorNames(history), false
		}
		for key, v := range call {
			if key == "training" && v == true {
				training = true
			}
			more, deeper := inboundNames(v)
			names, training = append(names, more...), training || deeper
		}
	case []any:
		if len(call) >= 3 {
			if name, ok := call[0].(string); ok {
				if len(call) > 3 {
					_, training = inboundNames(call[3])
				}
				return []string{name}, training
			}
		}
		for _, v := range call {
			more, deeper := inboundNames(v)
			names, training = append(names, more...), training || deeper
		}
	}
	return names, training
}
