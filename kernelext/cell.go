package kernelext

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/cnnbook/cnnbook/kernelext/internal/text"
	"github.com/janpfeifer/gonb/gonbui"
)

// Exit statuses of a cell that failed or was interrupted.
const (
	statusFailed      = 1
	statusInterrupted = 130 // what shells report for a program ended by ctrl-C
)

const (
	// syncWait bounds the wait for the kernel to take the last output of a cell.
	syncWait = 5 * time.Second

	// patience is how long an interrupted cell may take to save and draw before it is
	// ended, and lastWait is syncWait for it. Together they are less than the 5 s
	// after which GoNB kills it, so that the cell can always print how to continue.
	patience = 3500 * time.Millisecond
	lastWait = 750 * time.Millisecond
)

// errBusy is the error of a cell that does not respond to the end of its context, because it is compiling or in a
// very long step.
var errBusy = fmt.Errorf("busy with work that cannot be interrupted, such as compiling; saved work is kept: %w", ErrInterrupted)

// Cell runs the body of a notebook's cell:
//
//	%%
//	kernelext.Cell(func(ctx context.Context) error {
//		train, test, err := load(ctx)
//		if err != nil {
//			return err
//		}
//		return kernelext.Display(grid(train))
//	})
//
// ctx ends at Jupyter's interrupt, at ctrl-C and when the kernel ends; its cause is
// then ErrInterrupted or ErrKernelGone. Body has 3.5 s to return; after that
// the process ends while body still runs, since GoNB would kill it after 5 s.
//
// When body returns nil, Cell returns once the notebook has received all output. When it returns an
// error, Cell prints it in one line on stderr and exits with status 1, so that the
// kernel marks the cell as failed, "Run All" stops and a headless run fails. An interrupted
// cell prints that, and how to continue, and exits with status 130: later cells
// of the notebook rely on its result. A panic is left to the Go runtime.
//
// Cell works the same in a program outside a notebook. It must be the last
// call of main: deferred calls of main do not run when it exits.
func Cell(body func(ctx context.Context) error) {
	if status := runCell(context.Background(), body, os.Stderr); status != 0 {
		os.Exit(status)
	}
}

// runCell runs body under the context of a cell and returns the exit status.
func runCell(parent context.Context, body func(context.Context) error, stderr io.Writer) int {
	ctx, cancel := cellContext(parent)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- body(ctx) }()
	err := outcomeOf(ctx, done)
	if ctx.Err() == nil {
		syncNotebook(syncWait)
	} else {
		syncNotebook(lastWait)
	}
	if err == nil {
		return 0
	}
	cause := context.Cause(ctx)
	if cause != nil && errors.Is(err, context.Canceled) || errors.Is(err, ErrInterrupted) || errors.Is(err, ErrKernelGone) {
		fmt.Fprintln(stderr, interruptLine(err, cause))
		return statusInterrupted
	}
	fmt.Fprintln(stderr, errorLine(err))
	return statusFailed
}

// outcomeOf waits for the body's error, but not for long once its context has ended.
func outcomeOf(ctx context.Context, done <-chan error) error {
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-done:
		return err
	case <-time.After(patience):
		return errBusy
	}
}

// errorLine is an error as a cell shows it: no stack and no escape codes. Each
// part of a joined error is a separate line.
func errorLine(err error) string {
	text := strings.TrimSpace(text.Clean(text.StripANSI(err.Error())))
	if text == "" {
		text = fmt.Sprintf("an error of type %T without a text", err)
	}
	return "error: " + strings.ReplaceAll(text, "\n", "\n       ")
}

// interruptLine states what an interrupted cell was doing, if its error contains
// more than the end of its context, and how to continue.
func interruptLine(err, cause error) string {
	text := text.CleanLine(err.Error())
	for _, tail := range []string{context.Canceled.Error(), ErrInterrupted.Error(), ErrKernelGone.Error()} {
		text = strings.TrimSuffix(strings.TrimSuffix(text, tail), ": ")
	}
	line := "interrupted"
	if errors.Is(cause, ErrKernelGone) {
		line = ErrKernelGone.Error()
	}
	if text != "" {
		line += ": " + text
	}
	return line + ". Run this cell again to go on."
}

// syncNotebook waits until the kernel has taken everything that was displayed, but no longer
// than limit: a kernel that died never answers.
func syncNotebook(limit time.Duration) {
	if !gonbui.IsNotebook || gonbui.Error() != nil {
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		gonbui.Sync()
	}()
	select {
	case <-done:
	case <-time.After(limit):
	}
}
