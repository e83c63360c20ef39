// Package lab is what the notebooks share: the write-up's course, from the images
// of a budget to its stages of training and its own ways to evaluate.
//
// A cell opens the lab, and trains and reads runs from there:
//
//	l := lab.Open()
//	base := l.Fit("base", cnn.WriteUp(), cnn.Config{Schedule: cnn.Constant(0.001), Epochs: 2})
//	lab.Curves(base)
//	lab.Dashboard(base, l.Test)
//
// Calls without an error among their results end the cell when they fail: they panic with a plain error, which a session shows
// as one line with the line of the cell. Those that take time end when the cell is interrupted. [New], [ParseBudget] and
// [Chain] return errors, for programs.
//
// A [Lab] holds the parameters that the notebook was started with, their [Budget],
// and the images: four fifths of the training images to train on, a fifth to
// validate with, and the test images. A [Chain] trains the write-up's stages, each
// from the weights of the one before. [EvaluateFlipped], [EvaluateTogether] and
// [Misaligned] repeat mistakes of the write-up's evaluation, to show what each does to
// the figures; [Budget.BackwardRamp] tests what its rate search measures.
//
// What the notebooks about data, weights and predictions measure and draw is in splits.go and pixels.go, weights.go, steps.go and
// saved.go, reading.go and results.go: [Cut], [PrepareAlone], [Kernels], [Average], [FlipBit], [Walk], [TwoWays] and what is beside them.
//
// Names, seeds, configurations and images are part of a run's identity (see package
// cnn): if any of them changes, a new run is trained.
package lab
