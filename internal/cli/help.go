package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

// writeHelp writes a command's help: how it is called, what it does, the commands below it, flags, examples.
func writeHelp(c *cobra.Command, _ []string) {
	out := c.OutOrStdout()
	fmt.Fprintf(out, "Usage: %s\n", c.UseLine())
	if about := c.Long; about != "" {
		fmt.Fprintf(out, "\n%s\n", strings.TrimSpace(about))
	}
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(out, "\nCommands:\n")
		writeCommands(out, c)
	}
	fmt.Fprintf(out, "\nFlags:\n%s", c.LocalFlags().FlagUsagesWrapped(110))
	if c.HasExample() {
		fmt.Fprintf(out, "\nExample:\n")
		for line := range strings.Lines(c.Example) {
			fmt.Fprintf(out, "  %s %s\n", c.Root().CommandPath(), strings.TrimSpace(line))
		}
	}
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(out, "\n%s COMMAND --help lists a command's flags.\n", c.CommandPath())
	}
}

func writeCommands(out io.Writer, c *cobra.Command) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, below := range available(c) {
		fmt.Fprintf(table, "  %s\t%s\n", below.Name(), below.Short)
	}
	table.Flush()
}

// available are the commands below c that help lists, without cobra's own for shells.
func available(c *cobra.Command) []*cobra.Command {
	return slices.DeleteFunc(slices.Clone(c.Commands()), func(below *cobra.Command) bool { return below.Hidden })
}

// helpCommand is the command help, which shows the help of another command.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "show the help of a command",
		Long:    "Shows the help of a command, as its flag --help does.",
		Example: "help runs export",
		RunE: func(c *cobra.Command, args []string) error {
			about := c.Root()
			for _, word := range args {
				below := child(about, word)
				if below == nil {
					return unknown(about, word)
				}
				about = below
			}
			return about.Help()
		},
		ValidArgsFunction: func(c *cobra.Command, args []string, _ string) (names []string, _ cobra.ShellCompDirective) {
			about := c.Root()
			for _, word := range args {
				if about = child(about, word); about == nil {
					return nil, cobra.ShellCompDirectiveNoFileComp
				}
			}
			for _, below := range available(about) {
				names = append(names, cobra.CompletionWithDesc(below.Name(), below.Short))
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
	}
}
