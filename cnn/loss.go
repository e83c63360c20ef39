package cnn

import (
	"fmt"
	"math"
)

// Loss describes what a training minimises: by default the mean categorical cross-entropy of a batch. The loss that a training
// reports is the mean, smoothed and weighted like this; that of validation and evaluation is always the plain cross-entropy.
type Loss struct {
	// Smoothing replaces a label, 1 for its class and 0 for the others, by 1 − Smoothing plus Smoothing/classes for its class
	// and Smoothing/classes for the others (Szegedy et al. 2016, arXiv 1512.00567, section 7), as Keras's and PyTorch's
	// label_smoothing do.
	Smoothing float64 `json:"label_smoothing,omitempty"`
	// Sum minimises the sum over a batch instead of the mean: the gradient is larger by the number of images, and a rate
	// counts for each image.
	Sum bool `json:"sum,omitempty"`
	// ClassWeights multiplies the loss of each image by the number of its class, as Keras's class_weight does; nil is 1 for all.
	ClassWeights []float64 `json:"class_weights,omitempty"`
}

func (l Loss) isDefault() bool { return l.Smoothing == 0 && !l.Sum && l.ClassWeights == nil }

// check returns an error if the loss does not fit data of that many classes.
func (l Loss) check(classes int) error {
	if err := fraction("label smoothing", l.Smoothing); err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if l.ClassWeights == nil {
		return nil
	}
	if len(l.ClassWeights) != classes {
		return fmt.Errorf("%w: %d class weights for %d classes", ErrConfig, len(l.ClassWeights), classes)
	}
	for c, w := range l.ClassWeights {
		if !(w >= 0 && w <= math.MaxFloat32) {
			return fmt.Errorf("%w: the weight of class %d must be at least 0 and finite, got %g", ErrConfig, c, w)
		}
	}
	return nil
}
