package cnn

import (
	"errors"
	"math"
	"testing"
)

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

func TestBackwardRampHasTheSameRatesAndSteps(t *testing.T) {
	b, err := BudgetOf("smoke")
	if err != nil {
		t.Fatal(err)
	}
	up, down := b.LinearRamp(1200, 1), b.BackwardRamp(1200, 1)
	n := b.Ramp * b.StepsPerEpoch(1200)
	if up.Epochs != down.Epochs || up.Batch != down.Batch || up.Seed != down.Seed {
		t.Errorf("%+v and %+v differ in more than the schedule", up, down)
	}
	rates := Rates(down.Schedule, n)
	if rates[0] != 0.1 || math.Abs(rates[n-1]-0.001) > 1e-12 {
		t.Errorf("from %g to %g, expected 0.1 to 0.001", rates[0], rates[n-1])
	}
}
