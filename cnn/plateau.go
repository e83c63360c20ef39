package cnn

import (
	"cmp"
	"fmt"
	"math"
)

// Plateau multiplies a schedule's rates by Factor, from the next epoch on, once Patience epochs in a row were not better than the
// best one before: the rule of Keras's ReduceLROnPlateau. It knows nothing but the run's history of validation figures, so that a
// resumed training reduces its rate where an uninterrupted one does. Test images never take part.
type Plateau struct {
	Factor   float64 `json:"factor,omitempty"`    // 0 is 0.1
	Patience int     `json:"patience,omitempty"`  // epochs; 0 is 10
	MinDelta float64 `json:"min_delta,omitempty"` // by how much an epoch must be better than the best one, as in Config; 0 is 0.0001
	Cooldown int     `json:"cooldown,omitempty"`  // epochs after a reduction in which none counts as not better
	MinRate  float64 `json:"min_rate,omitempty"`  // no rate is reduced below it
	Monitor  Monitor `json:"monitor,omitempty"`
}

// reductions returns how often a history has led to a lower rate.
func (p *Plateau) reductions(h History) (count int) {
	best, waited, cooldown := math.Inf(1), 0, 0
	for _, e := range h.Epochs {
		if cooldown > 0 {
			cooldown--
			waited = 0
		}
		switch v := p.Monitor.figure(e); {
		case v < best-cmp.Or(p.MinDelta, 1e-4):
			best, waited = v, 0
		case cooldown == 0:
			waited++
			if waited >= cmp.Or(p.Patience, 10) {
				count++
				waited, cooldown = 0, p.Cooldown
			}
		}
	}
	return count
}

// reduced returns a schedule's rate as reduced after a history. A nil Plateau reduces nothing.
func (p *Plateau) reduced(rate float64, h History) float64 {
	if p == nil {
		return rate
	}
	return max(rate*math.Pow(cmp.Or(p.Factor, 0.1), float64(p.reductions(h))), min(rate, p.MinRate))
}

func (p *Plateau) validate() error {
	switch {
	case p == nil:
		return nil
	case p.Patience < 0 || p.Cooldown < 0:
		return fmt.Errorf("patience and cooldown must be at least 0 epochs, got %d and %d", p.Patience, p.Cooldown)
	case !(p.MinDelta >= 0 && p.MinDelta <= math.MaxFloat32) || !(p.MinRate >= 0 && p.MinRate <= math.MaxFloat32):
		return fmt.Errorf("the least improvement and the lowest rate must be at least 0 and finite, got %g and %g", p.MinDelta, p.MinRate)
	}
	if err := p.Monitor.validate(); err != nil {
		return err
	}
	return fraction("factor", p.Factor)
}

// rate returns the rate of a step, counted from 0, of the training: the history's, if it has been done.
func (t *training) rate(step int) float64 {
	if done := t.run.History.Steps; step < len(done) {
		return done[step].Rate
	}
	c := t.engine.config
	return c.Plateau.reduced(c.Schedule.Rate(step), t.run.History)
}
