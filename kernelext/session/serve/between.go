package serve

import (
	"fmt"
	"io"
	"os"
	"sync"
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
		dup2(int(w.Fd()), fd)
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

// end gives what was printed. Standard output and error are another cell's already; a program that the earlier cell started may
// have the pipe still, and is not waited for.
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
	return string(b.text)
}

// showBetween shows what was printed and displayed since the last cell, as the beginning of the one that runs, below a line that says
// so. Updates of what cells have displayed go to where it stands.
func (srv *Server) showBetween(pipe, back string) {
	text := srv.between.end()
	updates, rest, cut := srv.relay.begin(pipe, back)
	for _, data := range updates {
		srv.relay.send(data)
	}
	if text == "" && len(rest) == 0 {
		return
	}
	what := "printed"
	if len(rest) > 0 && text == "" {
		what = "displayed"
	} else if len(rest) > 0 {
		what = "printed and displayed"
	}
	head := fmt.Sprintf("[%s after cell [%d] had ended", what, srv.between.cell)
	if srv.between.cut > 0 {
		head += fmt.Sprintf("; %d bytes before this are left out", srv.between.cut)
	}
	if cut > 0 {
		head += fmt.Sprintf("; %d displays before these are left out", cut)
	}
	if text != "" && text[len(text)-1] != '\n' {
		text += "\n"
	}
	fmt.Print(head + "]\n" + text)
	if len(rest) > 0 {
		time.Sleep(100 * time.Millisecond) // the kernel reads displays and text from two pipes
		for _, data := range rest {
			srv.relay.send(data)
		}
		srv.relay.sync(time.Second)
	}
	fmt.Print("[this cell]\n")
}

// silence drops what is written between cells.
func silence() {
	f, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return
	}
	defer f.Close()
	dup2(int(f.Fd()), 1)
	dup2(int(f.Fd()), 2)
}
