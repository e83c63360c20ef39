package cache

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cnnbook/cnnbook/kernelext/internal/text"
)

// heartbeat is the interval at which a long step reports that it still runs, where lines cannot be overwritten.
const heartbeat = 30 * time.Second

// Reporter reports the progress of long steps. The steps of a set-up run concurrently and share it.
// On a terminal one line is overwritten each second; elsewhere each step prints a line when it starts and ends.
type Reporter struct {
	w        io.Writer // nil: silent
	terminal bool

	mu     sync.Mutex
	active []activeStep
	stop   chan struct{} // ends the ticking goroutine; nil while no step runs
}

type activeStep struct {
	what  string
	since time.Time
}

func NewReporter(w io.Writer) *Reporter {
	return &Reporter{w: w, terminal: text.IsTerminal(w)}
}

// begin announces a step and returns the function that ends it.
func (r *Reporter) begin(what string) func(error) {
	if r == nil || r.w == nil {
		return func(error) {}
	}
	start := time.Now()
	r.mu.Lock()
	r.active = append(r.active, activeStep{what, start})
	if !r.terminal {
		fmt.Fprintf(r.w, "%s …\n", what)
	}
	if r.stop == nil {
		r.stop = make(chan struct{})
		go r.tick(r.stop)
	}
	r.mu.Unlock()
	return func(err error) { r.end(what, start, err) }
}

func (r *Reporter) end(what string, start time.Time, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.active = slices.DeleteFunc(r.active, func(s activeStep) bool { return s.what == what && s.since.Equal(start) })
	outcome := "done in"
	if err != nil {
		outcome = "failed after"
	}
	r.clear()
	fmt.Fprintf(r.w, "%s: %s %s\n", what, outcome, seconds(time.Since(start)))
	if len(r.active) == 0 {
		close(r.stop)
		r.stop = nil
	}
}

// Say prints one line that stays.
func (r *Reporter) Say(format string, args ...any) {
	if r == nil || r.w == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clear()
	fmt.Fprintf(r.w, format+"\n", args...)
}

// clear empties the line that tick overwrites. The lock is held.
func (r *Reporter) clear() {
	if r.terminal {
		io.WriteString(r.w, "\r\x1b[K")
	}
}

func (r *Reporter) tick(stop <-chan struct{}) {
	every := heartbeat
	if r.terminal {
		every = time.Second
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case now := <-ticker.C:
			r.mu.Lock()
			if len(r.active) > 0 {
				r.clear()
				io.WriteString(r.w, r.status(now))
				if !r.terminal {
					io.WriteString(r.w, "\n")
				}
			}
			r.mu.Unlock()
		}
	}
}

// status is the line of all the running steps, with the seconds that each has taken.
func (r *Reporter) status(now time.Time) string {
	parts := make([]string, len(r.active))
	for i, s := range r.active {
		parts[i] = fmt.Sprintf("%s … %s", s.what, seconds(now.Sub(s.since)))
	}
	return strings.Join(parts, " · ")
}

func seconds(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return fmt.Sprintf("%.0f s", d.Seconds())
}
