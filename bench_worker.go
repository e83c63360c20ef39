package main

import (
	"bufio"
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
// output, the first with First when its first step is finished, one with Turn where a
// line on standard input is waited for, and at the end one with all else.
type measurement struct {
	First    bool      `json:"first,omitempty"`
	Turn     bool      `json:"turn,omitempty"`
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
	turn      int    // timed steps between two pauses, 0 for none
	evaluate  int    // test images
	devices   int    // of ours that share each batch
	precision string // of our products
}

// measure trains the write-up's network for some steps and evaluates it, as a
// notebook would: a saved run, with everything that belongs to a step.
func measure(ctx context.Context, w workload, stdin io.Reader, stdout io.Writer) error {
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
	steps, err := timeSteps(ctx, run, w, bufio.NewReader(stdin), lines)
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

// timeSteps gives the seconds from the end of one step, or of a pause, to the end of the next.
func timeSteps(ctx context.Context, run *cnn.Run, w workload, proceed *bufio.Reader, lines *json.Encoder) ([]float64, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var seconds []float64
	began := time.Now()
	step := func() (err error) {
		seconds = append(seconds, time.Since(began).Seconds())
		if len(seconds) == 1 {
			err = lines.Encode(measurement{First: true})
		}
		if timed := len(seconds) - w.warm; err == nil && w.turn > 0 && timed >= 0 && timed < w.steps && timed%w.turn == 0 {
			if err = lines.Encode(measurement{Turn: true}); err == nil {
				_, err = proceed.ReadString('\n')
			}
		}
		if err == nil && len(seconds) == w.warm+w.steps {
			err = errEnough
		}
		began = time.Now()
		return err
	}
	err := run.Train(ctx, func(p cnn.Progress) {
		if p.EpochEnd || ctx.Err() != nil {
			return
		}
		if err := step(); err != nil {
			stop(err)
		}
	})
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, errEnough) {
		return nil, cause
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		return nil, err
	}
	return seconds[w.warm:], nil
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
