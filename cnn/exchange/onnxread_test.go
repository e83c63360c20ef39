package exchange

import (
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/cnn/exchange/internal/onnx"
	"google.golang.org/protobuf/proto"
)

// onnxFile reads a file of testdata/onnx.
func onnxFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "onnx", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// PyTorch's exports, by both of its exporters, give PyTorch's predictions; the script that
// made them compared onnxruntime's.
//
// Promise(agreement/exchange)
func TestImportsONNX(t *testing.T) {
	names, err := filepath.Glob(filepath.Join("testdata", "onnx", "*.onnx"))
	if err != nil || len(names) < 16 {
		t.Fatalf("%d files, %v", len(names), err)
	}
	for _, path := range names {
		name := strings.TrimSuffix(filepath.Base(path), ".onnx")
		t.Run(name, func(t *testing.T) {
			choice := "divide-255"
			if strings.HasPrefix(name, "mean") {
				choice = ""
			} else if _, err := ImportFile(path, nil, ""); !errors.Is(err, ErrPreprocessing) {
				t.Errorf("without a choice: %v", err)
			}
			m, err := ImportFile(path, nil, choice)
			if err != nil {
				t.Fatal(err)
			}
			if choice == "" && (!strings.HasPrefix(m.Preprocess.String(), "pixels from 0 to 255 times 0.0156863, 0.0163399") || !strings.Contains(strings.Join(m.Notes, "\n"), `Div "`)) {
				t.Errorf("preprocessing %s, notes %q", m.Preprocess, m.Notes)
			}
			if softmax := strings.Contains(strings.Join(m.Notes, "\n"), "a softmax was added"); softmax != !strings.HasPrefix(name, "m") && !strings.HasPrefix(name, "view") && !softmax {
				t.Errorf("notes %q", m.Notes)
			}
			got, err := evaluated(t, m, makeImages())
			if err != nil {
				t.Fatal(err)
			}
			worst := 0.0
			for i, v := range npyValues(onnxFile(t, name+".npy")) {
				worst = max(worst, math.Abs(float64(v-got[i])))
			}
			t.Logf("%.2g", worst)
			if !(worst <= predictionTolerance) {
				t.Errorf("our predictions are %g from PyTorch's", worst)
			}
		})
	}
}

// What is exported as ONNX here is imported again with its preprocessing, and predicts the
// same.
//
// Promise(agreement/exchange)
func TestONNXRoundTrip(t *testing.T) {
	for _, m := range []Model{every(t), pooled(t), filled(t, cnn.WriteUp())} {
		data, err := ONNX(m)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Import(data, nil, "")
		if err != nil {
			t.Errorf("%s: %v", m.Network.Name, err)
			continue
		}
		got, err := evaluated(t, again, makeImages())
		if err != nil {
			t.Fatal(err)
		}
		worst := 0.0
		for i, v := range predict(t, m, makeImages()) {
			worst = max(worst, math.Abs(float64(v-got[i])))
		}
		if !(worst <= predictionTolerance) || again.Network.Layers[0].LayerName() != m.Network.Layers[0].LayerName() {
			t.Errorf("%s: read again, it is %g away, and starts with %q", m.Network.Name, worst, again.Network.Layers[0].LayerName())
		}
	}
	m, err := Import(wildFile(t, "rescaling.keras"), nil, "")
	if err != nil {
		t.Fatal(err)
	}
	data, err := ONNX(m.Model)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := Import(data, nil, ""); err != nil || again.Preprocess.String() != m.Preprocess.String() {
		t.Errorf("%v, %s", err, again.Preprocess)
	}
}

// altered changes a model of testdata/onnx.
func altered(t testing.TB, name string, change func(*onnx.ModelProto)) []byte {
	t.Helper()
	model := &onnx.ModelProto{}
	if err := proto.Unmarshal(onnxFile(t, name), model); err != nil {
		t.Fatal(err)
	}
	change(model)
	data, err := proto.Marshal(model)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// node returns the first node of an operator.
func firstNode(m *onnx.ModelProto, op string) *onnx.NodeProto {
	at := slices.IndexFunc(m.Graph.Node, func(n *onnx.NodeProto) bool { return n.GetOpType() == op })
	return m.Graph.Node[at]
}

func setInts(n *onnx.NodeProto, name string, values ...int64) {
	n.Attribute = slices.DeleteFunc(n.Attribute, func(a *onnx.AttributeProto) bool { return a.GetName() == name })
	n.Attribute = append(n.Attribute, &onnx.AttributeProto{Name: &name, Ints: values, Type: onnx.AttributeProto_INTS.Enum()})
}

// Anything but a plain chain of supported layers is refused in one line with the operator
// and the node's name.
//
// Promise(agreement/exchange)
// Promise(files/hostile)
func TestONNXRefusesByName(t *testing.T) {
	for want, change := range map[string]func(*onnx.ModelProto){
		`"/0/Conv" (Conv): not supported: dilations [2 2]`:           func(m *onnx.ModelProto) { setInts(firstNode(m, "Conv"), "dilations", 2, 2) },
		`"/0/Conv" (Conv): not supported: strides [2 1]`:             func(m *onnx.ModelProto) { setInts(firstNode(m, "Conv"), "strides", 2, 1) },
		`"/0/Conv" (Conv): not supported: a kernel of shape`:         func(m *onnx.ModelProto) { m.Graph.Initializer[0].Dims = []int64{6, 3, 25, 1} },
		`(Conv): not supported: group 3 of 6 channels`:               func(m *onnx.ModelProto) { group(m, 3) },
		`"/1/Relu" (HardSwish): not supported: this operator`:        func(m *onnx.ModelProto) { firstNode(m, "Relu").OpType = proto.String("HardSwish") },
		`"/1/Relu" (Relu): not supported: an operator of the domain`: func(m *onnx.ModelProto) { firstNode(m, "Relu").Domain = proto.String("com.example") },
		`(MaxPool): not supported: ceil_mode`: func(m *onnx.ModelProto) {
			n := m.Graph.Node[5]
			n.Attribute = slices.DeleteFunc(n.Attribute, func(a *onnx.AttributeProto) bool { return a.GetName() == "ceil_mode" })
			n.Attribute = append(n.Attribute, &onnx.AttributeProto{Name: proto.String("ceil_mode"), I: proto.Int64(1)})
			setInts(n, "kernel_shape", 3, 3)
		},
		`use the same input: only a plain chain`: func(m *onnx.ModelProto) {
			relu := m.Graph.Node[1]
			conv := m.Graph.Node[0].Output[0]
			out := "sum"
			m.Graph.Node = slices.Insert(m.Graph.Node, 2, &onnx.NodeProto{OpType: proto.String("Concat"), Input: []string{conv, relu.Output[0]}, Output: []string{out}})
			m.Graph.Node[3].Input[0] = out
		},
		`(Relu): bad format: it has no output`: func(m *onnx.ModelProto) { m.Graph.Node[1].Output = nil },
		`(Rel_u): not supported`:               func(m *onnx.ModelProto) { m.Graph.Node[1].OpType = proto.String("Rel\nu") },
		`(MaxPool): bad architecture`:          func(m *onnx.ModelProto) { setInts(m.Graph.Node[2], "kernel_shape") },
		`opset 99: 7 to`:                       func(m *onnx.ModelProto) { m.OpsetImport[0].Version = proto.Int64(99) },
		`2 outputs: only a plain`:              func(m *onnx.ModelProto) { m.Graph.Output = append(m.Graph.Output, m.Graph.Output[0]) },
		`may have any size`:                    func(m *onnx.ModelProto) { m.Graph.Input[0].Type.GetTensorType().Shape.Dim[2].Value = nil },
		`bad format: 449 values`:               func(m *onnx.ModelProto) { shorten(m) },
		`holds no network`:                     func(m *onnx.ModelProto) { m.Graph = nil },
		`no node makes the output`:             func(m *onnx.ModelProto) { m.Graph.Node = m.Graph.Node[:3] },
		`values of type INT8`:                  func(m *onnx.ModelProto) { m.Graph.Initializer[0].DataType = proto.Int32(3) },
	} {
		_, err := Import(altered(t, "small_13.onnx", change), nil, "divide-255")
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if _, err := Import(onnxFile(t, "small_13.onnx")[:20000], nil, "none"); err == nil || !strings.Contains(err.Error(), "cut short") {
		t.Errorf("a file that is cut short: %v", err)
	}
	if _, err := Import(onnxFile(t, "small_external.onnx"), nil, "none"); err == nil || !strings.Contains(err.Error(), `"small_external.onnx.data"`) {
		t.Errorf("without its weights: %v", err)
	}
	dir := t.TempDir()
	alone := filepath.Join(dir, "small.onnx")
	for _, location := range []string{"", "../weights", "/etc/passwd"} {
		data := altered(t, "small_external.onnx", func(m *onnx.ModelProto) {
			for _, w := range m.Graph.Initializer {
				for _, e := range w.ExternalData {
					if e.GetKey() == "location" && location != "" {
						e.Value = &location
					}
				}
			}
		})
		if err := errors.Join(os.WriteFile(alone, data, 0o644), os.WriteFile(filepath.Join(filepath.Dir(dir), "weights"), make([]byte, 1<<20), 0o644)); err != nil {
			t.Fatal(err)
		}
		if _, err := ImportFile(alone, nil, "none"); err == nil || !errors.Is(err, cnn.ErrFormat) || !strings.Contains(err.Error(), "must be beside it") {
			t.Errorf("weights in %q: %v", location, err)
		}
	}
}

// What is refused is named as it is in the file: an operator that is not available, an attribute, a
// shape with an open number of images; padding is refused with what helps.
func TestONNXRefusalsAreTrue(t *testing.T) {
	constant := func(m *onnx.ModelProto, name string, values ...int64) {
		kind := int32(onnx.TensorProto_INT64)
		m.Graph.Initializer = append(m.Graph.Initializer, &onnx.TensorProto{Name: &name, Dims: []int64{int64(len(values))}, DataType: &kind, Int64Data: values})
	}
	instead := func(m *onnx.ModelProto, op string, inputs ...string) *onnx.NodeProto {
		n := firstNode(m, "Relu")
		n.OpType, n.Input = &op, append(n.Input, inputs...)
		return n
	}
	window := func(m *onnx.ModelProto, op string) {
		n := firstNode(m, "MaxPool")
		n.OpType = &op
		setInts(n, "kernel_shape", 3, 3)
		setInts(n, "strides", 2, 2)
		setInts(n, "pads", 1, 1, 1, 1)
	}
	for want, change := range map[string]func(*onnx.ModelProto){
		`(Reshape): not supported: to the shape [batch 2 ?]: only to one row`: func(m *onnx.ModelProto) {
			m.Graph.Input[0].Type.GetTensorType().Shape.Dim[0].Value = nil
			constant(m, "groups", 0, 2, -1)
			instead(m, "Reshape", "groups")
		},
		`(InstanceNormalization): not supported: this operator is not available`: func(m *onnx.ModelProto) {
			constant(m, "scale", 1, 1, 1)
			instead(m, "InstanceNormalization", "scale", "scale")
		},
		`(ReduceMax): not supported: this operator is not available`: func(m *onnx.ModelProto) {
			constant(m, "axes", 2, 3)
			instead(m, "ReduceMax", "axes")
		},
		`(Pow): not supported: a constant of shape [2]: expected one number`: func(m *onnx.ModelProto) {
			constant(m, "powers", 2, 3)
			instead(m, "Pow", "powers")
		},
		`(Elu): not supported: alpha 0.3, expected 1`: func(m *onnx.ModelProto) {
			n := instead(m, "Elu")
			n.Attribute = append(n.Attribute, &onnx.AttributeProto{Name: proto.String("alpha"), F: proto.Float32(0.3)})
		},
		`(AveragePool): not supported: pads [1 1 1 1] that the average leaves out: average without padding, or with count_include_pad`: func(m *onnx.ModelProto) {
			window(m, "AveragePool")
		},
	} {
		_, err := Import(altered(t, "small_13.onnx", change), nil, "divide-255")
		if !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// group makes the second convolution one with groups.
func group(m *onnx.ModelProto, groups int64) {
	name := "group"
	for i, n := range m.Graph.Node {
		if i > 0 && n.GetOpType() == "Conv" {
			n.Attribute = slices.DeleteFunc(n.Attribute, func(a *onnx.AttributeProto) bool { return a.GetName() == name })
			n.Attribute = append(n.Attribute, &onnx.AttributeProto{Name: &name, I: &groups})
		}
	}
}

// shorten takes the last value of the first kernel away.
func shorten(m *onnx.ModelProto) {
	w := m.Graph.Initializer[slices.IndexFunc(m.Graph.Initializer, func(w *onnx.TensorProto) bool { return w.GetName() == "0.weight" })]
	w.RawData = w.RawData[:len(w.RawData)-4]
}

// Weights of other types are read too.
func TestONNXTypes(t *testing.T) {
	want := []float64{0, -1.5, 2}
	for kind, raw := range map[onnx.TensorProto_DataType][]byte{
		onnx.TensorProto_FLOAT16:  {0, 0, 0, 0xbe, 0, 0x40},
		onnx.TensorProto_BFLOAT16: {0, 0, 0xc0, 0xbf, 0, 0x40},
		onnx.TensorProto_FLOAT:    {0, 0, 0, 0, 0, 0, 0xc0, 0xbf, 0, 0, 0, 0x40},
	} {
		code := int32(kind)
		b := &onnxBytes{left: 3}
		got, err := b.tensor(&onnx.TensorProto{Dims: []int64{3}, DataType: &code, RawData: raw})
		if err != nil || !slices.Equal(got.values, want) {
			t.Errorf("%s: %v, %v", kind, got, err)
		}
		var listed []int32
		for i := 0; i+1 < len(raw); i += 2 {
			listed = append(listed, int32(binary.LittleEndian.Uint16(raw[i:])))
		}
		if kind != onnx.TensorProto_FLOAT {
			b.left = 3
			if got, err = b.tensor(&onnx.TensorProto{Dims: []int64{3}, DataType: &code, Int32Data: listed}); err != nil || !slices.Equal(got.values, want) {
				t.Errorf("%s, listed: %v, %v", kind, got, err)
			}
		}
	}
}

// Any bytes give either a network with all its weights, or a one-line error.
//
// Promise(files/hostile)
func FuzzImportONNX(f *testing.F) {
	for _, name := range []string{"small_13", "view_one", "mean_new", "mobile_13", "functions_13"} {
		f.Add(onnxFile(f, name+".onnx"))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := importONNX(data, nil, "divide-255")
		switch {
		case err == nil:
		case (refused(err) || errors.Is(err, ErrPreprocessing)) && !strings.Contains(err.Error(), "\n"):
			return
		default:
			t.Fatalf("%v is of an unknown class", err)
		}
		shapes, err := m.Network.Shapes()
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(m.Weights.Check(m.Network), m.Network.Classifier(shapes[len(shapes)-1][0])); err != nil {
			t.Error(err)
		}
	})
}

// Max pooling over an edge that Keras does not have is refused by layer name, not written as
// pooling without it.
func TestEdgesAreNotWrittenForOthers(t *testing.T) {
	m, err := Import(onnxFile(t, "edges_13.onnx"), nil, "divide-255")
	if err != nil {
		t.Fatal(err)
	}
	pools := 0
	for _, l := range m.Network.Layers {
		if l, ok := l.(cnn.WindowMaxPooling2D); ok && l.Uneven() {
			pools++
		}
	}
	if pools != 3 {
		t.Errorf("%d poolings over an edge, expected 3 (the fourth is that of \"same\")", pools)
	}
	for format, write := range map[string]func(Model) ([]byte, error){"Keras": Keras, "Keras weights": KerasWeights, "ONNX": ONNX} {
		if _, err := write(m.Model); !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), `layer "`) {
			t.Errorf("%s: %v", format, err)
		}
	}
}
