package cnn

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
)

// An orthogonal kernel has rows or columns at right angles, whichever are fewer.
func TestOrthogonal(t *testing.T) {
	net := Architecture{Input: Shape{6, 6, 3}, Layers: []Layer{
		Conv2D{Name: "wide", Filters: 40, Kernel: 3, Init: "orthogonal(1.5)"}, Flatten{Name: "f"},
		Dense{Name: "tall", Units: 10, Init: "orthogonal"}, Activation{Name: "s", Function: "softmax"},
	}}
	w, err := net.Initialize(3)
	if err != nil {
		t.Fatal(err)
	}
	for i, gain := range map[int]float64{0: 1.5, 2: 1} {
		columns := w[i].Shape[len(w[i].Shape)-1]
		rows := len(w[i].Values) / columns
		count, length, at := columns, rows, func(v, k int) float64 { return float64(w[i].Values[k*columns+v]) }
		if rows < columns {
			count, length, at = rows, columns, func(v, k int) float64 { return float64(w[i].Values[v*columns+k]) }
		}
		for a := range count {
			for b := range a + 1 {
				sum, want := 0.0, 0.0
				for k := range length {
					sum += at(a, k) * at(b, k)
				}
				if a == b {
					want = gain * gain
				}
				if math.Abs(sum-want) > 1e-5 {
					t.Fatalf("%s: the product of vectors %d and %d is %g, want %g", w[i].Name, a, b, sum, want)
				}
			}
		}
	}
}

// The methods change the layers that they name, or all, and report a name that is not there wherever the network is used.
func TestWith(t *testing.T) {
	plain := WriteUp()
	net := plain.WithL2(1e-4).WithL2(0.01, "First-Affine").WithInit(Gaussian(0.01), "First-Convolution").WithBiases(0.1)
	if !reflect.DeepEqual(plain, WriteUp()) {
		t.Error("the network itself has changed")
	}
	specs, err := net.WeightSpecs()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range specs {
		wantL2, wantInit, wantStart := 1e-4, "", 0.0
		switch {
		case s.Bias:
			wantL2, wantStart = 0, 0.1
		case s.Name == "First-Affine/kernel":
			wantL2 = 0.01
		case s.Name == "First-Convolution/kernel":
			wantInit = "random_normal(0.01)"
		}
		if s.L2 != wantL2 || s.Init != wantInit || s.Start != wantStart {
			t.Errorf("%+v", s)
		}
	}
	data, err := json.Marshal(net)
	if err != nil {
		t.Fatal(err)
	}
	var back Architecture
	if err := json.Unmarshal(data, &back); err != nil || !reflect.DeepEqual(back, net) {
		t.Errorf("%v, %s", err, data)
	}
	if old, err := json.Marshal(plain); err != nil || strings.Contains(string(old), "l2") || strings.Contains(string(old), "bias_initializer") {
		t.Errorf("the write-up's network is written as %s, %v", old, err)
	}
	for name, bad := range map[string]Architecture{
		`L2 for layer "Flatten": no Conv2D or Dense layer`: plain.WithL2(1, "Flatten"),
		`biases for layer "nobody"`:                        plain.WithBiases(1, "nobody"),
		"kernel_l2 must be at least 0":                     plain.WithL2(-1),
		"bias_initializer must be finite":                  plain.WithBiases(math.NaN()),
		"bias_initializer is 1, but no_bias":               FastOfWidths(2, 2, 2).WithBiases(1, "head"),
		`unknown initialiser "he"`:                         plain.WithInit("he"),
		"expected a number above 0 in parentheses":         plain.WithInit("orthogonal(-1)"),
		`"orthogonal(1"`:                                   plain.WithInit("orthogonal(1"),
		"he_normal takes no number":                        plain.WithInit("he_normal(1)"),
	} {
		if _, err := bad.Shapes(); !errors.Is(err, ErrArchitecture) || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "\n") {
			t.Errorf("want an error with %q, got %v", name, err)
		}
	}
	if _, err := FastOfWidths(2, 2, 2).WithBiases(1).Shapes(); err != nil {
		t.Errorf("layers without biases: %v", err)
	}
}

// Promise(runs/resume) with penalties, and starts of kernels and biases
func TestPenaltyResumesExactly(t *testing.T) {
	spec := tinySpec(t)
	spec.Network = spec.Network.WithL2(0.1).WithInit("orthogonal").WithBiases(0.1)
	resumesExactly(t, spec)
	plain := tinySpec(t)
	plain.Network = plain.Network.WithInit("orthogonal").WithBiases(0.1)
	a, b := trainTiny(t, t.TempDir(), spec), trainTiny(t, t.TempDir(), plain)
	if a.manifest.Identity == b.manifest.Identity || !(squares(a.Weights()) < 0.9*squares(b.Weights())) {
		t.Errorf("with a penalty the weights' squares are %g, without one %g", squares(a.Weights()), squares(b.Weights()))
	}
}

func squares(w Weights) (sum float64) {
	for _, a := range w {
		for _, v := range a.Values {
			sum += float64(v) * float64(v)
		}
	}
	return sum
}
