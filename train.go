package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/internal/cli"
	"github.com/cnnbook/cnnbook/internal/mpi"
	"github.com/cnnbook/cnnbook/internal/trained"
	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/kernelext/setup"
	course "github.com/cnnbook/cnnbook/notebooks/lab"
	"github.com/spf13/cobra"
)

// The recipes of train.
const (
	recipeBase     = "base"
	recipeQuick    = "quick"
	recipeFast     = "fast"
	recipeImproved = "improved"
	recipeWriteUp  = "as-written"
)

// training holds the flags of train.
type training struct {
	recipe, form, precision string
	epochs, devices         int
	shards, threads         int
	patience                int
	keepBest                bool
	telemetry               bool

	world *mpi.World // the processes that mpirun started; nil if none did
}

// trainCommand trains the write-up's network in a terminal: the same runs that the
// notebooks open, so that a long training needs no notebook to stay open.
func trainCommand() *cobra.Command {
	var t training
	c := &cobra.Command{
		Use: "train [flags]", Short: "train a network in a terminal, or continue its training",
		Long: "Trains the write-up's network, or with --recipe fast another one, or continues a training: after ctrl-C, the same command resumes. A larger number of epochs goes on from a shorter training; " +
			"where the learning rate depends on the number of epochs, as in the recipe quick, it starts again and says so. With --shards, mpirun trains on several machines, such as mpirun -n 4 ./cnnbook train --shards 8.",
		Example: "train --data ~/cifar10 --budget full\ntrain --epochs 50 --patience 5 --keep-best\ntrain --data ~/cifar10 --budget full --recipe fast", Args: cli.NoArgs,
	}
	params := paramFlags(c)
	f := c.Flags()
	f.StringVar(&t.recipe, "recipe", recipeBase, "base: the write-up's SGD at 0.001; quick: Adam with a one-cycle learning rate; as-written: all eight stages of the write-up on a single model, with its split and its random flips in the evaluation; improved: the write-up's network with ideas of its own list, on all training images for 100 epochs, validated as fast; fast: another, modern network (airbench94; --form chooses another size), on all training images for 9.9 epochs, with the test images as validation, which choose nothing")
	f.StringVar(&t.precision, "precision", "", "bfloat16: convolutions and matrix multiplications in half precision, which is faster on GPUs and on processors with AMX; go run . doctor says what this one has")
	f.IntVar(&t.epochs, "epochs", 0, "total number of epochs (default: the budget's)")
	f.IntVar(&t.patience, "patience", 0, "stop after so many epochs without a lower validation loss (default: train all epochs)")
	f.BoolVar(&t.keepBest, "keep-best", false, "answer with the weights of the epoch with the lowest validation loss, instead of the last one's")
	f.IntVar(&t.devices, "devices", 1, "devices that share each batch; xla:cpu always has 4, xla:cuda has one per GPU")
	f.IntVar(&t.shards, "shards", 0, "compute each batch in so many parts, a power of two, that are added up in a fixed order: then mpirun can share them among as many processes or fewer, which train the same weights, bit for bit (see docs/SCALE.md; default: whole batches, in one process)")
	f.IntVar(&t.threads, "threads", 0, "threads of this process, on which the last bits of weights depend (default: OMP_NUM_THREADS, or one for each processor that it may use)")
	f.BoolVar(&t.telemetry, "telemetry", false, "record each layer's gradients, updates and dead ReLUs every tenth step; the training stays the same, bit for bit; go run . runs show lists them")
	f.StringVar(&t.form, "form", "94", "with --recipe fast: its size: 93, 94 or 95, after the accuracy in percent that was published for it")
	cli.Complete(c, "form", fastForms)
	cli.Complete(c, "recipe", func() []string { return []string{recipeBase, recipeQuick, recipeImproved, recipeFast, recipeWriteUp} })
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
	b, train, err := t.choose(params)
	if err == nil {
		err = errors.Join(t.checkRanks(), setThreads(t.threads))
	}
	if err != nil {
		return once(err)
	}
	log := stderr
	if mpi.LaunchedRank() > 0 {
		stderr = io.Discard
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
	if t.world, err = mpi.Start(); err != nil {
		return err
	}
	return together(ctx, t.world, log, func() error {
		return t.train(withWorld(ctx, t.world), b, params, plugin.String(), train, stdout, stderr)
	})
}

// choose checks the flags.
func (t training) choose(params kernelext.Params) (b course.Budget, train recipe, err error) {
	if b, err = course.ParseBudget(params.Budget); err != nil {
		return b, nil, err
	}
	if t.epochs < 0 {
		return b, nil, fmt.Errorf("train: --epochs must be at least 1, got %d", t.epochs)
	}
	if t.patience < 0 {
		return b, nil, fmt.Errorf("train: --patience must be at least 1, got %d", t.patience)
	}
	if t.epochs > 0 {
		b.Base, b.Quick = t.epochs, t.epochs
	}
	if t.form != "94" && t.recipe != recipeFast {
		return b, nil, fmt.Errorf("train: --form belongs to --recipe %s", recipeFast)
	}
	switch t.recipe {
	case recipeBase, recipeQuick:
		return b, training.single, nil
	case recipeFast, recipeImproved:
		if t.patience > 0 || t.keepBest {
			return b, nil, fmt.Errorf("train: the recipe %s validates with the test images, which must choose nothing: --patience and --keep-best do not apply", t.recipe)
		}
		if t.recipe == recipeImproved {
			return b, training.improved, nil
		}
		return b, training.fast, nil
	case recipeWriteUp:
		if t.epochs > 0 || t.devices > 1 || t.shards != 0 || t.precision != "" || t.patience > 0 || t.keepBest || t.telemetry {
			return b, nil, fmt.Errorf("train: the recipe %s is the write-up's: --epochs, --devices, --shards, --precision, --patience, --keep-best and --telemetry do not apply; --budget chooses the epochs", recipeWriteUp)
		}
		return b, training.writeUp, nil
	}
	return b, nil, fmt.Errorf("train: unknown recipe %q: choose base, quick, improved, fast or as-written", t.recipe)
}

// recipe opens the runs of a recipe and trains them.
type recipe func(t training, ctx context.Context, b course.Budget, params kernelext.Params, images, test *cifar.Dataset, train trainer) ([]*cnn.Run, error)

// train trains, and evaluates on the test images. Of several ranks, rank 0 alone evaluates.
func (t training) train(ctx context.Context, b course.Budget, params kernelext.Params, plugin string, train recipe, stdout, stderr io.Writer) error {
	images, test, err := b.Images(params.Data, params.Seed)
	if err != nil {
		return err
	}
	fmt.Fprintf(stderr, "%s on %s\n", params, plugin)
	if t.world != nil {
		fmt.Fprintf(stderr, "%d processes share %d shards\n", t.world.Size(), t.shards)
	}
	runs, err := train(t, ctx, b, params, images, test, func(ctx context.Context, run *cnn.Run) error { return trainLive(ctx, run, stdout, stderr) })
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

// evaluate evaluates a run on the test images, and one of the recipes fast and improved also with views.
func (t training) evaluate(ctx context.Context, run *cnn.Run, test *cifar.Dataset, stdout io.Writer) error {
	defer run.Close()
	result, err := run.Evaluate(ctx, test, nil)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "test: %s\n", result)
	if t.recipe != recipeFast && t.recipe != recipeImproved {
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
	form, err := cnn.ParseFastForm(t.form)
	if err != nil {
		return nil, fmt.Errorf("train: --form: %w", err)
	}
	return t.whole(ctx, params, trained.Fast(form), images, test, train)
}

// improved trains the write-up's network with ideas of its own list on all training images.
func (t training) improved(ctx context.Context, _ course.Budget, params kernelext.Params, images, test *cifar.Dataset, train trainer) ([]*cnn.Run, error) {
	return t.whole(ctx, params, trained.Improved(), images, test, train)
}

// whole trains a recipe on all training images; the test images validate it, and choose nothing.
func (t training) whole(ctx context.Context, params kernelext.Params, r trained.Recipe, images, test *cifar.Dataset, train trainer) ([]*cnn.Run, error) {
	spec := cnn.Spec{Name: t.recipe, Network: r.Network.For(images), Config: r.Training(images, cmp.Or(float64(t.epochs), r.Epochs)), Train: images, Valid: test}
	spec.Config.Seed = params.Seed
	return t.open(ctx, params, spec, train)
}

// fastForms lists the names of the fast recipe's forms.
func fastForms() (names []string) {
	for _, f := range cnn.FastForms() {
		names = append(names, f.Name)
	}
	return names
}

// open trains one run.
func (t training) open(ctx context.Context, params kernelext.Params, spec cnn.Spec, train trainer) ([]*cnn.Run, error) {
	spec.Config.Devices, spec.Config.Precision = t.devices, cnn.Precision(t.precision)
	spec.Config.Patience, spec.Config.KeepBest, spec.Config.Telemetry = t.patience, t.keepBest, t.telemetry
	spec.Config.Shards = t.shards
	if t.world != nil && t.world.Rank() > 0 {
		return nil, cnn.Assist(ctx, t.world, spec)
	}
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
