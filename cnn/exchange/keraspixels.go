package exchange

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/cnnbook/cnnbook/cnn"
)

// onlyTraining lists the layers that do not affect predictions.
var onlyTraining = []string{
	"RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation", "RandomContrast", "RandomBrightness", "RandomHeight", "RandomWidth",
	"RandomShear", "RandomHue", "RandomSaturation", "RandomSharpness", "RandomColorJitter", "RandomColorDegeneration", "RandomPosterization",
	"RandomGrayscale", "RandomGaussianBlur", "RandomErasing", "RandomElasticTransform", "RandomPerspective", "RandomInvert",
	"AugMix", "RandAugment", "MixUp", "CutMix",
	"GaussianNoise", "GaussianDropout", "AlphaDropout", "SpatialDropout2D", "ActivityRegularization",
}

// preprocessing reads a layer that is preprocessing or does not affect predictions;
// ok reports whether it is such a layer.
func (p *plan) preprocessing(l *leaf, in cnn.Shape) (layers []cnn.Layer, ok bool, err error) {
	if slices.Contains(onlyTraining, l.Class) || l.augments() {
		if mode := l.text("mode"); l.Class == "RandomFlip" && mode == "horizontal" && len(p.net.Layers) == 0 {
			p.flip = true
		}
		p.lose(l, "it changes images only in training", "left out: predictions do not depend on it")
		return nil, true, nil
	}
	if operation, number, ok := l.arithmetic(); ok {
		s, err := l.calculated(operation, number)
		if err == nil && len(p.net.Layers) > 0 {
			err = fmt.Errorf("%w after other layers: it is supported only as preprocessing, before the first layer", ErrUnsupported)
		}
		if err == nil && operation != "cast" {
			p.steps = append(p.steps, s)
		}
		return nil, true, err
	}
	switch l.Class {
	case "Rescaling", "Normalization":
		if l.Class == "Rescaling" && len(p.net.Layers) > 0 {
			return nil, false, nil // a layer of the network
		}
		if len(p.net.Layers) > 0 {
			return nil, true, fmt.Errorf("%w after other layers: it is supported only as preprocessing, before the first layer", ErrUnsupported)
		}
		s, err := l.step(in)
		if err == nil {
			p.steps = append(p.steps, s)
		}
		return nil, true, err
	case "Resizing", "CenterCrop", "RandomCrop":
		h, w := l.number("height", 0), l.number("width", 0)
		if len(in) == 3 && h == float64(in[0]) && w == float64(in[1]) {
			p.lose(l, "it does not change images of this size", "left out")
			return nil, true, nil
		}
		return nil, true, fmt.Errorf("%w: it resizes images to %g×%g: resize the images first, and save the network without this layer", ErrUnsupported, h, w)
	}
	return nil, false, nil
}

// augments reports whether it is a Keras 3 Pipeline of layers that do not affect predictions.
func (l *leaf) augments() bool {
	inner, _ := l.Config["layers"].([]any)
	for _, one := range inner {
		layer, _ := one.(object)
		if class, _ := layer["class_name"].(string); !slices.Contains(onlyTraining, class) {
			return false
		}
	}
	return l.Class == "Pipeline" && len(inner) > 0
}

// arithmetic reads an expression such as x / 255 in a functional model: an operation of
// Keras 3 on a tensor and a number, or a TFOpLambda of Keras 2.
func (l *leaf) arithmetic() (operation string, number any, ok bool) {
	if len(l.Inbound) != 1 {
		return "", nil, false
	}
	switch {
	case strings.Contains(l.Module, "ops.numpy"), strings.Contains(l.Module, "ops.core"):
		call, _ := l.Inbound[0].(object)
		args, _ := call["args"].([]any)
		if len(args) > 0 {
			if _, isTensor := args[0].(object); !isTensor {
				return l.Class, nil, true // the number comes first
			}
		}
		if len(args) > 1 {
			number = args[1]
		}
		return strings.ToLower(l.Class), number, true
	case l.Class == "TFOpLambda":
		call, _ := l.Inbound[0].([]any)
		if len(call) == 1 { // [["input", 0, 0, {}]]
			call, _ = call[0].([]any)
		}
		if len(call) > 3 {
			further, _ := call[3].(object)
			number = further["y"]
		}
		return l.text("function"), number, true
	}
	return "", nil, false
}

// calculated returns the step of an operation on pixels and a number.
func (l *leaf) calculated(operation string, number any) (step, error) {
	s := step{leaf: l, scale: []float64{1}, offset: []float64{0}}
	v, ok := number.(float64)
	switch operation {
	case "cast":
		return s, nil
	case "truedivide", "divide", "math.truediv", "math.divide":
		ok = ok && v != 0
		s.scale[0] = 1 / v
	case "multiply", "math.multiply":
		s.scale[0] = v
	case "subtract", "math.subtract":
		s.offset[0] = -v
	case "add", "math.add", "__operators__.add":
		s.offset[0] = v
	default:
		ok = false
	}
	if !ok {
		return s, fmt.Errorf("%w: the operation %s", ErrUnsupported, operation)
	}
	return s, nil
}

// step reads a Rescaling or a Normalization.
func (l *leaf) step(in cnn.Shape) (step, error) {
	s := step{leaf: l}
	numbers := func(key string) ([]float64, error) {
		out, ok := flatNumbers(l.Config[key])
		if !ok || (len(out) != 1 && (len(in) != 3 || len(out) != in[2])) {
			return nil, fmt.Errorf("%w: %s %v", ErrUnsupported, key, l.Config[key])
		}
		return out, nil
	}
	var err error
	if l.Class == "Rescaling" {
		if s.scale, err = numbers("scale"); err != nil {
			return s, err
		}
		s.offset = []float64{0}
		if l.Config["offset"] != nil {
			s.offset, err = numbers("offset")
		}
		return s, err
	}
	if err := l.only("invert", false); err != nil {
		return s, err
	}
	if axis := l.Config["axis"]; axis != nil && fmt.Sprint(axis) != "[]" {
		last, err := l.side("axis", -1)
		if err != nil || (last != -1 && last != len(in)) {
			return s, fmt.Errorf("%w: axis %v", ErrUnsupported, axis)
		}
	}
	if l.Config["mean"] == nil {
		s.learnt = true
		return s, nil
	}
	mean, err := numbers("mean")
	if err != nil {
		return s, err
	}
	variance, err := numbers("variance")
	if err != nil {
		return s, err
	}
	s.normalize(mean, variance)
	return s, nil
}

// normalize returns the step (x − mean)/√variance, with Keras's lower bound on the divisor.
func (s *step) normalize(mean, variance []float64) {
	n := max(len(mean), len(variance))
	s.scale, s.offset = make([]float64, n), make([]float64, n)
	for i := range n {
		s.scale[i] = 1 / max(math.Sqrt(variance[i%len(variance)]), 1e-7)
		s.offset[i] = -mean[i%len(mean)] * s.scale[i]
	}
}

// flatNumbers returns the numbers in nested lists.
func flatNumbers(v any) (out []float64, ok bool) {
	switch v := v.(type) {
	case float64:
		return []float64{v}, true
	case []any:
		for _, one := range v {
			more, ok := flatNumbers(one)
			if !ok {
				return nil, false
			}
			out = append(out, more...)
		}
		return out, len(out) > 0
	case object: // Keras 3's description of an array
		if config, ok := v["config"].(object); ok {
			return flatNumbers(config["value"])
		}
	}
	return nil, false
}

// pixels combines several steps, in order, into one formula.
func pixels(steps []step) cnn.Pixels {
	out := cnn.Pixels{Scale: []float64{1}, Offset: []float64{0}}
	for _, s := range steps {
		n := max(len(out.Scale), len(out.Offset), len(s.scale), len(s.offset))
		next := cnn.Pixels{Scale: make([]float64, n), Offset: make([]float64, n)}
		of := func(v []float64, i int) float64 { return v[i%len(v)] }
		for i := range n {
			next.Scale[i] = of(out.Scale, i) * of(s.scale, i)
			next.Offset[i] = of(out.Offset, i)*of(s.scale, i) + of(s.offset, i)
		}
		out = next
	}
	return out
}

// prepared returns a preprocessing with that formula, in its shortest form.
func prepared(p cnn.Pixels) cnn.Preprocess {
	if alike(p.Scale, 1./255) && alike(p.Offset, 0) {
		return cnn.Preprocess{Raw: true}
	}
	return cnn.Preprocess{Pixels: &p}
}

func alike(values []float64, want float64) bool {
	for _, v := range values {
		if math.Abs(v-want) > 1e-7*math.Abs(want) {
			return false
		}
	}
	return true
}

// plausible reports whether a formula scales pixels from 0 to 255 to the range that
// networks are trained on. A formula for numbers from 0 to 1 does not.
func plausible(p cnn.Pixels) bool {
	for i := range max(len(p.Scale), len(p.Offset)) {
		scale, offset := p.Scale[i%len(p.Scale)], p.Offset[i%len(p.Offset)]
		if math.Abs(offset) > 16 || math.Abs(255*scale+offset) > 16 || math.Abs(255*scale) < 0.1 {
			return false
		}
	}
	return true
}
