package main

import (
	"context"
	"fmt"
	"io"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/kernelext/setup"
)

// train trains the write-up's network in a terminal: the same runs that the
// notebooks open, so that a long training needs no notebook to stay open.
func train(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f := flags("train", "[flags]\n\nTrains the write-up's network, or goes on with it: stopped by ctrl-C, the same command continues.", stderr)
	chosen := paramFlags(f)
	recipe := f.String("recipe", "base", "base: the write-up's SGD at 0.001; quick: Adam over one cycle of rates")
	precision := f.String("precision", "", "bfloat16: products of convolutions and dense layers in half precision, which GPUs are faster at")
	epochs := f.Int("epochs", 0, "epochs in all (default: the budget's)")
	devices := f.Int("devices", 1, "devices that share each batch; xla:cpu has 4 whatever the processors, xla:cuda one a GPU")
	if err := parse(f, args); err != nil {
		return err
	}
	params, err := chosen()
	if err != nil {
		return err
	}
	b, err := cnn.BudgetOf(params.Budget)
	if err != nil {
		return err
	}
	if *epochs < 0 {
		return fmt.Errorf("train: -epochs must be at least 1, got %d", *epochs)
	}
	if *epochs > 0 {
		b.Base, b.Quick = *epochs, *epochs
	}
	images, test, err := b.Images(params.Data, params.Seed)
	if err != nil {
		return err
	}
	spec := cnn.Spec{Name: *recipe, Network: cnn.WriteUp()}
	if spec.Train, spec.Valid, err = images.Split(0.8, 1); err != nil {
		return err
	}
	switch *recipe {
	case "base":
		spec.Config = b.BaseTraining(params.Seed)
	case "quick":
		spec.Config = b.QuickTraining(spec.Train.Len(), params.Seed)
	default:
		return fmt.Errorf("train: unknown recipe %q: choose base or quick", *recipe)
	}
	spec.Config.Devices, spec.Config.Precision = *devices, cnn.Precision(*precision)
	plugin, err := setup.Installer{Log: stderr}.Plugin(ctx)
	if err != nil {
		return err
	}
	if err := plugin.Restart(); err != nil {
		fmt.Fprintln(stderr, "cnnbook:", err, "(going on with the system's allocator)")
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
	if err := live.Finish(run.Train(ctx, func(p cnn.Progress) { live.Update(kernelext.Progress(p)) })); err != nil {
		return err
	}
	result, err := run.Evaluate(ctx, test, nil)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "test: %s\n", result)
	return nil
}
