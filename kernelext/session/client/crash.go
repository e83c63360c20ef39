package client

import (
	"bytes"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"
)

// mostHeld bounds the text that a crashFilter holds back, in bytes.
const mostHeld = 4 << 20

// crashBegins matches the beginning of what the Go runtime or C's prints as it ends a process.
var crashBegins = regexp.MustCompile(`(?m)^(fatal error: |runtime: goroutine stack exceeds |runtime: out of memory|panic: |unexpected fault address |SIG[A-Z]+: |terminate called )`)

// crashFilter passes standard error on, but holds back what looks like the trace of a process that ends, until it is known
// whether the process has ended: pages of the interpreter's frames tell the author of a cell nothing.
type crashFilter struct {
	out  io.Writer
	done chan struct{}

	mu   sync.Mutex
	line []byte // the last line passed on, if it is not complete: a trace begins at a line's beginning
	held []byte // nil while nothing is held back
	pass bool   // too much was held back: the rest passes
}

// filterErrors returns a file that takes the session's standard error in place of out.
func filterErrors(out io.Writer) (*crashFilter, *os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	f := &crashFilter{out: out, done: make(chan struct{})}
	go func() {
		defer close(f.done)
		io.Copy(f, r)
	}()
	return f, w, nil
}

// Write takes the next part of the text.
func (f *crashFilter) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.pass:
		return f.out.Write(p)
	case f.held != nil:
		f.held = append(f.held, p...)
		if len(f.held) > mostHeld {
			f.pass = true
			f.out.Write(f.held)
		}
		return len(p), nil
	}
	text := append(f.line, p...)
	at := len(text)
	if found := crashBegins.FindIndex(text); found != nil {
		at = found[0]
		f.held = bytes.Clone(text[at:])
	}
	if at > len(f.line) {
		f.out.Write(text[len(f.line):at])
	}
	f.line = bytes.Clone(text[bytes.LastIndexByte(text[:at], '\n')+1 : at])
	if len(f.line) > 200 {
		f.line = f.line[len(f.line)-1:] // no beginning of a trace
	}
	return len(p), nil
}

// end waits for the last of the text. It gives what was held back if the process has crashed, and passes it on if it has not.
// A program that the cell has started may still have the pipe, and is not waited for.
func (f *crashFilter) end(crashed bool) (trace string) {
	select {
	case <-f.done:
	case <-time.After(100 * time.Millisecond):
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.pass || f.held == nil {
		return ""
	}
	if !crashed {
		f.out.Write(f.held)
	}
	trace, f.held, f.pass = string(f.held), nil, true
	return trace
}

var (
	fatal     = regexp.MustCompile(`(?m)^(?:fatal error|panic): (.*)$`)
	inForeign = regexp.MustCompile(`(?m)^\[signal (SIG[A-Z]+)`)
)

// crashReason says in a few words why a process ended, from its trace. Go leaves one, unless something else ends its process.
func crashReason(trace string) string {
	reason := strings.TrimSpace(trace)
	if m := fatal.FindStringSubmatch(trace); m != nil {
		reason = m[1]
	}
	reason, _, _ = strings.Cut(reason, "\n")
	switch m := inForeign.FindStringSubmatch(trace); {
	case reason == "":
		return "killed (for want of memory?), or a crash in C"
	case strings.Contains(reason, "stack overflow"):
		return "endless recursion (stack overflow)"
	case reason == "fault":
		return "a pointer to memory that is not the program's"
	case m != nil && strings.HasPrefix(reason, "unexpected signal during runtime execution"):
		return "a crash in C (" + m[1] + ")"
	}
	return reason
}
