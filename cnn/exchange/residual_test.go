package exchange

import (
	"errors"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cnn"
)

// A residual block, and whitening of whole images, are refused by name in one line by each format that has no such layers;
// NumPy's has their arrays.
func TestLayersOfOursAreRefusedByName(t *testing.T) {
	for _, l := range []cnn.Layer{cnn.Residual{Name: "block", Filters: 4}, cnn.ZCAWhitening{Name: "block"}} {
		t.Run(l.Kind(), func(t *testing.T) { refusedByName(t, l) })
	}
}

func refusedByName(t *testing.T, l cnn.Layer) {
	m := filled(t, cnn.Architecture{Input: cnn.Shape{8, 8, 3}, Layers: []cnn.Layer{
		l, cnn.GlobalAveragePooling2D{Name: "mean"}, cnn.Dense{Name: "dense", Units: 10}, cnn.Activation{Name: "softmax", Function: "softmax"},
	}})
	for _, f := range Formats() {
		if f.Write == nil || f.Name == "pytorch-loader" {
			continue
		}
		data, err := f.Write(m)
		if f.Name == "npz" {
			if err != nil || !strings.Contains(string(data), m.Weights[0].Name) {
				t.Errorf("npz: %d bytes, %v", len(data), err)
			}
			continue
		}
		if !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), `layer "block": `+l.Kind()) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
}
