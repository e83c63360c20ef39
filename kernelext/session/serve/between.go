package serve

import (
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
	"time"
)

// mostBetween bounds what is kept of the output between two cells, in bytes.
const mostBetween = 16 << 10

// between takes what goroutines print after their cell has ended. The next cell's output begins with it.
type between struct {
	cell int // that ended
	done chan struct{}

	mu   sync.Mutex
	text []byte // the last of it
	cut  int    // bytes before it that are dropped
}

// listen makes a new pipe standard output and error. It returns nil, and drops what is written, if there can be none.
func listen(cell int) *between {
	r, w, err := os.Pipe()
	if err != nil {
		silence()
		return nil
	}
	defer w.Close()
	b := &between{cell: cell, done: make(chan struct{})}
	go func() {
		defer close(b.done)
		defer r.Close()
		io.Copy(b, r)
	}()
	for _, fd := range []int{1, 2} {
		syscall.Dup2(int(w.Fd()), fd)
	}
	return b
}

// Write keeps the last of what is written.
func (b *between) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text = append(b.text, p...)
	if n := len(b.text) - mostBetween; n > 0 {
		b.cut += n
		b.text = append(b.text[:0], b.text[n:]...)
	}
	return len(p), nil
}

// end gives what was printed, below a line that says so. Standard output and error are another cell's already; a program
// that the earlier cell started may have the pipe still, and is not waited for.
func (b *between) end() string {
	if b == nil {
		return ""
	}
	select {
	case <-b.done:
	case <-time.After(50 * time.Millisecond):
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.text) == 0 {
		return ""
	}
	head := fmt.Sprintf("[printed after cell [%d] had ended", b.cell)
	if b.cut > 0 {
		head += fmt.Sprintf("; %d bytes before this are left out", b.cut)
	}
	text := string(b.text)
	if text[len(text)-1] != '\n' {
		text += "\n"
	}
	return head + "]\n" + text + "[this cell]\n"
}

// silence drops what is written between cells.
func silence() {
	f, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return
	}
	defer f.Close()
	syscall.Dup2(int(f.Fd()), 1)
	syscall.Dup2(int(f.Fd()), 2)
}
