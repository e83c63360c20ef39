package cnn

import (
	"fmt"
)

// Momentum is the momentum of a step, counted from 0: from HighMomentum down to LowMomentum while the rate rises, and back while it falls, along
// the same cosines (Smith and Topin 2017; PyTorch's OneCycleLR with cycle_momentum=True, whose defaults are 0.95 and 0.85). It is 0
// if there is no HighMomentum: the momentum is the optimizer's then.
func (s OneCycle) Momentum(step int) float64 {
	if s.HighMomentum == 0 {
		return 0
	}
	return s.ramps(step, s.HighMomentum, s.LowMomentum, s.HighMomentum)
}

func (s OneCycle) validateMomentum() error {
	if s.HighMomentum == 0 && s.LowMomentum == 0 {
		return nil
	}
	if !(s.LowMomentum >= 0 && s.LowMomentum < s.HighMomentum && s.HighMomentum < 1) {
		return fmt.Errorf("needs 0 ≤ low momentum < high momentum < 1, got %g and %g", s.LowMomentum, s.HighMomentum)
	}
	return nil
}

// momentumCycle returns the schedule if it moves the momentum.
func (c Config) momentumCycle() (s OneCycle, moves bool) {
	s, ok := c.Schedule.(OneCycle)
	return s, ok && s.HighMomentum > 0
}

// checkMomentum refuses a moving momentum for an optimizer that has none.
func (c Config) checkMomentum() error {
	if _, moves := c.momentumCycle(); !moves {
		return nil
	}
	switch o := c.Optimizer.(type) {
	case TorchSGD:
		return nil
	case SGD:
		if o.Momentum > 0 {
			return nil
		}
	}
	return fmt.Errorf("%w: the schedule moves the momentum: the optimizer must be TorchSGD, or SGD with a momentum, which the schedule's replaces; got %s", ErrConfig, c.Optimizer.Kind())
}
