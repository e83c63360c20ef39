package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/cnn/exchange"
)

// exportAs writes a run's network in a form of another framework.
func exportAs(f exchange.Format, r *cnn.Run, out string) error {
	data, err := f.Write(exchange.Model{Network: r.Network, Weights: r.Weights(), Preprocess: r.Preprocess()})
	if err != nil {
		return fmt.Errorf("exporting as %s: %w", f.Name, err)
	}
	return cnn.WriteNewFile(out, data)
}

// importRun saves a network that Keras trained as a run.
func importRun(root string, args []string, stdout, stderr io.Writer) error {
	f := flags("runs import", "[flags] FILE\n\nSaves a network from Keras as a run: FILE is a .keras or .h5 file.", stderr)
	name := f.String("name", "", "name of the run; by default the file's")
	network := f.String("network", "", "JSON file with the network, Keras's or ours, for a file of weights alone")
	preprocess := f.String("preprocess", "", "what was done to the pixels before the network, where the file does not say it:\n"+preprocessings())
	path, err := parseOne(f, args, "file")
	if err != nil {
		return err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var layers []byte
	if *network != "" {
		if layers, err = os.ReadFile(*network); err != nil {
			return err
		}
		if _, err := exchange.ReadNetwork(layers); err != nil && !errors.Is(err, exchange.ErrUnsupported) { // Import says what is unsupported
			return fmt.Errorf("%s: %w", *network, err)
		}
	}
	m, err := exchange.Import(data, layers, *preprocess)
	switch {
	case errors.Is(err, exchange.ErrNoNetwork):
		err = fmt.Errorf("%w: give its JSON by -network", err)
	case errors.Is(err, exchange.ErrPreprocessing):
		err = fmt.Errorf("%w: give it by -preprocess", err)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	file := filepath.Base(path)
	r, err := cnn.Import(root, cmp.Or(*name, runNameOf(file)), cnn.Foreign{
		Network: m.Network, Weights: m.Weights, Source: file, Preprocess: m.Preprocess, Notes: m.Notes,
	})
	if err != nil {
		return err
	}
	in := m.Network.Input
	fmt.Fprintf(stdout, "%s: %d layers from %s, for images of %d×%d×%d\npreprocessing: %s\n",
		filepath.Base(r.Dir), len(m.Network.Layers), path, in[0], in[1], in[2], m.Preprocess)
	for _, note := range m.Notes {
		fmt.Fprintln(stdout, "note:", note)
	}
	return nil
}

// preprocessings lists the choices, a line each.
func preprocessings() string {
	var out []string
	for _, c := range exchange.Preprocessings() {
		out = append(out, c[0]+": "+c[1])
	}
	return strings.Join(out, "\n")
}

// runNameOf is a file's name without its endings, as far as a run may be called so.
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
