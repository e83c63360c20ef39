// Package cli holds what the commands of this program share, on top of cobra: a help layout, one-line errors with
// suggestions, shell completion, and options with one dash as well as two.
//
// Help is requested with -h, --help or the command help; it goes to standard output. Errors are returned, never printed.
package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

func init() {
	cobra.EnableCommandSorting = false // help lists commands in the order in which they are added
}

// Root is the command of the program itself, cnnbook. Help shows the command that starts it from the checkout, "go run .".
func Root(about string, commands ...*cobra.Command) *cobra.Command {
	root := &cobra.Command{
		Use: "cnnbook COMMAND [flags]", Long: about, Example: "help " + commands[0].Name(),
		Annotations:  map[string]string{cobra.CommandDisplayNameAnnotation: "go run ."},
		SilenceUsage: true, SilenceErrors: true,
	}
	help := helpCommand()
	root.SetHelpCommand(help)
	Group(root, append(commands, completionCommand(), help)...)
	root.SetHelpFunc(writeHelp)
	root.SetFlagErrorFunc(flagError)
	for c := range Walk(root) {
		c.Flags().BoolP("help", "h", false, "show this help")
		if c.ValidArgsFunction == nil && !strings.Contains(strings.TrimSuffix(c.Use, " [flags]"), " ") {
			c.ValidArgsFunction = cobra.NoFileCompletions // it takes no arguments
		}
	}
	return root
}

// Execute runs the command that args name.
func Execute(ctx context.Context, root *cobra.Command, args []string) error {
	root.SetArgs(Normalise(root, args))
	return root.ExecuteContext(ctx)
}

// Group makes c a command that only has commands below it.
func Group(c *cobra.Command, commands ...*cobra.Command) *cobra.Command {
	c.AddCommand(commands...)
	c.Args = func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return unknown(c, args[0])
		}
		return nil
	}
	c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	return c
}

// Walk visits a command and all commands below it.
func Walk(c *cobra.Command) func(yield func(*cobra.Command) bool) {
	var walk func(c *cobra.Command, yield func(*cobra.Command) bool) bool
	walk = func(c *cobra.Command, yield func(*cobra.Command) bool) bool {
		if !yield(c) {
			return false
		}
		for _, below := range c.Commands() {
			if !walk(below, yield) {
				return false
			}
		}
		return true
	}
	return func(yield func(*cobra.Command) bool) { walk(c, yield) }
}

// NoArgs is for a command that takes only flags.
func NoArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%sunexpected %q: %s --help lists the flags", prefix(c), strings.Join(args, " "), c.CommandPath())
	}
	return nil
}

// OneArg is for a command that takes one argument besides its flags.
func OneArg(what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != 1 {
			return fmt.Errorf("%sexpected one %s, got %d: %s --help explains", prefix(c), what, len(args), c.CommandPath())
		}
		return nil
	}
}

// AtMostOne is for a command that takes one argument or none besides its flags.
func AtMostOne(what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) > 1 {
			return fmt.Errorf("%sexpected at most one %s, got %d: %s --help explains", prefix(c), what, len(args), c.CommandPath())
		}
		return nil
	}
}

// Args is for a command that takes so many arguments besides its flags.
func Args(what string, number int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != number {
			return fmt.Errorf("%sexpected %s, got %d arguments: %s --help explains", prefix(c), what, len(args), c.CommandPath())
		}
		return nil
	}
}

// AtLeast is for a command that takes so many arguments or more.
func AtLeast(what string, number int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) < number {
			return Args(what, number)(c, args)
		}
		return nil
	}
}

// Complete sets the values that a shell completes for a flag.
func Complete(c *cobra.Command, flag string, values func() []string) {
	err := c.RegisterFlagCompletionFunc(flag, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return values(), cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		panic(err) // there is no such flag
	}
}

// CompleteArg sets the values that a shell completes for a command's one argument.
func CompleteArg(c *cobra.Command, values func() []string) {
	c.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return values(), cobra.ShellCompDirectiveNoFileComp
	}
}

// prefix begins a command's errors, such as "runs export: ". It is empty for the program itself.
func prefix(c *cobra.Command) string {
	if !c.HasParent() {
		return ""
	}
	return strings.TrimPrefix(c.CommandPath(), c.Root().CommandPath()+" ") + ": "
}

// child is the command of a name directly below c, or nil.
func child(c *cobra.Command, name string) *cobra.Command {
	for _, below := range c.Commands() {
		if below.Name() == name {
			return below
		}
	}
	return nil
}
