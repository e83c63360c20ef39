package kernelext

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/cnnbook/cnnbook/kernelext/internal/text"
	"github.com/janpfeifer/gonb/gonbui"
	"github.com/janpfeifer/gonb/gonbui/comms"
	"github.com/janpfeifer/gonb/gonbui/dom"
	"github.com/janpfeifer/gonb/gonbui/widgets"
)

// frontEndWait bounds the wait for a browser. GoNB itself tries for longer, but a run without a browser need not wait that long.
const frontEndWait = 8 * time.Second

// awaitFrontEnd reports whether a browser answers. GoNB's widgets wait for one forever, so a script that sends a value
// back tests this first. GoNB connects to ws://HOST/api/kernels, so there is no answer behind JupyterHub's longer
// addresses, https or VS Code, nor in a headless run.
func awaitFrontEnd(ctx context.Context) bool {
	address, answered := "/cnnbook/ready/"+gonbui.UniqueId(), make(chan struct{})
	var once sync.Once
	comms.Subscribe(address, func(string, int) { once.Do(func() { close(answered) }) })
	go dom.TransientJavascript(fmt.Sprintf("globalThis.gonb_comm?.send(%q, 1);", address))
	select {
	case <-answered:
		return true
	case <-time.After(frontEndWait):
	case <-ctx.Done():
	}
	return false
}

// widgetControls are GoNB's widgets: a list, or a slider with two step buttons, and a button that ends the explorer.
//
// Each address has a listener for as long as the process lives: gonbui v0.11.4 holds a lock forever when a value arrives
// for an address without a listener.
type widgetControls struct {
	e    Explorer
	id   string // of the display and of the element that holds the widgets
	pick chan int
	end  chan struct{}

	mu sync.Mutex
	at int
}

func newControls(e Explorer) *widgetControls {
	return &widgetControls{e: e, id: "cnnbook-controls-" + gonbui.UniqueId(), pick: make(chan int, 1), end: make(chan struct{}), at: e.Start}
}

func (c *widgetControls) choices() <-chan int    { return c.pick }
func (c *widgetControls) ended() <-chan struct{} { return c.end }

// choose records a choice; a busy reader gets the latest one.
func (c *widgetControls) choose(i int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = i
	select {
	case <-c.pick:
	default:
	}
	c.pick <- i
}

// Open shows the widgets. The browser has answered, so their Done does not wait forever.
func (c *widgetControls) open() error {
	label, widget := text.CleanLine(c.e.Label), c.id+"-widget"
	html := fmt.Sprintf(`<div id="%s" class="cnnbook-controls" role="group" aria-label="%s" style="display:flex;flex-wrap:wrap;gap:0.6em;align-items:center;margin:0.5em 0">`+
		`<label for="%s">%s</label></div>`, c.id, text.EscapeLine(label), widget, text.EscapeLine(label))
	if err := (notebookOutput{}).show(bundle{HTML: html, Text: label}, c.id); err != nil {
		return err
	}
	gonbui.Sync()
	if len(c.e.Choices) > 0 {
		c.openList(widget)
	} else {
		c.openSlider(widget)
	}
	var once sync.Once
	c.button("Done", func() { once.Do(func() { close(c.end) }) })
	return gonbui.Error()
}

func (c *widgetControls) openList(widget string) {
	address := "/cnnbook/list/" + gonbui.UniqueId()
	comms.Subscribe(address, func(_ string, i int) { c.choose(i) })
	names := make([]string, len(c.e.Choices))
	for i, name := range c.e.Choices {
		names[i] = strings.TrimSpace(text.EscapeLine(name))
	}
	widgets.Select(names).WithHtmlId(widget).WithAddress(address).SetDefault(c.e.Start).AppendTo(c.id).Done()
}

func (c *widgetControls) openSlider(widget string) {
	address, last := "/cnnbook/slider/"+gonbui.UniqueId(), c.e.Count-1
	comms.Subscribe(address, func(_ string, i int) { c.choose(i) })
	step := func(by int) func() {
		return func() {
			c.mu.Lock()
			i := min(max(c.at+by, 0), last)
			c.mu.Unlock()
			c.choose(i)
			comms.Send(address, i) // moves the slider
		}
	}
	c.button("◀ previous", step(-1))
	widgets.Slider(0, last, c.e.Start).WithHtmlId(widget).WithAddress(address).AppendTo(c.id).Done()
	c.button("next ▶", step(1))
}

// button adds a button. Its first value, 0, only reports that it exists.
func (c *widgetControls) button(label string, clicked func()) {
	address := "/cnnbook/button/" + gonbui.UniqueId()
	comms.Subscribe(address, func(_ string, count int) {
		if count > 0 {
			clicked()
		}
	})
	widgets.Button(label).WithAddress(address).AppendTo(c.id).Done()
}

// close replaces the widgets by a line of text, which stays readable in a saved notebook.
func (c *widgetControls) close(note string) error {
	return notebookOutput{}.show(bundle{HTML: `<p class="cnnbook-controls mathjax_ignore">` + text.EscapeLine(note) + `</p>`, Text: note}, c.id)
}
