package kernelext

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/janpfeifer/gonb/gonbui"
)

// Causes with which the context of a cell ends (see context.Cause).
var (
	// ErrInterrupted reports that the user interrupted the cell: Jupyter's stop
	// button, ctrl-C in a terminal, or a termination signal.
	ErrInterrupted = errors.New("interrupted")

	// ErrKernelGone reports that the kernel that started the cell has ended.
	ErrKernelGone = errors.New("the kernel has ended")
)

const (
	// parentPoll is the interval at which a cell checks that its kernel still runs.
	parentPoll = 500 * time.Millisecond

	// orphanGrace is the time that a cell without a kernel has to save its work.
	orphanGrace = 5 * time.Second
)

// withInterrupt returns a context that ends at the first interrupt or termination signal. The
// second one then has its usual effect, so that a function that ignores its context
// can still be stopped from a terminal; in a notebook, GoNB kills it after 5 s.
func withInterrupt(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case <-signals:
			signal.Stop(signals) // before ctx ends, so that no second signal is lost
			cancel(ErrInterrupted)
		case <-ctx.Done():
			signal.Stop(signals)
		}
	}()
	return ctx, func() { cancel(context.Canceled) }
}

// withParent returns a context that ends when this process loses its parent, which
// getppid shows. A kernel that was killed cannot stop its cells; without this a
// training run would continue unseen for hours. gone is called when the
// process still runs after grace.
//
// Linux could send a signal at the parent's death, but it watches the thread that
// started the cell rather than the kernel's process.
func withParent(parent context.Context, getppid func() int, poll, grace time.Duration, gone func()) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	first := getppid()
	go func() {
		ticker := time.NewTicker(poll)
		defer ticker.Stop()
		for getppid() == first {
			select {
			case <-ticker.C:
			case <-ctx.Done():
				if !errors.Is(context.Cause(ctx), ErrInterrupted) {
					return
				}
				// An interrupted cell is still saving. The kernel may end meanwhile,
				// as it does at a restart: keep watching, without a busy loop.
				<-ticker.C
			}
		}
		cancel(ErrKernelGone)
		time.Sleep(grace)
		gone()
	}()
	return ctx, func() { cancel(context.Canceled) }
}

// sessionCell gives the context of a session's cell that runs. It is nil in a process that is not a session.
var sessionCell atomic.Pointer[func() context.Context]

// InSession says that this process is a session, whose cells' contexts cell gives. The session's program calls it once, before
// the first cell.
func InSession(cell func() context.Context) { sessionCell.Store(&cell) }

// Interruptible returns a context that ends when the cell is interrupted, by Jupyter's stop button, ctrl-C or a termination
// signal, and when its kernel ends. It is for calls that take time and have no context of their own: they call stop when
// they return. In a session it is a child of the cell's ctx, and has its values.
func Interruptible() (ctx context.Context, stop context.CancelFunc) {
	if cell := sessionCell.Load(); cell != nil {
		return context.WithCancel((*cell)())
	}
	return cellContext(context.Background())
}

// cellContext is the context of a cell: it ends at an interrupt and, in a notebook, with the kernel.
func cellContext(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := withInterrupt(parent)
	if !gonbui.IsNotebook {
		return ctx, cancel
	}
	// A dead kernel also closes the other end of stdout. A write would then
	// end the process by SIGPIPE before it has saved anything.
	signal.Ignore(syscall.SIGPIPE)
	watched, stop := withParent(ctx, os.Getppid, parentPoll, orphanGrace, func() { os.Exit(1) })
	return watched, func() { stop(); cancel() }
}
