package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
)

// measurement is what one process measures: lines of JSON on its standard
// output, the first with First when its first step is finished.
type measurement struct {
	First    bool      `json:"first,omitempty"`
	Steps    []float64 `json:"steps,omitempty"`    // seconds of each timed step
	Evaluate float64   `json:"evaluate,omitempty"` // seconds
	Product  float64   `json:"product,omitempty"`  // see cnn.ProductSpeed; measured by ours only
	Versions string    `json:"versions,omitempty"`
}

// workload is what is measured, the same for us and for others.
type workload struct {
	data      string // folder in CIFAR-10's binary layout
	images    int    // training images that are loaded
	batch     int
	warm      int    // steps before those that are timed
	steps     int    // timed
	evaluate  int    // test images
	devices   int    // of ours that share each batch
	precision string // of our products
}

// measure trains the write-up's network for some steps and evaluates it, as a
// notebook would: a saved run, with everything that belongs to a step.
func measure(ctx context.Context, w workload, stdout io.Writer) error {
	train, test, err := cifar.Open(w.data)
	if err != nil {
		return err
	}
	if w.images < train.Len() {
		train = train.Head(w.images) // a copy
	}
	test = test.Head(w.evaluate)
	folder, err := os.MkdirTemp("", "cnnbook-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	lines := json.NewEncoder(stdout)
	run, err := cnn.OpenRun(folder, cnn.Spec{
		Name: "bench", Network: cnn.WriteUp(),
		Config: cnn.Config{Optimizer: cnn.SGD{}, Schedule: cnn.Constant(0.001), Batch: w.batch, Devices: w.devices, Precision: cnn.Precision(w.precision), Epochs: 1000, Preprocess: cnn.Preprocess{Flip: true}},
		Train:  train, Valid: test,
	})
	if err != nil {
		return err
	}
	defer run.Close()
	steps, err := timeSteps(ctx, run, w, func() error { return lines.Encode(measurement{First: true}) })
	if err != nil {
		return err
	}
	m := measurement{Steps: steps, Versions: strings.Join(cnn.Software(), ", ")}
	if m.Evaluate, err = timeEvaluation(ctx, run, test); err != nil {
		return err
	}
	if m.Product, err = cnn.ProductSpeed(ctx, w.steps); err != nil {
		return err
	}
	return lines.Encode(m)
}

// errEnough ends a training whose steps have been timed.
var errEnough = errors.New("enough steps")

// timeSteps gives the seconds from the end of one step to the end of the next.
func timeSteps(ctx context.Context, run *cnn.Run, w workload, first func() error) ([]float64, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var ends []time.Time
	err := run.Train(ctx, func(p cnn.Progress) {
		if p.EpochEnd {
			return
		}
		ends = append(ends, time.Now())
		switch len(ends) {
		case 1:
			if err := first(); err != nil {
				stop(err)
			}
		case w.warm + w.steps:
			stop(errEnough)
		}
	})
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, errEnough) {
		return nil, cause
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		return nil, err
	}
	var seconds []float64
	for i := w.warm; i < len(ends); i++ {
		seconds = append(seconds, ends[i].Sub(ends[i-1]).Seconds())
	}
	return seconds, nil
}

// timeEvaluation times a second evaluation; the first compiles.
func timeEvaluation(ctx context.Context, run *cnn.Run, test *cifar.Dataset) (float64, error) {
	if _, err := run.Evaluate(ctx, test, nil); err != nil {
		return 0, err
	}
	began := time.Now()
	_, err := run.Evaluate(ctx, test, nil)
	return time.Since(began).Seconds(), err
}
