package kernelext

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/cnnbook/cnnbook/kernelext/internal/text"
	"github.com/janpfeifer/gonb/gonbui"
)

// EnvStill names the variable that, when not empty, marks an unattended run: Explorer then
// shows its stills at once. Execute sets it.
const EnvStill = "CNNBOOK_STILL"

// exploreIdle is how long an Explorer waits for a choice.
const exploreIdle = time.Minute

// Explorer lets the user choose one of several things in a notebook, and shows the output for the choice. It has a list
// to choose from, or a slider with step buttons, and a button to end it.
//
//	%%
//	kernelext.Cell(func(ctx context.Context) error {
//		return kernelext.Explorer{
//			Label: "Test image", Count: 200, Stills: []int{0, 7},
//			Show:  func(i int) ([]any, error) { return []any{image(i)}, nil },
//		}.Run(ctx)
//	})
//
// Where no user can choose (in a headless run or in a terminal), or when no choice is made for a while, the output needs no
// scripts: the stills, or the last choice. In a headless run it also holds up to 200 choices, for the book's pages, where the
// reader chooses without a kernel. So a cell with an Explorer never delays "Run All" for
// longer than Idle.
type Explorer struct {
	Label   string   // what is chosen
	Choices []string // the names of the choices, for a list
	Count   int      // without Choices: how many choices there are, for a slider
	Start   int      // the first choice, counted from 0
	Stills  []int    // choices shown where no user can choose; empty: Start
	OnPage  int      // how many choices a page of the book carries at most, evenly spread; 0 or more than 200: 200

	// Show returns the items for a choice, which are shown side by side. It is called from one goroutine.
	Show func(choice int) ([]any, error)

	Idle time.Duration // how long to wait for a choice; 0: a minute
}

// Run shows the explorer until the user presses its button, ctx ends (which is not an error here), or Idle has passed.
func (e Explorer) Run(ctx context.Context) error {
	if err := e.check(); err != nil {
		return err
	}
	if !gonbui.IsNotebook || os.Getenv(EnvStill) != "" {
		return e.still()
	}
	if ok := awaitFrontEnd(ctx); !ok {
		return e.still()
	}
	return e.live(ctx, newControls(e), notebookOutput{})
}

func (e Explorer) count() int { return cmp.Or(len(e.Choices), e.Count) }

func (e Explorer) check() error {
	n := e.count()
	if e.Show == nil {
		return fmt.Errorf("%w: the explorer has no Show", ErrDisplay)
	}
	for _, choice := range append([]int{e.Start}, e.Stills...) {
		if choice < 0 || choice >= n {
			return fmt.Errorf("%w: choice %d is not among the explorer's %d, counted from 0", ErrDisplay, choice, n)
		}
	}
	return nil
}

// Name is the name of a choice.
func (e Explorer) name(choice int) string {
	name := fmt.Sprint(choice)
	if len(e.Choices) > 0 {
		name = e.Choices[choice]
	}
	return strings.TrimSpace(text.CleanLine(e.Label) + " " + text.CleanLine(name))
}

// controls are the widgets with which the user chooses.
type controls interface {
	open() error
	choices() <-chan int    // choices; only the latest counts
	ended() <-chan struct{} // closed when the user ends the explorer
	close(note string) error
}

// live shows each choice in place of the previous one.
func (e Explorer) live(ctx context.Context, c controls, out output) error {
	shown, err := e.Show(e.Start)
	if err != nil {
		return fmt.Errorf("%s: %w", e.name(e.Start), err)
	}
	if err := c.open(); err != nil {
		return err
	}
	id := "cnnbook-explore-" + gonbui.UniqueId()
	err = e.paint(out, id, e.Start, shown)
	choice, idle := e.Start, time.NewTimer(cmp.Or(max(e.Idle, 0), exploreIdle))
	defer idle.Stop()
	for more := err == nil; more; {
		select {
		case chosen := <-c.choices():
			idle.Reset(cmp.Or(max(e.Idle, 0), exploreIdle))
			if chosen == choice || chosen < 0 || chosen >= e.count() {
				continue
			}
			choice = chosen
			if shown, err = e.Show(choice); err == nil {
				err = e.paint(out, id, choice, shown)
			}
			more = err == nil
		case <-c.ended():
			more = false
		case <-ctx.Done():
			more = false
		case <-idle.C:
			more = false
		}
	}
	closeErr := c.close(e.name(choice) + ". Run this cell again to choose another.")
	if gonbui.IsNotebook {
		syncNotebook(syncWait)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", e.name(choice), err)
	}
	return closeErr
}

// paint shows the items of a choice under a display id.
func (e Explorer) paint(out output, id string, choice int, items []any) error {
	b, err := Row(items...).(row).bundle()
	if err != nil {
		return errors.Join(ErrDisplay, err)
	}
	b.HTML = `<div role="status" aria-label="` + text.EscapeLine(e.name(choice)) + `">` + b.HTML + `</div>`
	return out.show(b, id)
}
