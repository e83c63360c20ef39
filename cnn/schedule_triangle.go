package cnn

import (
	"cmp"
	"fmt"
	"math"
)

// Triangle rises linearly from Max·First to Max over the fraction Peak of its Steps, and falls linearly towards Max·Last, which it
// would reach at Steps:
//
//	up    = ⌊Peak·Steps⌋
//	rate  = Max·(First + (1−First)·step/up)                   before step up
//	rate  = Max·(1 − (1−Last)·(step−up)/(Steps−up))           from there on; after Steps, Max·Last
type Triangle struct {
	Max   float64 `json:"max"`
	First float64 `json:"first"`
	Peak  float64 `json:"peak"`
	Last  float64 `json:"last"`
	Steps int     `json:"steps"` // 0: the whole training
}

// Rate follows the formula above.
func (s Triangle) Rate(step int) float64 {
	if s.Steps == 0 {
		return math.NaN()
	}
	up := int(s.Peak * float64(s.Steps))
	if step < up {
		return s.Max * (s.First + (1-s.First)*float64(step)/float64(up))
	}
	return s.Max * (1 - (1-s.Last)*min(1, float64(step-up)/float64(max(1, s.Steps-up))))
}

func (s Triangle) over(steps int) Schedule {
	s.Steps = cmp.Or(s.Steps, steps)
	return s
}

func (s Triangle) validate() error {
	if s.Steps < 1 {
		return fmt.Errorf("needs at least 1 step, got %d", s.Steps)
	}
	for what, v := range map[string]float64{"first": s.First, "peak": s.Peak, "last": s.Last} {
		if !(v >= 0 && v <= 1) {
			return fmt.Errorf("%s must be from 0 to 1, got %g", what, v)
		}
	}
	return positive("max", s.Max)
}
