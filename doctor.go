package main

import (
	"errors"

	"github.com/cnnbook/cnnbook/internal/cli"
	"github.com/cnnbook/cnnbook/kernelext/setup"
	"github.com/cnnbook/cnnbook/kernelext/setup/doctor"
	"github.com/spf13/cobra"
)

// errDoctor makes the doctor's exit status 1 when something is wrong.
var errDoctor = errors.New("doctor: something is missing: the remedies are listed above")

func doctorCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "doctor [flags]", Short: "report what is installed, what is missing and how to fix it",
		Long:    "Checks everything that cnnbook needs and changes nothing. The exit status is 1 if something is missing.",
		Example: "doctor --data ~/cifar10", Args: cli.NoArgs,
	}
	data := c.Flags().String("data", "", "also check this dataset")
	asJSON := c.Flags().Bool("json", false, "print JSON")
	c.RunE = func(c *cobra.Command, _ []string) error {
		checks := doctor.Run(c.Context(), setup.Installer{}, *data)
		write := doctor.Write
		if *asJSON {
			write = doctor.WriteJSON
		}
		if err := write(c.OutOrStdout(), checks); err != nil {
			return err
		}
		if doctor.Failed(checks) {
			return errDoctor
		}
		return nil
	}
	return c
}
