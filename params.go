package main

import (
	"fmt"
	"os"

	"github.com/cnnbook/cnnbook/internal/cli"
	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/spf13/cobra"
)

// paramFlags adds the flags that select the parameters of notebooks and trainings. The
// function that it returns reads them once they are parsed. It converts them to
// environment variables, so that both are checked in the same way.
func paramFlags(c *cobra.Command) func() (kernelext.Params, error) {
	f := c.Flags()
	data := f.String("data", "", "dataset in CIFAR-10's binary layout: a folder or a .tar.gz (default: drawn images; go run . data fetch downloads the real ones, data import makes one of your pictures)")
	budget := f.String("budget", kernelext.BudgetSmoke, "how much work: smoke (seconds per notebook), minutes (enough to see learning on drawn images), cpu (real images, minutes), hours (all images, few epochs), full (as in the write-up, days on a CPU)")
	seed := f.Uint64("seed", 1, "seed of everything random")
	runs := f.String("runs", os.Getenv(kernelext.EnvRuns), "folder of the saved runs (default: runs in the cache folder)")
	cli.Complete(c, "budget", func() []string {
		return kernelext.Budgets()
	})
	return func() (kernelext.Params, error) {
		values := map[string]string{
			kernelext.EnvData: *data, kernelext.EnvBudget: *budget, kernelext.EnvSeed: fmt.Sprint(*seed), kernelext.EnvRuns: *runs,
		}
		return kernelext.ParamsFrom(func(name string) string { return values[name] })
	}
}
