package cnn

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
)

// Rates, momenta and the weights after all steps are those of PyTorch's OneCycleLR and SGD.
//
// Promise(agreement/pytorch) for a momentum that moves with the rate
func TestMomentumMatchesPyTorch(t *testing.T) {
	data, err := os.ReadFile("../testdata/pytorch/momentum.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Salt, Size int
		Cases      []struct {
			Nesterov    bool
			WeightDecay float64 `json:"weight_decay"`
			Cycle       struct {
				Max    float64 `json:"max_lr"`
				Steps  int     `json:"total_steps"`
				Warm   float64 `json:"pct_start"`
				Divide float64 `json:"div_factor"`
				Final  float64 `json:"final_div_factor"`
				Low    float64 `json:"base_momentum"`
				High   float64 `json:"max_momentum"`
			}
			Rates, Momenta []float64
			Weights        []float32
		}
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	backend := testBackend(t)
	for i, c := range file.Cases {
		s := OneCycle{Max: c.Cycle.Max, Steps: c.Cycle.Steps, Warm: c.Cycle.Warm, Divide: c.Cycle.Divide, Final: c.Cycle.Final, LowMomentum: c.Cycle.Low, HighMomentum: c.Cycle.High}
		for step := range c.Rates {
			if got, want := s.Rate(step), c.Rates[step]; math.Abs(got-want) > 1e-9*s.Max {
				t.Errorf("case %d: step %d has a rate of %g, in PyTorch %g", i, step, got, want)
			}
			if got, want := s.Momentum(step), c.Momenta[step]; math.Abs(got-want) > 1e-9 {
				t.Errorf("case %d: step %d has a momentum of %g, in PyTorch %g", i, step, got, want)
			}
		}
		o := TorchSGD{Momentum: 0.5, Nesterov: c.Nesterov, WeightDecay: c.WeightDecay} // the momentum is replaced
		exec, err := graph.NewExec(backend, func(n []*graph.Node) []*graph.Node {
			w, slots := update(o, []WeightSpec{{}}, n[:1], n[2:3], n[1:2], n[3], n[3], n[4])
			return append(w, slots...)
		})
		if err != nil {
			t.Fatal(err)
		}
		w := Weights{{Name: "w", Shape: []int{file.Size}, Values: oracleNoise(file.Salt, file.Size, 1)}}
		state := append(tensorsOf(w), tensorsOf(newSlots(o, w))...)
		for step := range c.Rates {
			out, err := exec.Call(append(state, oracleNoise(file.Salt+1+step, file.Size, 1), float32(s.Rate(step)), float32(s.Momentum(step)))...)
			if err != nil {
				t.Fatal(err)
			}
			state = []any{out[0], out[1]}
			if step == len(c.Rates)-1 {
				near(t, fmt.Sprintf("case %d: weights", i), values(t, out[0]), c.Weights, 1e-5)
			}
		}
	}
}

// Promise(runs/resume) with a momentum that moves with the rate
// Promise(runs/identity)
func TestMomentumResumesExactly(t *testing.T) {
	spec := tinySpec(t)
	spec.Config.Optimizer = SGD{Momentum: 0.9, Nesterov: true}
	spec.Config.Schedule = OneCycle{Max: 0.05, HighMomentum: 0.95, LowMomentum: 0.85}
	whole := resumesExactly(t, spec)
	plain := spec
	plain.Config.Schedule = OneCycle{Max: 0.05}
	other := trainTiny(t, t.TempDir(), plain)
	if other.manifest.Identity == whole.manifest.Identity || other.Weights().Fingerprint() == whole.Weights().Fingerprint() {
		t.Error("with the optimizer's momentum the run is the same")
	}
	if data, err := json.Marshal(plain.Config.Schedule); err != nil || strings.Contains(string(data), "momentum") {
		t.Errorf("%s, %v", data, err)
	}
	// In a session, which keeps graphs: none is taken for the other.
	cache := NewCache()
	defer cache.Close()
	ctx := WithCache(t.Context(), cache)
	for _, s := range []Spec{plain, spec} {
		want := other
		if s.Config.Schedule == spec.Config.Schedule {
			want = whole
		}
		r := openTiny(t, t.TempDir(), s)
		if err := r.Train(ctx, nil); err != nil {
			t.Fatal(err)
		}
		sameFiles(t, want, r)
		r.Close()
	}
	for want, change := range map[string]func(c *Config){
		"the schedule moves the momentum: the optimizer must be TorchSGD": func(c *Config) { c.Optimizer = Adam{} },
		"or SGD with a momentum, which the schedule's replaces; got SGD":  func(c *Config) { c.Optimizer = SGD{} },
		"low momentum < high momentum":                                    func(c *Config) { c.Schedule = OneCycle{Max: 1, LowMomentum: 0.9} },
	} {
		changed := spec
		change(&changed.Config)
		if _, err := OpenRun(t.TempDir(), changed); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}
