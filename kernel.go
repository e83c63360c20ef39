package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/cnnbook/cnnbook/kernelext/setup"
)

const kernelUsage = `Usage: go run . kernel install [-user | -sys-prefix | -prefix DIR] [-name NAME] [-display-name TEXT]
       go run . kernel list    [-prefix DIR]
       go run . kernel remove  [-user | -sys-prefix | -prefix DIR] [-name NAME]

Gives the kernel "Go (cnnbook)" to any Jupyter, be it JupyterLab, VS Code or JupyterHub. Other kernels are left alone.
`

func kernel(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	words := map[string]command{"install": installKernel, "list": listKernels, "remove": removeKernel}
	if len(args) == 0 || words[args[0]] == nil {
		fmt.Fprint(stderr, kernelUsage)
		if len(args) > 0 && args[0] != "-help" && args[0] != "-h" && args[0] != "--help" {
			return fmt.Errorf("kernel: unknown word %q: expected install, list or remove", args[0])
		}
		return nil
	}
	return words[args[0]](ctx, args[1:], stdout, stderr)
}

func installKernel(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f := flags("kernel install", "[flags]\n\nSets up, and installs the kernel for a Jupyter of your own. Installing it again renews it.", stderr)
	place := placeFlags(f)
	name := f.String("name", setup.KernelName, "name of the kernel; notebooks ask for it by name")
	display := f.String("display-name", "", "what JupyterLab shows (default \""+setup.KernelDisplayName+"\")")
	if err := parse(f, args); err != nil {
		return err
	}
	at, err := place()
	if err != nil {
		return err
	}
	env, err := setup.Installer{Log: stderr}.Run(ctx)
	if err != nil {
		return err
	}
	dir, err := env.InstallKernel(ctx, setup.KernelInstall{Place: at, Name: *name, DisplayName: *display})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, dir)
	return err
}

func listKernels(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f := flags("kernel list", "[flags]\n\nLists the kernels that \"kernel install\" has installed, and says what is wrong with one.", stderr)
	prefix := f.String("prefix", "", "also look into the installation DIR")
	if err := parse(f, args); err != nil {
		return err
	}
	found, err := setup.InstalledKernels(ctx, *prefix)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		fmt.Fprintln(stderr, "no kernel is installed: go run . kernel install makes one, go run . lab needs none")
		return nil
	}
	t := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	for _, k := range found {
		state := "ready"
		if len(k.Gone) > 0 {
			state = "gone: " + strings.Join(k.Gone, ", ") + "; install it again"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", k.Name, k.DisplayName, k.Dir, state)
	}
	return t.Flush()
}

func removeKernel(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f := flags("kernel remove", "[flags]\n\nRemoves a kernel that \"kernel install\" has installed.", stderr)
	place := placeFlags(f)
	name := f.String("name", setup.KernelName, "name of the kernel")
	if err := parse(f, args); err != nil {
		return err
	}
	at, err := place()
	if err != nil {
		return err
	}
	dir, err := setup.RemoveKernel(ctx, at, *name)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, "removed", dir)
	return err
}

// placeFlags adds the flags that say where a kernel lies. The function that it returns reads them once they are parsed.
func placeFlags(f *flag.FlagSet) func() (setup.KernelPlace, error) {
	prefix := f.String("prefix", "", "in the installation DIR, such as /usr/local or a virtual environment")
	user := f.Bool("user", false, "for this account, whatever Jupyter it uses (the default)")
	sys := f.Bool("sys-prefix", false, "in the active virtual or conda environment")
	return func() (setup.KernelPlace, error) {
		chosen := 0
		for _, is := range []bool{*prefix != "", *user, *sys} {
			if is {
				chosen++
			}
		}
		if chosen > 1 {
			return setup.KernelPlace{}, fmt.Errorf("%s: choose one of -user, -sys-prefix and -prefix", f.Name())
		}
		return setup.KernelPlace{Prefix: *prefix, SysPrefix: *sys}, nil
	}
}
