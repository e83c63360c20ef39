package lab

import (
	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/kernelext"
)

// The write-up's training stages as configurations, with the epochs of a
// budget. Each takes the number of training images where its schedule depends
// on the steps of an epoch.

// stage gives the settings that all stages of the write-up share: standardised images,
// random flips, and batches of the budget's size.
func (b Budget) stage(o cnn.Optimizer, s cnn.Schedule, epochs int, seed uint64) cnn.Config {
	return cnn.Config{Optimizer: o, Schedule: s, Batch: b.Batch, Epochs: epochs, Seed: seed, Preprocess: cnn.Preprocess{Flip: true}}
}

// BaseTraining is the write-up's first training: SGD at 0.001, 300 epochs.
func (b Budget) BaseTraining(seed uint64) cnn.Config {
	return b.stage(cnn.SGD{}, cnn.Constant(0.001), b.Base, seed)
}

// QuickTraining is not in the write-up: Adam over one cycle of rates up to
// 0.002, so that a reduced budget ends with a network worth examining.
func (b Budget) QuickTraining(images int, seed uint64) cnn.Config {
	return b.stage(cnn.Adam{}, cnn.OneCycle{Max: 0.002, Steps: b.Quick * b.StepsPerEpoch(images)}, b.Quick, seed)
}

// LinearRamp is the write-up's first rate search: SGD while the rate rises linearly
// from 0.001 to 0.1 over 50 epochs.
func (b Budget) LinearRamp(images int, seed uint64) cnn.Config {
	return b.stage(cnn.SGD{}, cnn.Cyclic{Base: 0.001, Max: 0.1, StepSize: b.Ramp * b.StepsPerEpoch(images)}, b.Ramp, seed)
}

// BackwardRamp is [Budget.LinearRamp] run the other way, from 0.1 down to 0.001
// over as many steps. It is not in the write-up: effects with the same sign in both
// directions are due to the rate, and effects that change their sign are due to time.
func (b Budget) BackwardRamp(images int, seed uint64) cnn.Config {
	c := b.LinearRamp(images, seed)
	up := c.Schedule.(cnn.Cyclic) // the type that LinearRamp uses
	c.Schedule = cnn.Linear{From: up.Max, To: up.Base, Steps: up.StepSize}
	return c
}

// ShortLinearRamp is its second search: from 0.001 to 0.02 over 2 epochs.
func (b Budget) ShortLinearRamp(images int, seed uint64) cnn.Config {
	return b.stage(cnn.SGD{}, cnn.Cyclic{Base: 0.001, Max: 0.02, StepSize: b.ShortRamp * b.StepsPerEpoch(images)}, b.ShortRamp, seed)
}

// CyclicTraining is the write-up's main training: SGD with rates between 0.001
// and 0.01, two epochs up and two down, 300 epochs. (Its text says 0.008.)
func (b Budget) CyclicTraining(images int, seed uint64) cnn.Config {
	return b.stage(cnn.SGD{}, cnn.Cyclic{Base: 0.001, Max: 0.01, StepSize: 2 * b.StepsPerEpoch(images)}, b.Cyclic, seed)
}

// OptimizerTraining is one arm of its comparison: rates between 0.0005 and
// 0.008, four epochs up and four down, 30 epochs.
func (b Budget) OptimizerTraining(o cnn.Optimizer, images int, seed uint64) cnn.Config {
	return b.stage(o, cnn.Cyclic{Base: 0.0005, Max: 0.008, StepSize: 4 * b.StepsPerEpoch(images)}, b.Compare, seed)
}

// LeakImages returns the images for the leak experiment: a quarter of them in the budgets
// of minutes and less, few enough to be memorised in that time, and all of them otherwise.
func (b Budget) LeakImages(images *cifar.Dataset) *cifar.Dataset {
	if b.short() {
		return images.Head(images.Len() / 4)
	}
	return images
}

// LeakTraining trains long enough to memorise the images of [Budget.LeakImages]: Adam
// at its default rate; in the small budgets, with batches of half the size.
func (b Budget) LeakTraining(seed uint64) cnn.Config {
	c := b.stage(cnn.Adam{}, nil, b.Quick, seed)
	if b.short() {
		c.Batch, c.Epochs = max(1, c.Batch/2), 20
	}
	if b.Name == kernelext.BudgetCPU {
		c.Epochs = 6 // with many more images
	}
	return c
}

// ComparedOptimizers are the four of the write-up's comparison, in the order in
// which it trained them.
func ComparedOptimizers() []cnn.Optimizer {
	return []cnn.Optimizer{cnn.RMSprop{}, cnn.Adagrad{}, cnn.Adadelta{}, cnn.Adam{}}
}
