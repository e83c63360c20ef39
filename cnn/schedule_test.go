package cnn

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
)

func TestSchedulesAtTheirCorners(t *testing.T) {
	close := func(a, b float64) bool { return math.Abs(a-b) <= 1e-12*math.Max(math.Abs(a), math.Abs(b)) }
	for name, test := range map[string]struct {
		schedule Schedule
		rates    map[int]float64
	}{
		"constant":    {Constant(0.3), map[int]float64{0: 0.3, 1000: 0.3}},
		"triangular":  {Cyclic{Base: 1, Max: 3, StepSize: 4}, map[int]float64{0: 1, 2: 2, 4: 3, 6: 2, 8: 1, 12: 3}},
		"triangular2": {Cyclic{Base: 1, Max: 3, StepSize: 4, Mode: Triangular2}, map[int]float64{4: 3, 8: 1, 12: 2, 20: 1.5}},
		"exp_range":   {Cyclic{Base: 1, Max: 3, StepSize: 4, Mode: ExpRange, Gamma: 0.5}, map[int]float64{0: 1, 4: 1 + 2*math.Pow(0.5, 4)}},
		"one-cycle":   {OneCycle{Max: 1, Steps: 101, Warm: 0.3}, map[int]float64{0: 0.04, 100: 0.04 / 1e4, 5000: 0.04 / 1e4}},
		"cosine":      {CosineWarmup{Max: 1, Min: 0.1, Warm: 10, Steps: 110}, map[int]float64{0: 0.1, 9: 1, 10: 1, 60: 0.55, 110: 0.1, 500: 0.1}},
		"exponential": {Exponential{From: 1e-6, To: 1, Steps: 7}, map[int]float64{0: 1e-6, 3: 1e-3, 6: 1, 9: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			for step, want := range test.rates {
				if got := test.schedule.Rate(step); !close(got, want) {
					t.Errorf("step %d: got %g, want %g", step, got, want)
				}
			}
		})
	}
}

func TestOneCyclePeaksAtTheWarmUp(t *testing.T) {
	rates := Rates(OneCycle{Max: 0.1, Steps: 200}, 200)
	peak := 0
	for i, r := range rates {
		if r > rates[peak] {
			peak = i
		}
	}
	if peak != 59 || math.Abs(rates[peak]-0.1) > 1e-12 {
		t.Errorf("peak %g at step %d, want 0.1 at step 59 (0.3 of 200, from 0)", rates[peak], peak)
	}
}

func TestBadSchedules(t *testing.T) {
	for _, s := range []Schedule{
		Constant(0), Constant(math.NaN()), Constant(math.Inf(1)),
		Cyclic{Base: 1, Max: 3}, Cyclic{Base: 3, Max: 1, StepSize: 1}, Cyclic{Base: 1, Max: 2, StepSize: 1, Mode: "saw"},
		Cyclic{Base: 1, Max: 2, StepSize: 1, Mode: ExpRange}, OneCycle{Max: 1}, OneCycle{Max: 1, Steps: 9, Warm: 2},
		CosineWarmup{Max: 1, Warm: 5, Steps: 5}, Exponential{From: 0, To: 1, Steps: 9}, Exponential{From: 1, To: 2},
	} {
		if s.validate() == nil {
			t.Errorf("%#v is accepted", s)
		}
	}
}

func ExampleCyclic() {
	// The write-up's cyclic training: two epochs of 80 steps up, two down.
	schedule := Cyclic{Base: 0.001, Max: 0.01, StepSize: 2 * 80}
	for _, step := range []int{0, 80, 160, 240, 320} {
		fmt.Printf("step %3d: %.4f\n", step, schedule.Rate(step))
	}
	// Output:
	// step   0: 0.0010
	// step  80: 0.0055
	// step 160: 0.0100
	// step 240: 0.0055
	// step 320: 0.0010
}

func ExampleOneCycle() {
	// Without a number of steps, the cycle spans the training: here 101 steps, 30 up and 70 down.
	rates := Rates(OneCycle{Max: 0.002}, 101)
	for _, step := range []int{0, 29, 100} {
		fmt.Printf("step %3d: %.3g\n", step, rates[step])
	}
	// Output:
	// step   0: 8e-05
	// step  29: 0.002
	// step 100: 8e-09
}

func TestLinearGoesBothWays(t *testing.T) {
	for _, c := range []struct {
		schedule Linear
		step     int
		want     float64
	}{
		{Linear{0.1, 0.2, 11}, 0, 0.1},
		{Linear{0.1, 0.2, 11}, 5, 0.15},
		{Linear{0.1, 0.2, 11}, 10, 0.2},
		{Linear{0.1, 0.2, 11}, 99, 0.2},
		{Linear{0.2, 0.1, 11}, 5, 0.15},
		{Linear{0.2, 0.1, 11}, 10, 0.1},
	} {
		if got := c.schedule.Rate(c.step); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%+v at step %d: %g, expected %g", c.schedule, c.step, got, c.want)
		}
	}
}

func TestLinearRefuses(t *testing.T) {
	for _, s := range []Linear{{0.1, 0.2, 1}, {0, 0.2, 10}, {0.1, -1, 10}, {math.NaN(), 0.1, 10}} {
		err := Config{Schedule: s}.withDefaults().validate()
		if !errors.Is(err, ErrConfig) {
			t.Errorf("%+v: %v, expected ErrConfig", s, err)
		}
	}
}

// A schedule without a number of steps spans the training, and makes the same run as one whose steps were counted by hand.
func TestSchedulesKnowTheirSteps(t *testing.T) {
	spec := tinySpec(t)
	spec.Config.Epochs, spec.Config.Batch = 3, 4
	steps := 3 * StepsPerEpoch(spec.Train.Len(), 4)
	for name, pair := range map[string][2]Schedule{
		"one-cycle":   {OneCycle{Max: 0.002}, OneCycle{Max: 0.002, Steps: steps}},
		"cosine":      {CosineWarmup{Max: 0.1, Warm: 2}, CosineWarmup{Max: 0.1, Warm: 2, Steps: steps}},
		"exponential": {Exponential{From: 0.001, To: 0.1}, Exponential{From: 0.001, To: 0.1, Steps: steps}},
		"linear":      {Linear{From: 0.1, To: 0.001}, Linear{From: 0.1, To: 0.001, Steps: steps}},
		"cyclic":      {Cyclic{Base: 0.001, Max: 0.01}, Cyclic{Base: 0.001, Max: 0.01, StepSize: (steps + 1) / 2}},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			dirs := [2]string{}
			for i, s := range pair {
				spec.Config.Schedule = s
				dirs[i] = openTiny(t, root, spec).Dir
			}
			if dirs[0] != dirs[1] {
				t.Errorf("%s without a number of steps, %s with it", dirs[0], dirs[1])
			}
			if !math.IsNaN(pair[0].Rate(0)) {
				t.Errorf("rate %g before the number of steps is known, expected NaN", pair[0].Rate(0))
			}
			if got, want := Rates(pair[0], steps), Rates(pair[1], steps); !slices.Equal(got, want) {
				t.Errorf("rates %v, expected %v", got, want)
			}
		})
	}
}

// One step is too short for a schedule from one rate to another, and says so.
func TestSchedulesThatSpanOneStep(t *testing.T) {
	spec := tinySpec(t)
	spec.Config.Epochs, spec.Config.Batch = 1, spec.Train.Len()
	for _, s := range []Schedule{OneCycle{Max: 1}, Linear{From: 1, To: 2}, Exponential{From: 1, To: 2}, CosineWarmup{Max: 1, Warm: 1}, OneCycle{Max: 1, Steps: -4}} {
		spec.Config.Schedule = s
		if _, err := OpenRun(t.TempDir(), spec); !errors.Is(err, ErrConfig) {
			t.Errorf("%#v over one step: %v, expected ErrConfig", s, err)
		}
	}
}
