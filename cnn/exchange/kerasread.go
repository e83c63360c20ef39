package exchange

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/cnnbook/cnnbook/cnn"
)

// ReadKerasJSON reads the output of model.to_json() of Keras 2 or 3. What package cnn
// cannot represent, such as a constraint, is refused, even if
// predictions do not depend on it; [Import] reads a file with its weights, and
// reports what it left out.
func ReadKerasJSON(data []byte) (cnn.Architecture, error) {
	p, err := readPlan(data)
	if err != nil {
		return cnn.Architecture{}, err
	}
	return p.net, p.strict()
}

// plan describes the conversion of a Keras model into a network of package cnn.
type plan struct {
	net    cnn.Architecture
	listed []*leaf // layers that may have weights, in the file's order
	steps  []step  // the model's preprocessing of pixels before its first layer
	flip   bool    // it flips training images at random
	lost   []loss
	names  map[string]bool // of all its layers
}

// step is a part of a model's own preprocessing: x·scale + offset.
type step struct {
	leaf          *leaf
	scale, offset []float64
	learnt        bool // scale and offset are stored with the weights
}

// loss is something in the file that package cnn cannot represent.
type loss struct {
	leaf *leaf
	what string
	why  string // why it does not matter, or its consequence
	kept bool   // it is represented after all: the user should know of it
}

// strict refuses any loss.
func (p *plan) strict() error {
	for _, l := range p.lost {
		if l.kept {
			continue
		}
		return l.leaf.wrap(fmt.Errorf("%w: %s", ErrUnsupported, l.what))
	}
	for _, s := range p.steps {
		return s.leaf.wrap(fmt.Errorf("%w as part of a network: it is preprocessing", ErrUnsupported))
	}
	return nil
}

func (p *plan) lose(l *leaf, what, why string) {
	p.lost = append(p.lost, loss{leaf: l, what: what, why: why})
}

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
	axes := map[string]int{} // of batch normalisation layers
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
			if shape != nil { // layers that do not fit are all reported together below
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
			specs := layer.Weights(in)
			if l.frozen && len(specs) > 0 {
				p.net = p.net.Freeze(layer.LayerName())
				p.lost = append(p.lost, loss{leaf: l, what: "trainable false", why: "kept: training from this run leaves its weights as they are", kept: true})
			}
			l.specs = append(l.specs, specs...)
			in = shapes[i]
			i++
		}
	}
	return p, checkAxes(p.net, shapes, axes, names)
}

// rename gives a layer an unused name if a layer of another model has the same name.
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

// planOf returns the plan of a network of package cnn.
func planOf(net cnn.Architecture) (*plan, error) {
	shapes, err := net.Shapes()
	if err != nil {
		return nil, err
	}
	p := &plan{net: net}
	used := map[string]int{}
	in := net.Input
	for i, layer := range net.Layers {
		l := &leaf{kerasLayer: kerasLayer{Class: kerasClass(layer), Config: object{"name": layer.LayerName()}}, place: i + 1}
		l.groups, l.specs = []string{numbered(used, snakeCase(kerasClass(layer)))}, layer.Weights(in)
		p.listed = append(p.listed, l)
		in = shapes[i]
	}
	return p, nil
}

// checkAxes refuses batch normalisation over any axis but the last; Keras may count
// axes from either end.
func checkAxes(net cnn.Architecture, shapes []cnn.Shape, axes map[string]int, leaves map[string]*leaf) error {
	for i, l := range net.Layers {
		if axis, ok := axes[l.LayerName()]; ok && axis != -1 && axis != len(shapes[i]) {
			return leaves[l.LayerName()].wrap(fmt.Errorf("%w: axis %d: expected the last, -1 or %d", ErrUnsupported, axis, len(shapes[i])))
		}
	}
	return nil
}

// withoutEffect lists the fields that predictions do not depend on.
var withoutEffect = []string{
	"kernel_regularizer", "bias_regularizer", "activity_regularizer", "beta_regularizer", "gamma_regularizer",
	"depthwise_regularizer", "pointwise_regularizer",
	"kernel_constraint", "bias_constraint", "beta_constraint", "gamma_constraint", "depthwise_constraint", "pointwise_constraint",
}

// hasL2 reports whether layers of a class keep the penalty on their kernel.
func hasL2(class string) bool {
	return class == "Conv2D" || class == "Convolution2D" || class == "Dense"
}

// read converts a layer into layers of package cnn: itself, and its activation if it
// has one; none for a layer that only affects training or is preprocessing.
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
		if err := l.only(key); err != nil && !(key == "kernel_regularizer" && l.l2() > 0 && hasL2(l.Class)) {
			p.lose(l, key+" "+classOf(l.Config[key]), "left out: predictions do not depend on it")
		}
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

// classOf returns the class name of a Keras object, for messages.
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

// policyName returns the name of a dtype or of a dtype policy.
func policyName(v any) string {
	if name, ok := v.(string); ok {
		return name
	}
	o, _ := v.(object)
	config, _ := o["config"].(object)
	name, _ := config["name"].(string)
	return name
}
