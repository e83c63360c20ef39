package lab

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/viz"
)

// Layers lists a network's layers, in order, with their settings and the shape of what each puts out.
func Layers(net cnn.Architecture) *kernelext.Table {
	shapes := must(net.Shapes())
	t := NewTable(fmt.Sprintf("The network %s, on input %s", net.Name, net.Input), "", "layer", "settings", "output", "values per image")
	for i, layer := range net.Layers {
		t.Add(i+1, layer.Kind(), settings(layer), shapes[i].String(), shapes[i].Size())
	}
	return t
}

// settings writes what is set of a layer, but for its name: "filters 32, kernel 3, padding same".
func settings(layer cnn.Layer) string {
	var set []string
	v := reflect.ValueOf(layer)
	for i := range v.NumField() {
		if name := v.Type().Field(i).Name; name != "Name" && !v.Field(i).IsZero() {
			set = append(set, fmt.Sprintf("%s %v", strings.ToLower(name), v.Field(i)))
		}
	}
	return strings.Join(set, ", ")
}

// Kernel is the kernel of a convolution or the weights of a dense layer, with what is known of its shape.
type Kernel struct {
	cnn.WeightSpec
	Layer  string // the layer's name
	Biases int    // the number of biases beside it
	Values []float32
}

// Kernels lists the kernels of a network with their values in w, in order and without the biases. It ends the cell if w does
// not belong to the network.
func Kernels(net cnn.Architecture, w cnn.Weights) []Kernel {
	check(w.Check(net))
	var out []Kernel
	for i, spec := range must(net.WeightSpecs()) {
		switch layer, kind, _ := strings.Cut(spec.Name, "/"); {
		case kind == "kernel":
			out = append(out, Kernel{WeightSpec: spec, Layer: layer, Values: w[i].Values})
		case kind == "bias" && len(out) > 0:
			out[len(out)-1].Biases = spec.Size()
		}
	}
	return out
}

// Formula writes the number of parameters as the sum that gives it: "3 × 3 × 3 × 32 + 32".
func (k Kernel) Formula() string {
	product := strings.Trim(strings.ReplaceAll(fmt.Sprint(k.Shape), " ", " × "), "[]")
	return fmt.Sprintf("%s + %d", product, k.Biases)
}

// Parameters is the number of weights and biases.
func (k Kernel) Parameters() int { return k.Size() + k.Biases }

// Smallest is the smallest weight.
func (k Kernel) Smallest() float64 { return float64(slices.Min(k.Values)) }

// Largest is the largest weight.
func (k Kernel) Largest() float64 { return float64(slices.Max(k.Values)) }

// Norm is the Euclidean length of the weights.
func (k Kernel) Norm() float64 {
	sum := 0.0
	for _, x := range k.Values {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum)
}

// Deviation is the standard deviation of weights whose mean is 0, as that of initial weights is.
func (k Kernel) Deviation() float64 { return k.Norm() / math.Sqrt(float64(len(k.Values))) }

// Distance is the Euclidean distance of the weights from others of the same layer.
func (k Kernel) Distance(other Kernel) float64 {
	moved := Kernel{Values: slices.Clone(k.Values)}
	for i, v := range other.Values {
		moved.Values[i] -= v
	}
	return moved.Norm()
}

// Initialize draws a network's initial weights: [cnn.Architecture.Initialize]. It ends the cell on an error.
func Initialize(net cnn.Architecture, seed uint64) cnn.Weights { return must(net.Initialize(seed)) }

// Filters draws the kernels of the first convolution, whose input is colours, as small images. Each is scaled from its
// smallest to its largest weight.
func Filters(title string, w cnn.Weights, notes ...any) *viz.Figure {
	kernel := w[0]
	values := make([]float64, len(kernel.Values))
	for i, v := range kernel.Values {
		values[i] = float64(v)
	}
	notes = append([]any{"Each kernel is scaled from its smallest to its largest weight"}, notes...)
	return Figure(viz.Filters{
		Title: title, Weights: values, Columns: 16,
		Height: kernel.Shape[0], Width: kernel.Shape[1], Inputs: kernel.Shape[2],
	}, notes...)
}

// JSON writes a value as indented JSON, or ends the cell.
func JSON(v any) string { return string(must(json.MarshalIndent(v, "", "  "))) }
