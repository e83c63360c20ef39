package exchange

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/cnnbook/cnnbook/cnn"
)

// An ONNX file is a protocol buffer (onnx/onnx.proto). This file writes the few
// messages that a network needs field by field, with the field numbers of onnx.proto.

// onnxOpset is the version of the operators: 13, read by every runtime since
// 2020. onnxIR is the version of the file format.
const (
	onnxOpset = 13
	onnxIR    = 7
)

// ONNX writes the network for onnxruntime and others: opset 13, input "images"
// float32 [batch, height, width, channels], output "output", with a batch of any
// size. Dropout, which has no effect in evaluation, is left out.
func ONNX(m Model) ([]byte, error) {
	layers, err := m.layerWeights()
	if err != nil {
		return nil, err
	}
	shapes, err := m.Network.Shapes()
	if err != nil {
		return nil, err
	}
	g := &onnxGraph{current: "images", shape: m.Network.Input}
	g.node("Transpose", nil, ints("perm", 0, 3, 1, 2)) // operators take channels first
	for i, l := range m.Network.Layers {
		if err := g.layer(l, layers[i]); err != nil {
			return nil, err
		}
		g.shape = shapes[i]
	}
	if len(g.shape) == 3 {
		g.node("Transpose", nil, ints("perm", 0, 2, 3, 1))
	}
	g.named("Identity", nil, "output")
	graph := append(g.nodes, text(2, "cnnbook")...)
	graph = append(graph, g.initializers...)
	graph = append(graph, field(11, onnxValue("images", m.Network.Input))...)
	graph = append(graph, field(12, onnxValue("output", g.shape))...)
	out := append(number(1, onnxIR), text(2, "cnnbook")...)
	out = append(out, text(6, inputNote(m.Preprocess))...)
	out = append(out, field(7, graph)...)
	notes, err := m.notes()
	if err != nil {
		return nil, err
	}
	for _, key := range slices.Sorted(maps.Keys(notes)) {
		out = append(out, field(14, append(text(1, key), text(2, notes[key])...))...)
	}
	return append(out, field(8, append(text(1, ""), number(2, onnxOpset)...))...), nil
}

// onnxGraph is built node by node; current is the name of the last output.
type onnxGraph struct {
	current             string
	shape               cnn.Shape // of current, channels last as in package cnn
	nodes, initializers []byte
	count               int
}

func (g *onnxGraph) node(operator string, inputs []string, attributes ...[]byte) {
	g.count++
	g.named(operator, inputs, fmt.Sprintf("%s_%d", operator, g.count), attributes...)
}

// named adds an operator on the current output and further inputs.
func (g *onnxGraph) named(operator string, inputs []string, output string, attributes ...[]byte) {
	n := text(1, g.current)
	for _, name := range inputs {
		n = append(n, text(1, name)...)
	}
	n = append(n, text(2, output)...)
	n = append(append(n, text(3, output)...), text(4, operator)...)
	for _, a := range attributes {
		n = append(n, field(5, a)...)
	}
	g.nodes, g.current = append(g.nodes, field(1, n)...), output
}

// array adds a constant and returns its name.
func (g *onnxGraph) array(a cnn.Array) string {
	var t, raw []byte
	for _, n := range a.Shape {
		t = append(t, number(1, uint64(n))...)
	}
	for _, v := range a.Values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	t = append(append(append(t, number(2, 1)...), text(8, a.Name)...), field(9, raw)...)
	g.initializers = append(g.initializers, field(5, t)...)
	return a.Name
}

// scalar adds a constant number and returns its name.
func (g *onnxGraph) scalar(name string, v float64) string {
	return g.array(cnn.Array{Name: name, Values: []float32{float32(v)}})
}

func (g *onnxGraph) arrays(weights cnn.Weights) []string {
	var names []string
	for _, a := range weights {
		names = append(names, g.array(a))
	}
	return names
}

func (g *onnxGraph) layer(layer cnn.Layer, w cnn.Weights) error {
	image := len(g.shape) == 3
	switch l := layer.(type) {
	case cnn.Conv2D:
		k, s := int64(l.Kernel), int64(max(1, l.Stride))
		var pads [4]int64 // top, left, bottom, right
		if l.Padding == "same" {
			for axis := range 2 {
				around := cnn.SamePadding(g.shape[axis], l.Kernel, max(1, l.Stride))
				pads[axis], pads[axis+2] = int64(around[0]), int64(around[1])
			}
		}
		w[0] = outputFirst(w[0])
		g.node("Conv", g.arrays(w), ints("kernel_shape", k, k), ints("strides", s, s), ints("pads", pads[:]...))
	case cnn.WhiteningConv2D:
		return g.layer(l.Conv2D(g.shape[2]), w)
	case cnn.Rescaling:
		g.node("Mul", []string{g.scalar(l.Name+"/scale", l.Scale)})
		if l.Offset != 0 {
			g.node("Add", []string{g.scalar(l.Name+"/offset", l.Offset)})
		}
	case cnn.Dense:
		g.node("Gemm", g.arrays(w))
	case cnn.BatchNormalization:
		g.node("BatchNormalization", g.arrays(allOf(l, w)), float("epsilon", cmp.Or(l.Epsilon, cnn.DefaultEpsilon)))
	case cnn.LeakyReLU:
		g.node("LeakyRelu", nil, float("alpha", cmp.Or(l.Alpha, cnn.DefaultAlpha)))
	case cnn.Activation:
		switch {
		case l.Function == "relu":
			g.node("Relu", nil)
		case l.Function == "gelu": // which is an operator of its own since opset 20 only
			x := g.current
			g.node("Mul", []string{g.scalar(l.Name+"/root", math.Sqrt(0.5))})
			g.node("Erf", nil)
			g.node("Add", []string{g.scalar(l.Name+"/one", 1)})
			g.node("Mul", []string{x})
			g.node("Mul", []string{g.scalar(l.Name+"/half", 0.5)})
		case l.Function == "softmax" && image:
			g.node("Softmax", nil, integer("axis", 1))
		case l.Function == "softmax":
			g.node("Softmax", nil, integer("axis", -1))
		default:
			return fmt.Errorf("%w: layer %q: activation %q in ONNX", ErrUnsupported, l.Name, l.Function)
		}
	case cnn.MaxPooling2D:
		n := int64(l.Size)
		g.node("MaxPool", nil, ints("kernel_shape", n, n), ints("strides", n, n))
	case cnn.GlobalAveragePooling2D:
		g.node("GlobalAveragePool", nil)
		g.node("Flatten", nil, integer("axis", 1))
	case cnn.Dropout:
	case cnn.Flatten:
		if image {
			g.node("Transpose", nil, ints("perm", 0, 2, 3, 1)) // row by row, channels last
			g.node("Flatten", nil, integer("axis", 1))
		}
	default:
		return fmt.Errorf("%w: layer %q: %s in ONNX", ErrUnsupported, layer.LayerName(), layer.Kind())
	}
	return nil
}

// outputFirst turns a kernel [height, width, in, out] into [out, in, height, width].
func outputFirst(a cnn.Array) cnn.Array {
	h, w, in, out := a.Shape[0], a.Shape[1], a.Shape[2], a.Shape[3]
	turned := cnn.Array{Name: a.Name, Shape: []int{out, in, h, w}, Values: make([]float32, len(a.Values))}
	for i, v := range a.Values {
		o, c, x, y := i%out, i/out%in, i/out/in%w, i/out/in/w
		turned.Values[((o*in+c)*h+y)*w+x] = v
	}
	return turned
}

// onnxValue is a ValueInfoProto: float32 with a batch axis of any size.
func onnxValue(name string, shape cnn.Shape) []byte {
	dims := field(1, text(2, "batch"))
	for _, n := range shape {
		dims = append(dims, field(1, number(1, uint64(n)))...)
	}
	tensor := append(number(1, 1), field(2, dims)...)
	return append(text(1, name), field(2, field(1, tensor))...)
}

func ints(name string, values ...int64) []byte {
	a := text(1, name)
	for _, v := range values {
		a = append(a, number(8, uint64(v))...)
	}
	return append(a, number(20, 7)...)
}

func integer(name string, v int64) []byte {
	return append(append(text(1, name), number(3, uint64(v))...), number(20, 2)...)
}

func float(name string, v float64) []byte {
	a := binary.AppendUvarint(text(1, name), 2<<3|5)
	a = binary.LittleEndian.AppendUint32(a, math.Float32bits(float32(v)))
	return append(a, number(20, 1)...)
}

// number, field and text are protocol-buffer fields: a varint, bytes, a string.
func number(id, v uint64) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(nil, id<<3), v)
}

func field(id uint64, data []byte) []byte {
	b := binary.AppendUvarint(binary.AppendUvarint(nil, id<<3|2), uint64(len(data)))
	return append(b, data...)
}

func text(id uint64, s string) []byte { return field(id, []byte(s)) }
