package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/cnn/exchange"
	"github.com/cnnbook/cnnbook/internal/cli"
	"github.com/spf13/cobra"
)

func runsExportCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "export RUN [flags]", Short: "write a run for others to open; --out NAME.zip makes an archive",
		Long:    "Writes a run for others to open.\n\n" + runsAbout + "\n\n" + formatsAbout(),
		Example: "runs export base --format keras --out base.keras", Args: cli.OneArg("RUN"),
	}
	out := c.Flags().String("out", "", "file, folder or .zip to write, which must not exist")
	format := c.Flags().String("format", cnn.ExportFormats()[0].Name, "format to write it in")
	cli.CompleteArg(c, runNames)
	cli.Complete(c, "format", func() (names []string) {
		for _, f := range formats() {
			names = append(names, cobra.CompletionWithDesc(f[0], f[1]))
		}
		return names
	})
	c.RunE = func(c *cobra.Command, args []string) error {
		dir, err := findRunFolder(args[0])
		if err != nil {
			return err
		}
		if *out == "" {
			return errors.New("runs export: where to? give a name by --out")
		}
		r, err := cnn.LoadRun(dir)
		if err != nil {
			return err
		}
		if err := exportRun(r, *format, *out, c.ErrOrStderr()); err != nil {
			return err
		}
		_, err = fmt.Fprintf(c.OutOrStdout(), "%s: %s, as %s\n", *out, r, *format)
		return err
	}
	return c
}

func exportRun(r *cnn.Run, format, out string, stderr io.Writer) error {
	if r.Recovered != "" {
		fmt.Fprintf(stderr, "the latest save is damaged, the one before it is exported: %s\n", r.Recovered)
	}
	other, ok := exchange.FormatNamed(format)
	if !ok {
		return r.Export(format, out)
	}
	data, err := other.Write(exchange.Model{Network: r.Network, Weights: r.Weights()})
	if err != nil {
		return fmt.Errorf("exporting as %s: %w", other.Name, err)
	}
	return cnn.WriteNewFile(out, data)
}

// formats are the names of all formats, each with what it is.
func formats() (all [][2]string) {
	for _, f := range cnn.ExportFormats() {
		all = append(all, [2]string{f.Name, f.About})
	}
	for _, f := range exchange.Formats() {
		all = append(all, [2]string{f.Name, f.About})
	}
	return all
}

// formatsAbout lists the formats for people.
func formatsAbout() string {
	var b strings.Builder
	b.WriteString("Formats of runs export:\n")
	for _, f := range formats() {
		fmt.Fprintf(&b, "  %-14s %s\n", f[0], f[1])
	}
	return b.String()
}
