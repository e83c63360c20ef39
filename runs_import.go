package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/cnn/exchange"
	"github.com/cnnbook/cnnbook/internal/cli"
	"github.com/spf13/cobra"
)

func runsImportCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "import FILE [flags]", Short: "save a network from Keras as a run",
		Long:    "Saves a network from Keras as a run: FILE is a .keras or .h5 file.",
		Example: "runs import --name theirs model.keras", Args: cli.OneArg("file"),
	}
	name := c.Flags().String("name", "", "name of the run; by default the file's")
	network := c.Flags().String("network", "", "JSON file with the network, Keras's or ours, for a file of weights alone")
	c.RunE = func(c *cobra.Command, args []string) error {
		root, err := runsRoot()
		if err != nil {
			return err
		}
		r, err := importRun(root, *name, *network, args[0])
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(c.OutOrStdout(), "%s: %d layers from %s\n", filepath.Base(r.Dir), len(r.Network.Layers), args[0])
		return err
	}
	return c
}

// importRun saves the network in the file at path as a run below root. network is a file of layers, for weights alone.
func importRun(root, name, network, path string) (*cnn.Run, error) {
	if name == "" {
		name, _, _ = strings.Cut(filepath.Base(path), ".")
	}
	net, err := readNetwork(network)
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	m, err := exchange.Read(data, net)
	if err != nil {
		if net == nil && errors.Is(err, cnn.ErrFormat) {
			err = fmt.Errorf("%w: if it holds weights alone, give their network by --network", err)
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return cnn.ImportRun(root, name, m.Network, m.Weights, filepath.Base(path))
}

// readNetwork reads a file of layers; without one it gives nil.
func readNetwork(path string) (*cnn.Architecture, error) {
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	net, err := exchange.ReadNetwork(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &net, nil
}
