package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/internal/cli"
	"github.com/cnnbook/cnnbook/internal/download"
	"github.com/spf13/cobra"
)

func dataCommand() *cobra.Command {
	return cli.Group(&cobra.Command{
		Use: "data COMMAND", Short: "draw a stand-in dataset, fetch CIFAR-10, import your own pictures, or check a dataset",
		Long:    "Makes, downloads, imports and checks datasets in CIFAR-10's layout.",
		Example: "data fetch ~/cifar10\ndata import --size 48x48 ~/fruit ~/fruit48\ndata check ~/cifar10",
	}, dataDrawCommand(), dataFetchCommand(), dataImportCommand(), dataCheckCommand())
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
		Long: "Reads every record of a dataset, a folder or a .tar.gz, and describes it: what it is, images per class, the channels' mean " +
			"and standard deviation, repeated images, test images that are training images too, images of a single colour, drawn images " +
			"that are not marked as such, equal images with different labels, and classes without images.",
		Example: "data check ~/cifar10", Args: cli.OneArg("PATH"),
		RunE: func(c *cobra.Command, args []string) error {
			train, test, err := cifar.Open(args[0])
			if err != nil {
				return err
			}
			origin, err := originOf(args[0], train, test)
			if err != nil {
				return err
			}
			fmt.Fprintf(printable{c.OutOrStdout()}, "%s\n%s\n%s\n%s", origin, train.Stats(), test.Stats(), cifar.Examine(train, test))
			return nil
		},
	}
}

// originOf says what is known of a dataset's origin.
func originOf(path string, train, test *cifar.Dataset) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	switch {
	case !info.IsDir():
		sum, _, err := download.SHA256(path)
		if err == nil && sum == cifar.OfficialSHA256 {
			return "the official archive: its sha256 is the published one", nil
		}
		return "not the official archive: its sha256 is another than the published one", err
	case train.Drawn:
		return "drawn by a program, not photographs", nil
	}
	sum, _, err := download.SHA256(filepath.Join(path, cifar.ArchiveName))
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return "", err
	case sum == cifar.OfficialSHA256:
		return "the official archive lies in this folder; unpacked files beside it, which are read first, are not verified", nil
	case strings.HasPrefix(train.Name, "CIFAR-10"):
		if differences := cifar.Official(train, test); len(differences) > 0 {
			return "in CIFAR-10's layout, with its classes, but not the official bytes: " + strings.Join(differences, "; "), nil
		}
		return "CIFAR-10, as far as can be told without its archive: the labels, the first images of each file, and the moments of all training pixels are the official ones", nil
	}
	return "a dataset of other classes in CIFAR-10's layout", nil
}
