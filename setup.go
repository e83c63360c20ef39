package main

import (
	"fmt"

	"github.com/cnnbook/cnnbook/internal/cli"
	"github.com/cnnbook/cnnbook/kernelext/setup"
	"github.com/spf13/cobra"
)

func setupCommand() *cobra.Command {
	return &cobra.Command{
		Use: "setup", Short: "only set up: kernel, plugin, Python tools",
		Long:    "Installs the kernel, the plugin and the Python tools in the cache folder, once.",
		Example: "setup", Args: cli.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			env, err := setup.Installer{Log: c.ErrOrStderr()}.Run(c.Context())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "ready in %s, on %s\n", env.Cache, env.Plugin)
			return err
		},
	}
}
