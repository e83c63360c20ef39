package main

import (
	"errors"
	"os"

	"github.com/cnnbook/cnnbook/internal/cli"
	"github.com/cnnbook/cnnbook/kernelext/setup"
	"github.com/spf13/cobra"
)

// errRoot is lab's error when it runs as root.
var errRoot = errors.New("lab: JupyterLab does not run as root, because anyone who can connect to it would then control the machine: use an ordinary account, or add --allow-root in your own container")

func labCommand() *cobra.Command {
	var o setup.LabOptions
	c := &cobra.Command{
		Use: "lab [flags]", Short: "set up, and open JupyterLab on the notebooks",
		Long:    "Opens JupyterLab on the notebooks with the kernel \"Go (cnnbook)\".",
		Example: "lab --no-browser --port 8890", Args: cli.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if os.Geteuid() == 0 && !o.AllowRoot {
				return errRoot
			}
			env, err := setup.Installer{Log: c.ErrOrStderr()}.Run(c.Context())
			if err != nil {
				return err
			}
			o.Output = c.ErrOrStderr()
			return setup.Lab(c.Context(), env, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Folder, "dir", "notebooks", "folder of notebooks to open")
	f.IntVar(&o.Port, "port", 0, "port on the loopback interface (default: 8888 or the next that is free)")
	f.BoolVar(&o.NoBrowser, "no-browser", false, "print the address instead of opening a browser")
	f.BoolVar(&o.AllowRoot, "allow-root", false, "run even as root")
	return c
}
