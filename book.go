package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/internal/cli"
	"github.com/cnnbook/cnnbook/kernelext/book"
	"github.com/spf13/cobra"
)

const bookAbout = `Runs the notebooks unattended and writes a folder of pages. Without --data they run on drawn images.
A notebook that has already run with these settings runs again only when it, or code that it imports, has changed.`

func bookCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "book [flags]", Short: "set up, run every notebook unattended, and write the pages",
		Long: bookAbout, Example: "book --data ~/cifar10 --budget cpu --only 01,06", Args: cli.NoArgs,
	}
	b := book.Build{
		Sources:  "notebooks",
		Code:     []string{"cifar", "cnn", "viz", "kernelext/*.go", "kernelext/internal/text", "internal", "notebooks/lab"},
		Packages: []string{"cifar", "cnn", "viz", "kernelext", "notebooks/lab"},
	}
	params := paramFlags(c)
	c.Flags().StringVar(&b.Out, "out", "_site", "folder for the pages; books for other data, budgets or seeds in it are kept")
	c.Flags().StringVar(&b.Only, "only", "", "run only these notebooks, such as 01 or 02,06")
	c.Flags().BoolVar(&b.Update, "update", false, "also write the results back into notebooks/, drawn images only")
	c.Flags().BoolVar(&b.Force, "force", false, "run notebooks even if nothing has changed since their last run")
	c.Flags().StringVar(&b.URL, "url", "", "address at which the folder --out will be published, for search engines and link previews")
	c.Flags().StringVar(&b.Repository, "repository", "", "address of the repository with these notebooks, for a button that starts them in Binder")
	cli.Complete(c, "only", notebookNames)
	c.RunE = func(c *cobra.Command, _ []string) (err error) {
		if b.Params, err = params(); err != nil {
			return err
		}
		if b.Update && b.Params.Data != "" {
			return errors.New("book: --update is for drawn images only: images of a real dataset do not go into the notebooks")
		}
		if b.Images, err = imagesSHA256(b.Params.Data); err != nil {
			return err
		}
		b.Software, b.Log = cnn.Software(), c.ErrOrStderr()
		index, err := b.Run(c.Context())
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(c.OutOrStdout(), index)
		return err
	}
	return c
}

// imagesSHA256 identifies the content of a real dataset, and rejects an invalid one before any long work begins.
func imagesSHA256(data string) (string, error) {
	if data == "" {
		return "", nil
	}
	train, test, err := cifar.Open(data)
	if err != nil {
		return "", err
	}
	return train.Fingerprint()[:32] + test.Fingerprint()[:32], nil
}

// notebookNames lists the values that --only accepts, for shell completion.
func notebookNames() (names []string) {
	paths, _ := book.Choose("notebooks", "") // none elsewhere
	for _, path := range paths {
		names = append(names, strings.TrimSuffix(filepath.Base(path), ".ipynb"))
	}
	return names
}
