package cnn

import (
	"math"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

func TestRobust(t *testing.T) {
	curve := func(suggestion float64) *RateCurve {
		return &RateCurve{
			Rates: []float64{1e-4, 1e-3, 1e-2, 0.1, 1}, Smoothed: []float64{2.3, 2.29, 2.2, 1.9, 2.5},
			Suggestion: suggestion, Reason: "steepest",
		}
	}
	for _, c := range []struct{ suggestion, want float64 }{
		{1e-2, 1e-2}, // near the lowest loss: kept
		{1e-4, 1e-2}, // a thousand times below it: a tenth of the lowest instead
		{0, 0},       // the loss never fell
	} {
		got, reason := curve(c.suggestion).Robust()
		if diff := got - c.want; diff > 1e-12 || diff < -1e-12 {
			t.Errorf("suggestion %g: %g, expected %g", c.suggestion, got, c.want)
		}
		if kept := c.suggestion == c.want; kept != (reason == "steepest") {
			t.Errorf("suggestion %g has the reason %q", c.suggestion, reason)
		}
	}
}

// searched is the curve of a search with these losses, from 1e-4 to 1.
func searched(losses []float64) *RateCurve {
	c := &RateCurve{smooth: 0.9}
	average := 0.0
	for i, l := range losses {
		average = 0.9*average + 0.1*l
		rate := 1e-4 * math.Pow(1e4, float64(i)/float64(len(losses)-1))
		c.add(rate, l, 0, average/(1-math.Pow(0.9, float64(i+1))))
	}
	c.suggest()
	return c
}

// In a curve of noise a search suggests nothing, and says why; in a clear fall it finds the rate.
func TestNoiseIsNoSuggestion(t *testing.T) {
	const searches, steps = 200, 100
	suggested := map[float64]int{}
	for seed := range searches {
		random := rand.New(rand.NewPCG(uint64(seed), 3))
		for _, fall := range []float64{0, 0.02, 0.6} {
			losses := make([]float64, steps)
			for i := range losses {
				// flat for half of the steps, then down
				losses[i] = 2.3 + 0.1*random.NormFloat64() - fall*max(0, float64(i)/steps-0.5)*2
			}
			c := searched(losses)
			switch {
			case c.Suggestion > 0:
				suggested[fall]++
				if fall > 0.5 && c.Suggestion < 1e-3 {
					t.Errorf("seed %d: suggests %g, where nothing falls: %s", seed, c.Suggestion, c.Reason)
				}
			case !strings.HasPrefix(c.Reason, "not enough steps to tell") && !strings.HasPrefix(c.Reason, "the loss never fell"):
				t.Errorf("seed %d: no suggestion, and the reason %q", seed, c.Reason)
			}
			if rate, reason := c.Robust(); c.Suggestion == 0 && (rate != 0 || reason != c.Reason) {
				t.Errorf("seed %d: Robust suggests %g (%s), expected nothing", seed, rate, reason)
			}
		}
	}
	if n := suggested[0]; n > searches/25 { // one in a hundred is expected
		t.Errorf("%d of %d curves of noise gave a suggestion", n, searches)
	}
	if n := suggested[0.6]; n < searches*95/100 {
		t.Errorf("only %d of %d clear falls gave a suggestion", n, searches)
	}
	t.Logf("suggestions of %d searches, by the fall of the loss: %v", searches, suggested)
}

func TestReasonOfNoSuggestion(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 3))
	losses := make([]float64, 60)
	for i := range losses {
		losses[i] = 2.3 + 0.1*random.NormFloat64()
	}
	c := searched(losses)
	want := regexp.MustCompile(`^not enough steps to tell: over 60 steps the smoothed loss falls by 0\.\d+, and batches whose losses spread by 0\.[01]\d* make it fall as far by chance in \d+ of 1000 searches: try more steps or larger batches$`)
	if !want.MatchString(c.Reason) {
		t.Errorf("reason %q", c.Reason)
	}
}

func TestFallOf(t *testing.T) {
	losses := make([]float64, 40)
	for i := range losses { // 2 and 4 in turn for 20 steps, then 1
		losses[i] = 3 - math.Pow(-1, float64(i))
		if i >= 20 {
			losses[i] = 1
		}
	}
	fall, spread := fallOf(losses, 0.5)
	if math.Abs(fall-2) > 1e-4 {
		t.Errorf("fall %g, expected 2: from 3 to 1", fall)
	}
	if want := math.Sqrt((19*4 + 9) / (2 * 39.0)); math.Abs(spread-want) > 1e-12 {
		t.Errorf("spread %g, expected %g", spread, want)
	}
	if fall, spread := fallOf([]float64{2, 2, 2, 2, 2}, 0.9); fall > 1e-9 || spread != 0 {
		t.Errorf("a constant loss: fall %g, spread %g", fall, spread)
	}
}
