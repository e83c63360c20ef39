package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cifar/picture"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/cnn/page"
	"github.com/cnnbook/cnnbook/internal/atomicfile"
	"github.com/cnnbook/cnnbook/internal/cli"
	"github.com/cnnbook/cnnbook/kernelext/setup"
	"github.com/spf13/cobra"
)

func runsPageCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "page RUN FILE.html [flags]", Short: "write a page that holds the network and can be asked about pictures",
		Long: "Writes a page of HTML in one file that holds the network of a run and computes with it in the browser: drop a picture, and see the\n" +
			"probability of each class and what the answer hangs on. The page needs no server, and nothing leaves it. It holds up to 100 test\n" +
			"images, on which the page's answers are compared with the network's: those of --data or, without it, drawn ones.\n\n" + runsAbout,
		Example: "runs page quick quick.html\nruns page --bits 8 quick quick.html", Args: cli.Args("a RUN and a FILE.html", 2),
	}
	data := c.Flags().String("data", "", "dataset whose test images the page holds: a folder or an archive")
	bits := c.Flags().Int("bits", 0, "bits of a weight, 8 or 16; by default 16 if the weights then take at most 1.5 MB, otherwise 8")
	c.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return runNames(), cobra.ShellCompDirectiveNoFileComp
		}
		return []string{"html"}, cobra.ShellCompDirectiveFilterFileExt
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		if !strings.HasSuffix(args[1], ".html") {
			return fmt.Errorf("runs page: the file is called %s, expected a name that ends in .html", args[1])
		}
		if *bits != 0 && *bits != 8 && *bits != 16 {
			return fmt.Errorf("runs page: --bits is %d, expected 8 or 16", *bits)
		}
		dir, err := findRunFolder(args[0])
		if err != nil {
			return err
		}
		run, err := cnn.LoadRun(dir)
		if err != nil {
			return err
		}
		defer run.Close()
		test, labelled, err := pageImages(run, *data)
		if err != nil {
			return err
		}
		plugin, err := setup.Installer{Log: c.ErrOrStderr()}.Plugin(c.Context())
		if err != nil {
			return err
		}
		if err := plugin.Apply(); err != nil {
			return err
		}
		p, err := page.Make(c.Context(), run, test, page.Options{Bits: *bits, Unlabelled: !labelled, Note: strings.Join(pageNotes(run), " ")})
		if err != nil {
			return err
		}
		if err := atomicfile.WriteNewBytes(args[1], p.HTML, 0o644); err != nil {
			return fmt.Errorf("runs page: %s: %w", args[1], err)
		}
		_, err = fmt.Fprintf(c.OutOrStdout(), "%s: %d bytes, with weights of %d bits\n%d images of %s: probabilities within %s of the network's, the same class for %d\n",
			args[1], len(p.HTML), p.Bits, p.Images, test.Name, p.Within(), p.Same)
		return err
	}
	return c
}

// pageNotes are what a reader of the page must know of the run.
func pageNotes(run *cnn.Run) (notes []string) {
	if finished, total := run.Epochs(); !run.Finished() {
		notes = append(notes, fmt.Sprintf("Its training is not finished: %d of %d epochs.", finished, total))
	}
	if run.Recovered != "" {
		notes = append(notes, "Its latest save is damaged; these are the weights of the one before.")
	}
	return notes
}

// pageImages are the test images of a dataset or, without one, drawn images at the network's size. labelled is false where
// those are not of the network's classes.
func pageImages(run *cnn.Run, data string) (images *cifar.Dataset, labelled bool, err error) {
	if data != "" {
		_, test, err := cifar.Open(data)
		return test, true, err
	}
	classes, err := run.Classes()
	if err != nil {
		return nil, false, err
	}
	in := run.Network.Input
	shape := cifar.Shape{Height: in[0], Width: in[1], Channels: in[2]}
	if err := shape.Check(); err != nil {
		return nil, false, fmt.Errorf("runs page: the network cannot be asked about pictures: %w", err)
	}
	_, test := cifar.Drawn(1, 1, page.Images)
	labelled = slices.Equal(classes, test.Names)
	fitted := *test
	fitted.Images, fitted.Height, fitted.Width, fitted.Channels = nil, shape.Height, shape.Width, shape.Channels
	for i := range test.Len() {
		pixels, _, err := picture.Fit(test.Image(i), shape)
		if err != nil {
			return nil, false, err
		}
		fitted.Images = append(fitted.Images, pixels...)
	}
	if !labelled {
		fitted.Names, fitted.Labels = classes, make([]uint8, test.Len())
	}
	return &fitted, labelled, nil
}
