package serve

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/janpfeifer/gonb/gonbui/protocol"
)

// input is standard input of the cell that runs, where a person can answer: a pipe of the session's own, into which the lines go
// that the kernel gets from the front end. A line is asked for whenever a goroutine waits for one, which Linux tells in /proc.
type input struct {
	asked *atomic.Bool // a line, and none has come: the relay sets it, too, for gonbui.RequestInput
	cut   atomic.Bool  // by an interrupt
	ended chan struct{}
	mu    sync.Mutex
	w     *os.File // nil after its end
}

// takeInput makes the client's standard input that of the process, until end is called. Then, and everywhere but on Linux, it
// is at its end.
func (srv *Server) takeInput(from int, asks bool) (*input, error) {
	in := &input{asked: &srv.relay.asked, ended: make(chan struct{})}
	in.asked.Store(false)
	if !asks {
		return in, dup2(from, 0)
	}
	if _, err := os.Stat("/proc/self/syscall"); err != nil {
		return in, nil
	}
	own, err := syscall.Dup(from) // the client's is closed with the cell
	if err != nil {
		return nil, err
	}
	syscall.CloseOnExec(own)
	var pipe [2]int
	if err := syscall.Pipe(pipe[:]); err != nil {
		syscall.Close(own)
		return nil, err
	}
	defer syscall.Close(pipe[0])
	syscall.CloseOnExec(pipe[0])
	syscall.CloseOnExec(pipe[1])
	in.w = os.NewFile(uintptr(pipe[1]), "input")
	if err := dup2(pipe[0], 0); err != nil {
		in.close()
		syscall.Close(own)
		return nil, err
	}
	go in.pass(os.NewFile(uintptr(own), "answers"))
	go in.watch(func() {
		srv.relay.send(&protocol.DisplayData{Data: map[protocol.MIMEType]any{protocol.MIMEJupyterInput: protocol.InputRequest{}}})
	})
	return in, nil
}

// pass passes on what is answered.
func (in *input) pass(from *os.File) {
	defer from.Close()
	buf := make([]byte, 4096)
	for {
		n, err := from.Read(buf)
		if err != nil {
			in.close()
			return
		}
		in.mu.Lock()
		if in.w != nil {
			in.w.Write(buf[:n])
		}
		in.mu.Unlock()
		in.asked.Store(false)
	}
}

// watch asks for a line whenever one is waited for.
func (in *input) watch(ask func()) {
	for seen := 0; ; {
		select {
		case <-in.ended:
			return
		case <-time.After(100 * time.Millisecond):
		}
		if seen++; in.asked.Load() || in.cut.Load() || !reads() {
			seen = 0
		}
		if seen == 2 { // nobody is about to take the last answer
			ask()
			seen = 0
		}
	}
}

// reads says whether a thread of this process waits for standard input.
func reads() bool {
	call := fmt.Sprintf("%d 0x0 ", syscall.SYS_READ)
	threads, _ := filepath.Glob("/proc/self/task/*/syscall")
	for _, thread := range threads {
		if text, err := os.ReadFile(thread); err == nil && strings.HasPrefix(string(text), call) {
			return true
		}
	}
	return false
}

// close ends the input: whoever waits for a line gets io.EOF.
func (in *input) close() {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.w != nil {
		in.w.Close()
		in.w = nil
	}
}

// cutOff ends the input if a line is waited for, asked for already or not: whoever waits for it would not hear of an interrupt.
func (in *input) cutOff() bool {
	in.mu.Lock()
	open := in.w != nil
	in.mu.Unlock()
	if !open || !in.asked.Load() && !reads() {
		return false
	}
	in.cut.Store(true)
	in.close()
	return true
}

// end leaves standard input at its end until the next cell.
func (in *input) end() {
	close(in.ended)
	in.close()
	if f, err := os.Open(os.DevNull); err == nil {
		dup2(int(f.Fd()), 0)
		f.Close()
	}
}
