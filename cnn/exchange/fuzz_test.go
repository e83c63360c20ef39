package exchange

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/cnnbook/cnnbook/cnn"
)

// refused reports whether an error is one that a reader may return for a bad file.
func refused(err error) bool {
	return errors.Is(err, cnn.ErrFormat) || errors.Is(err, cnn.ErrArchitecture) || errors.Is(err, cnn.ErrMismatch) || errors.Is(err, ErrUnsupported)
}

// seeds adds Keras's files with that name.
func seeds(f *testing.F, name string) {
	f.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "keras-*", name))
	if err != nil || len(paths) == 0 {
		f.Fatal(name, " is nowhere: ", err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
}

// Any JSON gives either a network that is unchanged after writing and reading it,
// or an error that says what is wrong.
//
// Promise(files/hostile)
func FuzzReadKerasJSON(f *testing.F) {
	seeds(f, "made.json")
	f.Add([]byte(`{"class_name":"Sequential","config":[{"class_name":"Flatten","config":{"name":"f","batch_input_shape":[null,2,2,1e300]}}]}`))
	f.Add([]byte(`{"class_name":"Sequential","config":{"layers":[{"class_name":"Dense","config":null}],"build_input_shape":[]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		net, err := ReadKerasJSON(data)
		if err != nil {
			if !refused(err) {
				t.Errorf("%v is of an unknown class", err)
			}
			return
		}
		for _, dialect := range []int{2, 3} {
			written, err := KerasJSON(net, dialect)
			if err != nil {
				t.Fatal(err)
			}
			again, err := ReadKerasJSON(written)
			if err != nil {
				t.Fatalf("written, and not read again: %v\n%s", err, written)
			}
			want, _ := json.Marshal(net)
			if got, _ := json.Marshal(again); string(got) != string(want) {
				t.Errorf("dialect %d: %s became %s", dialect, want, got)
			}
		}
	})
}

// Any bytes of a .h5 or .keras file give either a model with all its weights,
// or an error that says what is wrong.
//
// Promise(files/hostile)
func FuzzReadKeras(f *testing.F) {
	seeds(f, "made.h5")
	seeds(f, "made.keras")
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := ReadKeras(data)
		if err == nil {
			err = m.Weights.Check(m.Network)
		} else if refused(err) {
			return
		}
		if err != nil {
			t.Error(err)
		}
	})
}

// The same for weights files, read for their own network.
//
// Promise(files/hostile)
func FuzzReadKerasWeights(f *testing.F) {
	seeds(f, "made_weights.h5")
	seeds(f, "made.weights.h5")
	text, err := os.ReadFile(filepath.Join("testdata", "keras-3.12.0", "made.json"))
	if err != nil {
		f.Fatal(err)
	}
	net, err := ReadKerasJSON(text)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		w, err := ReadKerasWeights(data, net)
		if err == nil {
			err = w.Check(net)
		} else if refused(err) {
			return
		}
		if err != nil {
			t.Error(err)
		}
	})
}

// Any bytes give either a network that ends in probabilities, with all its
// weights and a matching preprocessing, or a one-line error.
//
// Promise(files/hostile)
func FuzzImport(f *testing.F) {
	for _, name := range []string{"slash.h5.gz", "transfer.keras", "transfer_h5.h5.gz", "augmented.keras", "nested_frozen.keras", "logits.keras", "normalization.keras", "plain_norm.keras"} {
		f.Add(wildFile(f, name))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, choice := range []string{"", "divide-255"} {
			m, err := Import(data, nil, choice)
			switch {
			case err == nil:
			case refused(err) || errors.Is(err, ErrPreprocessing):
				continue
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
			if p := m.Preprocess.Pixels; p != nil && (len(p.Scale) == 0 || len(p.Offset) == 0) {
				t.Errorf("preprocessing %+v", p)
			}
		}
	})
}

// Any layers give either a plan or an error of a known class.
//
// Promise(files/hostile)
func FuzzReadPlan(f *testing.F) {
	seeds(f, "made.json")
	f.Add(wildFile(f, "slash.json"))
	f.Add(wildFile(f, "deep_weights.json"))
	var models map[string]json.RawMessage
	if err := json.Unmarshal(wildFile(f, "refused.json"), &models); err != nil {
		f.Fatal(err)
	}
	for _, m := range models {
		f.Add([]byte(m))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := readPlan(data)
		if err != nil {
			if !refused(err) {
				t.Errorf("%v is of an unknown class", err)
			}
			return
		}
		if _, err := p.net.WeightSpecs(); err != nil {
			t.Error(err)
		}
		notes(p.lost)
	})
}
