package cnn

import (
	"encoding/json"
	"fmt"
)

// Config is how a network is trained. Together with the architecture and the
// data it is a run's identity. The zero value of a field takes the default
// named beside it.
type Config struct {
	Optimizer  Optimizer  // nil is SGD{}
	Schedule   Schedule   // nil is Constant(Optimizer.DefaultRate())
	Batch      int        // images per step; 0 is 500, the write-up's
	Epochs     int        // passes over the training images; 0 is 1
	Seed       uint64     // weights, order, flips and dropout
	Preprocess Preprocess // the zero value standardises and does not flip
	// FlipEvaluation sends validation images through the random flip too, as
	// the write-up does by using one generator for everything. It makes
	// the validation figures noisy, and is here to show that.
	FlipEvaluation bool
	// Devices share each batch (data parallelism); 0 is 1. They must divide every
	// batch. The result is that of one device but for rounding.
	Devices int
	// Precision of the multiplications in convolutions and dense layers. All else, the
	// weights and what the optimizer does with them are float32.
	Precision Precision
}

// withDefaults fills in what was left at zero.
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
	if err := c.Optimizer.validate(); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrConfig, c.Optimizer.Kind(), err)
	}
	if err := c.Schedule.validate(); err != nil {
		return fmt.Errorf("%w: %T: %w", ErrConfig, c.Schedule, err)
	}
	return nil
}

// MarshalJSON writes the configuration with its defaults filled in, so that it
// says in full what a run did.
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
	if c.Devices > 1 { // absent else, as it was in runs before there was a choice
		fields["devices"] = c.Devices
	}
	if c.Precision != Float32 {
		fields["precision"] = c.Precision
	}
	return json.Marshal(fields)
}
