package serve

import (
	"encoding/gob"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
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
// kernel makes new ones for every cell. What is displayed between two cells waits for the next one.
type relay struct {
	mu         sync.Mutex
	back       *gob.Encoder // to gonbui
	pipe, from string       // the kernel's of the cell that runs
	last       [2]string    // these of the last cell
	out        *os.File
	encoder    *gob.Encoder
	in         *os.File
	sent       bool
	known      map[string]bool // display ids that the kernel has
	waiting    waiting
	asked      atomic.Bool // a person for a line, and none has come
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
	r := &relay{back: gob.NewEncoder(back), known: map[string]bool{}}
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

// begin takes the pipes of the next cell, and gives what was displayed since the last one: updates of what cells have displayed, and
// the rest. Both are to be sent.
func (r *relay) begin(pipe, from string) (updates, rest []*protocol.DisplayData, cut int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pipe, r.from, r.sent = pipe, from, false
	r.last = [2]string{pipe, from}
	for _, data := range r.waiting.list {
		if r.known[data.DisplayID] {
			updates = append(updates, data)
		} else {
			rest = append(rest, data)
		}
	}
	cut, r.waiting = r.waiting.cut, waiting{}
	return updates, rest, cut
}

// send passes one message on.
func (r *relay) send(data *protocol.DisplayData) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pipe == "" {
		r.keep(data)
		return
	}
	if r.out == nil && !r.open() {
		r.pipe = ""
		return
	}
	r.sent = true
	if data.Data[protocol.MIMEJupyterInput] != nil {
		r.asked.Store(true)
	}
	if data.DisplayID != "" {
		r.known[data.DisplayID] = true
	}
	r.encoder.Encode(data)
}

// keep keeps what is displayed between two cells. gonbui.Sync is answered, and messages of widgets, which nobody sees any more,
// are dropped.
func (r *relay) keep(data *protocol.DisplayData) {
	for kind, value := range data.Data {
		switch v := value.(type) {
		case protocol.CommValue:
			if v.Address == protocol.GonbuiSyncAddress {
				r.back.Encode(&protocol.CommValue{Address: protocol.GonbuiSyncAckAddress, Value: v.Value})
			}
			return
		case protocol.CommSubscription, protocol.InputRequest:
			return
		}
		if kind == protocol.MIMECommValue {
			return
		}
	}
	r.waiting.add(data)
}

// mostWaiting bounds how many displays are kept between two cells.
const mostWaiting = 16

// waiting is what was displayed between two cells: the last of it, and of each updated display the last state.
type waiting struct {
	list []*protocol.DisplayData
	cut  int // displays before these that are dropped
}

func (w *waiting) add(data *protocol.DisplayData) {
	w.list = slices.DeleteFunc(w.list, func(old *protocol.DisplayData) bool { return data.DisplayID != "" && old.DisplayID == data.DisplayID })
	w.list = append(w.list, data)
	if len(w.list) > mostWaiting {
		w.list, w.cut = w.list[1:], w.cut+1
	}
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
	for _, pipe := range r.last {
		if pipe != "" {
			os.Remove(pipe)
		}
	}
}

// end waits until the kernel has all that the cell displayed, and closes its pipes.
func (r *relay) end(well bool) {
	wait := 5 * time.Second
	if !well {
		wait = 750 * time.Millisecond
	}
	r.sync(wait)
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

// sync waits until the kernel has all that was sent, but not longer than wait.
func (r *relay) sync(wait time.Duration) {
	r.mu.Lock()
	sent := r.sent
	r.mu.Unlock()
	if !sent {
		return
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
