package cnn

import (
	"cmp"
	"math"
	"slices"

	"github.com/cnnbook/cnnbook/internal/stats"
)

// Confusion counts images by their label and by the predicted class:
// [actual][predicted].
func (r *Result) Confusion() [][]int {
	m := make([][]int, len(r.Names))
	for i := range m {
		m[i] = make([]int, len(r.Names))
	}
	for i, a := range r.Actual {
		m[a][r.Predicted[i]]++
	}
	return m
}

// ClassScore holds the scores of one class. A ratio whose denominator is
// zero is 0, as in scikit-learn's default.
type ClassScore struct {
	Name      string
	Images    int     // with this label
	Precision float64 // the fraction of images predicted as this class that belong to it
	Recall    float64 // the fraction of this class's images predicted as it
	F1        float64 // harmonic mean of the two
}

// ClassScores returns precision, recall and F1 of each class.
func (r *Result) ClassScores() []ClassScore {
	m := r.Confusion()
	out := make([]ClassScore, len(r.Names))
	for c, name := range r.Names {
		actual, called := 0, 0
		for k := range r.Names {
			actual += m[c][k]
			called += m[k][c]
		}
		s := ClassScore{Name: name, Images: actual, Precision: ratio(m[c][c], called), Recall: ratio(m[c][c], actual)}
		if sum := s.Precision + s.Recall; sum > 0 {
			s.F1 = 2 * s.Precision * s.Recall / sum
		}
		out[c] = s
	}
	return out
}

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// Pair counts how often images of one class were predicted as another.
type Pair struct {
	Actual, Predicted string
	Count             int
	Fraction          float64 // of the actual class's images
}

// MostConfused lists the n most frequent mistakes, most frequent first.
func (r *Result) MostConfused(n int) []Pair {
	var pairs []Pair
	for a, row := range r.Confusion() {
		total := 0
		for _, count := range row {
			total += count
		}
		for p, count := range row {
			if a != p && count > 0 {
				pairs = append(pairs, Pair{Actual: r.Names[a], Predicted: r.Names[p], Count: count, Fraction: ratio(count, total)})
			}
		}
	}
	slices.SortStableFunc(pairs, func(a, b Pair) int { return cmp.Compare(b.Count, a.Count) })
	return pairs[:min(n, len(pairs))]
}

// TopLosses lists the indices of the n images with the largest loss, largest
// first: the network's worst predictions.
func (r *Result) TopLosses(n int) []int {
	order := make([]int, len(r.Losses))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(r.Losses[b], r.Losses[a]) })
	return order[:max(0, min(n, len(order)))]
}

// WorstMistakes lists the n misclassified images with the largest loss, largest
// first.
func (r *Result) WorstMistakes(n int) []int {
	var out []int
	for _, i := range r.TopLosses(len(r.Losses)) {
		if len(out) < n && r.Predicted[i] != r.Actual[i] {
			out = append(out, i)
		}
	}
	return out
}

// Misclassified lists the indices of the misclassified images, in the dataset's
// order.
func (r *Result) Misclassified() []int {
	var out []int
	for i, a := range r.Actual {
		if r.Predicted[i] != a {
			out = append(out, i)
		}
	}
	return out
}

// Changed lists the indices of the images for which other, a result for the same images, predicts another class. Images that
// only one of the two has are not compared.
func (r *Result) Changed(other *Result) []int {
	var out []int
	for i := range min(len(r.Predicted), len(other.Predicted)) {
		if r.Predicted[i] != other.Predicted[i] {
			out = append(out, i)
		}
	}
	return out
}

// Correct reports for each image whether its class was predicted.
func (r *Result) Correct() []bool {
	out := make([]bool, len(r.Actual))
	for i, a := range r.Actual {
		out[i] = r.Predicted[i] == a
	}
	return out
}

// Confidence returns the probability of the predicted class of each image, 0 to 1.
func (r *Result) Confidence() []float64 {
	out := make([]float64, len(r.Predicted))
	for i, p := range r.Predicted {
		out[i] = r.Probabilities[i][p]
	}
	return out
}

// Interval returns the 95 % confidence interval of the accuracy.
func (r *Result) Interval() (low, high float64) {
	right := len(r.Actual) - len(r.Misclassified())
	return Wilson(right, len(r.Actual))
}

// Wilson returns the 95 % score interval of a proportion, k of n (Wilson 1927); it
// stays within 0 and 1 and holds for small n, unlike the normal approximation.
func Wilson(k, n int) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	const z = 1.959963984540054 // the normal distribution's 97.5 % point
	p, N := float64(k)/float64(n), float64(n)
	center := (p + z*z/(2*N)) / (1 + z*z/N)
	half := z / (1 + z*z/N) * math.Sqrt(p*(1-p)/N+z*z/(4*N*N))
	return max(0, center-half), min(1, center+half)
}

// CalibrationBin holds the images whose highest probability is in one of several
// equally wide ranges.
type CalibrationBin struct {
	Low, High  float64 // Low < confidence ≤ High
	Images     int
	Confidence float64 // mean highest probability
	Accuracy   float64 // fraction predicted correctly
}

// Calibration compares confidence with accuracy in the given number of bins,
// and returns the expected calibration error: the mean difference of the two,
// weighted by images (Guo et al. 2017, arXiv 1706.04599, equation 3).
func (r *Result) Calibration(bins int) ([]CalibrationBin, float64) {
	counted := stats.Calibration(r.Confidence(), r.Correct(), bins)
	out := make([]CalibrationBin, len(counted))
	for i, b := range counted {
		out[i] = CalibrationBin{Low: b.Low, High: b.High, Images: b.Count, Confidence: b.Confidence, Accuracy: b.Accuracy}
	}
	return out, stats.CalibrationError(counted)
}
