package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/cnnbook/cnnbook/kernelext/setup"
	"github.com/cnnbook/cnnbook/kernelext/setup/doctor"
)

func setupCommand(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if err := parse(flags("setup", "\n\nMakes the kernel, the plugin and the Python tools in the cache folder, once.", stderr), args); err != nil {
		return err
	}
	env, err := setup.Installer{Log: stderr}.Run(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "ready in %s, on %s\n", env.Cache, env.Plugin)
	return nil
}

func lab(ctx context.Context, args []string, _, stderr io.Writer) error {
	f := flags("lab", "[flags]\n\nOpens JupyterLab on the notebooks with the kernel \"Go (cnnbook)\".", stderr)
	folder := f.String("dir", "notebooks", "folder of notebooks to open")
	port := f.Int("port", 0, "port on the loopback interface (default: 8888 or the next that is free)")
	noBrowser := f.Bool("no-browser", false, "print the address instead of opening a browser")
	allowRoot := f.Bool("allow-root", false, "run although this is the superuser")
	if err := parse(f, args); err != nil {
		return err
	}
	if os.Geteuid() == 0 && !*allowRoot {
		return fmt.Errorf("lab: JupyterLab does not run as root, because whoever reaches it then owns the machine: use an ordinary account, or add -allow-root in a container of your own")
	}
	env, err := setup.Installer{Log: stderr}.Run(ctx)
	if err != nil {
		return err
	}
	return setup.Lab(ctx, env, setup.LabOptions{Folder: *folder, Port: *port, NoBrowser: *noBrowser, AllowRoot: *allowRoot, Output: stderr})
}

// errDoctor makes the doctor's exit status 1 when something is wrong.
var errDoctor = errors.New("doctor: something is missing: the remedies stand above")

func doctorCommand(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f := flags("doctor", "[flags]\n\nLooks at all that cnnbook needs and changes nothing.", stderr)
	data := f.String("data", "", "also look at this dataset")
	asJSON := f.Bool("json", false, "print JSON")
	if err := parse(f, args); err != nil {
		return err
	}
	checks := doctor.Run(ctx, setup.Installer{}, *data)
	write := doctor.Write
	if *asJSON {
		write = doctor.WriteJSON
	}
	if err := write(stdout, checks); err != nil {
		return err
	}
	if doctor.Failed(checks) {
		return errDoctor
	}
	return nil
}
