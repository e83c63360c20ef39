// Package stats holds the statistics shared by packages that must not import each
// other.
package stats

import (
	"math"
	"slices"
)

// Median returns the middle value, or the mean of the two middle values; 0 for none.
func Median[T ~int64 | ~float64](values []T) T {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// Bin holds the examples whose confidence is in a range. Low is exclusive and High
// inclusive, except that the first bin includes 0.
type Bin struct {
	Low, High  float64
	Count      int
	Confidence float64 // mean over the bin's examples; 0 if it has none
	Accuracy   float64 // fraction of them that is correct; 0 if it has none
}

// Calibration sorts examples by confidence, each from 0 to 1, into n bins of equal
// width, at least one. confidence and correct have the same length.
func Calibration(confidence []float64, correct []bool, n int) []Bin {
	bins := make([]Bin, max(1, n))
	width := float64(len(bins))
	for i := range bins {
		bins[i].Low, bins[i].High = float64(i)/width, float64(i+1)/width
	}
	for i, c := range confidence {
		b := &bins[min(max(int(math.Ceil(c*width))-1, 0), len(bins)-1)]
		b.Count++
		b.Confidence += c
		if correct[i] {
			b.Accuracy++
		}
	}
	for i := range bins {
		if count := float64(bins[i].Count); count > 0 {
			bins[i].Confidence /= count
			bins[i].Accuracy /= count
		}
	}
	return bins
}

// CalibrationError returns the expected calibration error, 0 to 1: the mean of
// |accuracy − confidence| over the bins, weighted by the number of examples (M. P. Naeini
// and others, AAAI 2015; C. Guo and others, "On calibration of modern neural
// networks", arXiv 1706.04599, equation 3). It is 0 without examples.
func CalibrationError(bins []Bin) float64 {
	var total, sum float64
	for _, b := range bins {
		total += float64(b.Count)
		sum += float64(b.Count) * math.Abs(b.Accuracy-b.Confidence)
	}
	if total == 0 {
		return 0
	}
	return sum / total
}
