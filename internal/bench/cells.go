package bench

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/kernelext/setup"
)

//go:embed cells.py
var cellsScript []byte

// cellTimes are seconds from a cell's request to what its reader waits for.
type cellTimes struct {
	Pairs map[string][2][]float64 // as the kernel's first cells, and after a hundred others
	Once  map[string]float64
}

// cellPairs and cellSingles are the rows of the tables: a key of cellTimes, and its words.
var (
	cellPairs = [][2]string{
		{"nothing", "the end of a cell that only declares a variable"},
		{"print", "the line that a cell prints"},
		{"figure", "the figure of a saved run, which the cell finds and opens"},
		{"train", "the start of the first step of another training with the same shapes"},
		{"step", "the end of that step, a batch of 100"},
	}
	cellSingles = [][2]string{
		{"first cell", "the kernel's first cell"},
		{"first training", "the end of the first training's first step: the graph is compiled, 10,000 images are sent"},
		{"first evaluation", "the accuracy on 10,000 test images"},
		{"second evaluation", "the same of the same weights, again"},
		{"additions", "10,000,000 interpreted additions"},
		{"pixels", "an interpreted loop over the pixels of 10,000 images"},
		{"helper", "a function of package cifar that does so"},
		{"compile first", "a function marked //cnnbook:compile, built for the first time"},
		{"compile", "another one, built"},
		{"compiled", "the loop over the pixels in that function"},
	}
)

// Cells lets Jupyter's client run cells in the real kernel and writes how
// long a user waits for them.
func Cells(ctx context.Context, rounds int, stdout, stderr io.Writer) error {
	env, err := setup.Installer{Log: stderr}.Run(ctx)
	if err != nil {
		return err
	}
	if env.Session == "" {
		return errors.New("bench: --cells times cells whose values live, and set-up has built no session")
	}
	scratch, err := os.MkdirTemp("", "cnnbook-cells-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	script := filepath.Join(scratch, "cells.py")
	if err := os.WriteFile(script, cellsScript, 0o644); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, env.Python, script, env.Kernel, strconv.Itoa(rounds))
	cmd.Dir, cmd.Env = scratch, append(env.Environ(), kernelext.EnvRuns+"="+filepath.Join(scratch, "runs"))
	said := listen(cmd)
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var times cellTimes
	if err == nil {
		err = json.Unmarshal(out, &times)
	}
	if err != nil {
		return fmt.Errorf("bench: timing cells: %w: its last output: %s", err, tail(said.Bytes(), 2000))
	}
	fmt.Fprintf(stdout, "%s, %s; %d cells of each kind, %s.\n\n", machine(), env.Plugin, rounds, time.Now().Format(time.DateOnly))
	return times.write(stdout)
}

// write writes the tables.
func (t cellTimes) write(w io.Writer) error {
	fmt.Fprintln(w, "| from a cell's request to | seconds, median (lowest–highest) | after a hundred cells |")
	fmt.Fprintln(w, "|---|---|---|")
	for _, row := range cellPairs {
		p := t.Pairs[row[0]]
		if len(p[0]) == 0 || len(p[1]) == 0 {
			return fmt.Errorf("bench: no times of %s", row[1])
		}
		fmt.Fprintf(w, "| %s | %s | %s |\n", row[1], spread("%.3f", p[0]), spread("%.3f", p[1]))
	}
	fmt.Fprint(w, "\n| once, from the request to | seconds |\n|---|---|\n")
	for _, row := range cellSingles {
		seconds, ok := t.Once[row[0]]
		if !ok {
			return fmt.Errorf("bench: no time of %s", row[1])
		}
		fmt.Fprintf(w, "| %s | %.3f |\n", row[1], seconds)
	}
	return nil
}
