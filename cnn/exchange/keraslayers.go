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

// layers returns the layer itself, and its activation if it has one.
func (l *leaf) layers(p *plan) ([]cnn.Layer, error) {
	name := l.text("name")
	switch l.Class {
	case "Conv2D", "Convolution2D":
		return l.conv(p, name)
	case "Dense":
		d := cnn.Dense{Name: name, Units: int(l.number("units", 0)), NoBias: l.Config["use_bias"] == false, Init: p.initializer(l), L2: l.l2()}
		d.BiasInit = p.biasStart(l)
		return l.withActivation(p, d)
	case "BatchNormalization":
		if err := l.only("renorm", false); err != nil {
			return nil, err
		}
		b := cnn.BatchNormalization{
			Name: name, Momentum: l.number("momentum", cnn.DefaultMomentum), Epsilon: l.number("epsilon", cnn.DefaultEpsilon),
			NoScale: l.Config["scale"] == false, NoCenter: l.Config["center"] == false,
		}
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
		if float32(alpha) == float32(cnn.DefaultAlpha) { // Keras 2 stores it as float32
			alpha = 0
		}
		return []cnn.Layer{cnn.LeakyReLU{Name: name, Alpha: alpha}}, nil
	case "ReLU":
		if slope := l.number("negative_slope", 0); slope != 0 { // without further limits, it is a LeakyReLU
			err := l.refuse(map[string][]any{"max_value": {}, "threshold": {0}})
			return []cnn.Layer{cnn.LeakyReLU{Name: name, Alpha: slope}}, err
		}
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
	case "Rescaling":
		for _, key := range []string{"scale", "offset"} {
			if _, isList := l.Config[key].([]any); isList {
				return nil, fmt.Errorf("%w: a %s for each channel inside the network", ErrUnsupported, key)
			}
		}
		return []cnn.Layer{cnn.Rescaling{Name: name, Scale: l.number("scale", 1), Offset: l.number("offset", 0)}}, nil
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
		return []cnn.Layer{cnn.Flatten{Name: name}}, nil // the number can only be that of all values
	case "Flatten":
		return []cnn.Layer{cnn.Flatten{Name: name}}, nil
	}
	return nil, fmt.Errorf("%w: this layer is not available", ErrUnsupported)
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
	c.Init, c.BiasInit, c.L2 = p.initializer(l), p.biasStart(l), l.l2()
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

// window reads the window of a pooling or convolution layer; stride and padding are
// zero if they equal the default.
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

// channelwise reads a depthwise convolution.
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
			p.lose(l, key+" "+was, "left out: it only affects new weights")
		}
	}
	if bias := initializerName(l.Config["bias_initializer"]); bias != "" && bias != "zeros" {
		p.lose(l, "bias_initializer "+bias, "left out: it only affects new weights")
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
	for base, i := name, 2; p.names[name]; i++ {
		name = fmt.Sprintf("%s_%d", base, i)
	}
	after, err := l.activation(p, name, function)
	return append([]cnn.Layer{layer}, after...), err
}

// activation returns the layer of an activation: Keras names a function, or describes a
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
			return []cnn.Layer{cnn.LeakyReLU{Name: name, Alpha: 0.2}}, nil // the function's slope, which differs from the layer's
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

const onlyNewWeights = "left out: it only affects new weights"

// initializer returns the name of the kernel's initialiser. Unknown ones are left out: they only affect new weights.
func (p *plan) initializer(l *leaf) string {
	name := initializerName(l.Config["kernel_initializer"])
	if name == "" || name == "glorot_uniform" {
		return ""
	}
	if _, _, err := cnn.InitializerNumber(name); err == nil {
		return name
	}
	p.lose(l, "kernel_initializer "+name, onlyNewWeights)
	return ""
}

// biasStart returns what the biases start as. Initialisers that are not constant are left out.
func (p *plan) biasStart(l *leaf) float64 {
	v := l.Config["bias_initializer"]
	name := initializerName(v)
	if o, ok := v.(object); ok && name == "Constant" {
		c, _ := o["config"].(object)
		if value, ok := c["value"].(float64); ok && math.Abs(value) <= math.MaxFloat32 {
			return withoutBias(l, value)
		}
	}
	switch name {
	case "", "zeros":
		return 0
	case "ones":
		return withoutBias(l, 1)
	}
	p.lose(l, "bias_initializer "+name, onlyNewWeights)
	return 0
}

// withoutBias is 0 for a layer that has no biases, which Keras lets start as anything.
func withoutBias(l *leaf, start float64) float64 {
	if l.Config["use_bias"] == false {
		return 0
	}
	return start
}

// l2 returns the penalty on the kernel, or 0 for none, and for one that package cnn does not have.
func (l *leaf) l2() float64 {
	o, _ := l.Config["kernel_regularizer"].(object)
	c, _ := o["config"].(object)
	lambda, ok := c["l2"].(float64)
	class, _ := o["class_name"].(string)
	if l1, has := c["l1"]; !ok || class != "L2" && class != "L1L2" || has && l1 != 0. || !(lambda >= 0 && lambda <= math.MaxFloat32) {
		return 0
	}
	return lambda
}
