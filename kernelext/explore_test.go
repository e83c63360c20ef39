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

// TestExplorerInThePage: the choices for a page are all, or as many as fit, and always the first, the last and the start.
func TestExplorerInThePage(t *testing.T) {
	picture := func(size int) Explorer {
		return Explorer{Label: "Size <b>", Count: 1000, Start: 7, Show: func(i int) ([]any, error) {
			return []any{Text(strings.Repeat("x", size) + fmt.Sprint(" choice ", i))}, nil
		}}
	}
	for _, test := range []struct{ size, least, most int }{{10, 200, 200}, {100_000, 20, 30}, {2_000_000, 0, 0}} {
		e := picture(test.size)
		html, err := e.templates(7)
		if err != nil {
			t.Fatal(err)
		}
		n := strings.Count(html, "<template")
		if n < test.least || n > test.most || len(html) > pageBytes {
			t.Errorf("%d bytes each: %d choices, %d bytes", test.size, n, len(html))
		}
		for _, want := range []string{"choice 0<", "choice 7<", "choice 999<", `data-name="Size &lt;b&gt; 7" data-start>`} {
			if n > 0 && !strings.Contains(html, want) {
				t.Errorf("%d bytes each: no %s", test.size, want)
			}
		}
	}
	limited := picture(1)
	limited.OnPage = 20
	if html, err := limited.templates(7); err != nil || strings.Count(html, "<template") != 20 {
		t.Errorf("%v: %d choices, want 20", err, strings.Count(html, "<template"))
	}
	few := letters()
	html, err := few.templates(1)
	if err != nil || strings.Count(html, "<template") != 3 || !strings.Contains(html, "Letter &lt;c&gt;") {
		t.Errorf("%v: %s", err, html)
	}
	few.Show = func(int) ([]any, error) { return nil, errors.New("no picture") }
	if _, err := few.templates(1); err == nil || !strings.Contains(err.Error(), "Letter a: no picture") {
		t.Errorf("a choice that fails: %v", err)
	}
}

func TestSpread(t *testing.T) {
	for _, test := range []struct {
		n, limit, also int
		want           []int
	}{{3, 200, 1, []int{0, 1, 2}}, {100, 5, 99, []int{0, 24, 49, 74, 99}}, {100, 5, 50, []int{0, 24, 50, 74, 99}}, {100, 2, 7, []int{0, 99}}, {1, 200, 0, []int{0}}} {
		if got := spread(test.n, test.limit, test.also); !slices.Equal(got, test.want) {
			t.Errorf("%+v: %v", test, got)
		}
	}
}
