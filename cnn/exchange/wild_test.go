package exchange

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
)

// wildFile reads a file of testdata/wild, unpacked.
func wildFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "wild", name))
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(name, ".gz") {
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if data, err = io.ReadAll(z); err != nil {
			t.Fatal(err)
		}
	}
	return data
}

// evaluated imports a network as a run and returns its probabilities for images,
// row by row.
func evaluated(t *testing.T, m Imported, d *cifar.Dataset) ([]float32, error) {
	t.Helper()
	run, err := cnn.Import(t.TempDir(), "test", cnn.Foreign{Network: m.Network, Weights: m.Weights, Source: "a test", Preprocess: m.Preprocess, Notes: m.Notes})
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	if !slices.Equal(run.Notes(), m.Notes) || run.Preprocess().String() != m.Preprocess.String() {
		t.Errorf("the run has the preprocessing %s and notes %q, expected %s and %q", run.Preprocess(), run.Notes(), m.Preprocess, m.Notes)
	}
	result, err := run.Evaluate(t.Context(), d, nil)
	if err != nil {
		return nil, err
	}
	var out []float32
	for _, row := range result.Probabilities {
		for _, p := range row {
			out = append(out, float32(p))
		}
	}
	return out, nil
}

// Files of common kinds, made by testdata/wild.py with Keras, are imported with
// their preprocessing, give Keras's predictions, and have notes about what was left
// out.
//
// Promise(agreement/exchange)
func TestImportsWildFiles(t *testing.T) {
	for name, c := range map[string]struct {
		network    string   // the file of the layers
		preprocess string   // the choice, if the file does not say it
		is         string   // the preprocessing that comes of it, if the file says it
		notes      []string // that there must be
	}{
		"slash.h5.gz":         {preprocess: "standardise"},
		"slash_weights.h5.gz": {network: "slash.json", preprocess: "standardise"},
		"backslash.h5.gz":     {preprocess: "standardise"},

		"div255.keras":      {preprocess: "divide-255"},
		"means.keras":       {preprocess: "mean=125/123/114,std=63/62/67"},
		"logits.keras":      {preprocess: "minus-1-to-1", notes: []string{`Dense "dense`, "a softmax was added"}},
		"logits_flat.keras": {preprocess: "minus-1-to-1", notes: []string{"a softmax was added"}},

		"half.h5.gz": {preprocess: "standardise"}, "double.h5.gz": {preprocess: "standardise"}, "brain.h5.gz": {preprocess: "standardise"},
		"brain3.keras": {preprocess: "standardise", notes: []string{"dtype bfloat16: computed in float32 here"}},
		"gzip.h5.gz":   {preprocess: "standardise"}, "latest.h5.gz": {preprocess: "standardise"}, "big_endian.h5.gz": {preprocess: "standardise"},

		"rescaling.keras": {is: "pixels divided by 255", notes: []string{`Rescaling "rescaling`, "kept as preprocessing"}},
		"augmented.keras": {
			is:    "pixels from 0 to 255 times 0.00784314 plus -1; training images mirrored at random",
			notes: []string{"RandomFlip", "RandomRotation", "RandomZoom", "RandomContrast", "RandomTranslation", "Resizing", "GaussianNoise", "SpatialDropout2D"},
		},
		"normalization.keras":       {is: "pixels from 0 to 255 times ", notes: []string{`Normalization "normalization`}},
		"normalization_h5.h5.gz":    {is: "pixels from 0 to 255 times "},
		"normalization_after.keras": {preprocess: "divide-255"},
		"normalization_given.keras": {is: "pixels from 0 to 255 times "},
		"normalization_one.keras":   {is: "pixels from 0 to 255 times 0.0166667 plus -2"},

		"l2.keras": {preprocess: "standardise", notes: []string{
			"bias_regularizer L1L2", "kernel_constraint MaxNorm", "activity_regularizer L1", "gamma_regularizer L2", "beta_constraint NonNeg",
		}},
		"frozen.keras": {preprocess: "standardise", notes: []string{"trainable false"}}, "frozen_h5.h5.gz": {preprocess: "standardise", notes: []string{"trainable false"}},
		"compiled.keras": {preprocess: "standardise", notes: []string{"trainable false"}}, "objects.keras": {preprocess: "standardise"},
		"plain_norm.keras":    {preprocess: "standardise", notes: nil},
		"plain_norm_h5.h5.gz": {preprocess: "standardise", notes: nil},

		"nested.keras": {preprocess: "standardise"}, "nested_h5.h5.gz": {preprocess: "standardise"},
		"nested_frozen.keras": {preprocess: "standardise", notes: []string{"trainable false"}}, "nested_frozen_h5.h5.gz": {preprocess: "standardise"},
		"functional.keras": {is: "pixels divided by 255"}, "functional_h5.h5.gz": {is: "pixels divided by 255"},
		"transfer.keras":    {is: "pixels from 0 to 255 times 0.00784314 plus -1", notes: []string{"RandomFlip", "trainable false"}},
		"transfer_h5.h5.gz": {is: "pixels from 0 to 255 times 0.00784314 plus -1"},
		"arithmetic.keras":  {is: "pixels from 0 to 255 times 0.00784314 plus -1", notes: []string{`TrueDivide "`, `Subtract "`, `Multiply "`}},
		"deep.keras":        {preprocess: "standardise"}, "deep_weights.weights.h5.gz": {network: "deep_weights.json", preprocess: "standardise"},

		"windows.keras": {preprocess: "standardise"}, "windows_h5.h5.gz": {preprocess: "standardise"}, "windows_more.keras": {preprocess: "standardise"},
		"activations.keras": {preprocess: "standardise"}, "activation_elu.keras": {preprocess: "standardise"}, "activation_gelu.keras": {preprocess: "standardise"},
		"activation_relu6.keras": {preprocess: "standardise"}, "activation_selu.keras": {preprocess: "standardise"},
		"activation_sigmoid.keras": {preprocess: "standardise"}, "activation_silu.keras": {preprocess: "standardise"},
		"activation_swish.keras": {preprocess: "standardise"}, "activation_softplus.keras": {preprocess: "standardise"},
		"activation_softsign.keras": {preprocess: "standardise"}, "activation_tanh.keras": {preprocess: "standardise"},
		"activation_leaky_relu.keras": {preprocess: "standardise"},
		"softmax_flatten.keras":       {preprocess: "standardise"},
		"pipeline.keras":              {preprocess: "standardise", notes: []string{`Pipeline "pipeline`, "only in training"}},
	} {
		t.Run(name, func(t *testing.T) {
			var network []byte
			if c.network != "" {
				network = wildFile(t, c.network)
			}
			data := wildFile(t, name)
			if c.preprocess != "" {
				if _, err := Import(data, network, ""); !errors.Is(err, ErrPreprocessing) || !strings.Contains(err.Error(), "standardise, divide-255") {
					t.Errorf("without a choice: %v", err)
				}
			}
			m, err := Import(data, network, c.preprocess)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(m.Preprocess.String(), c.is) {
				t.Errorf("preprocessing %s, expected %s", m.Preprocess, c.is)
			}
			notes := strings.Join(m.Notes, "\n")
			for _, want := range c.notes {
				if !strings.Contains(notes, want) {
					t.Errorf("no note of %s:\n%s", want, notes)
				}
			}
			if len(c.notes) == 0 && c.preprocess != "" && notes != "" && !strings.Contains(name, "nested_frozen") {
				t.Errorf("notes: %s", notes)
			}
			got, err := evaluated(t, m, makeImages())
			if err != nil {
				t.Fatal(err)
			}
			first, _, _ := strings.Cut(name, ".")
			if c.network == "slash.json" {
				first = "slash"
			}
			want := npyValues(wildFile(t, first+".npy"))
			worst := 0.0
			for i, v := range want {
				worst = max(worst, math.Abs(float64(v-got[i])))
			}
			if !(worst <= predictionTolerance) {
				t.Errorf("our predictions are %g from Keras's", worst)
			}
		})
	}
}

// A network for images of another size is imported, and refuses images of a different
// size in one line that names both sizes.
func TestImportsOtherSizes(t *testing.T) {
	for name, size := range map[string]string{"64x64.keras": "64×64 with 3 channels", "28x28x1.keras": "28×28 with 1 channel"} {
		m, err := Import(wildFile(t, name), nil, "divide-255")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := evaluated(t, m, makeImages()); err == nil || !strings.Contains(err.Error(), size) || !strings.Contains(err.Error(), "32×32 with 3 channels") {
			t.Errorf("%s: %v", name, err)
		}
		run, err := cnn.Import(t.TempDir(), "test", cnn.Foreign{Network: m.Network, Weights: m.Weights, Preprocess: m.Preprocess})
		if err != nil {
			t.Fatal(err)
		}
		d := makeImages()
		spec := cnn.Spec{Name: "next", Network: m.Network, Train: d, Valid: d, From: run, Config: cnn.Config{Preprocess: m.Preprocess}}
		if _, err := cnn.OpenRun(t.TempDir(), spec); err == nil || !strings.Contains(err.Error(), size) {
			t.Errorf("%s, trained on: %v", name, err)
		}
	}
}

// A training that starts from a run uses that run's preprocessing.
func TestFromKeepsThePreprocessing(t *testing.T) {
	m, err := Import(wildFile(t, "rescaling.keras"), nil, "")
	if err != nil {
		t.Fatal(err)
	}
	run, err := cnn.Import(t.TempDir(), "test", cnn.Foreign{Network: m.Network, Weights: m.Weights, Preprocess: m.Preprocess})
	if err != nil {
		t.Fatal(err)
	}
	d := makeImages()
	spec := cnn.Spec{Name: "next", Network: m.Network, Train: d, Valid: d, From: run, Config: cnn.Config{Batch: 2}}
	if _, err := cnn.OpenRun(t.TempDir(), spec); !errors.Is(err, cnn.ErrMismatch) || !strings.Contains(err.Error(), "pixels divided by 255") {
		t.Errorf("with another preprocessing: %v", err)
	}
	spec.Config.Preprocess = run.Preprocess()
	spec.Config.Preprocess.Flip = true
	next, err := cnn.OpenRun(t.TempDir(), spec)
	if err != nil {
		t.Fatal(err)
	}
	defer next.Close()
	if err := next.Train(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

// A file exported in one of Keras's formats states its preprocessing, and is imported
// with it.
func TestExportKeepsThePreprocessing(t *testing.T) {
	for _, name := range []string{"rescaling.keras", "normalization.keras"} {
		m, err := Import(wildFile(t, name), nil, "")
		if err != nil {
			t.Fatal(err)
		}
		layers, err := KerasJSON(m.Network, 3)
		if err != nil {
			t.Fatal(err)
		}
		for format, network := range map[string][]byte{"keras": nil, "h5": nil, "h5-weights": layers, "keras3-weights": layers} {
			data, err := writer(t, format)(m.Model)
			if err != nil {
				t.Fatal(err)
			}
			again, err := Import(data, network, "")
			if err != nil {
				t.Errorf("%s as %s: %v", name, format, err)
				continue
			}
			if again.Preprocess.String() != m.Preprocess.String() || len(again.Notes) > 0 {
				t.Errorf("%s as %s: %s, %q", name, format, again.Preprocess, again.Notes)
			}
		}
	}
}

// writer returns the function that writes a format.
func writer(t *testing.T, format string) func(Model) ([]byte, error) {
	t.Helper()
	for _, f := range Formats() {
		if f.Name == format {
			return f.Write
		}
	}
	t.Fatal("no format ", format)
	return nil
}

// A choice that contradicts the file is reported.
func TestPreprocessChoices(t *testing.T) {
	rescaling, after := wildFile(t, "rescaling.keras"), wildFile(t, "normalization_after.keras")
	for choice, want := range map[string]string{
		"half": "is unknown: known are", "mean=1": "is unknown: known are", "mean=1,std=0": `"0" is not a usable number`, "mean=a,std=1": `"a" is not a usable number`,
		"mean=1/2/3,std=1/2": "3 means and 2 deviations", "standardise": "comes after standardisation",
	} {
		if _, err := Import(rescaling, nil, choice); !errors.Is(err, ErrPreprocessing) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", choice, err, want)
		}
	}
	if _, err := Import(after, nil, ""); err == nil || !strings.Contains(err.Error(), "turns pixels from 0 to 255 into numbers up to") {
		t.Errorf("a normalisation of numbers from 0 to 1: %v", err)
	}
	m, err := Import(rescaling, nil, "divide-255")
	if err != nil || !strings.Contains(strings.Join(m.Notes, "\n"), "seems to expect pixels from 0 to 255") {
		t.Errorf("divided twice: %v, %q", err, m.Notes)
	}
	if m, err = Import(rescaling, nil, "none"); err != nil || m.Preprocess.String() != "pixels divided by 255" {
		t.Errorf("nothing before the file's own: %v, %s", err, m.Preprocess)
	}
}

// A file that is not from Keras is identified, in one line that says what to do.
//
// Promise(files/hostile)
func TestImportNamesOtherFiles(t *testing.T) {
	whole := wildFile(t, "div255.keras")
	h5 := wildFile(t, "slash.h5.gz")
	damaged := bytes.Clone(whole)
	damaged[bytes.Index(damaged, []byte("config.json"))+40]++ // within its deflated bytes
	zipped := func(members ...member) []byte {
		data, err := stored(members...)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	for name, c := range map[string]struct {
		data []byte
		want []string
	}{
		"empty":       {nil, []string{"it is empty"}},
		"LFS pointer": {[]byte("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 25600000\n"), []string{"Git LFS pointer", "git lfs pull"}},
		"page":        {[]byte("<!DOCTYPE html><html><title>Google Drive - Virus scan warning</title></html>"), []string{"a web page", "download"}},
		"spaced page": {[]byte("\xef\xbb\xbf\n  <html lang=en>"), []string{"a web page"}},
		"XML":         {[]byte("<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>"), []string{"XML", "download"}},
		"message":     {[]byte(`{"message": "Not Found"}`), []string{"is JSON", "server"}},
		"layers":      {wildFile(t, "slash.json"), []string{"layers without weights"}},
		"cut archive": {whole[:len(whole)-100], []string{"cut short", "again"}},
		"half of it":  {whole[:len(whole)/2], []string{"cut short", "again"}},
		"cut .h5":     {h5[:len(h5)-1000], []string{"cut short", "bytes are there"}},
		"a word":      {[]byte("404: Not Found"), []string{`is text`, `"404: Not Found"`}},
		"damaged":     {damaged, []string{"config.json", "it is damaged"}},
		"gzip":        {[]byte{0x1f, 0x8b, 8, 0}, []string{"gzip archive: unpack it"}},
		"pickle":      {[]byte{0x80, 4, 0x95, 0}, []string{"Python pickle"}},
		"PyTorch":     {zipped(member{"archive/data.pkl", nil}), []string{"PyTorch"}},
		"NumPy":       {zipped(member{"kernel.npy", nil}), []string{"NumPy archive"}},
		"SavedModel":  {zipped(member{"model/saved_model.pb", nil}), []string{"SavedModel", "tf_keras, and save it as a .keras file"}},
		"in a folder": {zipped(member{"model/config.json", nil}), []string{`in the folder "model"`}},
		"in another":  {zipped(member{"net.keras", nil}), []string{`holds "net.keras": unpack it`}},
	} {
		_, err := Import(c.data, nil, "none")
		if err == nil || !errors.Is(err, cnn.ErrFormat) || errors.Is(err, ErrNoNetwork) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want %q", name, err, want)
			}
		}
	}
	if _, err := Import(wildFile(t, "slash_weights.h5.gz"), nil, "none"); !errors.Is(err, ErrNoNetwork) {
		t.Errorf("weights alone: %v", err)
	}
	for _, text := range []string{
		`{"class_name":"Sequential","keras_version":"1.2.2","config":[{"class_name":"Flatten","config":{"name":"f","batch_input_shape":[null,8,8,3]}}]}`,
		`{"class_name":"Sequential","config":[{"class_name":"Convolution2D","config":{"name":"c","nb_filter":3,"nb_row":3,"batch_input_shape":[null,8,8,3]}}]}`,
	} {
		if _, err := readPlan([]byte(text)); err == nil || !strings.Contains(err.Error(), "file from Keras 1") {
			t.Errorf("Keras 1: %v", err)
		}
	}
}

// A folder is identified, in one line that says what can be imported instead.
func TestImportNamesFolders(t *testing.T) {
	for want, files := range map[string][]string{
		`it is the folder of a TensorFlow SavedModel: load it in Keras 2, the package tf_keras, and import the file that model.save("x.keras") writes`: {"saved_model.pb", "keras_metadata.pb"},
		"it is the folder of an unpacked .keras file": {"config.json", "metadata.json", "model.weights.h5"},
		"it is a folder: expected one file":           {"other"},
	} {
		dir := t.TempDir()
		for _, name := range files {
			if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := ImportFile(dir, nil, ""); !errors.Is(err, cnn.ErrFormat) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: got %v, want %q", files, err, want)
		}
	}
}

// The image size is found wherever Keras writes it; if it is missing, the error is one line.
func TestInputForms(t *testing.T) {
	const flat = `{"class_name":"Flatten","config":{"name":"f"%s}%s}`
	layers := func(first, built string) string { return fmt.Sprintf(flat, first, built) }
	for text, want := range map[string]string{
		`{"class_name":"Sequential","config":[` + layers(`,"batch_input_shape":[null,8,9,3]`, "") + `]}`:                                                   "",
		`{"class_name":"Sequential","config":{"layers":[{"class_name":"InputLayer","config":{"batch_shape":[16,8,9,3]}},` + layers("", "") + `]}}`:         "",
		`{"class_name":"Sequential","config":{"layers":[{"class_name":"InputLayer","config":{"batch_input_shape":[null,8,9,3]}},` + layers("", "") + `]}}`: "",
		`{"class_name":"Sequential","config":{"layers":[` + layers("", "") + `],"build_input_shape":[null,8,9,3]}}`:                                        "",
		`{"class_name":"Sequential","config":{"layers":[` + layers("", "") + `]},"build_config":{"input_shape":[null,8,9,3]}}`:                             "",
		`{"class_name":"Sequential","config":{"layers":[` + layers("", `,"build_config":{"input_shape":[null,8,9,3]}`) + `]}}`:                             "",
		`{"class_name":"Sequential","config":{"layers":[` + layers("", "") + `]}}`:                                                                         "does not state the size",
		`{"class_name":"Sequential","config":{"layers":[{"class_name":"InputLayer","config":{"batch_shape":[null,null,null,3]}},` + layers("", "") + `]}}`: "any size, [null,null,null,3]",
		`{"class_name":"Functional","config":{"name":"m","layers":[{"class_name":"InputLayer","name":"in","config":{"name":"in","batch_input_shape":[null,8,9,3]},"inbound_nodes":[]},` +
			`{"class_name":"Flatten","name":"f","config":{"name":"f"},"inbound_nodes":[[["in",0,0,{}]]]}],"input_layers":[["in",0,0]],"output_layers":[["f",0,0]]}}`: "",
		`{"class_name":"Model","config":{"name":"m","layers":[{"class_name":"InputLayer","name":"in","config":{"name":"in","batch_input_shape":[null,8,9,3]},"inbound_nodes":[]},` +
			`{"class_name":"Flatten","name":"f","config":{"name":"f"},"inbound_nodes":[[["in",0,0,{"training":true}]]]}],"input_layers":[["in",0,0]],"output_layers":[["f",0,0]]}}`: "called with training=True",
	} {
		p, err := readPlan([]byte(text))
		if want != "" {
			if err == nil || !refused(err) || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want %q", text, err, want)
			}
			continue
		}
		if err != nil || !slices.Equal(p.net.Input, cnn.Shape{8, 9, 3}) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// Layers without a configuration in nested models do not cause a panic.
func TestLayersWithoutConfiguration(t *testing.T) {
	inner := `{"class_name":"Sequential","config":{"layers":[{"class_name":"Flatten","config":null}]}}`
	text := `{"class_name":"Sequential","config":{"build_input_shape":[null,8,8,3],"layers":[` + inner + `,` + inner + `]}}`
	if _, err := readPlan([]byte(text)); err == nil || !refused(err) {
		t.Errorf("got %v", err)
	}
}

// Arithmetic on pixels in a functional model of Keras 2.
func TestArithmeticOfKeras2(t *testing.T) {
	model := func(function, further string) []byte {
		return []byte(`{"class_name":"Functional","config":{"name":"m","layers":[
			{"class_name":"InputLayer","name":"in","config":{"name":"in","batch_input_shape":[null,8,8,3]},"inbound_nodes":[]},
			{"class_name":"TFOpLambda","name":"op","config":{"name":"op","function":"` + function + `"},"inbound_nodes":[["in",0,0,` + further + `]]},
			{"class_name":"Flatten","name":"f","config":{"name":"f"},"inbound_nodes":[[["op",0,0,{}]]]}],"input_layers":[["in",0,0]],"output_layers":[["f",0,0]]}}`)
	}
	p, err := readPlan(model("math.truediv", `{"y":255.0,"name":null}`))
	if err != nil || prepared(pixels(p.steps)) != (cnn.Preprocess{Raw: true}) {
		t.Errorf("%v, %v", p, err)
	}
	for _, bad := range [][2]string{{"math.pow", `{"y":2}`}, {"math.truediv", `{"y":0}`}, {"math.truediv", `{}`}} {
		if _, err := readPlan(model(bad[0], bad[1])); !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), `"op" (TFOpLambda): not supported: the operation `+bad[0]) {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

// A softmax before the last layer is not repeated: what follows it is refused, or changes nothing.
func TestSoftmaxBeforeTheEnd(t *testing.T) {
	const maps = `{"class_name":"Conv2D","config":{"name":"maps","filters":10,"kernel_size":%d,"activation":"softmax"}}`
	const mean, flat = `{"class_name":"GlobalAveragePooling2D","config":{"name":"mean"}}`, `{"class_name":"Flatten","config":{"name":"flat"}}`
	const dense = `{"class_name":"Dense","config":{"name":"dense","units":10}}`
	for name, c := range map[string]struct {
		layers string
		last   string // the name of the last layer
		note   string
		refuse string
	}{
		"mean of maps":    {fmt.Sprintf(maps, 3) + "," + mean, "", "", `"maps_softmax" is followed by GlobalAveragePooling2D, "mean"`},
		"flattened maps":  {fmt.Sprintf(maps, 3) + "," + flat, "", "", `"maps_softmax" is followed by Flatten, "flat"`},
		"one place":       {fmt.Sprintf(maps, 8) + "," + flat, "maps_softmax", "", ""},
		"hidden softmax":  {fmt.Sprintf(maps, 3) + "," + flat + "," + dense, "softmax", `Dense "dense" is the last layer: a softmax was added`, ""},
		"nothing follows": {flat + "," + strings.Replace(dense, `10}`, `10,"activation":"softmax"}`, 1), "dense_softmax", "", ""},
	} {
		p, err := readPlan([]byte(`{"class_name":"Sequential","config":{"build_input_shape":[null,8,8,3],"layers":[` + c.layers + `]}}`))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		note, err := p.finish("")
		if c.refuse != "" {
			if !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), c.refuse) {
				t.Errorf("%s: got %v, want %q", name, err, c.refuse)
			}
			continue
		}
		if last := p.net.Layers[len(p.net.Layers)-1].LayerName(); err != nil || last != c.last || (note == "") != (c.note == "") || !strings.Contains(note, c.note) {
			t.Errorf("%s: ends in %q, note %q, %v", name, last, note, err)
		}
	}
}

// Logits get a softmax only if the network was trained with a loss over classes, or with none that
// the file states: however Keras saves the loss.
func TestLogitsOfALossOverClasses(t *testing.T) {
	file := wildFile(t, "logits.keras")
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	with := func(loss string) []byte {
		var members []member
		for _, f := range z.File {
			data, err := unpack(z, f.Name, maxWeights)
			if err != nil {
				t.Fatal(err)
			}
			if f.Name == "config.json" {
				config := object{}
				if err := json.Unmarshal(data, &config); err != nil {
					t.Fatal(err)
				}
				config["compile_config"] = object{"loss": json.RawMessage(loss)}
				if data, err = json.Marshal(config); err != nil {
					t.Fatal(err)
				}
			}
			members = append(members, member{f.Name, data})
		}
		data, err := stored(members...)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	for loss, refused := range map[string]string{
		`null`: "", `""`: "", `[]`: "", `{"dense":null}`: "",
		`"categorical_crossentropy"`: "", `"SparseCategoricalCrossentropy"`: "", `["sparse_categorical_crossentropy"]`: "",
		`{"class_name":"CategoricalCrossentropy","config":{"from_logits":true}}`:                                    "",
		`{"module":"keras.losses","class_name":"SparseCategoricalCrossentropy","config":{},"registered_name":null}`: "",
		`{"module":"builtins","class_name":"function","config":"categorical_crossentropy"}`:                         "",
		`{"dense":{"class_name":"SparseCategoricalCrossentropy","config":{}}}`:                                      "",
		`{"class_name":"__tuple__","items":["sparse_categorical_crossentropy"]}`:                                    "",

		`"mse"`: "mse", `["mse"]`: "mse", `{"dense":"mse"}`: "mse", `"MSE"`: "MSE", `["categorical_crossentropy","mse"]`: "mse",
		`"cosine_similarity"`: "cosine_similarity", `"hinge"`: "hinge", `"squared_hinge"`: "squared_hinge", `"binary_crossentropy"`: "binary_crossentropy",
		`[{"class_name":"MeanSquaredError","config":{"name":"mean_squared_error"}}]`:    "MeanSquaredError",
		`{"dense":[{"class_name":"Huber","config":{"delta":1}}]}`:                       "Huber",
		`{"module":"builtins","class_name":"function","config":"my_loss"}`:              "my_loss",
		`{"class_name":"__tuple__","items":["mae"]}`:                                    "mae",
		`{"class_name":"Custom>Closeness","config":{},"registered_name":"Custom>Near"}`: "Custom>Closeness",
	} {
		_, err := Import(with(loss), nil, "minus-1-to-1")
		if refused == "" && err != nil {
			t.Errorf("%s: %v", loss, err)
		}
		if want := "trained with the loss " + refused + " and ends in"; refused != "" && (!errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %q", loss, err, want)
		}
	}
}

// The layer of an activation does not take another layer's name.
func TestActivationNames(t *testing.T) {
	p, err := readPlan([]byte(`{"class_name":"Sequential","config":{"build_input_shape":[null,8,8,3],"layers":[
		{"class_name":"Conv2D","config":{"name":"a","filters":2,"kernel_size":3,"activation":"relu"}},
		{"class_name":"Activation","config":{"name":"a_relu","activation":"tanh"}}]}}`))
	if err != nil || p.net.Layers[1].LayerName() != "a_relu_2" {
		t.Errorf("%v, %v", p, err)
	}
}

// A model that is not a plain chain, or uses something unsupported, is refused; the
// error names the layer.
//
// Promise(agreement/exchange)
func TestImportRefusesByName(t *testing.T) {
	var models map[string]json.RawMessage
	if err := json.Unmarshal(wildFile(t, "refused.json"), &models); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"residual": `(Add) takes 2 inputs`, "two_outputs": "1 inputs and 2 outputs", "attention": `(Reshape): not supported: target_shape [1024 3]`, "dropout_on": "(Dropout) is called with training=True",
	} {
		if _, err := readPlan(models[name]); !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", name, err, want)
		}
	}
}

// An attribute that changes predictions and is not available is refused: the line names layer and attribute.
//
// Promise(agreement/exchange)
func TestImportRefusesAttributesByName(t *testing.T) {
	for _, c := range [][3]string{ // class, attributes, what the line names
		{"Conv2D", `"filters":3,"kernel_size":[3,3],"dilation_rate":[2,2]`, "dilation_rate [2,2]"},
		{"Conv2D", `"filters":3,"kernel_size":[3,3],"groups":3`, "groups 3"},
		{"Conv2D", `"filters":3,"kernel_size":[3,5]`, "kernel_size [3 5]: the sides must be equal"},
		{"Conv2D", `"filters":3,"kernel_size":[3,3],"lora_rank":2`, "lora_rank 2"},
		{"Conv2D", `"filters":3,"kernel_size":[3,3],"data_format":"channels_first"`, `data_format "channels_first"`},
		{"Conv2D", `"filters":3,"kernel_size":[3,3],"activation":"mish"`, `activation "mish"`},
		{"DepthwiseConv2D", `"kernel_size":[3,3],"dilation_rate":[2,2]`, "dilation_rate [2,2]"},
		{"SeparableConv2D", `"filters":3,"kernel_size":[3,3],"dilation_rate":[2,2]`, "dilation_rate [2,2]"},
		{"MaxPooling2D", `"pool_size":[2,3]`, "pool_size [2 3]: the sides must be equal"},
		{"ReLU", `"max_value":6,"negative_slope":0.1`, "max_value 6"},
		{"ReLU", `"max_value":1`, "max_value 1"},
		{"ReLU", `"threshold":0.1,"negative_slope":0.1`, "threshold 0.1"},
		{"ELU", `"alpha":0.5`, "alpha 0.5"},
		{"GlobalAveragePooling2D", `"keepdims":true`, "keepdims true"},
		{"Softmax", `"axis":1`, "axis 1"},
		{"BatchNormalization", `"axis":1`, "axis 1: expected the last, -1 or 3"},
		{"Pipeline", `"layers":[{"class_name":"RandomFlip","config":{}},{"class_name":"Rescaling","config":{"scale":2}}]`, "this layer is not available"},
		{"Pipeline", `"layers":[]`, "this layer is not available"},
		{"LayerNormalization", `"epsilon":0.1`, "this layer is not available"},
	} {
		_, err := readPlan([]byte(`{"class_name":"Sequential","config":{"build_input_shape":[null,8,8,3],"layers":[{"class_name":"` + c[0] + `","config":{"name":"odd",` + c[1] + `}}]}}`))
		if want := `layer 1, "odd" (` + c[0] + `): not supported: ` + c[2]; !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v: got %v, want %q", c, err, want)
		}
	}
}

// Keras reads imported networks that were exported again: names that it no longer
// accepts are changed.
//
// Promise(agreement/exchange)
func TestKerasReadsBack(t *testing.T) {
	interpreters := pythons(t)
	dir := t.TempDir()
	images := makeImages()
	writeNPY(t, filepath.Join(dir, "images.npy"), cnn.Array{Shape: []int{4, 32, 32, 3}, Values: cnn.Inputs(images)})
	names := []string{"slash.h5.gz", "backslash.h5.gz", "windows.keras", "windows_more.keras", "activations.keras", "plain_norm.keras", "nested_frozen.keras"}
	for _, name := range names {
		m, err := Import(wildFile(t, name), nil, "standardise")
		if err != nil {
			t.Fatal(err)
		}
		want, err := evaluated(t, m, images)
		if err != nil {
			t.Fatal(err)
		}
		base, _, _ := strings.Cut(name, ".")
		writeNPY(t, filepath.Join(dir, base+".npy"), cnn.Array{Shape: []int{4, 10}, Values: want})
		for form, write := range map[string]func(Model) ([]byte, error){".keras": Keras, ".h5": KerasModel} {
			data, err := write(m.Model)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, base+form), data, 0o644); err != nil {
				t.Fatal(err)
			}
			again, err := Import(data, nil, "")
			if err != nil {
				t.Fatalf("%s%s: %v", base, form, err)
			}
			if got, err := evaluated(t, again, images); err != nil || !slices.Equal(got, want) {
				t.Errorf("%s%s: read again, it gives different predictions, %v", base, form, err)
			}
		}
	}
	for _, p := range interpreters {
		if !p.own {
			continue // the script is for Keras 3
		}
		out, err := exec.CommandContext(t.Context(), p.path, filepath.Join("testdata", "readback.py"), dir).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		seen := 0
		for line := range strings.Lines(string(out)) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
			difference, err := strconv.ParseFloat(value, 64)
			if err != nil {
				continue // some library talks
			}
			if seen++; !(difference <= predictionTolerance) {
				t.Errorf("%s is %g from ours", name, difference)
			}
		}
		if seen != 2*len(names) {
			t.Errorf("%d files were read back, expected %d:\n%s", seen, 2*len(names), out)
		}
	}
}

// Layers that a format does not support are refused by name.
func TestExportRefusesByName(t *testing.T) {
	for name, want := range map[string]string{"windows.keras": "ZeroPadding2D", "activations.keras": "elu"} {
		m, err := Import(wildFile(t, name), nil, "standardise")
		if err != nil {
			t.Fatal(err)
		}
		for _, format := range []string{"onnx", "pytorch"} {
			if _, err := writer(t, format)(m.Model); !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), want) {
				t.Errorf("%s as %s: %v", name, format, err)
			}
		}
	}
}
