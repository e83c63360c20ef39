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
		c.Schedule = c.Schedule.over(c.Epochs * StepsPerEpoch(images, c.Batch))
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
	return json.Marshal(fields)
}
