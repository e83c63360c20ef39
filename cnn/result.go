package cnn

import "fmt"

// Result holds a network's predictions for every image of a dataset. Index i is always
// the dataset's image i, in whatever order they were computed.
type Result struct {
	Names         []string    // class names
	Actual        []int       // the labels
	Predicted     []int       // the most probable class
	Probabilities [][]float64 // of each class, [image][class]
	Losses        []float64   // categorical cross-entropy of each image, nats
	Loss          float64     // their mean
	Accuracy      float64     // fraction of images predicted correctly, 0 to 1
	Epoch         int         // whose weights predicted, if not the run's latest: [Run.KeptEpoch]; 0 otherwise

	receipt map[string]string // of the run
}

// String returns one line: "accuracy 0.7646 (95 % interval 0.7562 to 0.7728), loss
// 0.8820, 10000 images", and the epoch of the weights if the run kept its best ones.
func (r *Result) String() string {
	low, high := r.Interval()
	s := fmt.Sprintf("accuracy %.4f (95 %% interval %.4f to %.4f), loss %.4f, %d images", r.Accuracy, low, high, r.Loss, len(r.Actual))
	if r.Epoch > 0 {
		s += fmt.Sprintf(", weights of epoch %d", r.Epoch)
	}
	return s
}

// Prediction is the network's prediction for one image.
type Prediction struct {
	Class         int
	Name          string
	Probabilities []float64
}

// Prediction returns the prediction for image i.
func (r *Result) Prediction(i int) Prediction {
	return Prediction{Class: r.Predicted[i], Name: r.Names[r.Predicted[i]], Probabilities: r.Probabilities[i]}
}

// Subset returns the result for some of the images: its result i is that of image
// indices[i], and loss and accuracy are those of these images only. It allows two
// groups of one dataset to be compared without evaluating them again.
func (r *Result) Subset(indices []int) (*Result, error) {
	if len(indices) == 0 {
		return nil, fmt.Errorf("%w: a subset of a result needs at least one image", ErrConfig)
	}
	out := &Result{Names: r.Names, Epoch: r.Epoch, receipt: r.receipt}
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
