package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/cnnbook/cnnbook/internal/cli"
	"github.com/cnnbook/cnnbook/kernelext/setup"
	"github.com/spf13/cobra"
)

func kernelCommand() *cobra.Command {
	return cli.Group(&cobra.Command{
		Use: "kernel COMMAND", Short: "install the kernel for your own Jupyter; list or remove it",
		Long:    "Installs the kernel \"Go (cnnbook)\" for any Jupyter client: JupyterLab, VS Code or JupyterHub. Other kernels are left alone.",
		Example: "kernel install\nkernel list",
	}, kernelInstallCommand(), kernelListCommand(), kernelRemoveCommand())
}

func kernelInstallCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "install [flags]", Short: "install or update the kernel",
		Long:    "Runs setup, then installs the kernel for your own Jupyter. Installing it again updates it.",
		Example: "kernel install --sys-prefix", Args: cli.NoArgs,
	}
	place := placeFlags(c)
	name := c.Flags().String("name", setup.KernelName, "name of the kernel; notebooks refer to it by this name")
	display := c.Flags().String("display-name", "", "name that JupyterLab shows (default \""+setup.KernelDisplayName+"\")")
	c.RunE = func(c *cobra.Command, _ []string) error {
		at, err := place()
		if err != nil {
			return err
		}
		env, err := setup.Installer{Log: c.ErrOrStderr()}.Run(c.Context())
		if err != nil {
			return err
		}
		dir, err := env.InstallKernel(c.Context(), setup.KernelInstall{Place: at, Name: *name, DisplayName: *display})
		if err != nil {
			return err
		}
		if at.Prefix != "" {
			for _, part := range env.Unreadable() {
				fmt.Fprintf(c.ErrOrStderr(), "note: other accounts cannot read %s; docs/CLASS.md shows how to install for all of them\n", part)
			}
		}
		_, err = fmt.Fprintln(c.OutOrStdout(), dir)
		return err
	}
	return c
}

func kernelListCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "list [flags]", Short: "list the installed kernels and their missing parts",
		Long:    "Lists the kernels that \"kernel install\" has installed, and reports their missing parts.",
		Example: "kernel list --prefix /usr/local", Args: cli.NoArgs,
	}
	prefix := c.Flags().String("prefix", "", "also search the installation DIR")
	c.RunE = func(c *cobra.Command, _ []string) error {
		found, err := setup.InstalledKernels(c.Context(), *prefix)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			fmt.Fprintln(c.ErrOrStderr(), "no kernel is installed: go run . kernel install installs one; go run . lab works without")
			return nil
		}
		t := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
		for _, k := range found {
			state := "ready"
			if len(k.Gone) > 0 {
				state = "missing: " + strings.Join(k.Gone, ", ") + "; install it again"
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", k.Name, k.DisplayName, k.Dir, state)
		}
		return t.Flush()
	}
	return c
}

func kernelRemoveCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "remove [flags]", Short: "remove an installed kernel",
		Long:    "Removes a kernel that \"kernel install\" has installed.",
		Example: "kernel remove --prefix /usr/local", Args: cli.NoArgs,
	}
	place := placeFlags(c)
	name := c.Flags().String("name", setup.KernelName, "name of the kernel")
	c.RunE = func(c *cobra.Command, _ []string) error {
		at, err := place()
		if err != nil {
			return err
		}
		dir, err := setup.RemoveKernel(c.Context(), at, *name)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(c.OutOrStdout(), "removed", dir)
		return err
	}
	return c
}

// placeFlags adds the flags that select where a kernel is installed. The function that it returns reads them once they are parsed.
func placeFlags(c *cobra.Command) func() (setup.KernelPlace, error) {
	prefix := c.Flags().String("prefix", "", "in the installation DIR, such as /usr/local or a virtual environment")
	user := c.Flags().Bool("user", false, "for this account, whatever Jupyter it uses (the default)")
	sys := c.Flags().Bool("sys-prefix", false, "in the active virtual or conda environment")
	return func() (setup.KernelPlace, error) {
		chosen := 0
		for _, is := range []bool{*prefix != "", *user, *sys} {
			if is {
				chosen++
			}
		}
		if chosen > 1 {
			return setup.KernelPlace{}, fmt.Errorf("kernel %s: choose one of --user, --sys-prefix and --prefix", c.Name())
		}
		return setup.KernelPlace{Prefix: *prefix, SysPrefix: *sys}, nil
	}
}
