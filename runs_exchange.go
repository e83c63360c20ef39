package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/cnn/exchange"
)

// importRun saves a network that Keras trained as a run.
func importRun(root string, args []string, stdout, stderr io.Writer) error {
	f := flags("runs import", "[flags] FILE\n\nSaves a network from Keras as a run: FILE is a .keras or .h5 file.", stderr)
	name := f.String("name", "", "name of the run; by default the file's")
	network := f.String("network", "", "JSON file with the network, Keras's or ours, for a file of weights alone")
	path, err := parseOne(f, args, "file")
	if err != nil {
		return err
	}
	if *name == "" {
		*name, _, _ = strings.Cut(filepath.Base(path), ".")
	}
	var net *cnn.Architecture
	if *network != "" {
		data, err := os.ReadFile(*network)
		if err != nil {
			return err
		}
		read, err := exchange.ReadNetwork(data)
		if err != nil {
			return fmt.Errorf("%s: %w", *network, err)
		}
		net = &read
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	m, err := exchange.Read(data, net)
	if err != nil {
		if net == nil && errors.Is(err, cnn.ErrFormat) {
			err = fmt.Errorf("%w: if it holds weights alone, give their network by -network", err)
		}
		return fmt.Errorf("%s: %w", path, err)
	}
	r, err := cnn.ImportRun(root, *name, m.Network, m.Weights, filepath.Base(path))
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s: %d layers from %s\n", filepath.Base(r.Dir), len(m.Network.Layers), path)
	return nil
}
