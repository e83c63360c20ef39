package exchange

import (
	"errors"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cnn"
)

// A residual block is refused by name in one line by each format that knows only chains of layers; NumPy's has its arrays.
func TestResidualIsRefusedByName(t *testing.T) {
	m := filled(t, cnn.Architecture{Input: cnn.Shape{8, 8, 3}, Layers: []cnn.Layer{
		cnn.Residual{Name: "block", Filters: 4}, cnn.GlobalAveragePooling2D{Name: "mean"}, cnn.Dense{Name: "dense", Units: 10}, cnn.Activation{Name: "softmax", Function: "softmax"},
	}})
	for _, f := range Formats() {
		if f.Write == nil || f.Name == "pytorch-loader" {
			continue
		}
		data, err := f.Write(m)
		if f.Name == "npz" {
			if err != nil || !strings.Contains(string(data), "block/shortcut/kernel") {
				t.Errorf("npz: %d bytes, %v", len(data), err)
			}
			continue
		}
		if !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), `layer "block": Residual`) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
}
