package exchange

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
)

// The tests compute on the pure-Go backend: it needs no plugin.
func TestMain(m *testing.M) {
	os.Setenv("GOMLX_BACKEND", "go")
	os.Exit(m.Run())
}

// every is a network with every kind of layer, with strides that do not divide the
// size and a dense layer after a Flatten.
func every(t *testing.T) Model {
	t.Helper()
	net := cnn.Architecture{Name: "every", Input: cnn.Shape{32, 32, 3}, Layers: []cnn.Layer{
		cnn.Conv2D{Name: "first-conv", Filters: 4, Kernel: 3, Padding: "same", Stride: 2, NoBias: true, Init: "he_normal"},
		cnn.BatchNormalization{Name: "first-bn"},
		cnn.LeakyReLU{Name: "leaky", Alpha: 0.1},
		cnn.Conv2D{Name: "second-conv", Filters: 5, Kernel: 2, Padding: "same", Stride: 3},
		cnn.Activation{Name: "relu", Function: "relu"},
		cnn.MaxPooling2D{Name: "pool", Size: 2},
		cnn.Dropout{Name: "drop", Rate: 0.25},
		cnn.Conv2D{Name: "third-conv", Filters: 6, Kernel: 2, Padding: "valid"},
		cnn.Flatten{Name: "flatten"},
		cnn.Dense{Name: "dense", Units: 7, NoBias: true},
		cnn.BatchNormalization{Name: "second-bn", Momentum: 0.9, Epsilon: 0.01},
		cnn.LeakyReLU{Name: "leaky-too"},
		cnn.Dense{Name: "last", Units: 10},
		cnn.Activation{Name: "softmax", Function: "softmax"},
	}}
	return filled(t, net)
}

// pooled is a network that ends in a mean over all positions, like later architectures.
func pooled(t *testing.T) Model {
	t.Helper()
	return filled(t, cnn.Architecture{Name: "pooled", Input: cnn.Shape{32, 32, 3}, Layers: []cnn.Layer{
		cnn.Conv2D{Name: "first", Filters: 6, Kernel: 3, Padding: "same", Stride: 2, NoBias: true, Init: "lecun_uniform"},
		cnn.BatchNormalization{Name: "first-norm"},
		cnn.LeakyReLU{Name: "first-leaky", Alpha: 0.2},
		cnn.GlobalAveragePooling2D{Name: "mean"},
		cnn.BatchNormalization{Name: "mean-norm"},
		cnn.Dense{Name: "output", Units: 10},
		cnn.Activation{Name: "softmax", Function: "softmax"},
	}})
}

// filled draws weights, and perturbs those that start constant.
func filled(t *testing.T, net cnn.Architecture) Model {
	t.Helper()
	w, err := net.Initialize(7)
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range w {
		if len(a.Shape) == 1 {
			for j := range a.Values {
				w[i].Values[j] += 0.3 * float32(math.Sin(float64(i+3*j)))
			}
		}
	}
	return Model{Network: net, Weights: w}
}

// predict runs the network on standardised images, [image][class] row by row.
func predict(t *testing.T, m Model, d *cifar.Dataset) []float32 {
	t.Helper()
	run, err := cnn.ImportRun(t.TempDir(), "test", m.Network, m.Weights, "a test")
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	result, err := run.Evaluate(context.Background(), d, nil)
	if err != nil {
		t.Fatal(err)
	}
	var out []float32
	for _, row := range result.Probabilities {
		for _, p := range row {
			out = append(out, float32(p))
		}
	}
	return out
}

func files(t *testing.T, m Model) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	add := func(name string, data []byte, err error) {
		if err != nil {
			t.Fatal(name, err)
		}
		out[name] = data
	}
	data, err := KerasJSON(m.Network, 2)
	add("keras2.json", data, err)
	data, err = KerasJSON(m.Network, 3)
	add("keras3.json", data, err)
	for name, f := range map[string]func(Model) ([]byte, error){
		"weights.h5": KerasWeights, "model.h5": KerasModel, "three.weights.h5": Keras3Weights, "model.keras": Keras,
		"model.onnx": ONNX, "model.safetensors": Safetensors, "model.npz": NPZ,
	} {
		data, err := f(m)
		add(name, data, err)
	}
	out["load_in_pytorch.py"] = []byte(LoadInPyTorch)
	return out
}

// Every readable format returns what was written, and writing does not change the
// weights.
func TestRoundTrip(t *testing.T) {
	for _, net := range []cnn.Architecture{every(t).Network, pooled(t).Network, cnn.WriteUp()} {
		m := filled(t, net)
		before := m.Weights.Clone()
		made := files(t, m)
		if !reflect.DeepEqual(m.Weights, before) {
			t.Fatal("writing changed the weights")
		}
		layers := m.Network
		layers.Name = "" // Keras has no place for it
		for _, name := range []string{"keras2.json", "keras3.json"} {
			if got, err := ReadKerasJSON(made[name]); err != nil || !reflect.DeepEqual(got, layers) {
				t.Errorf("%s: %v, %v", name, got, err)
			}
		}
		for _, name := range []string{"model.h5", "model.keras"} {
			if got, err := ReadKeras(made[name]); err != nil || !reflect.DeepEqual(got, Model{Network: layers, Weights: before}) {
				t.Errorf("%s: read a different model, %v", name, err)
			}
		}
		for _, name := range []string{"weights.h5", "three.weights.h5", "model.h5"} {
			if got, err := ReadKerasWeights(made[name], layers); err != nil || !reflect.DeepEqual(got, before) {
				t.Errorf("%s: read a different model, %v", name, err)
			}
		}
	}
}

// Promise(agreement/exchange)
// Promise(files/hostile)
func TestReadRefuses(t *testing.T) {
	model := func(layer string) string {
		return `{"class_name":"Sequential","config":{"name":"s","layers":[` + layer + `],"build_input_shape":[null,8,8,3]}}`
	}
	for text, want := range map[string]string{
		model(`{"class_name":"LSTM","config":{"name":"memory"}}`):                                                                       `layer 1, "memory" (LSTM): not supported`,
		model(`{"class_name":"Conv2D","config":{"name":"c","filters":1,"kernel_size":[3,5]}}`):                                          `"c" (Conv2D): not supported: kernel_size [3 5]`,
		model(`{"class_name":"Conv2D","config":{"name":"c","filters":1,"kernel_size":[3,3],"dilation_rate":[2,2]}}`):                    "dilation_rate",
		model(`{"class_name":"Conv2D","config":{"name":"c","filters":1,"kernel_size":[3,3],"activation":"mish"}}`):                      `activation "mish"`,
		model(`{"class_name":"Conv2D","config":{"name":"c","filters":1,"kernel_size":[3,3],"kernel_regularizer":{"class_name":"L2"}}}`): "kernel_regularizer",
		model(`{"class_name":"MaxPooling2D","config":{"name":"p","pool_size":[3,3],"strides":[2,1]}}`):                                  "strides [2 1]: the sides must be equal",
		model(`{"class_name":"Dense","config":{"name":"d","units":3}}`):                                                                 "needs a flat vector",
		model(`{"class_name":"Conv2D","config":{"name":"c","filters":2.5,"kernel_size":[3,3]}}`):                                        `"c" (Conv2D): bad format: filters is "2.5", expected a whole number`,
		model(`{"class_name":"Dropout","config":{"name":"d","rate":"0.5"}}`):                                                            `"d" (Dropout): bad format: rate is "0.5", expected a number`,
		model(`{"class_name":"Conv2D","config":{"name":"c","filters":-2,"kernel_size":[3,3]}}`):                                         `layer 1, "c" (Conv2D): needs at least 1 filter`,
		model(`{"class_name":"Flatten","config":{"name":"f"}},{"class_name":"Flatten","config":{"name":"f"}}`):                          `layer 2: the name "f" is taken`,
		`{"class_name":"Tower","config":{}}`:                                                                                            `class "Tower"`,
		`{"class_name":"Functional","config":{}}`:                                                                                       "is not one chain",
		`{"class_name":`: "bad format",
		model(`{"class_name":"BatchNormalization","config":{"name":"b","axis":1}}`): `"b" (BatchNormalization): not supported: axis 1`,
	} {
		if _, err := ReadKerasJSON([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
	m := every(t)
	data, err := KerasWeights(m)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ReadKerasWeights(data, cnn.WriteUp()); !errors.Is(err, cnn.ErrMismatch) {
		t.Errorf("another network's weights: %v", err)
	}
	if _, err := ReadKeras(data); !errors.Is(err, cnn.ErrFormat) {
		t.Errorf("weights without a model: %v", err)
	}
}

// A .keras file that lacks a part, is damaged, or expands to far more than its
// own length is refused.
//
// Promise(files/hostile)
func TestReadKerasRefuses(t *testing.T) {
	archive := func(members ...member) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for _, m := range members {
			w, err := z.Create(m.name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write(m.data); err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	m := pooled(t)
	config, err := KerasJSON(m.Network, 3)
	if err != nil {
		t.Fatal(err)
	}
	weights, err := Keras3Weights(every(t))
	if err != nil {
		t.Fatal(err)
	}
	for want, data := range map[string][]byte{
		"config.json: file does not exist":      archive(member{"metadata.json", []byte("{}")}),
		"model.weights.h5: file does not exist": archive(member{"config.json", config}),
		"config.json has more than 16 MiB":      archive(member{"config.json", make([]byte, maxConfig+1)}),
		"does not begin as an HDF5 file does":   archive(member{"config.json", config}, member{"model.weights.h5", []byte("weights")}),
		`where "first/kernel" is`:               archive(member{"config.json", config}, member{"model.weights.h5", weights}),
		"not a valid zip file":                  []byte("PK and nothing more"),
	} {
		if _, err := ReadKeras(data); err == nil || !refused(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// Every listed format can be written; the error for an unknown name lists all of them.
func TestExportKnowsEveryFormat(t *testing.T) {
	m := every(t)
	r, err := cnn.ImportRun(t.TempDir(), "every", m.Network, m.Weights, "a test")
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	err = Export(r, "pickle", filepath.Join(out, "pickle"))
	for _, f := range Formats() {
		if !errors.Is(err, cnn.ErrConfig) || !strings.Contains(err.Error(), f.Name) {
			t.Errorf("an unknown format: %v, expected an ErrConfig that names %s", err, f.Name)
		}
		if err := Export(r, f.Name, filepath.Join(out, f.Name)); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
}
