package kernelext

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func ExampleExplorer() {
	squares := Explorer{
		Label: "Number", Count: 10, Stills: []int{3, 4},
		Show: func(i int) ([]any, error) { return []any{Text(fmt.Sprintf("its square is %d", i*i))}, nil },
	}
	if err := squares.Run(context.Background()); err != nil { // outside a notebook no user can choose
		fmt.Println(err)
	}
	// Output:
	// Number 3:
	// its square is 9
	// Number 4:
	// its square is 16
	// In JupyterLab, run this cell to choose among all 10.
}

// hand stands in for the user's controls.
type hand struct {
	pick   chan int
	end    chan struct{}
	opened bool
	note   string
}

func (h *hand) open() error             { h.opened = true; return nil }
func (h *hand) choices() <-chan int     { return h.pick }
func (h *hand) ended() <-chan struct{}  { return h.end }
func (h *hand) close(note string) error { h.note = note; return nil }

// board keeps what was shown, and the ids under which.
type board struct {
	texts []string
	ids   map[string]bool
	seen  chan string
}

func (b *board) show(shown bundle, id string) error {
	b.texts = append(b.texts, shown.Text)
	if b.ids == nil {
		b.ids = map[string]bool{}
	}
	b.ids[id] = true
	if strings.Contains(shown.HTML, "<script") {
		return errors.New("a script in what stays")
	}
	if b.seen != nil {
		b.seen <- shown.Text
	}
	return nil
}

func letters() Explorer {
	return Explorer{
		Label: "Letter", Choices: []string{"a", "b", "<c>"}, Start: 1,
		Show: func(i int) ([]any, error) { return []any{Text(fmt.Sprint("letter ", i))}, nil },
	}
}

func TestExplorerFollowsTheChoice(t *testing.T) {
	h, b := &hand{pick: make(chan int), end: make(chan struct{})}, &board{seen: make(chan string, 10)}
	done := make(chan error, 1)
	go func() { done <- letters().live(t.Context(), h, b) }()
	for _, choice := range []int{0, 0, 7, -1, 2} { // the same again, and what no list has: nothing to show
		h.pick <- choice
	}
	for range 3 {
		<-b.seen
	}
	close(h.end)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if want := []string{"letter 1", "letter 0", "letter 2"}; !slices.Equal(b.texts, want) || len(b.ids) != 1 {
		t.Errorf("shown %q under %d ids, want %q under one", b.texts, len(b.ids), want)
	}
	if !h.opened || h.note != "Letter <c>. Run this cell again to choose another." {
		t.Errorf("left behind: %q", h.note)
	}
}

func TestExplorerDoesNotWaitForEver(t *testing.T) {
	e := letters()
	e.Idle = time.Millisecond
	if err := e.live(t.Context(), &hand{}, &board{}); err != nil {
		t.Errorf("no user: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h := &hand{}
	if err := letters().live(ctx, h, &board{}); err != nil || h.note == "" {
		t.Errorf("an interrupt is not an error, got %v", err)
	}
}

func TestExplorerErrors(t *testing.T) {
	boom := errors.New("no such image")
	bad := letters()
	bad.Show = func(int) ([]any, error) { return nil, boom }
	h := &hand{}
	if err := bad.live(t.Context(), h, &board{}); !errors.Is(err, boom) || !strings.Contains(err.Error(), "Letter b") || h.opened {
		t.Errorf("got %v, want one that names the choice, and no widgets", err)
	}
	for name, e := range map[string]Explorer{
		"no Show": {Count: 1}, "nothing to choose": {Show: letters().Show}, "start": {Count: 2, Start: 2, Show: letters().Show},
		"still": {Count: 2, Stills: []int{-1}, Show: letters().Show},
	} {
		if err := e.Run(t.Context()); !errors.Is(err, ErrDisplay) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
