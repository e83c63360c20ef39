package cnn

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
)

// Schedule defines the learning rate of each training step. It is a value: it can
// be printed, plotted before training with [Rates], and is part of a run's
// identity.
//
// A schedule whose Steps (or StepSize) is 0 spans the whole training, however long that is: [OpenRun] and [Rates]
// fill the number in, so the run is the same as one whose steps were counted by hand. Until then its Rate is NaN.
type Schedule interface {
	// Rate is the learning rate of a step, counted from 0.
	Rate(step int) float64
	validate() error
	over(steps int) Schedule // itself, its number of steps filled in from those of the whole training
}

// Constant is the same rate at every step.
type Constant float64

// Mode defines how [Cyclic]'s amplitude changes from cycle to cycle.
type Mode string

// The three policies of Smith 2015, section 3.1.
const (
	Triangular  Mode = "triangular"  // constant amplitude
	Triangular2 Mode = "triangular2" // halved after each cycle
	ExpRange    Mode = "exp_range"   // scaled by Gamma^step
)

// Cyclic moves the rate from Base up to Max and back, linearly, StepSize steps
// each way (Smith 2015, arXiv 1506.01186, section 3.1):
//
//	cycle = ⌊1 + step/(2·StepSize)⌋
//	x     = |step/StepSize − 2·cycle + 1|
//	rate  = Base + (Max−Base)·max(0, 1−x)·scale
//
// where scale is 1, 1/2^(cycle−1) or Gamma^step by Mode. A linear ramp over a
// whole run, as the write-up's rate search uses, is the first half of a cycle.
type Cyclic struct {
	Base     float64 `json:"base"`
	Max      float64 `json:"max"`
	StepSize int     `json:"step_size"`       // steps of half a cycle; 0: one cycle spans the training
	Mode     Mode    `json:"mode,omitempty"`  // empty is Triangular
	Gamma    float64 `json:"gamma,omitempty"` // for ExpRange
}

// OneCycle is a single cycle over Steps steps (Smith and Topin 2017, arXiv
// 1708.07120), with cosine ramps as PyTorch and fastai draw them: from
// Max/Divide up to Max over the fraction Warm, then down to Max/(Divide·Final). With HighMomentum it also moves the momentum of
// the optimizer, which must be [SGD] or [TorchSGD], the other way: see [OneCycle.Momentum].
type OneCycle struct {
	Max    float64 `json:"max"`
	Steps  int     `json:"steps"`            // 0: the whole training
	Warm   float64 `json:"warm,omitempty"`   // 0 is 0.3
	Divide float64 `json:"divide,omitempty"` // 0 is 25
	Final  float64 `json:"final,omitempty"`  // 0 is 10,000

	HighMomentum float64 `json:"high_momentum,omitempty"` // at the lowest rates; 0: the momentum is the optimizer's
	LowMomentum  float64 `json:"low_momentum,omitempty"`  // at the highest rate
}

// CosineWarmup rises linearly from Max/Warm to Max over Warm steps, then falls
// along half a cosine to Min at Steps (Loshchilov and Hutter 2016, arXiv
// 1608.03983, equation 5, one period).
type CosineWarmup struct {
	Max   float64 `json:"max"`
	Min   float64 `json:"min,omitempty"`
	Warm  int     `json:"warm"`
	Steps int     `json:"steps"` // 0: the whole training
}

// Exponential rises from From to To over Steps steps by a constant factor: the
// ramp of the standard learning-rate search.
type Exponential struct {
	From  float64 `json:"from"`
	To    float64 `json:"to"`
	Steps int     `json:"steps"` // 0: the whole training
}

// Linear moves the rate from From to To, either way, in equal steps over Steps
// steps: rate = From + (To−From)·step/(Steps−1), and To from there on. A
// range test that runs downwards needs it; [Cyclic] always starts upwards.
type Linear struct {
	From  float64 `json:"from"`
	To    float64 `json:"to"`
	Steps int     `json:"steps"` // 0: the whole training
}

// Rate is always the constant itself.
func (s Constant) Rate(int) float64 { return float64(s) }

// Rate follows the formula above.
func (s Cyclic) Rate(step int) float64 {
	if s.StepSize == 0 {
		return math.NaN()
	}
	t, half := float64(step), float64(s.StepSize)
	cycle := math.Floor(1 + t/(2*half))
	x := math.Abs(t/half - 2*cycle + 1)
	scale := 1.0
	switch s.Mode {
	case Triangular2:
		scale = 1 / math.Pow(2, cycle-1)
	case ExpRange:
		scale = math.Pow(s.Gamma, t)
	}
	return s.Base + (s.Max-s.Base)*max(0, 1-x)*scale
}

// Rate follows the two cosine ramps; after Steps it stays at the lowest rate.
func (s OneCycle) Rate(step int) float64 {
	if s.Steps == 0 {
		return math.NaN()
	}
	s = s.withDefaults()
	first := s.Max / s.Divide
	return s.ramps(step, first, s.Max, first/s.Final)
}

// ramps goes from first to top, and on to last, along the two cosines.
func (s OneCycle) ramps(step int, first, top, last float64) float64 {
	up := max(1, s.withDefaults().Warm*float64(s.Steps)-1) // number of steps upwards
	end := float64(s.Steps - 1)
	t := min(float64(step), end)
	if t <= up {
		return cosine(first, top, t/up)
	}
	return cosine(top, last, (t-up)/max(1, end-up))
}

func (s OneCycle) withDefaults() OneCycle {
	if s.Warm == 0 {
		s.Warm = 0.3
	}
	if s.Divide == 0 {
		s.Divide = 25
	}
	if s.Final == 0 {
		s.Final = 1e4
	}
	return s
}

// Rate follows the warm-up, then the cosine; after Steps it stays at Min.
func (s CosineWarmup) Rate(step int) float64 {
	if s.Steps == 0 {
		return math.NaN()
	}
	if step < s.Warm {
		return s.Max * float64(step+1) / float64(s.Warm)
	}
	t := float64(step-s.Warm) / float64(max(1, s.Steps-s.Warm))
	return cosine(s.Max, s.Min, min(1, t))
}

// Rate is From·(To/From)^(step/(Steps−1)), and To from there on.
func (s Exponential) Rate(step int) float64 {
	if s.Steps == 0 {
		return math.NaN()
	}
	t := min(1, float64(step)/float64(max(1, s.Steps-1)))
	return s.From * math.Pow(s.To/s.From, t)
}

// Rate follows the formula of [Linear].
func (s Linear) Rate(step int) float64 {
	if s.Steps == 0 {
		return math.NaN()
	}
	t := min(1, float64(step)/float64(max(1, s.Steps-1)))
	return s.From + (s.To-s.From)*t
}

// cosine goes from a to b along half a cosine as t goes from 0 to 1.
func cosine(a, b, t float64) float64 { return b + (a-b)*(1+math.Cos(math.Pi*t))/2 }

// Rates lists the rates of a training of n steps, ready to plot. A schedule without a number of steps spans all n.
func Rates(s Schedule, n int) []float64 {
	s = s.over(n)
	out := make([]float64, n)
	for i := range out {
		out[i] = s.Rate(i)
	}
	return out
}

func (s Constant) over(int) Schedule { return s }

func (s Cyclic) over(steps int) Schedule {
	s.StepSize = cmp.Or(s.StepSize, (steps+1)/2)
	return s
}

func (s OneCycle) over(steps int) Schedule {
	s.Steps = cmp.Or(s.Steps, steps)
	return s
}

func (s CosineWarmup) over(steps int) Schedule {
	s.Steps = cmp.Or(s.Steps, steps)
	return s
}

func (s Exponential) over(steps int) Schedule {
	s.Steps = cmp.Or(s.Steps, steps)
	return s
}

func (s Linear) over(steps int) Schedule {
	s.Steps = cmp.Or(s.Steps, steps)
	return s
}

func (s Constant) validate() error {
	return positive("rate", float64(s))
}

func (s Cyclic) validate() error {
	if err := positive("max", s.Max); err != nil {
		return err
	}
	if s.StepSize < 1 {
		return fmt.Errorf("step size must be at least 1, got %d", s.StepSize)
	}
	if !(s.Base >= 0 && s.Base <= s.Max) {
		return fmt.Errorf("base %g must lie between 0 and max %g", s.Base, s.Max)
	}
	modes := []Mode{"", Triangular, Triangular2, ExpRange}
	if !slices.Contains(modes, s.Mode) {
		return fmt.Errorf("mode must be triangular, triangular2 or exp_range, got %q", s.Mode)
	}
	if s.Mode == ExpRange {
		return positive("gamma", s.Gamma)
	}
	return nil
}

func (s OneCycle) validate() error {
	if s.Steps < 2 || s.Warm < 0 || s.Warm > 1 {
		return fmt.Errorf("needs at least 2 steps and a warm-up between 0 and 1, got %d and %g", s.Steps, s.Warm)
	}
	if err := s.validateMomentum(); err != nil {
		return err
	}
	return positive("max", s.Max)
}

func (s CosineWarmup) validate() error {
	if s.Warm < 0 || s.Steps <= s.Warm || s.Min < 0 || s.Min > s.Max {
		return fmt.Errorf("needs 0 ≤ warm < steps and 0 ≤ min ≤ max, got warm %d, steps %d, min %g, max %g", s.Warm, s.Steps, s.Min, s.Max)
	}
	return positive("max", s.Max)
}

func (s Exponential) validate() error {
	if s.Steps < 2 {
		return fmt.Errorf("needs at least 2 steps, got %d", s.Steps)
	}
	if err := positive("from", s.From); err != nil {
		return err
	}
	return positive("to", s.To)
}

func (s Linear) validate() error {
	if s.Steps < 2 {
		return fmt.Errorf("needs at least 2 steps, got %d", s.Steps)
	}
	if err := positive("from", s.From); err != nil {
		return err
	}
	return positive("to", s.To)
}

func positive(what string, v float64) error {
	if !(v > 0) || math.IsInf(v, 0) {
		return fmt.Errorf("%s must be above 0 and finite, got %g", what, v)
	}
	return nil
}

// MarshalJSON writes {"rate": …}, so that every schedule is an object.
func (s Constant) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]float64{"rate": float64(s)})
}
