package exchange

import (
	"reflect"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cnn"
)

// started is a model with penalties, initialisers with a number and starts of biases.
func started(m Model) Model {
	m.Network = m.Network.WithBiases(0.1).WithL2(0.01).WithL2(0, "third-conv").WithInit(cnn.Gaussian(0.02), "second-conv").
		WithInit("orthogonal", "third-conv").WithInit("orthogonal(1.5)", "dense").WithInit("random_normal", "last").WithBiases(1, "last")
	return m
}

// Penalties, initialisers with a number and starts of biases survive the way to Keras's formats and back.
func TestStartsSurvive(t *testing.T) {
	m := started(every(t))
	m.Network.Name = ""
	for _, dialect := range []int{2, 3} {
		data, err := KerasJSON(m.Network, dialect)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := ReadKerasJSON(data); err != nil || !reflect.DeepEqual(back, m.Network) {
			t.Errorf("Keras %d: %+v, %v", dialect, back, err)
		}
	}
	for name, write := range map[string]func(Model) ([]byte, error){"keras": Keras, "h5": KerasModel} {
		data, err := write(m)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := ReadKeras(data); err != nil || !reflect.DeepEqual(back.Network, m.Network) {
			t.Errorf("%s: %+v, %v", name, back.Network, err)
		}
	}
	got, err := Import(wildFile(t, "l2.keras"), nil, "standardise") // of Keras's own making
	if err != nil {
		t.Fatal(err)
	}
	kept := 0
	for _, l := range got.Network.Layers {
		if c, ok := l.(cnn.Conv2D); ok && c.L2 > 0 && c.BiasInit == 1 && strings.HasPrefix(c.Init, "random_normal(") {
			kept++
		}
	}
	if kept == 0 {
		t.Errorf("%+v", got.Network)
	}
}
