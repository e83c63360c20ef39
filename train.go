package main

import (
	"context"
	"fmt"
	"io"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/internal/cli"
	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/kernelext/setup"
	course "github.com/cnnbook/cnnbook/notebooks/lab"
	"github.com/spf13/cobra"
)

// training holds the flags of train.
type training struct {
	recipe, precision string
	epochs, devices   int
}

// trainCommand trains the write-up's network in a terminal: the same runs that the
// notebooks open, so that a long training needs no notebook to stay open.
func trainCommand() *cobra.Command {
	var t training
	c := &cobra.Command{
		Use: "train [flags]", Short: "train the write-up's network in a terminal, or continue its training",
		Long:    "Trains the write-up's network, or continues its training: after ctrl-C, the same command resumes.",
		Example: "train --data ~/cifar10 --budget full", Args: cli.NoArgs,
	}
	params := paramFlags(c)
	f := c.Flags()
	f.StringVar(&t.recipe, "recipe", "base", "base: the write-up's SGD at 0.001; quick: Adam with a one-cycle learning rate")
	f.StringVar(&t.precision, "precision", "", "bfloat16: convolutions and matrix multiplications in half precision, which is faster on GPUs")
	f.IntVar(&t.epochs, "epochs", 0, "total number of epochs (default: the budget's)")
	f.IntVar(&t.devices, "devices", 1, "devices that share each batch; xla:cpu always has 4, xla:cuda has one per GPU")
	cli.Complete(c, "recipe", func() []string { return []string{"base", "quick"} })
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
	if t.epochs > 0 {
		b.Base, b.Quick = t.epochs, t.epochs
	}
	images, test, err := b.Images(params.Data, params.Seed)
	if err != nil {
		return err
	}
	spec := cnn.Spec{Name: t.recipe, Network: cnn.WriteUp()}
	if spec.Train, spec.Valid, err = images.Split(0.8, 1); err != nil {
		return err
	}
	switch t.recipe {
	case "base":
		spec.Config = b.BaseTraining(params.Seed)
	case "quick":
		spec.Config = b.QuickTraining(spec.Train.Len(), params.Seed)
	default:
		return fmt.Errorf("train: unknown recipe %q: choose base or quick", t.recipe)
	}
	spec.Config.Devices, spec.Config.Precision = t.devices, cnn.Precision(t.precision)
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
	run, err := cnn.OpenRun(params.Runs, spec)
	if err != nil {
		return err
	}
	defer run.Close()
	fmt.Fprintf(stderr, "%s on %s, in %s\n", params, plugin, run.Dir)
	live := kernelext.Live{Title: run.Name, Out: stdout}
	if err := live.Finish(run.Train(ctx, func(p cnn.Progress) { live.Update(course.Progress(p)) })); err != nil {
		return err
	}
	result, err := run.Evaluate(ctx, test, nil)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "test: %s\n", result)
	return nil
}
