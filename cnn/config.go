package cnn

import (
	"encoding/json"
	"fmt"
)

// Config describes how a network is trained. Together with the architecture and
// the data it determines a run's identity. A field's zero value means the default
// stated next to it.
type Config struct {
	Optimizer  Optimizer  // nil is SGD{}
	Schedule   Schedule   // nil is Constant(Optimizer.DefaultRate())
	Batch      int        // images per step; 0 is 500, the write-up's
	Epochs     int        // passes over the training images; 0 is 1
	Seed       uint64     // weights, order, flips and dropout
	Preprocess Preprocess // the zero value standardises and does not flip
	// FlipEvaluation also flips validation images at random, as the write-up
	// does by using one generator for everything. It makes the validation
	// figures noisy; the option exists to show that.
	FlipEvaluation bool
	// Devices share each batch (data parallelism); 0 is 1. They must divide every
	// batch. The result equals that of one device up to rounding. Devices of one CPU are the same
	// processors, and one of them computes whole batches.
	Devices int
	// Precision of the multiplications in convolutions and dense layers, and of the feature maps
	// between convolutions. Everything else, including the weights, their gradients and the optimizer's
	// updates, is float32.
	Precision Precision
	// Patience ends the training once so many epochs in a row were not better than the best one before them:
	// see [History.Best]. 0 trains all epochs.
	Patience int
	// KeepBest makes the finished run answer with the weights of its best epoch instead of its last one:
	// see [Run.KeptEpoch].
	KeepBest bool
	// Monitor is the validation figure by which both compare epochs.
	Monitor Monitor
	// MinDelta is by how much an epoch must be better than the best one to count, in nats or as a fraction of the
	// images, by Monitor; 0 counts any improvement.
	MinDelta float64
	// Plateau, if not nil, reduces the schedule's rates when the validation figure no longer improves.
	Plateau *Plateau
	// Loss is what training minimises; the zero value is the mean cross-entropy.
	Loss Loss
	// Lookahead, if not nil, averages the weights over the steps of the training.
	Lookahead *Lookahead
	// DropLast leaves out an epoch's last batch if it is smaller than the others.
	DropLast bool
	// Telemetry records what each layer's weights, gradients and ReLUs do, in every tenth step and at the end of each epoch: see
	// [Run.Telemetry]. It is no part of a run's identity: the training is the same, bit for bit, with it or without.
	Telemetry bool
	// Steps ends the training within its last epoch, after that many steps in all, and with it that epoch; 0 trains whole epochs.
	Steps int
}

// withDefaults replaces zero values by defaults.
func (c Config) withDefaults() Config {
	if c.Optimizer == nil {
		c.Optimizer = SGD{}
	}
	if c.Schedule == nil {
		c.Schedule = Constant(c.Optimizer.DefaultRate())
	}
	if c.Batch == 0 {
		c.Batch = 500
	}
	if c.Epochs == 0 {
		c.Epochs = 1
	}
	return c
}

// over fills in the number of steps of a schedule that spans the whole training of so many images. What is wrong with the
// configuration is left to validate.
func (c Config) over(images int) Config {
	if c.Batch > 0 && c.Epochs > 0 && images > 0 {
		_, steps := c.stepsOf(c.Epochs-1, images)
		c.Schedule = c.Schedule.over(steps)
		c.Lookahead = c.Lookahead.over(steps)
	}
	return c
}

func (c Config) validate() error {
	if c.Batch < 1 || c.Epochs < 1 {
		return fmt.Errorf("%w: batch and epochs must be at least 1, got %d and %d", ErrConfig, c.Batch, c.Epochs)
	}
	if c.Devices < 0 || c.Devices > c.Batch {
		return fmt.Errorf("%w: from 1 to %d devices can share a batch of %d images, got %d", ErrConfig, c.Batch, c.Batch, c.Devices)
	}
	if c.Precision != Float32 && c.Precision != BFloat16 {
		return fmt.Errorf("%w: precision %q: choose %q or leave it empty for float32", ErrConfig, c.Precision, BFloat16)
	}
	if err := c.validateStopping(); err != nil {
		return err
	}
	if err := c.Optimizer.validate(); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrConfig, c.Optimizer.Kind(), err)
	}
	if err := c.Schedule.validate(); err != nil {
		return fmt.Errorf("%w: %T: %w", ErrConfig, c.Schedule, err)
	}
	if err := c.Plateau.validate(); err != nil {
		return fmt.Errorf("%w: plateau: %w", ErrConfig, err)
	}
	if err := c.Lookahead.validate(); err != nil {
		return fmt.Errorf("%w: lookahead: %w", ErrConfig, err)
	}
	return nil
}

// stepsPerEpoch returns the number of steps in an epoch of n images.
func (c Config) stepsPerEpoch(n int) int {
	if c.DropLast {
		return n / c.Batch
	}
	return StepsPerEpoch(n, c.Batch)
}

// stepsOf returns the numbers of steps before an epoch of n images, counted from 0, and at its end.
func (c Config) stepsOf(epoch, n int) (before, end int) {
	per := c.stepsPerEpoch(n)
	before, end = epoch*per, (epoch+1)*per
	if c.Steps > 0 {
		end = min(end, c.Steps)
	}
	return before, end
}

// checkSteps refuses a number of steps that does not end within the last epoch of n images.
func (c Config) checkSteps(n int) error {
	per := c.stepsPerEpoch(n)
	if per == 0 {
		return fmt.Errorf("%w: %d training images do not fill a batch of %d, and the last, smaller one is dropped: choose a smaller batch", ErrConfig, n, c.Batch)
	}
	if first, last := (c.Epochs-1)*per+1, c.Epochs*per; c.Steps != 0 && (c.Steps < first || c.Steps > last) {
		return fmt.Errorf("%w: %d steps do not end within epoch %d: choose from %d to %d, or 0 for whole epochs", ErrConfig, c.Steps, c.Epochs, first, last)
	}
	return nil
}

// MarshalJSON writes the configuration with its defaults filled in, so that it
// describes a run completely.
func (c Config) MarshalJSON() ([]byte, error) {
	c = c.withDefaults()
	schedule := fmt.Sprintf("%T", c.Schedule)
	fields := map[string]any{
		"optimizer":       map[string]any{"class_name": c.Optimizer.Kind(), "config": c.Optimizer},
		"schedule":        map[string]any{"class_name": schedule[len("cnn."):], "config": c.Schedule},
		"batch":           c.Batch,
		"epochs":          c.Epochs,
		"seed":            c.Seed,
		"preprocess":      c.Preprocess,
		"flip_evaluation": c.FlipEvaluation,
	}
	if c.Devices > 1 { // absent otherwise, as in runs from before this option existed
		fields["devices"] = c.Devices
	}
	if c.Precision != Float32 {
		fields["precision"] = c.Precision
	}
	if c.Patience > 0 {
		fields["patience"] = c.Patience
	}
	if c.KeepBest {
		fields["keep_best"] = true
	}
	if c.Monitor != MonitorLoss {
		fields["monitor"] = c.Monitor
	}
	if c.MinDelta > 0 {
		fields["min_delta"] = c.MinDelta
	}
	if c.Plateau != nil {
		fields["plateau"] = c.Plateau
	}
	if !c.Loss.isDefault() {
		fields["loss"] = c.Loss
	}
	if c.Lookahead != nil {
		fields["lookahead"] = c.Lookahead
	}
	if c.DropLast {
		fields["drop_last"] = true
	}
	if c.Steps != 0 {
		fields["steps"] = c.Steps
	}
	return json.Marshal(fields)
}
