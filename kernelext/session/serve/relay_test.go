package serve

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"testing"

	"github.com/janpfeifer/gonb/gonbui/protocol"
)

// TestDisplaysBetweenCells: what is displayed between two cells waits for the next one, the last of it and of each live display the
// last state; gonbui.Sync gets its answer, and messages of widgets are dropped.
func TestDisplaysBetweenCells(t *testing.T) {
	var back bytes.Buffer
	r := &relay{back: gob.NewEncoder(&back), known: map[string]bool{"live": true}}
	display := func(id, text string) {
		r.send(&protocol.DisplayData{DisplayID: id, Data: map[protocol.MIMEType]any{protocol.MIMETextPlain: text}})
	}
	comm := func(v any) { r.send(&protocol.DisplayData{Data: map[protocol.MIMEType]any{protocol.MIMECommValue: v}}) }
	for i := range mostWaiting + 3 {
		display("", fmt.Sprint(i))
		display("live", fmt.Sprint("state ", i))
	}
	display("new", "first")
	display("new", "second")
	comm(protocol.CommValue{Address: protocol.GonbuiSyncAddress, Value: 7})
	comm(protocol.CommValue{Address: "#widget", Value: 1})
	comm(protocol.CommSubscription{Address: "#widget"})
	var answer protocol.CommValue
	if err := gob.NewDecoder(&back).Decode(&answer); err != nil || answer.Address != protocol.GonbuiSyncAckAddress || answer.Value != 7 {
		t.Errorf("Sync is answered by %+v, %v", answer, err)
	}
	text := func(data *protocol.DisplayData) any { return data.Data[protocol.MIMETextPlain] }
	updates, rest, cut := r.begin("pipe", "back")
	if len(updates) != 1 || text(updates[0]) != fmt.Sprint("state ", mostWaiting+2) {
		t.Errorf("updates: %+v", updates)
	}
	if len(rest) == 0 || text(rest[len(rest)-1]) != "second" || len(rest)+len(updates) != mostWaiting {
		t.Errorf("%d displays, the last %+v", len(rest), rest[len(rest)-1])
	}
	if want := mostWaiting + 3 + 1 - len(rest); cut != want {
		t.Errorf("%d displays are dropped, want %d", cut, want)
	}
	if updates, rest, cut := r.begin("pipe", "back"); len(updates)+len(rest)+cut > 0 {
		t.Errorf("again: %v, %v, %d", updates, rest, cut)
	}
}
