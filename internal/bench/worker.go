package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/internal/trained"
)

// measurement is what one process measures: lines of JSON on its standard
// output, the first with First when its first step is finished, one with Turn when it
// waits for a line on standard input, and at the end one with everything else.
type measurement struct {
	First    bool           `json:"first,omitempty"`
	Turn     bool           `json:"turn,omitempty"`
	Epoch    *trained.Epoch `json:"epoch,omitempty"`    // of a whole training, after each epoch
	Steps    []float64      `json:"steps,omitempty"`    // seconds of each timed step
	Evaluate []float64      `json:"evaluate,omitempty"` // seconds of each timed evaluation
	Product  float64        `json:"product,omitempty"`  // see cnn.ProductSpeed; measured by ours only
	Versions string         `json:"versions,omitempty"`
}

// Workload is what is measured, the same for all frameworks.
type Workload struct {
	Data      string  // folder in CIFAR-10's binary layout
	Images    int     // training images that are loaded
	Batch     int     // images per step
	Warm      int     // warm-up steps before the timed ones
	Steps     int     // timed
	Turn      int     // timed steps between two pauses, 0 for none
	Seconds   float64 // of timed steps, after which no further turn of steps begins; 0: all of them are timed
	Evaluate  int     // test images
	Devices   int     // of ours that share each batch
	Shards    int     // in which ours computes each batch; 0: whole
	Precision string  // of matrix multiplications and convolutions: empty for float32, or bfloat16
}

// Check reports the first value that cannot be measured, named by its flag.
func (w Workload) Check(rounds int) error {
	for _, n := range []struct {
		name       string
		value, max int
	}{
		{"images", w.Images, cifar.TrainRecords}, {"batch", w.Batch, w.Images}, {"warm", w.Warm, 1000},
		{"steps", w.Steps, 100_000}, {"evaluate", w.Evaluate, cifar.TestRecords}, {"devices", w.Devices, w.Batch}, {"rounds", rounds, 1000},
	} {
		if n.value < 1 || n.value > n.max {
			return fmt.Errorf("bench: --%s must be from 1 to %d, got %d", n.name, n.max, n.value)
		}
	}
	if w.Shards < 0 {
		return fmt.Errorf("bench: --shards must be 0 or more, got %d", w.Shards)
	}
	if w.Turn < 0 {
		return fmt.Errorf("bench: --turn must be 0 or more, got %d", w.Turn)
	}
	if !(w.Seconds >= 0) {
		return fmt.Errorf("bench: --seconds must be 0 or more, got %g", w.Seconds)
	}
	return nil
}

// open reads the images that are loaded, and those of an evaluation.
func (w Workload) open() (train, test *cifar.Dataset, err error) {
	if train, test, err = cifar.Open(w.Data); err != nil {
		return nil, nil, err
	}
	if w.Images < train.Len() {
		train = train.Head(w.Images) // a copy
	}
	return train, test.Head(w.Evaluate), nil
}

// Measure trains the write-up's network for some steps and evaluates it, as a
// notebook would: a saved run, with everything that belongs to a step. It writes lines of JSON to stdout, and reads a line
// from stdin where its turn ends.
func Measure(ctx context.Context, w Workload, stdin io.Reader, stdout io.Writer) error {
	train, test, err := w.open()
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "cnnbook-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	lines := json.NewEncoder(stdout)
	run, err := cnn.OpenRun(folder, cnn.Spec{
		Name: "bench", Network: cnn.WriteUp(),
		Config: cnn.Config{Optimizer: cnn.SGD{}, Schedule: cnn.Constant(0.001), Batch: w.Batch, Devices: w.Devices, Shards: w.Shards, Precision: cnn.Precision(w.Precision), Epochs: 1000, Preprocess: cnn.Preprocess{Flip: true}},
		Train:  train, Valid: test,
	})
	if err != nil {
		return err
	}
	defer run.Close()
	proceed := bufio.NewReader(stdin)
	steps, err := timeSteps(ctx, run, w, proceed, lines)
	if err != nil {
		return err
	}
	m := measurement{Steps: steps, Versions: strings.Join(cnn.Software(), ", ")}
	if m.Evaluate, err = timeEvaluations(ctx, run, test, w.Turn > 0, proceed, lines); err != nil {
		return err
	}
	if m.Product, err = cnn.ProductSpeed(ctx, cnn.Precision(w.Precision), w.Steps); err != nil {
		return err
	}
	return lines.Encode(m)
}

// errEnough ends a training after the timed steps.
var errEnough = errors.New("enough steps")

// timeSteps returns the seconds from the end of one step, or of a pause, to the end of the next.
func timeSteps(ctx context.Context, run *cnn.Run, w Workload, proceed *bufio.Reader, lines *json.Encoder) ([]float64, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var seconds []float64
	var sum float64 // of the timed steps
	began := time.Now()
	step := func() (err error) {
		seconds = append(seconds, time.Since(began).Seconds())
		if len(seconds) > w.Warm {
			sum += seconds[len(seconds)-1]
		}
		if len(seconds) == 1 {
			err = lines.Encode(measurement{First: true})
		}
		if timed := len(seconds) - w.Warm; err == nil && w.Turn > 0 && timed >= 0 && timed < w.Steps && timed%w.Turn == 0 {
			if w.Seconds > 0 && sum >= w.Seconds {
				return errEnough
			}
			err = pause(proceed, lines)
		}
		if err == nil && len(seconds) == w.Warm+w.Steps {
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
	return seconds[w.Warm:], nil
}

// evaluations is the number of timed evaluations. As many are in peers.py.
const evaluations = 3

// timeEvaluations returns the seconds of each evaluation. One before them, which compiles, is not timed. Each is a turn, if
// there are turns.
func timeEvaluations(ctx context.Context, run *cnn.Run, test *cifar.Dataset, turns bool, proceed *bufio.Reader, lines *json.Encoder) ([]float64, error) {
	if _, err := run.Evaluate(ctx, test, nil); err != nil {
		return nil, err
	}
	var seconds []float64
	for range evaluations {
		if turns {
			if err := pause(proceed, lines); err != nil {
				return nil, err
			}
		}
		began := time.Now()
		if _, err := run.Evaluate(ctx, test, nil); err != nil {
			return nil, err
		}
		seconds = append(seconds, time.Since(began).Seconds())
	}
	return seconds, nil
}

// pause ends a turn, and waits for the next.
func pause(proceed *bufio.Reader, lines *json.Encoder) error {
	if err := lines.Encode(measurement{Turn: true}); err != nil {
		return err
	}
	_, err := proceed.ReadString('\n')
	return err
}
