package cnn

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"strconv"

	"github.com/cnnbook/cnnbook/internal/number"
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
	Suggestion float64   // 0 if the loss never fell, or by no more than noise makes it fall
	Reason     string    // reason for this rate, or for none

	smooth float64 // weight of the past in Smoothed
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
	slots, err := r.Network.freshSlots(config, r.inUse())
	if err != nil {
		return nil, err
	}
	e, err := newEngine(cacheOf(ctx), r.Network, config, r.inUse(), slots)
	if err != nil {
		return nil, err
	}
	defer e.close()
	if err := config.Precision.worthwhile(e.backend); err != nil {
		return nil, err
	}
	data, err := e.send(r.spec.Train, e.config.devices())
	if err != nil {
		return nil, err
	}
	defer data.free()
	curve := &RateCurve{smooth: search.Smooth}
	batches := batchesOf(config, data.n)
	average, best := 0.0, math.Inf(1)
	for step := range search.Steps {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		rate := schedule.Rate(step)
		indices := batches(step)
		loss, right, err := e.step(data, newStepRequest(config, data.n, step, rate, indices))
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
// still well below the rates at which it becomes unstable. The slope is that over as many
// steps as the smoothing covers, once it has settled: from step to step it is noise.
func (c *RateCurve) suggest() {
	lowest := 0
	for i, l := range c.Smoothed {
		if l < c.Smoothed[lowest] {
			lowest = i
		}
	}
	settled := settledAfter(len(c.Losses), c.smooth)
	half := max(1, settled/2)
	steepest, slope := 0, 0.0
	for i := settled + half; i+half <= lowest; i++ {
		d := (c.Smoothed[i+half] - c.Smoothed[i-half]) / math.Log(c.Rates[i+half]/c.Rates[i-half])
		if d < slope {
			steepest, slope = i, d
		}
	}
	if steepest == 0 {
		c.Reason = "the loss never fell: try lower rates, more steps, or look at the data"
		return
	}
	if c.Reason = c.doubt(); c.Reason != "" {
		return
	}
	c.Suggestion = c.Rates[steepest]
	c.Reason = fmt.Sprintf("the smoothed loss falls most steeply at a rate of %s (step %d); it is lowest at %s", rateText(c.Rates[steepest]), steepest+1, rateText(c.Rates[lowest]))
	if c.Diverged {
		c.Reason += fmt.Sprintf(" and blows up after %s", rateText(c.Rates[len(c.Rates)-1]))
	} else {
		c.Reason += ", and did not blow up within the range: a higher last rate may show more"
	}
}

// doubt returns the reason why the fall of the smoothed loss may be noise; empty if it is not. The fall is that from the
// steps over which the smoothing settles, at the lowest rates, to the lowest smoothed loss after them. It is compared with
// the falls of searchesOfNoise curves of as many steps in which the rate has no effect: their losses are independent
// normal numbers with the spread of the search's batches. If more than one in a hundred of them falls as far, the search has
// too few steps, or too small batches, to tell.
func (c *RateCurve) doubt() string {
	fall, spread := fallOf(c.Losses, c.smooth)
	further := 0
	random := stream(0, streamNoise, uint64(len(c.Losses)))
	noise := make([]float64, len(c.Losses))
	for range searchesOfNoise {
		for i := range noise {
			noise[i] = random.NormFloat64()
		}
		if f, s := fallOf(noise, c.smooth); f*spread >= fall*s { // in units of the spread
			further++
		}
	}
	if further <= searchesOfNoise/100 {
		return ""
	}
	return fmt.Sprintf("not enough steps to tell: over %d steps the smoothed loss falls by %s, and batches whose losses spread by %s make it fall as far by chance in %d of %d searches: try more steps or larger batches",
		len(c.Losses), number.Short(max(0, fall)), number.Short(spread), further, searchesOfNoise)
}

// searchesOfNoise is the number of curves of noise with which a search is compared.
const searchesOfNoise = 1000

// settledAfter is the number of steps that the smoothing covers, at most a quarter of the search.
func settledAfter(steps int, smooth float64) int {
	return max(1, min(int(math.Round(1/(1-smooth))), steps/4))
}

// fallOf returns by how much the smoothed losses fall below the mean of the steps over which the smoothing settles, and the
// standard deviation of a step's loss up to there, from the differences of successive steps: a trend hardly changes it
// (von Neumann 1941).
func fallOf(losses []float64, smooth float64) (fall, spread float64) {
	settled := settledAfter(len(losses), smooth)
	begin, average, lowest, at := 0.0, 0.0, math.Inf(1), 0
	for i, l := range losses {
		average = smooth*average + (1-smooth)*l
		if i < settled {
			begin += l / float64(settled)
			continue
		}
		if s := average / (1 - math.Pow(smooth, float64(i+1))); s < lowest {
			lowest, at = s, i
		}
	}
	squares := 0.0
	for i := 1; i <= at; i++ {
		squares += (losses[i] - losses[i-1]) * (losses[i] - losses[i-1])
	}
	return begin - lowest, math.Sqrt(squares / float64(2*max(1, at)))
}

// Robust returns the suggestion with a check against noise. If the loss hardly falls,
// the position of its steepest fall is determined by noise. It is used only if it is
// within a factor of a hundred below the rate of the lowest smoothed loss. Otherwise
// the rate is a tenth of the latter, fastai's older rule of thumb. The rate is 0 where
// the curve has no suggestion.
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
	return bottom / 10, fmt.Sprintf("a tenth of %s, where the smoothed loss is lowest; it falls most steeply at %s, too far from there to be more than noise", rateText(bottom), rateText(c.Suggestion))
}

// rateText writes a rate with two significant digits, as people read it.
func rateText(rate float64) string {
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(rate, 'g', 2, 64), 64) // FormatFloat wrote it
	return number.Short(rounded)
}
