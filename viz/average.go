package viz

import (
	"fmt"
	"math"
)

// MovingAverage returns the means of n successive values, len(a)-n+1 of them, computed
// from a cumulative sum, like the write-up's
//
//	ret = cumsum(a); ret[n:] = ret[n:] - ret[:-n]; return ret[n-1:] / n
//
// Element i is the mean of a[i:i+n], so the average that ends at a[i] is element i-n+1.
func MovingAverage(a []float64, n int) ([]float64, error) {
	if n < 1 || n > len(a) {
		return nil, inputErrorf("moving average", "window is %d, expected 1 to %d, the number of values", n, len(a))
	}
	if err := checkFinite("moving average", "values", a); err != nil {
		return nil, err
	}
	sums := make([]float64, len(a)+1) // sums[i] is the sum of a[:i]
	for i, v := range a {
		sums[i+1] = sums[i] + v
	}
	out := make([]float64, len(a)-n+1)
	for i := range out {
		out[i] = (sums[i+n] - sums[i]) / float64(n)
	}
	return out, nil
}

// MeanBand returns a series with the mean of several runs of equal length and
// a band of one sample standard deviation (divisor n-1) on either side.
// A single run gives a series without a band.
func MeanBand(name string, runs ...[]float64) (Series, error) {
	if len(runs) == 0 {
		return Series{}, inputErrorf("band", "%q has no runs, expected at least one", name)
	}
	for i, run := range runs {
		if err := checkFinite("band", runName(name, i), run); err != nil {
			return Series{}, err
		}
		if err := checkLength("band", runName(name, i), len(run), runName(name, 0), len(runs[0])); err != nil {
			return Series{}, err
		}
	}
	s := Series{Name: name, Y: make([]float64, len(runs[0]))}
	for i := range s.Y {
		for _, run := range runs {
			s.Y[i] += run[i] / float64(len(runs))
		}
	}
	if len(runs) == 1 {
		return s, nil
	}
	s.Low, s.High = make([]float64, len(s.Y)), make([]float64, len(s.Y))
	for i, mean := range s.Y {
		var squares float64
		for _, run := range runs {
			squares += (run[i] - mean) * (run[i] - mean)
		}
		deviation := math.Sqrt(squares / float64(len(runs)-1))
		s.Low[i], s.High[i] = mean-deviation, mean+deviation
	}
	return s, nil
}

func runName(name string, i int) string { return fmt.Sprintf("run %d of %q", i, name) }
