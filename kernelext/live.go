package kernelext

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/cnnbook/cnnbook/internal/number"
	"github.com/cnnbook/cnnbook/kernelext/internal/text"
	"github.com/janpfeifer/gonb/gonbui"
)

// liveInterval is the usual time between two drawings of a live display.
const liveInterval = 250 * time.Millisecond

// Live shows a training run in progress, and its result when it has ended.
//
//	live := &kernelext.Live{Title: "Base model"}
//	history, err := train(ctx, func(e Event) { live.Update(progress(e)) })
//	err = live.Finish(err)
//
// In a notebook it is one block with a progress bar, the metrics and small curves; its final state
// needs no scripts. In a terminal it is Keras's progress line, and where stdout is
// neither, the last line of each epoch.
//
// Update only records the state; a goroutine draws the latest one at most every 250 ms, so that training
// never waits for the display. The zero value is ready for use; a Live serves one run.
type Live struct {
	Title string        // what is trained
	Every time.Duration // minimum time between two drawings; 0: 250 ms
	Out   io.Writer     // where lines go outside a notebook; nil: os.Stdout

	mu      sync.Mutex
	painter painter
	record  recorder
	dirty   bool
	stop    chan struct{} // closed by Finish
	stopped chan struct{} // closed by the goroutine
}

// painter draws the state of a run. Its methods are not called at the same time.
type painter interface {
	paint(s snapshot) error
}

// snapshot holds everything that a painter needs.
type snapshot struct {
	title   string
	last    Progress
	ended   []Progress // last snapshots of the epochs that ended, all of them
	panels  []panel
	elapsed time.Duration // since the first Update
	final   bool
	err     error // why the run ended, when final
}

// Update reports the state of the run. It returns at once, and may be called from any goroutine.
func (l *Live) Update(p Progress) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stop == nil {
		l.start()
	}
	l.record.add(p)
	l.dirty = true
}

// start begins the drawing. Called with mu held.
func (l *Live) start() {
	if l.painter == nil {
		l.painter = newPainter(l.Out)
	}
	l.record.began = time.Now()
	l.stop, l.stopped = make(chan struct{}), make(chan struct{})
	go l.draw(cmp.Or(max(l.Every, 0), liveInterval))
}

// draw paints new states until Finish.
func (l *Live) draw(every time.Duration) {
	defer close(l.stopped)
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-ticker.C:
			if s, ok := l.latest(); ok && l.painter.paint(s) != nil {
				return // the reader is gone; training goes on
			}
		}
	}
}

// latest is the state of the run if it has changed.
func (l *Live) latest() (snapshot, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.dirty {
		return snapshot{}, false
	}
	l.dirty = false
	return l.record.snapshot(l.Title), true
}

// Finish draws the end of the run and ends the display. It returns err, the error with which
// the run ended, so that a cell can return it: nil says that the run is complete,
// an error of an ended context that it was stopped. When the display itself
// failed at the end, its error is joined. Calls after the first only return err.
func (l *Live) Finish(err error) error {
	l.mu.Lock()
	if l.stop == nil { // no Update: nothing to show
		l.mu.Unlock()
		return err
	}
	select {
	case <-l.stop:
		l.mu.Unlock()
		return err
	default:
		close(l.stop)
	}
	l.mu.Unlock()
	<-l.stopped

	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.record.snapshot(l.Title)
	s.final, s.err = true, err
	paintErr := l.painter.paint(s)
	if gonbui.IsNotebook {
		syncNotebook(syncWait)
	}
	if paintErr != nil {
		return errors.Join(err, fmt.Errorf("kernelext: live display: %w", paintErr))
	}
	return err
}

// newPainter chooses the painter for the place where this process runs.
func newPainter(out io.Writer) painter {
	if out == nil && gonbui.IsNotebook {
		return &blockPainter{out: notebookOutput{}, id: "cnnbook-live-" + gonbui.UniqueId()}
	}
	if out == nil {
		out = os.Stdout
	}
	return &linePainter{w: out, terminal: text.IsTerminal(out) && os.Getenv("TERM") != "dumb"}
}

// outcome describes how a run ended, or its current state.
func (s snapshot) outcome() string {
	where := fmt.Sprintf("epoch %d, step %d of %d", s.last.Epoch, s.last.Step, s.last.Steps)
	// The last report's epoch, not the number of reports: a training that goes on need not report those before.
	epochs := number.Counted(s.last.Epoch, "epoch")
	switch {
	case !s.final:
		return "Training"
	case s.err == nil && s.elapsed < 10*time.Millisecond: // all reported at once, from a saved run
		return "Finished earlier: " + epochs
	case s.err == nil && s.last.Epoch < s.last.Epochs:
		return "Stopped early, as planned: " + epochs + fmt.Sprintf(" of %d in ", s.last.Epochs) + text.SpanText(s.elapsed)
	case s.err == nil:
		return "Finished: " + epochs + " in " + text.SpanText(s.elapsed)
	case errors.Is(s.err, context.Canceled), errors.Is(s.err, context.DeadlineExceeded),
		errors.Is(s.err, ErrInterrupted), errors.Is(s.err, ErrKernelGone):
		return "Stopped at " + where + ", after " + text.SpanText(s.elapsed)
	}
	return "Failed at " + where + ": " + text.Shorten(text.CleanLine(s.err.Error()), 200)
}
