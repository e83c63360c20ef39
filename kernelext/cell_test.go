package kernelext

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

func ExampleCell() {
	Cell(func(ctx context.Context) error {
		return Display(Text("a cell"))
	})
	// Output: a cell
}

func TestRunCell(t *testing.T) {
	tests := []struct {
		name   string
		err    error
		status int
		want   string
	}{
		{"good", nil, 0, ""},
		{"error", errors.New("no data"), 1, "error: no data\n"},
		{"escape codes", errors.New("\x1b[31mred\x1b[0m\x07"), 1, "error: red\uFFFD\n"},
		{"several", errors.Join(errors.New("a"), errors.New("b")), 1, "error: a\n       b\n"},
		{"without text", errors.New(""), 1, "error: an error of type *errors.errorString without a text\n"},
		{"canceled elsewhere", fmt.Errorf("download: %w", context.Canceled), 1, "error: download: context canceled\n"},
		{"interrupted", fmt.Errorf("training stopped at step 3: %w", ErrInterrupted), 130, "interrupted: training stopped at step 3. Run this cell again to go on.\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var stderr strings.Builder
			status := runCell(t.Context(), func(context.Context) error { return test.err }, &stderr)
			if status != test.status || stderr.String() != test.want {
				t.Errorf("status %d and %q, expected %d and %q", status, stderr.String(), test.status, test.want)
			}
		})
	}
}

// cellProcess is what this test binary does as a child of TestInterruptedCell.
const cellProcess = "CNNBOOK_TEST_CELL"

func TestCellProcess(t *testing.T) {
	switch os.Getenv(cellProcess) {
	case "":
		t.Skip("it serves TestInterruptedCell")
	case "saves":
		Cell(func(ctx context.Context) error {
			fmt.Println("ready")
			<-ctx.Done()
			fmt.Println("saved")
			return fmt.Errorf("stopped at step 3: %w", ctx.Err())
		})
	case "finishes":
		Cell(func(ctx context.Context) error {
			fmt.Println("ready")
			<-ctx.Done()
			return nil
		})
		fmt.Println("after")
	case "ignores":
		Cell(func(ctx context.Context) error {
			fmt.Println("ready")
			<-ctx.Done()
			fmt.Println("deaf")
			select {}
		})
	}
}

// Promise(kernel/interrupt): Jupyter's interrupt ends a cell in less than 5 s, even while XLA
// compiles. What exists is saved and drawn, and a line says how to continue; the same cell then
// continues.
func TestInterruptedCell(t *testing.T) {
	tests := []struct {
		what    string
		signals []os.Signal
		status  int
		stdout  string
		stderr  string
	}{
		{"saves", []os.Signal{os.Interrupt}, 130, "saved\n", "interrupted: stopped at step 3. Run this cell again to go on.\n"},
		{"saves", []os.Signal{syscall.SIGTERM}, 130, "saved\n", "interrupted: stopped at step 3. Run this cell again to go on.\n"},
		{"finishes", []os.Signal{os.Interrupt}, 0, "after\n", ""},
		{"ignores", []os.Signal{os.Interrupt}, 130, "deaf\n", "interrupted: busy with work that cannot be interrupted, such as compiling; saved work is kept. Run this cell again to go on.\n"},
		{"ignores", []os.Signal{syscall.SIGTERM, syscall.SIGTERM}, -1, "deaf\n", ""}, // killed by the second
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("%s %v", test.what, test.signals[0]), func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCellProcess$")
			cmd.Env = append(os.Environ(), cellProcess+"="+test.what)
			var stderr strings.Builder
			cmd.Stderr = &stderr
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(stdout)
			lines.Scan() // ready
			var out string
			for _, signal := range test.signals {
				if err := cmd.Process.Signal(signal); err != nil {
					t.Fatal(err)
				}
				if lines.Scan() {
					out += lines.Text() + "\n"
				}
			}
			err = cmd.Wait()
			if status := cmd.ProcessState.ExitCode(); status != test.status {
				t.Errorf("exit status %d (%v), expected %d; stderr %q", status, err, test.status, stderr.String())
			}
			if out != test.stdout || stderr.String() != test.stderr {
				t.Errorf("stdout %q and stderr %q, expected %q and %q", out, stderr.String(), test.stdout, test.stderr)
			}
		})
	}
}

func TestCellWithoutKernelIsAskedToEndAndThenEnded(t *testing.T) {
	var parent atomic.Int64
	parent.Store(77)
	gone := make(chan struct{})
	ctx, cancel := withParent(t.Context(), func() int { return int(parent.Load()) }, time.Millisecond, time.Millisecond, func() { close(gone) })
	defer cancel()
	if ctx.Err() != nil {
		t.Fatal("ended before the kernel did")
	}
	parent.Store(1)
	<-ctx.Done()
	if !errors.Is(context.Cause(ctx), ErrKernelGone) {
		t.Errorf("cause is %v, expected ErrKernelGone", context.Cause(ctx))
	}
	<-gone
}

func TestInterruptedCellStillWatchesItsKernel(t *testing.T) {
	var parent atomic.Int64
	parent.Store(77)
	gone := make(chan struct{})
	outer, interrupt := context.WithCancelCause(t.Context())
	ctx, cancel := withParent(outer, func() int { return int(parent.Load()) }, time.Millisecond, 0, func() { close(gone) })
	defer cancel()
	interrupt(ErrInterrupted)
	<-ctx.Done()
	if !errors.Is(context.Cause(ctx), ErrInterrupted) {
		t.Errorf("cause is %v, expected ErrInterrupted", context.Cause(ctx))
	}
	parent.Store(1) // the kernel is restarted while the cell saves
	<-gone
}
