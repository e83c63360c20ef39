package session

import (
	"io"
	"os"
	"strings"
	"testing"
)

// notes runs a cell and gives what it wrote to standard error.
func (nb *notebook) notes(source string) string {
	nb.t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		nb.t.Fatal(err)
	}
	old := os.Stderr
	os.Stderr = w
	_, err = nb.run(source)
	os.Stderr = old
	w.Close()
	text, _ := io.ReadAll(r)
	if err != nil {
		nb.t.Errorf("cell [%d] %q: %v", nb.n, source, err)
	}
	return strings.TrimSpace(string(text))
}

func TestStaleCells(t *testing.T) {
	nb := newNotebook(t)
	for _, c := range []struct{ source, note string }{
		{"net := []int{1}", ""},
		{"size := len(net)", ""},
		{"func first() int { return net[0] }", ""}, // declares what uses it, and has not used it
		{"func twice() int { return 2 * first() }", ""},
		{"a := twice()", ""},                             // [5] uses net through two functions
		{"type t struct{ net int }\nb := t{net: 3}", ""}, // [6] a field of that name, not the variable
		{"{ net := 1; _ = net }", ""},                    // [7] another variable of that name
		{"net := []int{2}", "note: cells [2] and [5] used the earlier net"},
		{"net := []int{3}", ""},                    // each use is told once
		{"size := len(net)", ""},                   // [10] size was used by nobody
		{"func first() int { return net[0] }", ""}, // as it was
		{"a := twice()", ""},
		{"func first() int { return 7 }", "note: cell [12] used the earlier first"},
		{"k := 1", ""},
		{"_ = k", ""},
		{"k := 1", ""}, // the same value
		{"k := 2", "note: cell [15] used the earlier k"},
		{"k = 5", ""},
		{"_ = k", ""},
		{"k = 6", ""}, // sets in the course of the notebook
		{"k = 5", "note: cell [19] used the earlier k"},
		{"const c = 1", ""},
		{"_ = c + 1", ""},
		{"const c = 2", "note: cell [23] used the earlier c"},
		{"p := b.net", ""},
		{"type t struct{ net, more int }\nb := t{net: 4}", "note: cell [25] used the earlier b"},
		{"type u struct{ n int }\nfunc (u) one() int { return 1 }", ""},
		{"u{}.one()", ""},
		{"func (u) two() int { return 2 }", ""}, // a method more
		{"func (u) one() int { return 3 }", "note: cell [28] used the earlier u"},
		{"err := error(nil)", ""},
		{"v, err := 1, error(nil)\n_ = err", ""},
		{"w, err := 1, error(nil)\n_ = err", ""},
	} {
		if got := nb.notes(c.source); got != c.note {
			t.Errorf("cell [%d] %q: note %q, want %q", nb.n, c.source, got, c.note)
		}
	}
}
