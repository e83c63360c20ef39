package bench

import (
	"context"
	_ "embed"
	"encoding/json"
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

// Cells lets Jupyter's client run cells in the real kernel and writes how
// long a user waits for them.
func Cells(ctx context.Context, rounds int, stdout, stderr io.Writer) error {
	env, err := setup.Installer{Log: stderr}.Run(ctx)
	if err != nil {
		return err
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
	var seconds struct {
		Draw   []float64 `json:"draw"`
		Starts []float64 `json:"train_starts"`
		Step   []float64 `json:"train_step"`
	}
	if err == nil {
		err = json.Unmarshal(out, &seconds)
	}
	if err != nil {
		return fmt.Errorf("bench: timing cells: %w: its last output: %s", err, tail(said.Bytes(), 2000))
	}
	fmt.Fprintf(stdout, "%s, %s; %d cells of each kind, compiled again each time, %s.\n\n", machine(), env.Plugin, rounds, time.Now().Format(time.DateOnly))
	fmt.Fprintln(stdout, "| from a cell's request to | seconds, median (lowest–highest) |")
	fmt.Fprintln(stdout, "|---|---|")
	for _, row := range []struct {
		what   string
		values []float64
	}{{"the figure of a saved run", seconds.Draw}, {"the start of training", seconds.Starts}, {"the end of its first step (batch of 100)", seconds.Step}} {
		fmt.Fprintf(stdout, "| %s | %s |\n", row.what, spread("%.2f", row.values))
	}
	return nil
}
