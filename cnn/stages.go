package cnn

import (
	"github.com/cnnbook/cnnbook/cifar"
)

// The write-up's training stages as configurations, with the epochs of a
// budget. Each takes the number of training images where its schedule depends
// on the steps of an epoch.

// Images loads what a budget uses: the dataset at path, a folder or an archive,
// or drawn images where path is empty.
func (b Budget) Images(path string, seed uint64) (train, test *cifar.Dataset, err error) {
	if path == "" {
		train, test = cifar.Drawn(seed, b.Drawn, b.Drawn/5)
		return train, test, nil
	}
	if train, test, err = cifar.Open(path); err != nil {
		return nil, nil, err
	}
	return train.Head(b.Train), test.Head(b.Test), nil
}

// StepsPerEpoch is how many steps a pass over n training images takes.
func (b Budget) StepsPerEpoch(n int) int { return stepsPerEpoch(n, b.Batch) }

// stage is what all the write-up's stages share: standardised images, random
// flips, and batches of the budget's size.
func (b Budget) stage(o Optimizer, s Schedule, epochs int, seed uint64) Config {
	return Config{Optimizer: o, Schedule: s, Batch: b.Batch, Epochs: epochs, Seed: seed, Preprocess: Preprocess{Flip: true}}
}

// BaseTraining is the write-up's first training: SGD at 0.001, 300 epochs.
func (b Budget) BaseTraining(seed uint64) Config {
	return b.stage(SGD{}, Constant(0.001), b.Base, seed)
}

// QuickTraining is not in the write-up: Adam over one cycle of rates up to
// 0.002, so that a reduced budget ends with a network worth looking at.
func (b Budget) QuickTraining(images int, seed uint64) Config {
	return b.stage(Adam{}, OneCycle{Max: 0.002, Steps: b.Quick * b.StepsPerEpoch(images)}, b.Quick, seed)
}

// LinearRamp is the write-up's first rate search: SGD while the rate climbs
// from 0.001 to 0.1 over 50 epochs.
func (b Budget) LinearRamp(images int, seed uint64) Config {
	return b.stage(SGD{}, Cyclic{Base: 0.001, Max: 0.1, StepSize: b.Ramp * b.StepsPerEpoch(images)}, b.Ramp, seed)
}

// ShortLinearRamp is its second: from 0.001 to 0.02 over 2 epochs.
func (b Budget) ShortLinearRamp(images int, seed uint64) Config {
	return b.stage(SGD{}, Cyclic{Base: 0.001, Max: 0.02, StepSize: b.ShortRamp * b.StepsPerEpoch(images)}, b.ShortRamp, seed)
}

// CyclicTraining is the write-up's main training: SGD with rates between 0.001
// and 0.01, two epochs up and two down, 300 epochs. (Its text says 0.008.)
func (b Budget) CyclicTraining(images int, seed uint64) Config {
	return b.stage(SGD{}, Cyclic{Base: 0.001, Max: 0.01, StepSize: 2 * b.StepsPerEpoch(images)}, b.Cyclic, seed)
}

// OptimizerTraining is one arm of its comparison: rates between 0.0005 and
// 0.008, four epochs up and four down, 30 epochs.
func (b Budget) OptimizerTraining(o Optimizer, images int, seed uint64) Config {
	return b.stage(o, Cyclic{Base: 0.0005, Max: 0.008, StepSize: 4 * b.StepsPerEpoch(images)}, b.Compare, seed)
}

// ComparedOptimizers are the four of the write-up's comparison, in the order in
// which it trained them.
func ComparedOptimizers() []Optimizer {
	return []Optimizer{RMSprop{}, Adagrad{}, Adadelta{}, Adam{}}
}
