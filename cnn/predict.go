package cnn

import (
	"context"
	"fmt"
	"image"
	"slices"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cifar/picture"
)

// Answer is what a network says about a picture.
type Answer struct {
	Prediction
	How string // how the picture was brought to the network's size, from [picture.Fit]
}

// Predict asks the network about pictures of any size. Each is cut to the middle and averaged
// down to the size that the network takes, see [picture.Fit], and preprocessed as the
// run's training images were, without flips. Answer i is that for pictures[i]: its
// probabilities are in the order of [Run.Classes].
func (r *Run) Predict(ctx context.Context, pictures ...image.Image) ([]Answer, error) {
	if len(pictures) == 0 {
		return nil, fmt.Errorf("%w: no pictures to ask about", ErrConfig)
	}
	names, err := r.Classes()
	if err != nil {
		return nil, err
	}
	in := r.Network.Input
	shape := cifar.Shape{Height: in[0], Width: in[1], Channels: in[2]} // Classes has checked the network
	if err := shape.Check(); err != nil {
		return nil, fmt.Errorf("%w: the network cannot be asked about pictures: %w", ErrArchitecture, err)
	}
	d := &cifar.Dataset{
		Name: "pictures", Names: names, Height: shape.Height, Width: shape.Width, Channels: shape.Channels,
		Labels: make([]uint8, len(pictures)), Origin: make([]int, len(pictures)),
	}
	answers := make([]Answer, len(pictures))
	for i, img := range pictures {
		if img == nil {
			return nil, fmt.Errorf("%w: picture %d is nil", ErrConfig, i)
		}
		pixels, how, err := picture.Fit(img, shape)
		if err != nil {
			return nil, fmt.Errorf("picture %d: %w", i, err)
		}
		d.Images, d.Origin[i], answers[i].How = append(d.Images, pixels...), i, how
	}
	result, err := r.Evaluate(ctx, d, nil) // its losses and accuracy mean nothing here: there are no labels
	if err != nil {
		return nil, err
	}
	for i := range answers {
		answers[i].Prediction = result.Prediction(i)
	}
	return answers, nil
}

// Classes returns the names of the classes by output of the network: those of the training
// images, or "class 0", "class 1" and so on for an imported network, whose file names none.
func (r *Run) Classes() ([]string, error) {
	shapes, err := r.Network.Shapes()
	if err != nil {
		return nil, err
	}
	last := shapes[len(shapes)-1]
	names := slices.Clone(r.manifest.Data.Train.Classes)
	if names == nil && len(last) == 1 {
		for c := range last[0] {
			names = append(names, fmt.Sprintf("class %d", c))
		}
	}
	return names, r.Network.Classifier(len(names))
}

// NamesClasses reports whether the run knows the names of its classes.
func (r *Run) NamesClasses() bool { return r.manifest.Data.Train.Classes != nil }
