// Command cnnbook sets up the notebook lab and runs it: see the README.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/cnnbook/cnnbook/kernelext"
)

const usage = `cnnbook is a Go notebook lab for image recognition.

Usage: go run . COMMAND [flags]

  book     set up, run every notebook without a person, and write the pages
  lab      set up, and open JupyterLab on the notebooks
  setup    only set up: kernel, plugin, Python tools
  kernel   install the kernel for a Jupyter of your own; list or remove it
  doctor   say what is installed, what is missing and how to mend it
  handout  write a student's and a teacher's copy of the notebooks
  data     draw a stand-in dataset, fetch CIFAR-10, or check a dataset
  train    train the write-up's network in a terminal, or go on with it
  bench    time steps, start and memory, beside other frameworks
  runs     list, show, verify, remove, export or import saved runs

go run . COMMAND -help tells a command's flags.
`

// command is one word of the command line.
type command func(ctx context.Context, args []string, stdout, stderr io.Writer) error

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second ctrl-C ends what does not heed the first
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(report(err, os.Stderr))
}

// report tells how a command ended and gives the exit status.
func report(err error, stderr io.Writer) int {
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(stderr, "cnnbook: stopped; what was finished is kept, and the same command goes on from there")
		return 130
	}
	fmt.Fprintln(printable{stderr}, "cnnbook:", err)
	return 1
}

// printable is a terminal to which text from outside is written: names, paths,
// what files say of themselves.
type printable struct{ w io.Writer }

func (p printable) Write(text []byte) (int, error) {
	if _, err := io.WriteString(p.w, kernelext.Printable(string(text))); err != nil {
		return 0, err
	}
	return len(text), nil
}

// run finds the command and runs it.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	commands := map[string]command{
		"book": bookCommand, "lab": lab, "setup": setupCommand, "kernel": kernel, "handout": handout, "doctor": doctorCommand, "data": data, "runs": runs, "train": train, "bench": bench,
	}
	if len(args) == 0 || slices.Contains([]string{"help", "-h", "-help", "--help"}, args[0]) {
		_, err := io.WriteString(stdout, usage)
		return err
	}
	c, ok := commands[args[0]]
	if !ok {
		return fmt.Errorf("unknown command %q: go run . help lists them", args[0])
	}
	return c(ctx, args[1:], stdout, stderr)
}

// flags makes a command's flag set. what is the rest of the command's usage
// line and a sentence about it.
func flags(name, what string, stderr io.Writer) *flag.FlagSet {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(io.Discard) // mistakes come back as errors
	f.Usage = func() {
		fmt.Fprintf(stderr, "Usage: go run . %s %s\n", name, what)
		f.SetOutput(stderr)
		f.PrintDefaults()
	}
	return f
}

// parseFlags reads a command's flags; a mistake is one line.
func parseFlags(f *flag.FlagSet, args []string) error {
	help := f.Usage
	f.Usage = func() {} // the flag package would print it at every mistake
	err := f.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		help()
	} else if err != nil {
		err = fmt.Errorf("%s: %w: go run . %s -help tells the flags", f.Name(), err, f.Name())
	}
	return err
}

// parse is parseFlags for a command that takes nothing after its flags.
func parse(f *flag.FlagSet, args []string) error {
	if err := parseFlags(f, args); err != nil {
		return err
	}
	return noMore(f)
}

// parseOne is parse for a command that takes one word after its flags.
func parseOne(f *flag.FlagSet, args []string, what string) (string, error) {
	if err := parseFlags(f, args); err != nil {
		return "", err
	}
	if f.NArg() != 1 {
		return "", fmt.Errorf("%s: expected one %s, got %d: go run . %s -help tells more", f.Name(), what, f.NArg(), f.Name())
	}
	return f.Arg(0), nil
}

func noMore(f *flag.FlagSet) error {
	if f.NArg() > 0 {
		return fmt.Errorf("%s: unexpected %q: go run . %s -help tells the flags", f.Name(), strings.Join(f.Args(), " "), f.Name())
	}
	return nil
}
