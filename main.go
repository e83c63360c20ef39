// Command cnnbook sets up the notebook lab and runs it: see the README.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/cnnbook/cnnbook/internal/cli"
	"github.com/cnnbook/cnnbook/internal/engine"
	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second ctrl-C ends the process if it does not react to the first
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(report(err, os.Stderr))
}

// run runs a command line.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	root := commands()
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	return cli.Execute(ctx, root, args)
}

// commands returns the root command with all commands of this program.
func commands() *cobra.Command {
	return cli.Root("cnnbook is a Go notebook lab for image recognition.",
		bookCommand(), labCommand(), setupCommand(), kernelCommand(), doctorCommand(), handoutCommand(),
		dataCommand(), trainCommand(), sweepCommand(), predictCommand(), benchCommand(), runsCommand())
}

// report prints how a command ended and returns the exit status.
func report(err error, stderr io.Writer) int {
	var quiet silent
	switch {
	case err == nil, errors.As(err, &quiet):
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(stderr, "cnnbook: stopped; finished work is kept, and the same command continues from there")
	default:
		fmt.Fprintln(printable{stderr}, "cnnbook:", err)
	}
	return exitStatus(err)
}

// exitStatus is the status with which the process ends.
func exitStatus(err error) int {
	var quiet silent
	var task engine.Error
	switch {
	case err == nil:
		return 0
	case errors.As(err, &quiet):
		return quiet.status
	case errors.Is(err, context.Canceled):
		return 130
	case errors.As(err, &task):
		return task.Status
	}
	return 1
}

// printable is a terminal to which untrusted text is written: names, paths,
// metadata of files.
type printable struct{ w io.Writer }

func (p printable) Write(text []byte) (int, error) {
	if _, err := io.WriteString(p.w, kernelext.Printable(string(text))); err != nil {
		return 0, err
	}
	return len(text), nil
}
