package exchange

import (
	"math"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
)

// The network of the fast recipe, exported and imported again, gives the same answers: batch normalisation without gamma, GELU,
// a factor inside the network and a kernel that is not trained, in each format that is read.
func TestFastIsExchanged(t *testing.T) {
	train, test := cifar.Drawn(1, 64, 8)
	m := filled(t, cnn.FastOfWidths(4, 6, 6))
	if err := m.Network.Whiten(m.Weights, train, cnn.Preprocess{}); err != nil {
		t.Fatal(err)
	}
	want := predict(t, m, test)
	made := files(t, m)
	for _, name := range []string{"model.keras", "model.h5", "model.onnx"} {
		f, err := Import(made[name], nil, "standardise")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := predict(t, Model{Network: f.Network, Weights: f.Weights}, test)
		for i := range want {
			if math.Abs(float64(got[i]-want[i])) > 1e-5 {
				t.Errorf("%s: answer %d is %g, want %g", name, i, got[i], want[i])
				break
			}
		}
	}
	for _, dialect := range []int{2, 3} {
		data, err := KerasJSON(m.Network, dialect)
		if err != nil {
			t.Fatal(err)
		}
		net, err := ReadKerasJSON(data)
		if err != nil {
			t.Fatal(err)
		}
		first, ok := net.Layers[0].(cnn.Conv2D)
		if !ok || first.Filters != 24 || !net.IsFrozen("whitening") {
			t.Errorf("Keras %d: the whitening layer is read as %+v, frozen: %v", dialect, net.Layers[0], net.Frozen)
		}
		if c := net.Layers[2].(cnn.Conv2D); c.Init != "torch_uniform" {
			t.Errorf("Keras %d: dirac is read as %q", dialect, c.Init)
		}
		if b := net.Layers[4].(cnn.BatchNormalization); !b.NoScale || b.NoCenter {
			t.Errorf("Keras %d: %+v", dialect, b)
		}
	}
}
