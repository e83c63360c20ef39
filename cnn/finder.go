package cnn

import (
	"cmp"
	"context"
	"fmt"
	"math"
)

// RateSearch is the learning-rate range test (Smith 2015, arXiv 1506.01186,
// section 3.3) in the form that fastai popularised: starting from a copy of
// the weights, the rate rises by a constant factor per step until the loss
// diverges. A field's zero value means the default stated next to it.
type RateSearch struct {
	From   float64 // first rate; 0 is 1e-5
	To     float64 // last rate; 0 is 1
	Steps  int     // 0 is 100
	Smooth float64 // weight of the past in the smoothed loss; 0 is 0.9
	Stop   float64 // stops at this multiple of the lowest smoothed loss; 0 is 4
}

// RateCurve is the result of a search.
type RateCurve struct {
	Rates      []float64 // one for each step
	Losses     []float64 // of each step's batch
	Accuracies []float64 // of each step's batch
	Smoothed   []float64 // running mean of the losses, bias-corrected as in Adam
	Diverged   bool      // whether the loss diverged before the last rate
	Suggestion float64   // 0 if the loss never fell
	Reason     string    // reason for this rate, or for none
}

// withDefaults replaces zero values by defaults.
func (s RateSearch) withDefaults() RateSearch {
	s.From, s.To = cmp.Or(s.From, 1e-5), cmp.Or(s.To, 1)
	s.Smooth, s.Stop = cmp.Or(s.Smooth, 0.9), cmp.Or(s.Stop, 4)
	if s.Steps == 0 {
		s.Steps = 100
	}
	return s
}

// SearchRate tries rates on a copy of the run's weights, with the run's own
// optimizer, batches and preprocessing. The run, its files and its history do not
// change. observe may be nil.
func (r *Run) SearchRate(ctx context.Context, search RateSearch, observe func(Progress)) (*RateCurve, error) {
	if r.spec.Train == nil {
		return nil, errUntrainable
	}
	search = search.withDefaults()
	schedule := Exponential{From: search.From, To: search.To, Steps: search.Steps}
	if err := schedule.validate(); err != nil {
		return nil, fmt.Errorf("%w: rate search: %w", ErrConfig, err)
	}
	config := r.drawing(r.spec.Config)
	slots, err := r.Network.freshSlots(config.Optimizer, r.weights)
	if err != nil {
		return nil, err
	}
	e, err := newEngine(r.Network, config, r.weights, slots)
	if err != nil {
		return nil, err
	}
	defer e.close()
	if err := config.Precision.worthwhile(e.backend); err != nil {
		return nil, err
	}
	data, err := upload(e.backend, r.spec.Train, config.devices())
	if err != nil {
		return nil, err
	}
	curve := &RateCurve{}
	batches := batchesOf(config, data.n)
	average, best := 0.0, math.Inf(1)
	for step := range search.Steps {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		rate := schedule.Rate(step)
		indices := batches(step)
		loss, right, err := e.step(data, newStepRequest(config, step, rate, indices))
		if err != nil {
			return nil, err
		}
		average = search.Smooth*average + (1-search.Smooth)*loss
		smoothed := average / (1 - math.Pow(search.Smooth, float64(step+1)))
		if !(smoothed <= search.Stop*best) && step > 0 { // also true for NaN
			curve.Diverged = true
			break
		}
		best = min(best, smoothed)
		curve.add(rate, loss, right/float64(len(indices)), smoothed)
		if observe != nil {
			observe(Progress{Epoch: 1, Epochs: 1, Step: step + 1, Steps: search.Steps, Rate: rate, Loss: smoothed, Accuracy: right / float64(len(indices))})
		}
	}
	curve.suggest()
	return curve, nil
}

func (c *RateCurve) add(rate, loss, accuracy, smoothed float64) {
	c.Rates, c.Losses = append(c.Rates, rate), append(c.Losses, loss)
	c.Accuracies, c.Smoothed = append(c.Accuracies, accuracy), append(c.Smoothed, smoothed)
}

// suggest picks the rate at which the smoothed loss falls most steeply over the
// logarithm of the rate, before its minimum: there training is fastest while
// still well below the rates at which it becomes unstable.
func (c *RateCurve) suggest() {
	lowest := 0
	for i, l := range c.Smoothed {
		if l < c.Smoothed[lowest] {
			lowest = i
		}
	}
	steepest, slope := 0, 0.0
	for i := 1; i < lowest; i++ {
		d := (c.Smoothed[i+1] - c.Smoothed[i-1]) / math.Log(c.Rates[i+1]/c.Rates[i-1])
		if d < slope {
			steepest, slope = i, d
		}
	}
	if steepest == 0 {
		c.Reason = "the loss never fell: try lower rates, more steps, or look at the data"
		return
	}
	c.Suggestion = c.Rates[steepest]
	c.Reason = fmt.Sprintf("the smoothed loss falls most steeply at a rate of %.2g (step %d); it is lowest at %.2g", c.Rates[steepest], steepest+1, c.Rates[lowest])
	if c.Diverged {
		c.Reason += fmt.Sprintf(" and blows up after %.2g", c.Rates[len(c.Rates)-1])
	} else {
		c.Reason += ", and did not blow up within the range: a higher last rate may show more"
	}
}

// Robust returns the suggestion with a check against noise. If the loss hardly falls,
// the position of its steepest fall is determined by noise. It is used only if it is
// within a factor of a hundred below the rate of the lowest smoothed loss. Otherwise
// the rate is a tenth of the latter, fastai's older rule of thumb. The rate is 0 if
// the loss never fell.
func (c *RateCurve) Robust() (rate float64, reason string) {
	if c.Suggestion == 0 {
		return 0, c.Reason
	}
	lowest := 0
	for i, l := range c.Smoothed {
		if l < c.Smoothed[lowest] {
			lowest = i
		}
	}
	bottom := c.Rates[lowest]
	if c.Suggestion >= bottom/100 && c.Suggestion <= bottom {
		return c.Suggestion, c.Reason
	}
	return bottom / 10, fmt.Sprintf("a tenth of %.2g, where the smoothed loss is lowest; it falls most steeply at %.2g, too far from there to be more than noise", bottom, c.Suggestion)
}
