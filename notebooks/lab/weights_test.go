package lab

import (
	"math"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cnn"
)

// The formulas add up to the network's own count.
func TestKernelsHoldAllParameters(t *testing.T) {
	net := cnn.WriteUp()
	sum, first := 0, Kernel{}
	for i, k := range Kernels(net, Initialize(net, 1)) {
		sum += k.Parameters()
		if i == 0 {
			first = k
		}
	}
	if want, err := net.Parameters(); err != nil || sum != want {
		t.Errorf("%d parameters, the network has %d, %v", sum, want, err)
	}
	if f := first.Formula(); f != "3 × 3 × 3 × 32 + 32" || first.Layer != "First-Convolution" {
		t.Errorf("first layer %q: %q", first.Layer, f)
	}
	limit := math.Sqrt(6 / float64(first.FanIn+first.FanOut))
	if first.Smallest() < -limit || first.Largest() > limit || first.Largest() < 0.9*limit || math.Abs(first.Deviation()-limit/math.Sqrt(3)) > 0.1*limit {
		t.Errorf("weights from %g to %g with deviation %g, limit %g", first.Smallest(), first.Largest(), first.Deviation(), limit)
	}
	if err := ended(func() { Kernels(net, Initialize(tiny(), 1)) }); err == nil {
		t.Error("another network's weights are accepted")
	}
}

func TestNormAndDistance(t *testing.T) {
	a, b := Kernel{Values: []float32{3, 4}}, Kernel{Values: []float32{3, 0}}
	if a.Norm() != 5 || a.Distance(b) != 4 || a.Values[1] != 4 {
		t.Errorf("norm %g, distance %g, values %v", a.Norm(), a.Distance(b), a.Values)
	}
}

func TestLayersListsShapes(t *testing.T) {
	table := Layers(cnn.WriteUp())
	if got := strings.Join(table.Rows[0], " | "); !strings.HasPrefix(got, "1 | Conv2D | filters 32, kernel 3, padding same | ") || !strings.HasSuffix(got, "32768") && !strings.HasSuffix(got, "32,768") {
		t.Errorf("first row: %s", got)
	}
	if len(table.Rows) != len(cnn.WriteUp().Layers) {
		t.Errorf("%d rows", len(table.Rows))
	}
}

func TestFiltersDrawsTheFirstKernel(t *testing.T) {
	net := cnn.WriteUp()
	f := Filters("Before", Initialize(net, 1), "seed 1")
	if _, err := f.PNG(); err != nil || !strings.Contains(f.Caption, "scaled") || !strings.Contains(f.Caption, "seed 1") {
		t.Errorf("%v, caption %q", err, f.Caption)
	}
}

func TestJSON(t *testing.T) {
	if got := JSON(map[string]int{"a": 1}); got != "{\n  \"a\": 1\n}" {
		t.Errorf("JSON writes %q", got)
	}
	if err := ended(func() { JSON(math.Inf(1)) }); err == nil {
		t.Error("a value that has no JSON does not end the cell")
	}
}
