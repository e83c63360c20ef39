package exchange

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
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
	p := &plan{net: cnn.Architecture{Input: chain.input}, listed: chain.listed}
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
	l.Config = maps.Clone(l.Config)
	l.Config["name"] = free
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

// imageShape is a batch shape without the batch.
func imageShape(batch []any) cnn.Shape {
	var out cnn.Shape
	for _, n := range batch[min(1, len(batch)):] {
		v, ok := n.(float64)
		if !ok || v != math.Trunc(v) || v > math.MaxInt32 {
			return nil
		}
		out = append(out, int(v))
	}
	return out
}

// kerasLayer is a layer's class and its get_config().
type kerasLayer struct {
	Class   string `json:"class_name"`
	Config  object `json:"config"`
	Name    string `json:"name"`          // in a functional model
	Inbound []any  `json:"inbound_nodes"` // its calls there
}

func (l kerasLayer) text(key string) string { s, _ := l.Config[key].(string); return s }

// number is a field, or what Keras takes where it is missing.
func (l kerasLayer) number(key string, byDefault float64) float64 {
	if v, ok := l.Config[key].(float64); ok {
		return v
	}
	return byDefault
}

// typed refuses a field of another type than Keras gives it, which would
// otherwise pass for one that is missing.
func (l kerasLayer) typed() error {
	for _, key := range slices.Sorted(maps.Keys(l.Config)) {
		v := l.Config[key]
		want := ""
		switch key {
		case "name", "padding":
			if _, ok := v.(string); !ok && !(key == "padding" && l.Class == "ZeroPadding2D") {
				want = "a string"
			}
		case "use_bias":
			if _, ok := v.(bool); !ok {
				want = "true or false"
			}
		case "filters", "units":
			if f, ok := v.(float64); !ok || f != math.Trunc(f) || math.Abs(f) > math.MaxInt32 {
				want = "a whole number"
			}
		case "momentum", "epsilon", "alpha", "negative_slope", "rate":
			if _, ok := v.(float64); !ok {
				want = "a number"
			}
		}
		if want != "" && v != nil {
			return fmt.Errorf("%w: %s is %.80q, expected %s", cnn.ErrFormat, key, fmt.Sprint(v), want)
		}
	}
	return nil
}

// side is a field that must be one number, or a pair of equal ones.
func (l kerasLayer) side(key string, byDefault int) (int, error) {
	values, ok := l.Config[key].([]any)
	if !ok {
		if l.Config[key] == nil {
			return byDefault, nil
		}
		values = []any{l.Config[key]}
	}
	var out []int
	for _, v := range values {
		f, ok := v.(float64)
		if !ok || f != math.Trunc(f) || math.Abs(f) > math.MaxInt32 {
			return 0, fmt.Errorf("%w: %s %v", cnn.ErrFormat, key, l.Config[key])
		}
		out = append(out, int(f))
	}
	if len(out) == 0 || slices.Min(out) != slices.Max(out) {
		return 0, fmt.Errorf("%w: %s %v: the sides must be equal", ErrUnsupported, key, l.Config[key])
	}
	return out[0], nil
}

// only refuses a field that has another value than those that make no
// difference; a field that is missing has none.
func (l kerasLayer) only(key string, allowed ...any) error {
	v, there := l.Config[key]
	if !there || v == nil {
		return nil
	}
	for _, a := range allowed {
		if fmt.Sprint(a) == fmt.Sprint(v) {
			return nil
		}
	}
	text, err := json.Marshal(v)
	if err != nil {
		text = fmt.Append(nil, v)
	}
	return fmt.Errorf("%w: %s %s", ErrUnsupported, key, text)
}

// refuse checks several fields that must have their defaults.
func (l kerasLayer) refuse(fields map[string][]any) error {
	for key, allowed := range fields {
		if err := l.only(key, allowed...); err != nil {
			return err
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
	if l.frozen && (len(l.Config) == 0 || l.Config["trainable"] == false || l.nested) {
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

// layers gives the layer itself, and its activation if it has one.
func (l *leaf) layers(p *plan) ([]cnn.Layer, error) {
	name := l.text("name")
	switch l.Class {
	case "Conv2D", "Convolution2D":
		return l.conv(p, name)
	case "Dense":
		d := cnn.Dense{Name: name, Units: int(l.number("units", 0)), NoBias: l.Config["use_bias"] == false, Init: p.initializer(l)}
		return l.withActivation(p, d)
	case "BatchNormalization":
		if err := l.only("renorm", false); err != nil {
			return nil, err
		}
		for _, key := range []string{"center", "scale"} {
			if l.Config[key] == false {
				p.lose(l, key+" false", "it has an array of ones or zeros here, which a training that starts from here trains")
			}
		}
		b := cnn.BatchNormalization{Name: name, Momentum: l.number("momentum", cnn.DefaultMomentum), Epsilon: l.number("epsilon", cnn.DefaultEpsilon)}
		if b.Momentum == cnn.DefaultMomentum {
			b.Momentum = 0
		}
		if b.Epsilon == cnn.DefaultEpsilon {
			b.Epsilon = 0
		}
		return []cnn.Layer{b}, nil
	case "LeakyReLU":
		alpha := l.number("negative_slope", l.number("alpha", cnn.DefaultAlpha))
		if alpha == 0 {
			return []cnn.Layer{cnn.Activation{Name: name, Function: "relu"}}, nil
		}
		if float32(alpha) == float32(cnn.DefaultAlpha) { // Keras 2 gives it as float32
			alpha = 0
		}
		return []cnn.Layer{cnn.LeakyReLU{Name: name, Alpha: alpha}}, nil
	case "ReLU":
		function := "relu"
		if l.number("max_value", 0) == 6 {
			function = "relu6"
		}
		return []cnn.Layer{cnn.Activation{Name: name, Function: function}}, l.refuse(map[string][]any{"max_value": {6}, "negative_slope": {0}, "threshold": {0}})
	case "ELU":
		return []cnn.Layer{cnn.Activation{Name: name, Function: "elu"}}, l.only("alpha", 1)
	case "Softmax":
		return []cnn.Layer{cnn.Activation{Name: name, Function: "softmax"}}, l.only("axis", -1, "[-1]")
	case "Activation":
		return l.activation(p, name, l.Config["activation"])
	case "MaxPooling2D", "MaxPool2D":
		return l.pool(name)
	case "AveragePooling2D", "AvgPool2D":
		size, stride, padding, err := l.window("pool_size", 2)
		return []cnn.Layer{cnn.AveragePooling2D{Name: name, Size: size, Stride: stride, Padding: padding}}, err
	case "ZeroPadding2D":
		return l.zeroPadding(name)
	case "DepthwiseConv2D", "SeparableConv2D", "SeparableConvolution2D":
		return l.channelwise(p, name)
	case "GlobalAveragePooling2D", "GlobalAvgPool2D":
		return []cnn.Layer{cnn.GlobalAveragePooling2D{Name: name}}, l.only("keepdims", false)
	case "Dropout":
		if l.only("noise_shape") != nil {
			p.lose(l, "noise_shape "+classOf(l.Config["noise_shape"]), "left out: predictions do not depend on it")
		}
		return []cnn.Layer{cnn.Dropout{Name: name, Rate: l.number("rate", 0)}}, nil
	case "Identity":
		return nil, nil
	case "Reshape":
		if target, ok := l.Config["target_shape"].([]any); !ok || len(target) != 1 {
			return nil, fmt.Errorf("%w: target_shape %v", ErrUnsupported, l.Config["target_shape"])
		}
		return []cnn.Layer{cnn.Flatten{Name: name}}, nil // whatever the number is, it is that of all values
	case "Flatten":
		return []cnn.Layer{cnn.Flatten{Name: name}}, nil
	}
	return nil, fmt.Errorf("%w: there is no such layer here", ErrUnsupported)
}

func (l *leaf) conv(p *plan, name string) ([]cnn.Layer, error) {
	if err := l.refuse(map[string][]any{"dilation_rate": {"[1 1]", 1}, "groups": {1}}); err != nil {
		return nil, err
	}
	c := cnn.Conv2D{Name: name, Filters: int(l.number("filters", 0)), Padding: cmp.Or(l.text("padding"), "valid"), NoBias: l.Config["use_bias"] == false}
	var err error
	if c.Kernel, err = l.side("kernel_size", 0); err != nil {
		return nil, err
	}
	if c.Stride, err = l.side("strides", 1); err != nil {
		return nil, err
	}
	if c.Stride == 1 {
		c.Stride = 0
	}
	c.Init = p.initializer(l)
	return l.withActivation(p, c)
}

func (l *leaf) pool(name string) ([]cnn.Layer, error) {
	size, stride, padding, err := l.window("pool_size", 2)
	if err != nil {
		return nil, err
	}
	if stride == 0 && padding == "" {
		return []cnn.Layer{cnn.MaxPooling2D{Name: name, Size: size}}, nil
	}
	return []cnn.Layer{cnn.WindowMaxPooling2D{Name: name, Size: size, Stride: stride, Padding: padding}}, nil
}

// window reads a pooling's or a convolution's window; stride and padding are zero
// where they are what byDefault would be.
func (l *leaf) window(sizeKey string, byDefault int) (size, stride int, padding string, err error) {
	if size, err = l.side(sizeKey, byDefault); err != nil {
		return 0, 0, "", err
	}
	usual := 1
	if sizeKey == "pool_size" {
		usual = size
	}
	if stride, err = l.side("strides", usual); err != nil {
		return 0, 0, "", err
	}
	if stride < 1 {
		return 0, 0, "", fmt.Errorf("%w: strides %d", cnn.ErrFormat, stride)
	}
	if stride == usual {
		stride = 0
	}
	if padding = l.text("padding"); padding == "valid" {
		padding = ""
	}
	return size, stride, padding, l.only("padding", "valid", "same")
}

// zeroPadding reads one number, [rows, columns] or [[top, bottom], [left, right]].
func (l *leaf) zeroPadding(name string) ([]cnn.Layer, error) {
	var sides [4]int
	bad := fmt.Errorf("%w: padding %v", ErrUnsupported, l.Config["padding"])
	whole := func(v any) (int, bool) {
		f, ok := v.(float64)
		return int(f), ok && f == math.Trunc(f) && f >= 0 && f < 1<<16
	}
	ok := true
	set := func(at int, v any) {
		var good bool
		sides[at], good = whole(v)
		ok = ok && good
	}
	switch v := l.Config["padding"].(type) {
	case nil:
		sides = [4]int{1, 1, 1, 1}
	case []any:
		if len(v) != 2 {
			return nil, bad
		}
		for axis, one := range v {
			pair, isPair := one.([]any)
			if !isPair {
				pair = []any{one, one}
			}
			if len(pair) != 2 {
				return nil, bad
			}
			set(2*axis, pair[0])
			set(2*axis+1, pair[1])
		}
	default:
		for at := range sides {
			set(at, v)
		}
	}
	if !ok {
		return nil, bad
	}
	return []cnn.Layer{cnn.ZeroPadding2D{Name: name, Top: sides[0], Bottom: sides[1], Left: sides[2], Right: sides[3]}}, nil
}

// channelwise reads a convolution of each channel by itself.
func (l *leaf) channelwise(p *plan, name string) ([]cnn.Layer, error) {
	if err := l.only("dilation_rate", "[1 1]", 1); err != nil {
		return nil, err
	}
	size, stride, padding, err := l.window("kernel_size", 0)
	if err != nil {
		return nil, err
	}
	multiplier := 1
	if l.Config["depth_multiplier"] != nil {
		if multiplier, err = l.side("depth_multiplier", 1); err != nil {
			return nil, err
		}
		if multiplier < 1 {
			return nil, fmt.Errorf("%w: depth_multiplier %d", cnn.ErrFormat, multiplier)
		}
	}
	if multiplier == 1 {
		multiplier = 0
	}
	for _, key := range []string{"depthwise_initializer", "pointwise_initializer"} {
		if was := initializerName(l.Config[key]); was != "" && was != "glorot_uniform" {
			p.lose(l, key+" "+was, "left out: it matters to fresh weights only")
		}
	}
	if bias := initializerName(l.Config["bias_initializer"]); bias != "" && bias != "zeros" {
		p.lose(l, "bias_initializer "+bias, "left out: it matters to fresh weights only")
	}
	noBias := l.Config["use_bias"] == false
	if l.Class == "DepthwiseConv2D" {
		return l.withActivation(p, cnn.DepthwiseConv2D{Name: name, Kernel: size, Stride: stride, Padding: padding, Multiplier: multiplier, NoBias: noBias})
	}
	return l.withActivation(p, cnn.SeparableConv2D{
		Name: name, Filters: int(l.number("filters", 0)), Kernel: size, Stride: stride, Padding: padding, Multiplier: multiplier, NoBias: noBias,
	})
}

// withActivation puts a layer's own activation after it, as a layer.
func (l *leaf) withActivation(p *plan, layer cnn.Layer) ([]cnn.Layer, error) {
	function := l.Config["activation"]
	name := layer.LayerName()
	if text, ok := function.(string); ok {
		name += "_" + text
	} else {
		name += "_" + snakeCase(classOf(function))
	}
	after, err := l.activation(p, name, function)
	return append([]cnn.Layer{layer}, after...), err
}

// activation is the layer of an activation: Keras names a function, or describes a
// layer.
func (l *leaf) activation(p *plan, name string, function any) ([]cnn.Layer, error) {
	switch f := function.(type) {
	case nil:
		return nil, nil
	case string:
		switch f {
		case "linear", "":
			return nil, nil
		case "swish":
			f = "silu"
		case "leaky_relu":
			return []cnn.Layer{cnn.LeakyReLU{Name: name, Alpha: 0.2}}, nil // the function's slope, which is not the layer's
		}
		if slices.Contains(cnn.Activations(), f) {
			return []cnn.Layer{cnn.Activation{Name: name, Function: f}}, nil
		}
	case object:
		class, _ := f["class_name"].(string)
		config, ok := f["config"].(object)
		if ok && slices.Contains([]string{"ReLU", "LeakyReLU", "Softmax", "ELU"}, class) {
			config = maps.Clone(config)
			config["name"] = name
			inner := &leaf{kerasLayer: kerasLayer{Class: class, Config: config}}
			return inner.layers(p)
		}
	}
	text, err := json.Marshal(function)
	if err != nil {
		text = fmt.Append(nil, function)
	}
	return nil, fmt.Errorf("%w: activation %.200s", ErrUnsupported, text)
}

// initializer is the kernel's initialiser by name; what is not known here is left
// out, and so is a bias's that is not zeros: both matter to fresh weights only.
func (p *plan) initializer(l *leaf) string {
	const why = "left out: it matters to fresh weights only"
	if bias := initializerName(l.Config["bias_initializer"]); bias != "" && bias != "zeros" {
		p.lose(l, "bias_initializer "+bias, why)
	}
	name := initializerName(l.Config["kernel_initializer"])
	switch {
	case name == "" || name == "glorot_uniform":
		return ""
	case slices.Contains(cnn.Initializers(), name):
		return name
	}
	p.lose(l, "kernel_initializer "+name, why)
	return ""
}

// initializerName reads a name, a class, or Keras 2's VarianceScaling.
func initializerName(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	o, ok := v.(object)
	if !ok {
		return ""
	}
	class, _ := o["class_name"].(string)
	if class == "VarianceScaling" {
		c, _ := o["config"].(object)
		distribution := fmt.Sprint(c["distribution"])
		if distribution == "truncated_normal" {
			distribution = "normal"
		}
		switch mode := fmt.Sprint(c["mode"], c["scale"]); mode {
		case "fan_avg1":
			return "glorot_" + distribution
		case "fan_in2":
			return "he_" + distribution
		case "fan_in1":
			return "lecun_" + distribution
		}
		return class
	}
	known := map[string]string{
		"Zeros": "zeros", "Ones": "ones", "GlorotUniform": "glorot_uniform", "GlorotNormal": "glorot_normal",
		"HeUniform": "he_uniform", "HeNormal": "he_normal", "LecunUniform": "lecun_uniform", "LecunNormal": "lecun_normal",
	}
	if name, ok := known[class]; ok {
		return name
	}
	return class
}
