package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/internal/trained"
)

// recipe is a whole training of a recipe.
type recipe struct {
	Workload         // the data, the images, the test images, turns and precision
	Target   float64 // test accuracy by the mean over six views of each image
	Recipe   trained.Recipe
	Epochs   float64 // need not be whole
	Seed     uint64
}

// viewsGain is more than what the mean over six views adds to the test accuracy. They take six times as long, so an epoch that is further
// below the target is evaluated without them.
const viewsGain = 0.05

// args are the flags of the recipe, which have the same names in our worker and in recipe.py.
func (r recipe) args() []string {
	return []string{"--accuracy", strconv.FormatFloat(r.Target, 'g', -1, 64), "--form", r.Recipe.Form, "--epochs", strconv.FormatFloat(r.Epochs, 'g', -1, 64), "--seed", strconv.FormatUint(r.Seed, 10),
		"--turn", strconv.Itoa(r.Turn), "--precision", r.Precision}
}

func (r recipe) steps() int { return r.Recipe.Steps(r.Images, r.Epochs) }

// MeasureRecipe trains the recipe on the first of a's images, with its first seed, and evaluates it on its first test images after each
// epoch, outside the seconds that are counted. It writes and reads as [Measure] does, and writes also a line for each epoch.
func MeasureRecipe(ctx context.Context, a Accuracy, stdin io.Reader, stdout io.Writer) error {
	train, test, err := a.open()
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "cnnbook-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	r := a.recipe(a.FirstSeed)
	config := r.Recipe.Training(train, r.Epochs)
	config.Seed, config.Precision = r.Seed, cnn.Precision(r.Precision)
	// A single image as validation: the test images are evaluated below, with their views.
	run, err := cnn.OpenRun(folder, cnn.Spec{Name: "bench", Network: r.Recipe.Network, Config: config, Train: train, Valid: test.Head(1)})
	if err != nil {
		return err
	}
	defer run.Close()
	lines := json.NewEncoder(stdout)
	seconds, err := r.time(ctx, run, bufio.NewReader(stdin), lines, test)
	if err != nil {
		return err
	}
	return lines.Encode(measurement{Steps: seconds, Versions: strings.Join(cnn.Software(), ", ")})
}

// time trains, and returns the seconds of each step, from the end of what came before it. What a run does at the end of an
// epoch, but for the evaluation, is part of the next step.
func (r recipe) time(ctx context.Context, run *cnn.Run, proceed *bufio.Reader, lines *json.Encoder, test *cifar.Dataset) ([]float64, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var seconds []float64
	began := time.Now()
	step := func() error {
		seconds = append(seconds, time.Since(began).Seconds())
		if len(seconds) == 1 {
			if err := lines.Encode(measurement{First: true}); err != nil {
				return err
			}
		}
		if r.Turn > 0 && len(seconds)%r.Turn == 0 {
			return pause(proceed, lines)
		}
		return nil
	}
	epoch := func() error {
		plain, err := run.Evaluate(ctx, test, nil)
		if err != nil {
			return err
		}
		result := &trained.Epoch{Step: len(seconds), Plain: plain.Accuracy}
		if result.Plain+viewsGain >= r.Target || len(seconds) == r.steps() {
			views, err := run.EvaluateWith(ctx, test, cnn.Evaluation{Views: cnn.MirrorAndShiftViews()})
			if err != nil {
				return err
			}
			result.Views = views.Accuracy
		}
		return lines.Encode(measurement{Epoch: result})
	}
	err := run.Train(ctx, func(p cnn.Progress) {
		if ctx.Err() != nil {
			return
		}
		do := step
		if p.EpochEnd {
			do = epoch
		}
		if err := do(); err != nil {
			stop(err)
		}
		began = time.Now()
	})
	if cause := context.Cause(ctx); cause != nil {
		return nil, cause
	}
	if err == nil && len(seconds) == 0 {
		err = errors.New("the training had no steps")
	}
	return seconds, err
}

// checkRecipe reports the first value with which the recipe cannot be trained, named by its flag.
func checkRecipe(w Workload, epochs float64, rounds int) error {
	w.Batch = 1
	if err := w.Check(rounds); err != nil {
		return err
	}
	if !(epochs > 0 && epochs <= 1000) {
		return fmt.Errorf("bench: --epochs must be from above 0 to 1000, got %g", epochs)
	}
	if w.Turn == 0 {
		return errors.New("bench: --accuracy needs turns: --turn must be 1 or more, got 0")
	}
	return nil
}
