// Package lab is what the notebooks share: the write-up's course, from the images
// of a budget to its stages of training and its own ways to evaluate.
//
// A cell opens the lab, and trains and reads runs from there:
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
// from the weights of the one before. [EvaluateFlipped], [EvaluateTogether] and
// [Misaligned] repeat mistakes of the write-up's evaluation, to show what each does to
// the figures; [Budget.BackwardRamp] tests what its rate search measures.
//
// Names, seeds, configurations and images are part of a run's identity (see package
// cnn): if any of them changes, a new run is trained.
package lab
