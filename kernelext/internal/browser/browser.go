// Package browser drives a Chromium for tests of pages.
package browser

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/cnnbook/cnnbook/kernelext/internal/process"
)

// browserEnv names the browser for the tests. When it is set, there must be one.
const browserEnv = "CNNBOOK_BROWSER"

// Browser drives a Chromium by its own protocol (https://chromedevtools.github.io/devtools-protocol) over a pair of
// pipes: one page, one command at a time.
type Browser struct {
	commands *os.File
	replies  *bufio.Reader
	session  string
	next     int

	Requests []string // that the page has made
	loaded   bool
}

// message is a message on the pipes, in both directions.
type message struct {
	ID      int             `json:"id,omitempty"`
	Session string          `json:"sessionId,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  any             `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// Find returns the path of a Chromium, or skips the test where there is none.
func Find(t *testing.T) string {
	t.Helper()
	if name := os.Getenv(browserEnv); name != "" {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatalf("%s names %s, which cannot be run: %v", browserEnv, name, err)
		}
		return path
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("no Chromium on this machine: browser tests are skipped; install it, or name it in " + browserEnv)
	return ""
}

// Open starts a browser for the duration of the test, or skips the test where there is none.
func Open(t *testing.T) *Browser {
	t.Helper()
	path := Find(t)
	args := []string{"--headless", "--remote-debugging-pipe", "--user-data-dir=" + t.TempDir(), "--no-first-run", "--disable-gpu", "--disable-dev-shm-usage"}
	if os.Geteuid() == 0 {
		args = append(args, "--no-sandbox")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, path, args...)
	commandsIn, commands, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	replies, repliesOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.ExtraFiles = []*os.File{commandsIn, repliesOut}
	process.Contain(cmd)
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	commandsIn.Close()
	repliesOut.Close()
	t.Cleanup(func() {
		cancel()
		commands.Close()
		cmd.Wait() // it was killed
		replies.Close()
	})
	b := &Browser{commands: commands, replies: bufio.NewReaderSize(replies, 1<<20)}
	var target struct{ TargetID string }
	b.mustCall(t, "Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	b.mustCall(t, "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	b.session = attached.SessionID
	b.mustCall(t, "Page.enable", nil, nil)
	b.mustCall(t, "Network.enable", nil, nil)
	return b
}

// call sends a command and waits for its reply; events that arrive before it are recorded.
func (b *Browser) call(method string, params, result any) error {
	b.next++
	if params == nil {
		params = map[string]any{}
	}
	data, err := json.Marshal(message{ID: b.next, Session: b.session, Method: method, Params: params})
	if err != nil {
		return err
	}
	if _, err := b.commands.Write(append(data, 0)); err != nil {
		return err
	}
	for {
		m, err := b.receive()
		if err != nil {
			return err
		}
		if m.ID != b.next {
			continue
		}
		if m.Error != nil {
			return fmt.Errorf("%s: %s", method, m.Error.Message)
		}
		if result == nil {
			return nil
		}
		return json.Unmarshal(m.Result, result)
	}
}

func (b *Browser) mustCall(t *testing.T, method string, params, result any) {
	t.Helper()
	if err := b.call(method, params, result); err != nil {
		t.Fatalf("browser: %v", err)
	}
}

// receive reads one message, and records it if it is an event.
func (b *Browser) receive() (message, error) {
	data, err := b.replies.ReadBytes(0)
	if err != nil {
		return message{}, fmt.Errorf("the browser ended: %w", err)
	}
	var m message
	var params struct {
		Request struct{ URL string }
	}
	m.Params = &params
	if err := json.Unmarshal(data[:len(data)-1], &m); err != nil {
		return m, err
	}
	switch m.Method {
	case "Network.requestWillBeSent":
		b.Requests = append(b.Requests, params.Request.URL)
	case "Page.loadEventFired":
		b.loaded = true
	}
	return m, nil
}

// Look describes how a page is viewed.
type Look struct {
	Theme         string // light or dark
	Width, Height int
	Print         bool // as on paper
}

// Open loads a page and waits until its formulas are typeset and all fade-ins have ended: intermediate colours have too little contrast.
func (b *Browser) Open(t *testing.T, url string, l Look) {
	t.Helper()
	media := ""
	if l.Print {
		media = "print"
	}
	b.mustCall(t, "Emulation.setEmulatedMedia", map[string]any{"media": media, "features": []map[string]string{
		{"name": "prefers-color-scheme", "value": l.Theme}, {"name": "prefers-reduced-motion", "value": "reduce"},
	}}, nil)
	b.mustCall(t, "Emulation.setDeviceMetricsOverride", map[string]any{"width": l.Width, "height": l.Height, "deviceScaleFactor": 1, "mobile": l.Width < 600}, nil)
	b.Requests, b.loaded = nil, false
	b.mustCall(t, "Page.navigate", map[string]any{"url": url}, nil)
	for !b.loaded {
		if _, err := b.receive(); err != nil {
			t.Fatal(err)
		}
	}
	var ready bool
	if err := b.Evaluate(`(async () => { await window.MathJax?.startup?.promise; await document.fonts.ready;
		for (const a of document.getAnimations()) { try { a.finish() } catch { a.cancel() } }
		return true })()`, &ready); err != nil || !ready {
		t.Fatalf("%s: %v", url, err)
	}
}

// Evaluate runs JavaScript in the page and reads its value.
func (b *Browser) Evaluate(expression string, value any) error {
	var result struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	err := b.call("Runtime.evaluate", map[string]any{"expression": expression, "awaitPromise": true, "returnByValue": true}, &result)
	if err != nil {
		return err
	}
	if e := result.ExceptionDetails; e != nil {
		return errors.New(strings.TrimSpace(e.Text + " " + e.Exception.Description))
	}
	if value == nil {
		return nil
	}
	return json.Unmarshal(result.Result.Value, value)
}

// Press presses and releases a key, such as ArrowRight, on the element that has the focus.
func (b *Browser) Press(t *testing.T, key string, code int) {
	t.Helper()
	for _, kind := range []string{"keyDown", "keyUp"} {
		event := map[string]any{"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code}
		if kind == "keyDown" && key == "Enter" {
			event["text"] = "\r" // without it, Enter opens nothing
		}
		b.mustCall(t, "Input.dispatchKeyEvent", event, nil)
	}
}

// Scripts lets the scripts of pages run, or not. Evaluate runs in either case.
func (b *Browser) Scripts(t *testing.T, run bool) {
	t.Helper()
	b.mustCall(t, "Emulation.setScriptExecutionDisabled", map[string]any{"value": !run}, nil)
}
