package exchange

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/cnnbook/cnnbook/cnn"
)

// object is a JSON object; encoding/json writes its keys in order.
type object = map[string]any

// kerasVersion is the Keras version stated in each dialect's files.
func kerasVersion(dialect int) string {
	if dialect == 2 {
		return "2.1.6"
	}
	return "3.12.0"
}

// KerasJSON writes the layers in the format of model.to_json(), for model_from_json of
// Keras 2 (dialect 2, which Keras 3 reads from .h5 files only) or Keras 3.
func KerasJSON(net cnn.Architecture, dialect int) ([]byte, error) {
	config, err := kerasConfig(net, dialect)
	if err != nil {
		return nil, err
	}
	if dialect == 2 {
		config["keras_version"], config["backend"] = kerasVersion(2), "tensorflow"
	}
	return json.Marshal(config)
}

// kerasConfig returns Keras's description of the model.
func kerasConfig(net cnn.Architecture, dialect int) (object, error) {
	if dialect != 2 && dialect != 3 {
		return nil, fmt.Errorf("%w: Keras %d: dialects are 2 and 3", ErrUnsupported, dialect)
	}
	if _, err := net.Shapes(); err != nil {
		return nil, err
	}
	shape := []any{nil, net.Input[0], net.Input[1], net.Input[2]}
	var layers []any
	if dialect == 3 {
		layers = append(layers, kerasObject("InputLayer", object{"name": "input", "batch_shape": shape, "dtype": "float32"}))
	}
	names := withoutSlashes(net)
	for i, l := range net.Layers {
		config, err := layerConfig(l, net.Input, dialect)
		if err != nil {
			return nil, err
		}
		_, fixed := l.(cnn.WhiteningConv2D) // its kernel is never trained
		config["trainable"] = !fixed && !net.IsFrozen(l.LayerName())
		if dialect == 3 {
			config["name"] = names[i]
			layers = append(layers, kerasObject(kerasClass(l), config))
			continue
		}
		if i == 0 {
			config["batch_input_shape"] = shape
		}
		layers = append(layers, object{"class_name": kerasClass(l), "config": config})
	}
	if dialect == 2 {
		return object{"class_name": "Sequential", "config": layers}, nil
	}
	model := kerasObject("Sequential", object{"name": "sequential", "layers": layers, "build_input_shape": shape})
	model["module"], model["build_config"] = "keras", object{"input_shape": shape}
	return model, nil
}

// inKeras refuses a network with a layer that Keras does not have, for files that hold weights only.
func inKeras(net cnn.Architecture) error {
	for _, l := range net.Layers {
		if _, err := layerConfig(l, net.Input, 3); err != nil {
			return err
		}
	}
	return nil
}

// kerasObject is Keras 3's description of a layer's class.
func kerasObject(class string, config object) object {
	return object{"module": "keras.layers", "class_name": class, "config": config, "registered_name": nil}
}

// kerasClass returns Keras's class name of a layer.
func kerasClass(l cnn.Layer) string {
	switch l.(type) {
	case cnn.WindowMaxPooling2D:
		return "MaxPooling2D"
	case cnn.WhiteningConv2D:
		return "Conv2D"
	}
	return l.Kind()
}

// layerConfig returns the get_config() of a layer in a network for such images.
func layerConfig(layer cnn.Layer, image cnn.Shape, dialect int) (object, error) {
	c := object{"name": layer.LayerName(), "dtype": "float32"}
	set := func(more object) (object, error) {
		maps.Copy(c, more)
		return c, nil
	}
	pair := func(n int) []int { return []int{n, n} }
	switch l := layer.(type) {
	case cnn.Conv2D:
		return set(object{
			"filters": l.Filters, "kernel_size": pair(l.Kernel), "strides": pair(max(1, l.Stride)), "padding": cmp.Or(l.Padding, "valid"),
			"data_format": "channels_last", "dilation_rate": pair(1), "activation": "linear", "use_bias": !l.NoBias,
			"kernel_initializer": kerasInitializer(l.Init, dialect), "bias_initializer": kerasBias(l.BiasInit, dialect),
			"kernel_regularizer": kerasL2(l.L2, dialect),
		})
	case cnn.Dense:
		return set(object{
			"units": l.Units, "activation": "linear", "use_bias": !l.NoBias,
			"kernel_initializer": kerasInitializer(l.Init, dialect), "bias_initializer": kerasBias(l.BiasInit, dialect),
			"kernel_regularizer": kerasL2(l.L2, dialect),
		})
	case cnn.BatchNormalization:
		return set(object{
			"axis": -1, "momentum": cmp.Or(l.Momentum, cnn.DefaultMomentum), "epsilon": cmp.Or(l.Epsilon, cnn.DefaultEpsilon),
			"center": !l.NoCenter, "scale": !l.NoScale,
		})
	case cnn.LeakyReLU:
		name := "alpha"
		if dialect == 3 {
			name = "negative_slope"
		}
		return set(object{name: cmp.Or(l.Alpha, cnn.DefaultAlpha)})
	case cnn.Activation:
		return set(object{"activation": l.Function})
	case cnn.MaxPooling2D:
		return set(object{"pool_size": pair(l.Size), "strides": pair(l.Size), "padding": "valid", "data_format": "channels_last"})
	case cnn.WindowMaxPooling2D:
		if l.Uneven() {
			return nil, fmt.Errorf("%w: layer %q: max pooling with %d, %d, %d and %d rows and columns over the edges in Keras", ErrUnsupported, l.Name, l.Top, l.Bottom, l.Left, l.Right)
		}
		return set(object{"pool_size": pair(l.Size), "strides": pair(cmp.Or(l.Stride, l.Size)), "padding": cmp.Or(l.Padding, "valid"), "data_format": "channels_last"})
	case cnn.AveragePooling2D:
		return set(object{"pool_size": pair(l.Size), "strides": pair(cmp.Or(l.Stride, l.Size)), "padding": cmp.Or(l.Padding, "valid"), "data_format": "channels_last"})
	case cnn.ZeroPadding2D:
		return set(object{"padding": [][]int{{l.Top, l.Bottom}, {l.Left, l.Right}}, "data_format": "channels_last"})
	case cnn.DepthwiseConv2D:
		return set(object{
			"kernel_size": pair(l.Kernel), "strides": pair(cmp.Or(l.Stride, 1)), "padding": cmp.Or(l.Padding, "valid"), "depth_multiplier": cmp.Or(l.Multiplier, 1),
			"data_format": "channels_last", "dilation_rate": pair(1), "activation": "linear", "use_bias": !l.NoBias,
			"depthwise_initializer": "glorot_uniform", "bias_initializer": "zeros",
		})
	case cnn.SeparableConv2D:
		return set(object{
			"filters": l.Filters, "kernel_size": pair(l.Kernel), "strides": pair(cmp.Or(l.Stride, 1)), "padding": cmp.Or(l.Padding, "valid"),
			"depth_multiplier": cmp.Or(l.Multiplier, 1), "data_format": "channels_last", "dilation_rate": pair(1), "activation": "linear", "use_bias": !l.NoBias,
			"depthwise_initializer": "glorot_uniform", "pointwise_initializer": "glorot_uniform", "bias_initializer": "zeros",
		})
	case cnn.WhiteningConv2D: // its kernel is computed here; there it is one that is not trained
		return layerConfig(l.Conv2D(image[2]), image, dialect)
	case cnn.Rescaling:
		return set(object{"scale": l.Scale, "offset": l.Offset})
	case cnn.GlobalAveragePooling2D:
		return set(object{"data_format": "channels_last"})
	case cnn.Dropout:
		return set(object{"rate": l.Rate})
	case cnn.Flatten:
		return c, nil
	}
	return nil, fmt.Errorf("%w: layer %q: %s has no counterpart in Keras", ErrUnsupported, layer.LayerName(), layer.Kind())
}

// kerasInitializer returns Keras's description of an initialiser. PyTorch's uniform one is a VarianceScaling there. Keras has no
// dirac: the uniform one, from which its other filters start, stands in for it; only new weights depend on that.
func kerasInitializer(init string, dialect int) any {
	name, number, _ := cnn.InitializerNumber(init) // checked with the network
	if name == init && number != 0 {
		return name // Keras has the same default
	}
	switch name {
	case "torch_uniform", "dirac":
		return ofModule("keras.initializers", "VarianceScaling", object{"scale": 1. / 3, "mode": "fan_in", "distribution": "uniform", "seed": nil}, dialect)
	case "random_normal":
		return ofModule("keras.initializers", "RandomNormal", object{"mean": 0., "stddev": number, "seed": nil}, dialect)
	case "orthogonal":
		return ofModule("keras.initializers", "Orthogonal", object{"gain": number, "seed": nil}, dialect)
	}
	return name
}

// kerasBias is the initialiser of biases that start as a number.
func kerasBias(start float64, dialect int) any {
	if start == 0 {
		return "zeros"
	}
	return ofModule("keras.initializers", "Constant", object{"value": start}, dialect)
}

// kerasL2 is the regulariser of a kernel; nil is none.
func kerasL2(lambda float64, dialect int) any {
	switch {
	case lambda == 0:
		return nil
	case dialect == 2:
		return ofModule("", "L1L2", object{"l1": 0., "l2": lambda}, dialect)
	}
	return ofModule("keras.regularizers", "L2", object{"l2": lambda}, dialect)
}

// ofModule is Keras's description of an object other than a layer.
func ofModule(module, class string, config object, dialect int) object {
	o := object{"class_name": class, "config": config}
	if dialect == 3 {
		o["module"], o["registered_name"] = module, nil
	}
	return o
}
