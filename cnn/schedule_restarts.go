package cnn

import (
	"cmp"
	"fmt"
	"math"
)

// CosineRestarts falls along half a cosine from Max to Min, and begins again at Max, again and again: the warm restarts of
// Loshchilov and Hutter 2016, arXiv 1608.03983, section 3. Each period has Growth times as many steps as the one before,
// and begins at a height of Shrink times its own:
//
//	rate = Min + (Max−Min)·Shrink^i·(1 + cos(π·t))/2
//
// where i counts periods from 0, and t is the part of period i that has passed. It is Keras's CosineDecayRestarts.
type CosineRestarts struct {
	Max    float64 `json:"max"`
	Min    float64 `json:"min,omitempty"`
	First  int     `json:"first"`            // steps of the first period; 0: three periods span the training
	Growth float64 `json:"growth,omitempty"` // 0 is 2
	Shrink float64 `json:"shrink,omitempty"` // 0 is 1
}

func (s CosineRestarts) growth() float64 { return cmp.Or(s.Growth, 2) }
func (s CosineRestarts) shrink() float64 { return cmp.Or(s.Shrink, 1) }

// Rate follows the formula above.
func (s CosineRestarts) Rate(step int) float64 {
	if s.First == 0 {
		return math.NaN()
	}
	t, period, height := float64(step), float64(s.First), s.Max-s.Min
	for t >= period {
		t -= period
		period *= s.growth()
		height *= s.shrink()
	}
	return s.Min + height*(1+math.Cos(math.Pi*t/period))/2
}

func (s CosineRestarts) over(steps int) Schedule {
	if s.First == 0 {
		g := s.growth()
		s.First = int(math.Ceil(float64(steps) / (1 + g + g*g)))
	}
	return s
}

func (s CosineRestarts) validate() error {
	switch {
	case s.First < 1:
		return fmt.Errorf("the first period needs at least 1 step, got %d", s.First)
	case !(s.Min >= 0 && s.Min <= s.Max):
		return fmt.Errorf("min %g must lie between 0 and max %g", s.Min, s.Max)
	case !(s.growth() >= 1 && s.growth() <= 1000):
		return fmt.Errorf("growth must be from 1 to 1000, got %g", s.Growth)
	case !(s.shrink() > 0 && s.shrink() <= 1):
		return fmt.Errorf("shrink must be above 0 and at most 1, got %g", s.Shrink)
	}
	return positive("max", s.Max)
}
