package cnn

import "fmt"

// Linear moves the rate from From to To, either way, in equal steps over Steps
// steps: rate = From + (To−From)·step/(Steps−1), and To from there on. It is
// what a range test that runs downwards needs; [Cyclic] always starts upwards.
type Linear struct {
	From  float64 `json:"from"`
	To    float64 `json:"to"`
	Steps int     `json:"steps"`
}

// Rate follows the formula above.
func (s Linear) Rate(step int) float64 {
	t := min(1, float64(step)/float64(max(1, s.Steps-1)))
	return s.From + (s.To-s.From)*t
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

// BackwardRamp is [Budget.LinearRamp] run the other way, from 0.1 down to 0.001
// over as many steps. It is not in the write-up: what both directions agree on is due
// to the rate, and what follows the direction is due to the time.
func (b Budget) BackwardRamp(images int, seed uint64) Config {
	c := b.LinearRamp(images, seed)
	up := c.Schedule.(Cyclic) // as LinearRamp has just made it
	c.Schedule = Linear{From: up.Max, To: up.Base, Steps: up.StepSize}
	return c
}
