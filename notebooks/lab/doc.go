// Package lab is what the notebooks share: the write-up's course, from the images
// of a budget to its stages of training and its own ways to evaluate.
//
// A notebook opens its lab once, and trains and reads runs from there:
//
//	l, err := lab.Open()
//	if err != nil { … }
//	base, err := l.OpenBase()
//	if err != nil { … }
//	err = lab.Train(ctx, base, "Base model, SGD at 0.001")
//
// A [Lab] holds the parameters that the notebook was started with, their [Budget],
// and the images: four fifths of the training images to train on, a fifth to
// validate with, and the test images. A [Chain] trains the write-up's stages, each
// from the weights of the one before. What the write-up measures with, and what
// each mistake in it does to the figures, is in [EvaluateFlipped],
// [EvaluateTogether], [Misaligned] and [Budget.BackwardRamp].
//
// Names, seeds and configurations are part of a run's identity (see package cnn):
// to change one is to train anew.
package lab
