package cnn

import "fmt"

// Subset is the result over some of the images: result i of it is that of image
// indices[i], and loss and accuracy are those of these images alone. It is how
// two groups of one dataset are compared without evaluating them again.
func (r *Result) Subset(indices []int) (*Result, error) {
	if len(indices) == 0 {
		return nil, fmt.Errorf("%w: a subset of a result needs at least one image", ErrConfig)
	}
	out := &Result{Names: r.Names}
	right := 0
	for k, i := range indices {
		if i < 0 || i >= len(r.Actual) {
			return nil, fmt.Errorf("%w: index %d at position %d of a subset of a result, expected 0 to %d", ErrConfig, i, k, len(r.Actual)-1)
		}
		out.Actual = append(out.Actual, r.Actual[i])
		out.Predicted = append(out.Predicted, r.Predicted[i])
		out.Probabilities = append(out.Probabilities, r.Probabilities[i])
		out.Losses = append(out.Losses, r.Losses[i])
		out.Loss += r.Losses[i] / float64(len(indices))
		if r.Predicted[i] == r.Actual[i] {
			right++
		}
	}
	out.Accuracy = ratio(right, len(indices))
	return out, nil
}
