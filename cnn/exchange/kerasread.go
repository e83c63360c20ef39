package exchange

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/cnnbook/cnnbook/cnn"
)

// ReadKerasJSON reads what model.to_json() of Keras 2 or 3 wrote. What package cnn
// has no place for, a regulariser or a frozen layer, say, is refused, even if
// predictions do not depend on it; [Import] reads a file with its weights, and
// says what it left out.
func ReadKerasJSON(data []byte) (cnn.Architecture, error) {
	p, err := readPlan(data)
	if err != nil {
		return cnn.Architecture{}, err
	}
	return p.net, p.strict()
}

// plan is how a Keras model becomes a network of ours.
type plan struct {
	net    cnn.Architecture
	listed []*leaf // those that may have weights, as the file lists them
	steps  []step  // what the model does to pixels before its first layer
	flip   bool    // it mirrors training images at random
	lost   []loss
	names  map[string]bool // of all its layers
}

// step is a part of a model's own preprocessing: times scale, plus offset.
type step struct {
	leaf          *leaf
	scale, offset []float64
	learnt        bool // scale and offset come with the weights
}

// loss is something of the file that has no place here.
type loss struct {
	leaf *leaf
	what string
	why  string // why it does not matter, or what follows from it
}

// strict refuses whatever is lost.
func (p *plan) strict() error {
	for _, l := range p.lost {
		return l.leaf.wrap(fmt.Errorf("%w: %s", ErrUnsupported, l.what))
	}
	for _, s := range p.steps {
		return s.leaf.wrap(fmt.Errorf("%w as a part of a network: it is preprocessing", ErrUnsupported))
	}
	return nil
}

func (p *plan) lose(l *leaf, what, why string) { p.lost = append(p.lost, loss{l, what, why}) }

// readPlan reads a model's JSON.
func readPlan(data []byte) (*plan, error) {
	chain, err := readChain(data)
	if err != nil {
		return nil, err
	}
	p := &plan{net: cnn.Architecture{Input: chain.input}, listed: chain.listed, names: map[string]bool{}}
	for _, l := range chain.leaves {
		p.names[l.text("name")] = true
	}
	axes := map[string]int{} // of batch normalisations
	names := map[string]*leaf{}
	shape := chain.input
	owners := map[*leaf][]cnn.Layer{}
	for _, l := range chain.leaves {
		if other := names[l.text("name")]; other != nil && (l.nested || other.nested) {
			l.rename(names)
		}
		names[l.text("name")] = l
		read, err := p.read(l, shape)
		if err != nil {
			return nil, l.wrap(err)
		}
		for _, layer := range read {
			if shape != nil { // a layer that does not fit is reported with all others below
				next, err := layer.Output(shape)
				if err != nil {
					next = nil
				}
				shape = next
			}
		}
		owners[l] = read
		p.net.Layers = append(p.net.Layers, read...)
		if l.Class == "BatchNormalization" {
			if axes[l.text("name")], err = l.side("axis", -1); err != nil {
				return nil, l.wrap(err)
			}
		}
	}
	shapes, err := p.net.Shapes()
	if err != nil {
		return nil, err
	}
	in, i := p.net.Input, 0
	for _, l := range chain.leaves {
		for _, layer := range owners[l] {
			l.specs = append(l.specs, layer.Weights(in)...)
			in = shapes[i]
			i++
		}
	}
	return p, checkAxes(p.net, shapes, axes)
}

// rename gives a layer that shares its name with one of another model a name that
// is free.
func (l *leaf) rename(taken map[string]*leaf) {
	name := l.text("name")
	free := name
	for i := 2; taken[free] != nil; i++ {
		free = fmt.Sprintf("%s_%d", name, i)
	}
	config := object{"name": free}
	for key, v := range l.Config {
		if key != "name" {
			config[key] = v
		}
	}
	l.Config = config
}

// planOf is the plan of a network of ours.
func planOf(net cnn.Architecture) (*plan, error) {
	shapes, err := net.Shapes()
	if err != nil {
		return nil, err
	}
	p := &plan{net: net}
	used := map[string]int{}
	in := net.Input
	for i, layer := range net.Layers {
		l := &leaf{kerasLayer: kerasLayer{Class: layer.Kind(), Config: object{"name": layer.LayerName()}}, place: i + 1}
		l.groups, l.specs = []string{numbered(used, snakeCase(layer.Kind()))}, layer.Weights(in)
		p.listed = append(p.listed, l)
		in = shapes[i]
	}
	return p, nil
}

// checkAxes refuses a batch normalisation over another axis than the last, which
// Keras may count from either end.
func checkAxes(net cnn.Architecture, shapes []cnn.Shape, axes map[string]int) error {
	for i, l := range net.Layers {
		if axis, ok := axes[l.LayerName()]; ok && axis != -1 && axis != len(shapes[i]) {
			return fmt.Errorf("layer %q (%s): %w: axis %d", l.LayerName(), l.Kind(), ErrUnsupported, axis)
		}
	}
	return nil
}

// withoutEffect are fields that predictions do not depend on.
var withoutEffect = []string{
	"kernel_regularizer", "bias_regularizer", "activity_regularizer", "beta_regularizer", "gamma_regularizer",
	"depthwise_regularizer", "pointwise_regularizer",
	"kernel_constraint", "bias_constraint", "beta_constraint", "gamma_constraint", "depthwise_constraint", "pointwise_constraint",
}

// read gives a layer in terms of package cnn: itself, and its activation if it
// has one; nothing for what only trains, or is done to the pixels before.
func (p *plan) read(l *leaf, in cnn.Shape) ([]cnn.Layer, error) {
	if err := l.typed(); err != nil {
		return nil, err
	}
	if l.Class == "Convolution2D" || l.Class == "Dense" || l.Class == "Conv2D" {
		for _, key := range []string{"nb_filter", "output_dim", "border_mode", "W_regularizer"} {
			if l.Config[key] != nil {
				return nil, keras1("")
			}
		}
	}
	if err := l.refuse(map[string][]any{"data_format": {"channels_last"}, "lora_rank": nil, "quantization_config": nil, "quantization_mode": nil}); err != nil {
		return nil, err
	}
	for _, key := range withoutEffect {
		if err := l.only(key); err != nil {
			p.lose(l, key+" "+classOf(l.Config[key]), "left out: predictions do not depend on it")
		}
	}
	if l.frozen {
		p.lose(l, "trainable false", "left out: predictions do not depend on it, and a training that starts from here trains it")
	}
	policy := policyName(l.Config["dtype"])
	switch {
	case strings.Contains(policy, "int8"), strings.Contains(policy, "int4"), strings.Contains(policy, "float8"):
		return nil, fmt.Errorf("%w: dtype %s", ErrUnsupported, policy)
	case policy != "" && policy != "float32" && policy != "uint8":
		p.lose(l, "dtype "+policy, "computed in float32 here")
	}
	read, preprocessing, err := p.preprocessing(l, in)
	if err != nil || preprocessing {
		return read, err
	}
	return l.layers(p)
}

// classOf is what an object of Keras's calls itself, for people.
func classOf(v any) string {
	if o, ok := v.(object); ok {
		if class, ok := o["class_name"].(string); ok {
			return class
		}
	}
	text, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(text)
}

// policyName is the name of a type, or of a policy of types.
func policyName(v any) string {
	if name, ok := v.(string); ok {
		return name
	}
	o, _ := v.(object)
	config, _ := o["config"].(object)
	name, _ := config["name"].(string)
	return name
}
