package cnn

import (
	"errors"
	"math"
	"strings"
	"testing"
)

// Promise(agreement/keras-3) for ReduceLROnPlateau, and the cosine with restarts
func TestRatesAreKerass(t *testing.T) {
	var recorded struct {
		Plateaus []struct {
			Monitor string
			Config  struct {
				Factor   float64
				Patience int
				MinDelta float64 `json:"min_delta"`
				Cooldown int
				MinRate  float64 `json:"min_lr"`
			}
			Values, Rates []float64
		}
		Restarts []struct {
			Config struct {
				First  int     `json:"first_decay_steps"`
				Growth float64 `json:"t_mul"`
				Shrink float64 `json:"m_mul"`
				Alpha  float64
			}
			Rates []float64
		}
	}
	oracle(t, "rates.json", &recorded)
	near := func(got, want float64) bool { return math.Abs(got-want) <= 1e-6*math.Abs(want) }
	reduced := 0
	for _, c := range recorded.Plateaus {
		p := &Plateau{Factor: c.Config.Factor, Patience: c.Config.Patience, MinDelta: c.Config.MinDelta, Cooldown: c.Config.Cooldown, MinRate: c.Config.MinRate}
		if c.Monitor == "val_accuracy" {
			p.Monitor = MonitorAccuracy
		}
		if err := p.validate(); err != nil {
			t.Error(err)
		}
		var h History
		for i, v := range c.Values {
			got := p.reduced(0.5, h)
			if !near(got, c.Rates[i]) {
				t.Errorf("%+v: epoch %d has a rate of %g, in Keras %g", c.Config, i+1, got, c.Rates[i])
			}
			if i > 0 && c.Rates[i] < c.Rates[i-1] {
				reduced++
			}
			h.Epochs = append(h.Epochs, Epoch{Epoch: i + 1, ValidLoss: v, ValidAccuracy: v})
		}
	}
	if len(recorded.Plateaus) < 20 || reduced < 20 {
		t.Errorf("%d cases with %d reductions", len(recorded.Plateaus), reduced)
	}
	for _, c := range recorded.Restarts {
		s := CosineRestarts{Max: 0.5, Min: 0.5 * c.Config.Alpha, First: c.Config.First, Growth: c.Config.Growth, Shrink: c.Config.Shrink}
		if err := s.validate(); err != nil {
			t.Error(err)
		}
		for step, want := range c.Rates {
			if got := s.Rate(step); math.Abs(got-want) > 1e-5*0.5 { // Keras computes in float32
				t.Errorf("%+v: step %d has a rate of %g, in Keras %g", c.Config, step, got, want)
			}
		}
	}
}

// plateauSpec is a training whose rate is too high for it to improve for long.
func plateauSpec(t *testing.T) Spec {
	spec := tinySpec(t)
	spec.Config.Epochs = 6
	spec.Config.Schedule = Constant(1.5)
	spec.Config.Plateau = &Plateau{Factor: 0.5, Patience: 1, MinRate: 0.2}
	return spec
}

// Promise(runs/resume) with a rate that is reduced when the validation loss no longer improves
func TestPlateauResumesExactly(t *testing.T) {
	whole := resumesExactly(t, plateauSpec(t))
	rates := map[float64]bool{}
	for _, s := range whole.History.Steps {
		if want := whole.spec.Config.Plateau.reduced(1.5, History{Epochs: whole.History.Epochs[:s.Epoch-1]}); s.Rate != want {
			t.Errorf("step %d: rate %g, want %g", s.Step, s.Rate, want)
		}
		rates[s.Rate] = true
	}
	if len(rates) < 2 {
		t.Errorf("rates %v: none was reduced", rates)
	}
	// More epochs go on from fewer.
	root, spec := t.TempDir(), plateauSpec(t)
	spec.Config.Epochs = 4
	trainTiny(t, root, spec)
	spec.Config.Epochs = 6
	longer := openTiny(t, root, spec)
	if longer.GoesOnFrom() == "" {
		t.Error("starts from the beginning")
	}
	if err := longer.Train(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	sameFiles(t, whole, longer)
}

// Promise(runs/identity)
func TestPlateauIsIdentityAndChecked(t *testing.T) {
	identities := map[string]string{}
	for name, p := range map[string]*Plateau{"none": nil, "default": {}, "factor": {Factor: 0.5}, "patience": {Patience: 2}, "cooldown": {Cooldown: 1}, "rate": {MinRate: 1e-4}, "delta": {MinDelta: 1}, "monitor": {Monitor: MonitorAccuracy}} {
		spec := tinySpec(t)
		spec.Config.Plateau = p
		m, err := newManifest(spec.complete())
		if err != nil {
			t.Fatal(err)
		}
		if other, taken := identities[m.Identity]; taken {
			t.Errorf("%s and %s are the same run", name, other)
		}
		identities[m.Identity] = name
	}
	for want, p := range map[string]Plateau{
		"plateau: factor must":                   {Factor: 1},
		"plateau: patience and cooldown":         {Patience: -1},
		"plateau: the least improvement":         {MinRate: math.Inf(1)},
		`plateau: monitor "test_loss": choose`:   {Monitor: "test_loss"},
		"plateau: patience and cooldown must be": {Cooldown: -2},
	} {
		spec := tinySpec(t)
		spec.Config.Plateau = &p
		if _, err := OpenRun(t.TempDir(), spec); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
	for want, s := range map[string]CosineRestarts{
		"max": {First: 1}, "min": {Max: 1, Min: 2, First: 1}, "growth": {Max: 1, First: 1, Growth: 0.5}, "shrink": {Max: 1, First: 1, Shrink: 2}, "first": {Max: 1, First: -1},
	} {
		if err := s.validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
	if s := Rates(CosineRestarts{Max: 1}, 70); s[0] != 1 || s[10] != 1 || s[30] != 1 || !(s[69] < 0.01) || !(s[9] < 0.03) {
		t.Errorf("rates of a whole training: %v", s)
	}
}
