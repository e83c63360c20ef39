package exchange

import (
	"reflect"
	"strings"
	"testing"
)

// Frozen layers survive the way to Keras's formats and back, and those of Keras's own files are kept.
func TestFrozenLayersSurvive(t *testing.T) {
	m := every(t)
	m.Network = m.Network.FreezeBelow("third-conv")
	want := []string{"first-conv", "first-bn", "second-conv"}
	for name, write := range map[string]func(Model) ([]byte, error){"keras": Keras, "h5": KerasModel} {
		data, err := write(m)
		if err != nil {
			t.Fatal(err)
		}
		back, err := ReadKeras(data)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !reflect.DeepEqual(back.Network.Frozen, want) || !reflect.DeepEqual(back.Weights, m.Weights) {
			t.Errorf("%s: frozen %q, want %q", name, back.Network.Frozen, want)
		}
	}
	for _, name := range []string{"frozen.keras", "frozen_h5.h5.gz", "nested_frozen.keras"} {
		got, err := Import(wildFile(t, name), nil, "standardise")
		if err != nil {
			t.Fatal(err)
		}
		specs, err := got.Network.WeightSpecs()
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Network.Frozen) == 0 || !specs[0].Moving || specs[len(specs)-1].Moving {
			t.Errorf("%s: frozen %q", name, got.Network.Frozen)
		}
		if notes := strings.Join(got.Notes, "\n"); !strings.Contains(notes, "trainable false: kept: training from this run leaves its weights as they are") {
			t.Errorf("%s: notes %s", name, notes)
		}
	}
}
