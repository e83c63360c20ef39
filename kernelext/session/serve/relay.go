package serve

import (
	"encoding/gob"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/janpfeifer/gonb/gonbui"
	"github.com/janpfeifer/gonb/gonbui/protocol"

	"github.com/cnnbook/cnnbook/kernelext/session/client"
)

func init() {
	gob.Register(map[string]any{})
	gob.Register([]string{})
	gob.Register([]any{})
}

// relay passes what gonbui displays to the kernel, and the kernel's answers back. gonbui opens its pipes once a process; the
// kernel makes new ones for every cell.
type relay struct {
	mu         sync.Mutex
	back       *gob.Encoder // to gonbui
	pipe, from string       // the kernel's of the cell that runs
	out        *os.File
	encoder    *gob.Encoder
	in         *os.File
	sent       bool
}

func newRelay(dir string) (*relay, error) {
	display, err := os.OpenFile(filepath.Join(dir, client.Display), os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	back, err := os.OpenFile(filepath.Join(dir, client.Back), os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	r := &relay{back: gob.NewEncoder(back)}
	go func() {
		decoder := gob.NewDecoder(display)
		for {
			data := &protocol.DisplayData{}
			if decoder.Decode(data) != nil {
				return
			}
			r.send(data)
		}
	}()
	return r, nil
}

func (r *relay) begin(pipe, from string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pipe, r.from, r.sent = pipe, from, false
}

// send passes one message on. What comes between cells is dropped.
func (r *relay) send(data *protocol.DisplayData) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pipe == "" {
		return
	}
	if r.out == nil && !r.open() {
		r.pipe = ""
		return
	}
	r.sent = true
	r.encoder.Encode(data)
}

// open opens the kernel's pipes, at the first message of a cell.
func (r *relay) open() bool {
	out, err := os.OpenFile(r.pipe, os.O_WRONLY, 0)
	if err != nil {
		return false
	}
	r.out, r.encoder = out, gob.NewEncoder(out)
	in, err := os.OpenFile(r.from, os.O_RDONLY, 0)
	if err != nil {
		return true
	}
	r.in = in
	go func() {
		decoder := gob.NewDecoder(in)
		for {
			value := &protocol.CommValue{}
			if decoder.Decode(value) != nil {
				return
			}
			r.mu.Lock()
			r.back.Encode(value)
			r.mu.Unlock()
		}
	}()
	return true
}

// remove removes the pipes of a kernel that has ended during a cell.
func (r *relay) remove() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, pipe := range []string{r.pipe, r.from} {
		if pipe != "" {
			os.Remove(pipe)
		}
	}
}

// end waits until the kernel has all that the cell displayed, and closes its pipes.
func (r *relay) end(well bool) {
	r.mu.Lock()
	sent := r.sent
	r.mu.Unlock()
	if sent {
		wait := 5 * time.Second
		if !well {
			wait = 750 * time.Millisecond
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			gonbui.Sync()
		}()
		select {
		case <-done:
		case <-time.After(wait):
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.out != nil {
		r.out.Close()
	}
	if r.in != nil {
		r.in.Close()
	}
	r.pipe, r.from, r.out, r.in, r.encoder = "", "", nil, nil, nil
}
