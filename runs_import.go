package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/cnn/exchange"
	"github.com/cnnbook/cnnbook/internal/cli"
	"github.com/spf13/cobra"
)

func runsImportCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "import FILE [flags]", Short: "save a network from Keras or an ONNX file as a run",
		Long: "Saves a network from another framework as a run: FILE is a .keras or .h5 file of Keras, or an .onnx file\n" +
			"as torch.onnx.export of PyTorch writes it, with a plain chain of layers.\n\n" +
			"The preprocessing of the pixels is saved with the run. Where the file does not state it, --preprocess must:\n" + preprocessings(),
		Example: "runs import --name theirs --preprocess divide-255 model.keras", Args: cli.OneArg("file"),
	}
	name := c.Flags().String("name", "", "name of the run; by default the file's")
	network := c.Flags().String("network", "", "JSON file with the network, in Keras's format or ours, for a file that holds only weights")
	preprocess := c.Flags().String("preprocess", "", "preprocessing of the pixels")
	classes := c.Flags().StringSlice("classes", nil, "names of the classes, in the order of the network's outputs, for a file that does not name them: cat,dog,…")
	cli.Complete(c, "preprocess", func() (names []string) {
		for _, p := range exchange.Preprocessings() {
			names = append(names, cobra.CompletionWithDesc(p[0], p[1]))
		}
		return names
	})
	c.RunE = func(c *cobra.Command, args []string) error {
		root, err := runsRoot()
		if err != nil {
			return err
		}
		r, err := importRun(root, *name, *network, *preprocess, *classes, args[0])
		if err != nil {
			return err
		}
		in := r.Network.Input
		fmt.Fprintf(c.OutOrStdout(), "%s: %d layers from %s, for images of %d×%d×%d\npreprocessing: %s\n",
			filepath.Base(r.Dir), len(r.Network.Layers), args[0], in[0], in[1], in[2], r.Preprocess())
		for _, note := range r.Notes() {
			fmt.Fprintln(c.OutOrStdout(), "note:", note)
		}
		if !r.NamesClasses() {
			fmt.Fprintln(c.OutOrStdout(), "note: the file does not name its classes: answers say class 0, class 1 and so on; --classes cat,dog,… names them, in the order of the outputs")
		}
		return nil
	}
	return c
}

// importRun saves the network in the file at path as a run below root. classes, if any, are the names of its classes. network is a file of layers, for a file that holds only weights.
func importRun(root, name, network, preprocess string, classes []string, path string) (*cnn.Run, error) {
	layers, err := readNetwork(network)
	if err != nil {
		return nil, err
	}
	m, err := exchange.ImportFile(path, layers, preprocess)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !errors.Is(err, cnn.ErrFormat): // its text names the file
		return nil, err
	case errors.Is(err, exchange.ErrNoNetwork):
		err = fmt.Errorf("%w: give its JSON with --network", err)
	case errors.Is(err, exchange.ErrPreprocessing):
		err = fmt.Errorf("%w: give it with --preprocess", err)
	}
	if err == nil && len(classes) > 0 {
		if err = m.NameClasses(classes); err != nil {
			err = fmt.Errorf("--classes: %w", err)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	file := filepath.Base(path)
	return cnn.Import(root, cmp.Or(name, runNameOf(file)), cnn.Foreign{
		Network: m.Network, Weights: m.Weights, Source: file, Preprocess: m.Preprocess, Classes: m.Classes, Notes: m.Notes,
	})
}

// readNetwork reads a file of layers, and checks it; for an empty path it returns nil.
func readNetwork(path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if _, err := exchange.ReadNetwork(data); err != nil && !errors.Is(err, exchange.ErrUnsupported) { // Import says what is unsupported
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return data, nil
}

// preprocessings lists the choices, one per line.
func preprocessings() string {
	var b strings.Builder
	for _, c := range exchange.Preprocessings() {
		fmt.Fprintf(&b, "\n  %-14s %s", c[0], c[1])
	}
	return b.String()
}

// runNameOf is a file's name without its extensions, with characters replaced that a run's name may not have.
func runNameOf(file string) string {
	name, _, _ := strings.Cut(strings.TrimLeft(file, "._-"), ".")
	name = strings.Map(func(r rune) rune {
		if r < 128 && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_') {
			return r
		}
		return '-'
	}, name)
	name = strings.TrimLeft(name, "-_")
	return cmp.Or(name[:min(len(name), 64)], "imported")
}
