package exchange

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/cnnbook/cnnbook/cnn"
)

// ReadKerasJSON reads what model.to_json() of Keras 2 or 3 wrote.
func ReadKerasJSON(data []byte) (cnn.Architecture, error) {
	var model struct {
		Class  string          `json:"class_name"`
		Config json.RawMessage `json:"config"`
	}
	if err := json.Unmarshal(data, &model); err != nil {
		return cnn.Architecture{}, fmt.Errorf("%w: Keras JSON: %w", cnn.ErrFormat, err)
	}
	if model.Class != "Sequential" {
		return cnn.Architecture{}, fmt.Errorf("%w: a Keras model of class %q: only Sequential models can be read", ErrUnsupported, model.Class)
	}
	var listed struct {
		Layers     []kerasLayer `json:"layers"`
		BuildInput []*int       `json:"build_input_shape"`
	}
	if err := json.Unmarshal(model.Config, &listed.Layers); err != nil { // before 2.2.3 the configuration was the list
		if err := json.Unmarshal(model.Config, &listed); err != nil {
			return cnn.Architecture{}, fmt.Errorf("%w: Keras JSON: %w", cnn.ErrFormat, err)
		}
	}
	var net cnn.Architecture
	axes := map[string]int{} // of batch normalisations
	for i, l := range listed.Layers {
		for _, key := range []string{"batch_shape", "batch_input_shape"} {
			if shape, ok := l.Config[key].([]any); ok && net.Input == nil {
				net.Input = imageShape(shape)
			}
		}
		if l.Class == "InputLayer" {
			continue
		}
		read, err := l.layers()
		if err != nil {
			return net, fmt.Errorf("layer %d, %q (%s): %w", i+1, l.text("name"), l.Class, err)
		}
		net.Layers = append(net.Layers, read...)
		if l.Class == "BatchNormalization" {
			if axes[l.text("name")], err = l.side("axis", -1); err != nil {
				return net, fmt.Errorf("layer %d, %q (%s): %w", i+1, l.text("name"), l.Class, err)
			}
		}
	}
	if net.Input == nil && len(listed.BuildInput) == 4 {
		for _, n := range listed.BuildInput[1:] {
			if n != nil {
				net.Input = append(net.Input, *n)
			}
		}
	}
	shapes, err := net.Shapes()
	if err != nil {
		return net, err
	}
	return net, checkAxes(net, shapes, axes)
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
	Class  string `json:"class_name"`
	Config object `json:"config"`
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
			if _, ok := v.(string); !ok {
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

// layers gives the layer in terms of package cnn: itself, and its activation if
// it has one.
func (l kerasLayer) layers() ([]cnn.Layer, error) {
	name := l.text("name")
	if err := l.typed(); err != nil {
		return nil, err
	}
	err := l.refuse(map[string][]any{
		"trainable": {true}, "data_format": {"channels_last"},
		"kernel_regularizer": nil, "bias_regularizer": nil, "activity_regularizer": nil, "kernel_constraint": nil, "bias_constraint": nil,
		"beta_regularizer": nil, "gamma_regularizer": nil, "beta_constraint": nil, "gamma_constraint": nil,
	})
	if err != nil {
		return nil, err
	}
	switch l.Class {
	case "Conv2D", "Convolution2D":
		return l.conv(name)
	case "Dense":
		initializer, err := l.initializers()
		if err != nil {
			return nil, err
		}
		d := cnn.Dense{Name: name, Units: int(l.number("units", 0)), NoBias: l.Config["use_bias"] == false, Init: initializer}
		return l.withActivation(d)
	case "BatchNormalization":
		if err := l.refuse(map[string][]any{"center": {true}, "scale": {true}, "renorm": {false}}); err != nil {
			return nil, err
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
		return []cnn.Layer{cnn.Activation{Name: name, Function: "relu"}}, l.refuse(map[string][]any{"max_value": nil, "negative_slope": {0}, "threshold": {0}})
	case "Softmax":
		return []cnn.Layer{cnn.Activation{Name: name, Function: "softmax"}}, l.only("axis", -1)
	case "Activation":
		return []cnn.Layer{cnn.Activation{Name: name, Function: l.text("activation")}}, l.only("activation", "relu", "softmax")
	case "MaxPooling2D", "MaxPool2D":
		return l.pool(name)
	case "GlobalAveragePooling2D", "GlobalAvgPool2D":
		return []cnn.Layer{cnn.GlobalAveragePooling2D{Name: name}}, l.only("keepdims", false)
	case "Dropout":
		return []cnn.Layer{cnn.Dropout{Name: name, Rate: l.number("rate", 0)}}, l.only("noise_shape")
	case "Flatten":
		return []cnn.Layer{cnn.Flatten{Name: name}}, nil
	}
	return nil, fmt.Errorf("%w: there is no such layer here", ErrUnsupported)
}

func (l kerasLayer) conv(name string) ([]cnn.Layer, error) {
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
	if c.Init, err = l.initializers(); err != nil {
		return nil, err
	}
	return l.withActivation(c)
}

func (l kerasLayer) pool(name string) ([]cnn.Layer, error) {
	size, err := l.side("pool_size", 2)
	if err != nil {
		return nil, err
	}
	stride, err := l.side("strides", size)
	if err != nil {
		return nil, err
	}
	if stride != size {
		return nil, fmt.Errorf("%w: strides %d other than the pool's size %d", ErrUnsupported, stride, size)
	}
	return []cnn.Layer{cnn.MaxPooling2D{Name: name, Size: size}}, l.only("padding", "valid")
}

// withActivation puts a layer's own activation after it, as a layer.
func (l kerasLayer) withActivation(layer cnn.Layer) ([]cnn.Layer, error) {
	if err := l.only("activation", "linear", "relu", "softmax"); err != nil {
		return nil, err
	}
	function := l.text("activation")
	if function == "" || function == "linear" {
		return []cnn.Layer{layer}, nil
	}
	return []cnn.Layer{layer, cnn.Activation{Name: layer.LayerName() + "_" + function, Function: function}}, nil
}

// initializers is the kernel's initialiser by name; the bias's must be zeros.
func (l kerasLayer) initializers() (string, error) {
	if bias := initializerName(l.Config["bias_initializer"]); bias != "" && bias != "zeros" {
		return "", fmt.Errorf("%w: bias_initializer %s", ErrUnsupported, bias)
	}
	name := initializerName(l.Config["kernel_initializer"])
	switch {
	case name == "" || name == "glorot_uniform":
		return "", nil
	case slices.Contains(cnn.Initializers(), name):
		return name, nil
	}
	return "", fmt.Errorf("%w: kernel_initializer %s", ErrUnsupported, name)
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
