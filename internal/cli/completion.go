package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

const completionAbout = `Writes a script that lets %s complete commands, flags, and values such as the names of saved runs.

A shell completes the name of a program, so build one and put it where the shell finds programs:

  go build -o ~/.local/bin/cnnbook .

Then, in each new shell or in its start-up file:

  %s`

// completionCommand is the command completion, with a command for each shell.
func completionCommand() *cobra.Command {
	group := &cobra.Command{
		Use: "completion SHELL", Short: "write a script that lets a shell complete command lines",
		Long:    "Writes a script that lets a shell complete commands, flags, and values such as the names of saved runs.",
		Example: "completion bash",
	}
	return Group(group,
		shell("bash", "source <(cnnbook completion bash)", func(c *cobra.Command, w io.Writer) error { return c.GenBashCompletionV2(w, true) }),
		shell("zsh", "source <(cnnbook completion zsh)", (*cobra.Command).GenZshCompletion),
		shell("fish", "cnnbook completion fish | source", func(c *cobra.Command, w io.Writer) error { return c.GenFishCompletion(w, true) }),
		shell("powershell", "cnnbook completion powershell | Out-String | Invoke-Expression", (*cobra.Command).GenPowerShellCompletionWithDesc),
	)
}

func shell(name, load string, write func(root *cobra.Command, w io.Writer) error) *cobra.Command {
	return &cobra.Command{
		Use: name, Short: "write the script for " + name,
		Long:    fmt.Sprintf(completionAbout, name, load),
		Example: "completion " + name,
		Args:    NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return write(c.Root(), c.OutOrStdout()) },
	}
}
