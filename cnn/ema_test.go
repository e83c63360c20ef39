package cnn

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// emaSpec is a training that averages, with moving statistics, an array that is trained in the first epoch only and the best epoch.
func emaSpec(t *testing.T) Spec {
	spec := smallFast(t)
	spec.Config.Lookahead = nil
	spec.Config.EMA = &EMA{Decay: 0.8}
	spec.Config.Clip = &Clipping{GlobalNorm: 2}
	spec.Config.KeepBest = true
	first := spec.Network.Layers[0].(WhiteningConv2D)
	first.BiasEpochs = 1
	spec.Network.Layers[0] = first
	return spec
}

// Promise(runs/resume) with averaged weights and clipped gradients
func TestEMAResumesExactly(t *testing.T) {
	whole := resumesExactly(t, emaSpec(t))
	specs, err := whole.Network.WeightSpecs()
	if err != nil {
		t.Fatal(err)
	}
	stepped := stepping(whole.config(), specs, slices.Concat([]Array(whole.weights), whole.slots))
	for i, sp := range specs {
		if same := slices.Equal(stepped[i].Values, whole.weights[i].Values); same != sp.Moving {
			t.Errorf("%s: the average equals the weights: %t", sp.Name, same)
		}
	}
}

// The weights of a run are the averages of those of the same training without, and that is what is validated.
func TestEMAIsTheAverage(t *testing.T) {
	spec := tinySpec(t)
	spec.Config.Optimizer, spec.Config.Schedule = SGD{}, Constant(0.05)
	plain := spec
	spec.Config.EMA = &EMA{Decay: 0.75}
	e := trainTiny(t, t.TempDir(), spec)
	root, want := t.TempDir(), Weights(nil)
	r := openTiny(t, root, plain)
	var seen []Weights
	if err := r.Train(t.Context(), func(p Progress) {
		if p.EpochEnd {
			return
		}
		arrays, err := r.engine.arrays(r.weights)
		if err != nil {
			t.Error(err)
		}
		seen = append(seen, arrays)
	}); err != nil {
		t.Fatal(err)
	}
	for step, w := range seen {
		if step == 0 {
			want = w.Clone()
			continue
		}
		for i := range w {
			for j, v := range w[i].Values {
				want[i].Values[j] = 0.75*want[i].Values[j] + 0.25*v
			}
		}
	}
	for i, w := range e.Weights() {
		near(t, w.Name, w.Values, want[i].Values, 1e-5)
	}
	result, err := e.Evaluate(t.Context(), spec.Valid, nil)
	if err != nil || result.Loss != e.History.Last().ValidLoss {
		t.Errorf("the validation loss is %g, an evaluation gives %g, %v", e.History.Last().ValidLoss, result.Loss, err)
	}
	for i := range plain.Config.Epochs { // the training itself is the same
		if a, b := e.History.Epochs[i].Loss, r.History.Epochs[i].Loss; a != b {
			t.Errorf("epoch %d: the training loss is %g with averages, %g without", i+1, a, b)
		}
	}
	spec.Config.Telemetry = true // it looks at the weights from which steps go on, and changes nothing
	watched := trainTiny(t, t.TempDir(), spec)
	sameFiles(t, e, watched)
	plain.Config.Telemetry = true
	other := trainTiny(t, t.TempDir(), plain)
	a, err := watched.Telemetry()
	if err != nil {
		t.Fatal(err)
	}
	if b, err := other.Telemetry(); err != nil || len(a) == 0 || !reflect.DeepEqual(a[len(a)-1], b[len(b)-1]) {
		t.Errorf("the last watched steps are %+v and %+v, %v", a[len(a)-1], b[len(b)-1], err)
	}
	plain.Config.Telemetry = false
	next := plain
	next.Name, next.From = "next", e
	if second := openTiny(t, t.TempDir(), next); !reflect.DeepEqual(second.Weights(), e.Weights()) {
		t.Error("another run does not start from the averages")
	}
}

// If a training with averages diverges, the layer in which that began is named.
func TestEMADiverges(t *testing.T) {
	spec := tinySpec(t)
	spec.Config.EMA = &EMA{}
	spec.Config.Schedule = Constant(1e20)
	err := openTiny(t, t.TempDir(), spec).Train(t.Context(), nil)
	if err == nil || !strings.Contains(err.Error(), "it began in layer") {
		t.Error(err)
	}
}

// Gradients longer than the bound have its length after it, and shorter ones stay.
func TestClippingBounds(t *testing.T) {
	step := func(c *Clipping) float64 {
		spec := tinySpec(t)
		spec.Config.Optimizer, spec.Config.Schedule, spec.Config.Clip = SGD{}, Constant(1), c
		spec.Config.Epochs, spec.Config.Batch = 1, 90
		start := openTiny(t, t.TempDir(), spec).Weights()
		var sum float64
		for i, w := range trainTiny(t, t.TempDir(), spec).Weights() {
			for j, v := range w.Values {
				d := float64(v - start[i].Values[j])
				sum += d * d
			}
		}
		return math.Sqrt(sum)
	}
	free := step(nil)
	if got := step(&Clipping{GlobalNorm: free / 4}); math.Abs(got/free*4-1) > 1e-4 {
		t.Errorf("a gradient of norm %g is clipped to %g, want a quarter", free, got)
	}
	if got := step(&Clipping{GlobalNorm: 2 * free}); math.Abs(got/free-1) > 1e-6 {
		t.Errorf("a gradient of norm %g becomes %g by a greater bound", free, got)
	}
}

// Promise(runs/identity)
func TestEMAAndClippingAreIdentityAndChecked(t *testing.T) {
	identities := map[string]string{}
	for name, change := range map[string]func(c *Config){
		"none": func(*Config) {}, "EMA": func(c *Config) { c.EMA = &EMA{} }, "its decay": func(c *Config) { c.EMA = &EMA{Decay: 0.5} },
		"norm": func(c *Config) { c.Clip = &Clipping{Norm: 1} }, "global norm": func(c *Config) { c.Clip = &Clipping{GlobalNorm: 1} },
		"value": func(c *Config) { c.Clip = &Clipping{Value: 1} },
	} {
		spec := tinySpec(t)
		change(&spec.Config)
		m, err := newManifest(spec.complete())
		if err != nil {
			t.Fatal(err)
		}
		if other, taken := identities[m.Identity]; taken {
			t.Errorf("%s and %s are the same run", name, other)
		}
		identities[m.Identity] = name
	}
	for want, change := range map[string]func(c *Config){
		"EMA: decay must":                      func(c *Config) { c.EMA = &EMA{Decay: 1} },
		"both Lookahead and EMA":               func(c *Config) { c.EMA, c.Lookahead = &EMA{}, &Lookahead{} },
		"clip: exactly one of":                 func(c *Config) { c.Clip = &Clipping{} },
		"clip: exactly one of norm, global":    func(c *Config) { c.Clip = &Clipping{Norm: 1, Value: 1} },
		"clip: a bound must be above 0":        func(c *Config) { c.Clip = &Clipping{Value: -1} },
		"clip: a bound must be above 0 and fi": func(c *Config) { c.Clip = &Clipping{Norm: math.NaN()} },
	} {
		spec := tinySpec(t)
		change(&spec.Config)
		if _, err := OpenRun(t.TempDir(), spec); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}
