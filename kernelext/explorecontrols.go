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

// frontEndWait bounds the wait for a browser. GoNB itself tries for longer, which a run without one need not wait for.
const frontEndWait = 8 * time.Second

// awaitFrontEnd says whether a browser answers. GoNB's widgets wait for one for ever, so it is asked first: by a script
// that sends a value back. GoNB connects to ws://HOST/api/kernels, so there is no answer behind JupyterHub's longer
// addresses, https or VS Code, any more than in a headless run.
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

// widgetControls are GoNB's widgets: a list, or a slider with two buttons to step, and a button that ends.
//
// Each address is listened to for as long as the process lives: gonbui v0.11.4 keeps a lock for ever when a value comes
// for which nobody listens.
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

// choose notes a choice; a reader that is busy gets the latest.
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

// Open shows the widgets. The browser has answered, so their Done does not wait for ever.
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

// button adds a button. Its first value, 0, only says that it is there.
func (c *widgetControls) button(label string, clicked func()) {
	address := "/cnnbook/button/" + gonbui.UniqueId()
	comms.Subscribe(address, func(_ string, count int) {
		if count > 0 {
			clicked()
		}
	})
	widgets.Button(label).WithAddress(address).AppendTo(c.id).Done()
}

// close puts a line of text in the widgets' place, which stays readable in a saved notebook.
func (c *widgetControls) close(note string) error {
	return notebookOutput{}.show(bundle{HTML: `<p class="cnnbook-controls mathjax_ignore">` + text.EscapeLine(note) + `</p>`, Text: note}, c.id)
}
