package exchange

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/cnnbook/cnnbook/cnn"
)

// imageShape returns a batch shape without the batch axis.
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
	Module  string `json:"module"` // of Keras 3
	Class   string `json:"class_name"`
	Config  object `json:"config"`
	Name    string `json:"name"`          // in a functional model
	Inbound []any  `json:"inbound_nodes"` // its calls in that model
}

func (l kerasLayer) text(key string) string { s, _ := l.Config[key].(string); return s }

// number returns a field, or Keras's default if it is missing.
func (l kerasLayer) number(key string, byDefault float64) float64 {
	if v, ok := l.Config[key].(float64); ok {
		return v
	}
	return byDefault
}

// typed refuses a field whose type differs from Keras's: it would otherwise be
// treated as missing.
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

// side returns a field that must be one number, or a pair of equal numbers.
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

// only refuses a field with a value other than those that have no effect; a
// missing field is accepted.
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
	return fmt.Errorf("%w: %s %.120s", ErrUnsupported, key, text)
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

// initializerName reads an initialiser given as a name, a class, or Keras 2's VarianceScaling.
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
		case fmt.Sprint("fan_in", 1./3):
			return "torch_" + distribution // known for "uniform" only
		}
		return class
	}
	if name := numberedInitializer(class, o); name != "" {
		return name
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

// numberedInitializer reads an initialiser with a number of its own, or returns "".
func numberedInitializer(class string, o object) string {
	c, _ := o["config"].(object)
	number := func(key string, byDefault float64) float64 {
		if v, ok := c[key].(float64); ok {
			return v
		}
		return byDefault
	}
	name := ""
	switch {
	case class == "RandomNormal" && number("mean", 0) == 0:
		name = cnn.Gaussian(number("stddev", 0.05))
	case class == "Orthogonal" && number("gain", 1) == 1:
		name = "orthogonal"
	case class == "Orthogonal":
		name = fmt.Sprintf("orthogonal(%v)", number("gain", 1))
	}
	if _, _, err := cnn.InitializerNumber(name); err != nil {
		return ""
	}
	return name
}
