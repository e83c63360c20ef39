package cnn

import (
	"cmp"
	"fmt"
	"math"
)

// Lookahead keeps a slow copy of all weights, moving statistics included, which begins as their first values. After every
// Every-th step the copy moves to the weights, and the weights jump back to the copy (Zhang et al. 2019, arXiv 1907.08610):
//
//	slow ← decay·slow + (1 − decay)·weights;  weights ← slow
//	decay = Decay·(step/Steps)^Power, steps counted from 1
//
// With a Power above 0 the copy hardly slows the first steps and averages over many of the last ones (Jordan 2024, arXiv
// 2404.00498, section 3.4). After the last step the weights are the copy, whatever that step did since.
type Lookahead struct {
	Every int     `json:"every,omitempty"` // 0 is 5
	Decay float64 `json:"decay,omitempty"` // 0 is 0.95⁵ = 0.7738: 0.95 a step for the default of 5 steps
	Power float64 `json:"power,omitempty"` // 0: the decay is the same at every step
	Steps int     `json:"steps"`           // of the training; 0: filled in when a run is opened
}

// over returns the same with its number of steps filled in.
func (l *Lookahead) over(steps int) *Lookahead {
	if l == nil {
		return nil
	}
	o := *l
	o.Steps = cmp.Or(o.Steps, steps)
	return &o
}

func (l *Lookahead) validate() error {
	if l == nil {
		return nil
	}
	if l.Every < 0 || l.Steps < 1 {
		return fmt.Errorf("every must be at least 1 and steps too, got %d and %d", l.Every, l.Steps)
	}
	if !(l.Power >= 0 && l.Power <= 100) {
		return fmt.Errorf("power must be from 0 to 100, got %g", l.Power)
	}
	return fraction("decay", l.Decay)
}

// decay returns the decay after a step, counted from 1, or −1 if the weights stay as they are.
func (l *Lookahead) decay(step int) float64 {
	switch {
	case l == nil:
		return -1
	case step%cmp.Or(l.Every, 5) == 0:
		return cmp.Or(l.Decay, math.Pow(0.95, 5)) * math.Pow(min(1, float64(step)/float64(l.Steps)), l.Power)
	case step == l.Steps:
		return 1
	}
	return -1
}

// slots returns the slow copy of the first weights, or nothing without a Lookahead.
func (l *Lookahead) slots(weights Weights) Weights {
	if l == nil {
		return nil
	}
	slow := weights.Clone()
	for i := range slow {
		slow[i].Name += "/slow"
	}
	return slow
}
