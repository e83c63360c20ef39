package cnn

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestWriteUpParameters(t *testing.T) {
	got, err := WriteUp().Parameters()
	if err != nil || got != 2_168_362 {
		t.Errorf("got %d, %v; the write-up counts 2,168,362", got, err)
	}
}

func TestArchitectureJSON(t *testing.T) {
	net := WriteUp()
	net.Layers = append([]Layer{
		WhiteningConv2D{Name: "white", Kernel: 2, Images: 50, Epsilon: 0.01, BiasEpochs: 3}, Rescaling{Name: "half", Scale: 0.5, Offset: 1},
		BatchNormalization{Name: "lean", NoScale: true, NoCenter: true, Unbiased: true},
		Conv2D{Name: "strided", Filters: 4, Kernel: 3, Padding: "same", Stride: 2, NoBias: true, Init: "he_normal"},
		BatchNormalization{Name: "norm", Momentum: 0.9}, LeakyReLU{Name: "leaky", Alpha: 0.1},
	}, net.Layers...)
	data, err := json.Marshal(net)
	if err != nil {
		t.Fatal(err)
	}
	var back Architecture
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(net, back) {
		t.Errorf("read back\n%+v\nwrote\n%+v", back, net)
	}
}

func TestBadArchitectures(t *testing.T) {
	image := Shape{32, 32, 3}
	for name, test := range map[string]struct {
		net  Architecture
		want string
	}{
		"no layers":        {Architecture{Input: image}, "no layers"},
		"bad input":        {Architecture{Input: Shape{32, 32}, Layers: []Layer{Flatten{"f"}}}, "input must be"},
		"no name":          {Architecture{Input: image, Layers: []Layer{Flatten{}}}, "layer 1 (Flatten) has no name"},
		"name twice":       {Architecture{Input: image, Layers: []Layer{Flatten{"f"}, Dense{Name: "f", Units: 2}}}, `layer 2: the name "f" is taken`},
		"dense on image":   {Architecture{Input: image, Layers: []Layer{Dense{Name: "d", Units: 2}}}, `layer 1, "d" (Dense): needs a flat vector`},
		"conv on vector":   {Architecture{Input: image, Layers: []Layer{Flatten{"f"}, Conv2D{Name: "c", Filters: 1, Kernel: 3}}}, `layer 2, "c" (Conv2D): needs an image`},
		"negative filters": {Architecture{Input: image, Layers: []Layer{Conv2D{Name: "c", Filters: -1, Kernel: 3}}}, "at least 1 filter"},
		"kernel too big":   {Architecture{Input: image, Layers: []Layer{Conv2D{Name: "c", Filters: 1, Kernel: 33}}}, "33×33 kernel does not fit"},
		"bad padding":      {Architecture{Input: image, Layers: []Layer{Conv2D{Name: "c", Filters: 1, Kernel: 3, Padding: "full"}}}, `got "full"`},
		"pool too big":     {Architecture{Input: image, Layers: []Layer{MaxPooling2D{"p", 33}}}, "window of side 33"},
		"rate 1":           {Architecture{Input: image, Layers: []Layer{Dropout{"d", 1}}}, "below 1, got 1"},
		"unknown function": {Architecture{Input: image, Layers: []Layer{Activation{"a", "tanhh"}}}, `got "tanhh"`},
		"negative stride":  {Architecture{Input: image, Layers: []Layer{Conv2D{Name: "c", Filters: 1, Kernel: 3, Stride: -1}}}, `layer 1, "c" (Conv2D): strides`},
		"bad initialiser":  {Architecture{Input: image, Layers: []Layer{Conv2D{Name: "c", Filters: 1, Kernel: 3, Init: "he"}}}, `"c" (Conv2D): unknown initialiser "he"`},
		"bad alpha":        {Architecture{Input: image, Layers: []Layer{LeakyReLU{"l", -1}}}, `"l" (LeakyReLU): alpha`},
		"bad momentum":     {Architecture{Input: image, Layers: []Layer{BatchNormalization{Name: "b", Momentum: 1}}}, `"b" (BatchNormalization): momentum`},
		"bad epsilon":      {Architecture{Input: image, Layers: []Layer{BatchNormalization{Name: "b", Epsilon: -1}}}, `"b" (BatchNormalization): epsilon`},
		"mean of a vector": {Architecture{Input: image, Layers: []Layer{Flatten{"f"}, GlobalAveragePooling2D{"g"}}}, `layer 2, "g" (GlobalAveragePooling2D): needs an image`},
		"dirac dense":      {Architecture{Input: image, Layers: []Layer{Flatten{"f"}, Dense{Name: "d", Units: 2, Init: "dirac"}}}, `"dirac" is for convolutions`},
		"scale 0":          {Architecture{Input: image, Layers: []Layer{Rescaling{Name: "r"}}}, `"r" (Rescaling): scale must not be 0`},
		"whitening 0":      {Architecture{Input: image, Layers: []Layer{WhiteningConv2D{Name: "w"}}}, `"w" (WhiteningConv2D): needs a kernel side`},
		"no units":         {Architecture{Input: image, Layers: []Layer{Flatten{"f"}, Dense{Name: "d"}}}, "at least 1 unit"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := test.net.Shapes()
			if !errors.Is(err, ErrArchitecture) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want ErrArchitecture with %q", err, test.want)
			}
		})
	}
}

func TestClassifier(t *testing.T) {
	net := WriteUp()
	if err := net.Classifier(10); err != nil {
		t.Error(err)
	}
	if err := net.Classifier(100); !errors.Is(err, ErrArchitecture) {
		t.Errorf("100 classes: got %v", err)
	}
	net.Layers = net.Layers[:len(net.Layers)-1]
	if err := net.Classifier(10); !errors.Is(err, ErrArchitecture) {
		t.Errorf("without softmax: got %v", err)
	}
}

// Promise(files/hostile)
func TestArchitectureJSONRefuses(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"unknown class": {`{"input_shape":[8,8,1],"layers":[{"class_name":"LSTM","name":"l"}]}`, `unknown class_name "LSTM"`},
		"unknown field": {`{"input_shape":[8,8,1],"layers":[{"class_name":"Flatten","name":"f","unit":3}]}`, `unknown field "unit"`},
		"does not fit":  {`{"input_shape":[8,8,1],"layers":[{"class_name":"Dense","name":"d","units":3}]}`, "needs a flat vector"},
		"no class":      {`{"input_shape":[8,8,1],"layers":[{"name":"d"}]}`, "layer 1: no class_name"},
		"huge number":   {`{"input_shape":[8,8,1],"layers":[{"class_name":"Flatten","name":"f"},{"class_name":"Dense","name":"d","units":1e300}]}`, "layer 2"},
	} {
		t.Run(name, func(t *testing.T) {
			var a Architecture
			if err := json.Unmarshal([]byte(test.text), &a); !errors.Is(err, ErrArchitecture) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want ErrArchitecture with %q", err, test.want)
			}
		})
	}
}

// Promise(files/hostile)
func FuzzArchitectureJSON(f *testing.F) {
	data, err := json.Marshal(WriteUp())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"input_shape":[9223372036854775807,2,2],"layers":[{"class_name":"Flatten","name":"f"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var a Architecture
		if json.Unmarshal(data, &a) != nil {
			return
		}
		a.Summary()
		again, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		var b Architecture
		if err := json.Unmarshal(again, &b); err != nil {
			t.Fatalf("%s: %v", again, err)
		}
	})
}
