package main

import (
	"fmt"
	"time"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/internal/cli"
	"github.com/spf13/cobra"
)

func dataCommand() *cobra.Command {
	return cli.Group(&cobra.Command{
		Use: "data COMMAND", Short: "draw a stand-in dataset, fetch CIFAR-10, or check a dataset",
		Long:    "Makes, downloads and checks datasets in CIFAR-10's layout.",
		Example: "data fetch ~/cifar10\ndata check ~/cifar10",
	}, dataDrawCommand(), dataFetchCommand(), dataCheckCommand())
}

func dataDrawCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "draw DIR [flags]", Short: "write a drawn stand-in dataset",
		Long:    "Writes a drawn dataset in CIFAR-10's layout into the new folder DIR.",
		Example: "data draw --train 1000 --test 200 ~/drawn", Args: cli.OneArg("DIR"),
	}
	seed := c.Flags().Uint64("seed", 1, "seed from which the images are drawn")
	train := c.Flags().Int("train", 10_000, "training images, at most 50,000")
	test := c.Flags().Int("test", 2_000, "test images, at most 10,000")
	c.RunE = func(c *cobra.Command, args []string) error {
		if *train < 5 || *train > cifar.TrainRecords || *test < 1 || *test > cifar.TestRecords {
			return fmt.Errorf("data draw: from 5 to %d training and from 1 to %d test images can be drawn, asked for %d and %d", cifar.TrainRecords, cifar.TestRecords, *train, *test)
		}
		a, b := cifar.Drawn(*seed, *train, *test)
		if err := cifar.Save(args[0], a, b); err != nil {
			return err
		}
		fmt.Fprintf(c.OutOrStdout(), "%s: %s and %s\n", args[0], a.Name, b.Name)
		return nil
	}
	return c
}

func dataFetchCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "fetch DIR [flags]", Short: "download CIFAR-10 (170 MB), and check it",
		Long:    "Downloads the official archive into the folder DIR, resuming an earlier download where it stopped, and checks size and sha256.",
		Example: "data fetch ~/cifar10", Args: cli.OneArg("DIR"),
	}
	url := c.Flags().String("url", cifar.OfficialURL, "URL of the archive: the official one or a mirror")
	c.RunE = func(c *cobra.Command, args []string) error {
		var last time.Time
		d := cifar.Download{URL: *url, Progress: func(done, total int64) {
			if time.Since(last) > time.Second || done == total {
				last = time.Now()
				fmt.Fprintf(c.ErrOrStderr(), "%d of %d MB\n", done/1_000_000, total/1_000_000)
			}
		}}
		path, err := d.Fetch(c.Context(), args[0])
		if err != nil {
			return err
		}
		fmt.Fprintf(c.OutOrStdout(), "%s: complete, sha256 as published; use it with --data %s\n", path, path)
		return nil
	}
	return c
}

func dataCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use: "check PATH", Short: "read a dataset, a folder or a .tar.gz, and describe it",
		Long:    "Reads every record of a dataset, a folder or a .tar.gz, and describes it.",
		Example: "data check ~/cifar10", Args: cli.OneArg("PATH"),
		RunE: func(c *cobra.Command, args []string) error {
			train, test, err := cifar.Open(args[0])
			if err != nil {
				return err
			}
			fmt.Fprintf(printable{c.OutOrStdout()}, "%s\n%s", train.Stats(), test.Stats())
			return nil
		},
	}
}
