package main

import (
	"context"
	"fmt"
	"io"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/internal/cli"
	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/kernelext/setup"
	course "github.com/cnnbook/cnnbook/notebooks/lab"
	"github.com/spf13/cobra"
)

// The recipes of train.
const (
	recipeBase    = "base"
	recipeQuick   = "quick"
	recipeFast    = "fast"
	recipeWriteUp = "as-written"
)

// training holds the flags of train.
type training struct {
	recipe, precision string
	epochs, devices   int
	patience          int
	keepBest          bool
	telemetry         bool
}

// trainCommand trains the write-up's network in a terminal: the same runs that the
// notebooks open, so that a long training needs no notebook to stay open.
func trainCommand() *cobra.Command {
	var t training
	c := &cobra.Command{
		Use: "train [flags]", Short: "train a network in a terminal, or continue its training",
		Long: "Trains the write-up's network, or with --recipe fast another one, or continues a training: after ctrl-C, the same command resumes. A larger number of epochs goes on from a shorter training; " +
			"where the learning rate depends on the number of epochs, as in the recipe quick, it starts again and says so.",
		Example: "train --data ~/cifar10 --budget full\ntrain --epochs 50 --patience 5 --keep-best\ntrain --data ~/cifar10 --budget full --recipe fast", Args: cli.NoArgs,
	}
	params := paramFlags(c)
	f := c.Flags()
	f.StringVar(&t.recipe, "recipe", recipeBase, "base: the write-up's SGD at 0.001; quick: Adam with a one-cycle learning rate; as-written: all eight stages of the write-up on a single model, with its split and its random flips in the evaluation; fast: another, modern network (airbench94), on all training images for 9.9 epochs, with the test images as validation, which choose nothing")
	f.StringVar(&t.precision, "precision", "", "bfloat16: convolutions and matrix multiplications in half precision, which is faster on GPUs and on processors with AMX; go run . doctor says what this one has")
	f.IntVar(&t.epochs, "epochs", 0, "total number of epochs (default: the budget's)")
	f.IntVar(&t.patience, "patience", 0, "stop after so many epochs without a lower validation loss (default: train all epochs)")
	f.BoolVar(&t.keepBest, "keep-best", false, "answer with the weights of the epoch with the lowest validation loss, instead of the last one's")
	f.IntVar(&t.devices, "devices", 1, "devices that share each batch; xla:cpu always has 4, xla:cuda has one per GPU")
	f.BoolVar(&t.telemetry, "telemetry", false, "record each layer's gradients, updates and dead ReLUs every tenth step; the training stays the same, bit for bit; go run . runs show lists them")
	cli.Complete(c, "recipe", func() []string { return []string{recipeBase, recipeQuick, recipeFast, recipeWriteUp} })
	cli.Complete(c, "precision", precisions)
	c.RunE = func(c *cobra.Command, _ []string) error {
		p, err := params()
		if err != nil {
			return err
		}
		return t.run(c.Context(), p, c.OutOrStdout(), c.ErrOrStderr())
	}
	return c
}

// run trains, and evaluates on the test images.
func (t training) run(ctx context.Context, params kernelext.Params, stdout, stderr io.Writer) error {
	b, err := course.ParseBudget(params.Budget)
	if err != nil {
		return err
	}
	if t.epochs < 0 {
		return fmt.Errorf("train: --epochs must be at least 1, got %d", t.epochs)
	}
	if t.patience < 0 {
		return fmt.Errorf("train: --patience must be at least 1, got %d", t.patience)
	}
	if t.epochs > 0 {
		b.Base, b.Quick = t.epochs, t.epochs
	}
	train := t.single
	switch t.recipe {
	case recipeBase, recipeQuick:
	case recipeFast:
		if t.patience > 0 || t.keepBest {
			return fmt.Errorf("train: the recipe %s validates with the test images, which must choose nothing: --patience and --keep-best do not apply", recipeFast)
		}
		train = t.fast
	case recipeWriteUp:
		if t.epochs > 0 || t.devices > 1 || t.precision != "" || t.patience > 0 || t.keepBest || t.telemetry {
			return fmt.Errorf("train: the recipe %s is the write-up's: --epochs, --devices, --precision, --patience, --keep-best and --telemetry do not apply; --budget chooses the epochs", recipeWriteUp)
		}
		train = t.writeUp
	default:
		return fmt.Errorf("train: unknown recipe %q: choose base, quick, fast or as-written", t.recipe)
	}
	plugin, err := setup.Installer{Log: stderr}.Plugin(ctx)
	if err != nil {
		return err
	}
	if err := plugin.Restart(); err != nil {
		fmt.Fprintln(stderr, "cnnbook:", err, "(continuing with the system's allocator)")
	}
	if err := plugin.Apply(); err != nil {
		return err
	}
	images, test, err := b.Images(params.Data, params.Seed)
	if err != nil {
		return err
	}
	fmt.Fprintf(stderr, "%s on %s\n", params, plugin)
	runs, err := train(ctx, b, params, images, test, func(ctx context.Context, run *cnn.Run) error { return trainLive(ctx, run, stdout, stderr) })
	if err != nil {
		return err
	}
	for _, run := range runs {
		if len(runs) > 1 {
			fmt.Fprintf(stdout, "%s, ", run.Name)
		}
		if err := t.evaluate(ctx, run, test, stdout); err != nil {
			return err
		}
	}
	return nil
}

// evaluate evaluates a run on the test images, and one of the fast recipe also with its views.
func (t training) evaluate(ctx context.Context, run *cnn.Run, test *cifar.Dataset, stdout io.Writer) error {
	defer run.Close()
	result, err := run.Evaluate(ctx, test, nil)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "test: %s\n", result)
	if t.recipe != recipeFast {
		return nil
	}
	if result, err = run.EvaluateWith(ctx, test, cnn.Evaluation{Views: cnn.MirrorAndShiftViews()}); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "test, mean over six views of each image: %s\n", result)
	return nil
}

// trainLive trains the rest of a run and shows its progress.
func trainLive(ctx context.Context, run *cnn.Run, stdout, stderr io.Writer) error {
	fmt.Fprintf(stderr, "%s in %s\n", run.Name, run.Dir)
	if where := run.Beginning(); where != "" {
		fmt.Fprintf(stderr, "%s %s\n", run.Name, where)
	}
	live := kernelext.Live{Title: run.Name, Out: stdout}
	return live.Finish(run.Train(ctx, func(p cnn.Progress) { live.Update(course.Progress(p)) }))
}

// trainer trains the rest of a run.
type trainer func(context.Context, *cnn.Run) error

// single trains one run on four fifths of the images.
func (t training) single(ctx context.Context, b course.Budget, params kernelext.Params, images, _ *cifar.Dataset, train trainer) ([]*cnn.Run, error) {
	spec := cnn.Spec{Name: t.recipe, Network: cnn.WriteUp().For(images), Config: b.BaseTraining(params.Seed)}
	var err error
	if spec.Train, spec.Valid, err = images.Split(0.8, params.Seed); err != nil {
		return nil, err
	}
	if t.recipe == recipeQuick {
		spec.Config = b.QuickTraining(spec.Train.Len(), params.Seed)
	}
	return t.open(ctx, params, spec, train)
}

// fast trains the fast recipe on all training images.
func (t training) fast(ctx context.Context, _ course.Budget, params kernelext.Params, images, test *cifar.Dataset, train trainer) ([]*cnn.Run, error) {
	epochs := cnn.FastEpochs
	if t.epochs > 0 {
		epochs = float64(t.epochs)
	}
	spec := cnn.Spec{Name: t.recipe, Network: cnn.Fast().For(images), Config: cnn.FastTraining(images, epochs), Train: images, Valid: test}
	spec.Config.Seed = params.Seed
	return t.open(ctx, params, spec, train)
}

// open trains one run.
func (t training) open(ctx context.Context, params kernelext.Params, spec cnn.Spec, train trainer) ([]*cnn.Run, error) {
	spec.Config.Devices, spec.Config.Precision = t.devices, cnn.Precision(t.precision)
	spec.Config.Patience, spec.Config.KeepBest, spec.Config.Telemetry = t.patience, t.keepBest, t.telemetry
	run, err := cnn.OpenRun(params.Runs, spec)
	if err != nil {
		return nil, err
	}
	return []*cnn.Run{run}, train(ctx, run)
}

// writeUp trains the write-up's stages on its split, which draws with replacement.
func (training) writeUp(ctx context.Context, b course.Budget, params kernelext.Params, images, _ *cifar.Dataset, train trainer) ([]*cnn.Run, error) {
	c := course.Chain{Root: params.Runs, Budget: b, Seed: params.Seed, FlipEvaluation: true, Trainer: train}
	var err error
	if c.Train, c.Valid, err = images.SplitWithReplacement(0.8, params.Seed); err != nil {
		return nil, err
	}
	return c.WriteUp(ctx)
}
