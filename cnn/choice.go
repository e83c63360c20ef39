package cnn

import "fmt"

// Robust is the suggestion with a check against noise. The place where the loss
// falls most steeply is lost among chance fluctuations when the loss hardly falls
// at all; it is trusted if it lies within a factor of a hundred below the rate
// of the lowest smoothed loss. Otherwise the rate is a tenth of the latter, the
// older rule of thumb of fastai. The rate is 0 if the loss never fell.
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
