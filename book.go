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

const bookAbout = `Runs notebooks unattended and writes a folder of pages: the notebooks of this repository or, in DIR, those of a book of your
own, which the file book.yaml in DIR describes. Without --data they run on drawn images.
A notebook that has already run with these settings runs again only when it, or code that it imports, has changed.`

func bookCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "book [DIR] [flags]", Short: "set up, run every notebook unattended, and write the pages",
		Long: bookAbout, Example: "book --data ~/cifar10 --budget cpu --only 01,06\nbook ~/mybook --watch", Args: cli.AtMostOne("DIR"),
	}
	b := book.Build{Code: []string{"cifar", "cnn", "viz", "kernelext/*.go", "kernelext/internal/text", "kernelext/internal/smallpng", "internal", "notebooks/lab"}}
	params := paramFlags(c)
	c.Flags().StringVar(&b.Out, "out", "", "folder for the pages; books for other data, budgets or seeds in it are kept (default: _site, in DIR if that is named)")
	c.Flags().StringVar(&b.Only, "only", "", "run only these notebooks, such as 01 or 02,06")
	c.Flags().BoolVar(&b.Update, "update", false, "also write the results back into the notebooks, drawn images only")
	c.Flags().BoolVar(&b.Force, "force", false, "run notebooks even if nothing has changed since their last run")
	c.Flags().BoolVar(&b.Slides, "slides", false, "also make slides of each notebook, slides/NAME.html, each in one file")
	c.Flags().BoolVar(&b.PDF, "pdf", false, "also print each notebook as pdf/NAME.pdf, with a Chromium")
	verify := verifyFlags(c)
	watch := c.Flags().Bool("watch", false, "go on, and run and write again what changes, until ctrl-C")
	var about book.Book // what flags say about the book
	c.Flags().StringVar(&about.URL, "url", "", "address at which the folder --out will be published, for search engines and link previews")
	c.Flags().StringVar(&about.Repository, "repository", "", "address of the repository with these notebooks, for a button that starts them in Binder")
	c.Flags().StringVar(&about.Hub, "hub", "", "address of a JupyterHub with nbgitpuller, for a button that opens the repository's notebooks there")
	cli.Complete(c, "only", notebookNames)
	c.AddCommand(bookInitCommand())
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		if err := verify.check(args); err != nil {
			return err
		}
		if b.Book, err = readBook(args, &b.Out); err != nil {
			return fmt.Errorf("book: %w", err)
		}
		b.Flags = about
		if b.Params, err = params(); err != nil {
			return err
		}
		switch {
		case b.Update && b.Params.Data != "":
			return errors.New("book: --update is for drawn images only: images of a real dataset do not go into the notebooks")
		case verify.stretches > 0 && *watch:
			return errors.New("book: --verify trains for minutes, --watch looks at changes: choose one of the two")
		case b.Update && *watch:
			return errors.New("book: --update changes the notebooks that --watch looks at: choose one of the two")
		}
		if b.Images, err = imagesSHA256(b.Params.Data); err != nil {
			return err
		}
		b.Software, b.Log = cnn.Software(), c.ErrOrStderr()
		if verify.stretches > 0 {
			b.Verify = verify.with(b.Log)
		}
		run := b.Run
		if *watch {
			run = b.Watch
		}
		index, err := run(c.Context())
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(c.OutOrStdout(), index)
		return err
	}
	return c
}

// bookInitCommand writes a new book.
func bookInitCommand() *cobra.Command {
	return &cobra.Command{
		Use: "init DIR", Short: "write a new book: a folder with one notebook of ten cells",
		Long:    "Writes a book of your own into a folder that is new or empty: its description book.yaml, a notebook of ten cells, and a bibliography.",
		Example: "book init ~/mybook", Args: cli.OneArg("DIR"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := book.Init(args[0]); err != nil {
				return fmt.Errorf("book init: %w", err)
			}
			_, err := fmt.Fprintf(c.OutOrStdout(), "%s\nNow: go run . book %s --watch\nand, in another terminal: go run . lab --dir %s\n", args[0], args[0], args[0])
			return err
		},
	}
}

// readBook reads the book that the arguments name, or the one of this repository. Without another folder, the pages of a
// named book are in it.
func readBook(args []string, out *string) (book.Book, error) {
	dir, site := "notebooks", "_site"
	if len(args) > 0 {
		dir, site = args[0], filepath.Join(args[0], "_site")
	}
	if *out == "" {
		*out = site
	}
	return book.ReadBook(dir)
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
	b, err := book.ReadBook("notebooks")
	if err != nil {
		return nil // none elsewhere
	}
	all, _ := b.Choose("")
	for _, name := range all {
		names = append(names, strings.TrimSuffix(name, ".ipynb"))
	}
	return names
}
