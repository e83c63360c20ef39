package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/cnn/exchange"
	"github.com/cnnbook/cnnbook/internal/cli"
	"github.com/spf13/cobra"
)

func runsExportCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "export RUN [flags]", Short: "write a run for use in other programs; --out NAME.zip makes an archive",
		Long:    "Writes a run for use in other programs.\n\n" + runsAbout + "\n\n" + formatsAbout(),
		Example: "runs export base --format keras --out base.keras", Args: cli.OneArg("RUN"),
	}
	out := c.Flags().String("out", "", "file, folder or .zip to write, which must not exist")
	format := c.Flags().String("format", exchange.Formats()[0].Name, "format to write it in")
	cli.CompleteArg(c, runNames)
	cli.Complete(c, "format", func() (names []string) {
		for _, f := range exchange.Formats() {
			names = append(names, cobra.CompletionWithDesc(f.Name, f.About))
		}
		return names
	})
	c.RunE = func(c *cobra.Command, args []string) error {
		dir, err := findRunFolder(args[0])
		if err != nil {
			return err
		}
		if *out == "" {
			return errors.New("runs export: no destination: name one with --out")
		}
		r, err := cnn.LoadRun(dir)
		if err != nil {
			return err
		}
		if r.Recovered != "" {
			fmt.Fprintf(c.ErrOrStderr(), "the latest save is damaged; exporting the one before it: %s\n", r.Recovered)
		}
		if err := exchange.Export(r, *format, *out); err != nil {
			return err
		}
		_, err = fmt.Fprintf(c.OutOrStdout(), "%s: %s, as %s\n", *out, r, *format)
		return err
	}
	return c
}

// formatsAbout lists the formats for the help text.
func formatsAbout() string {
	var b strings.Builder
	b.WriteString("Formats of runs export:\n")
	for _, f := range exchange.Formats() {
		fmt.Fprintf(&b, "  %-14s %s\n", f.Name, f.About)
	}
	return b.String()
}
