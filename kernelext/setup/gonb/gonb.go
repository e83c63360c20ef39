package gonb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/cnnbook/cnnbook/kernelext/internal/cache"
)

// gonbModule is the module that the kernel is built from.
const gonbModule = "github.com/janpfeifer/gonb"

// edit is a change to a file of GoNB that the version pinned in tools/go.mod needs.
type edit struct {
	file     string // in the module
	old, new string // old stands in it exactly once
}

// Edits change five things in GoNB v0.11.4.
//
// "Run All" stops at a cell that fails: Jupyter's messaging protocol has the kernel answer "aborted" to the requests that
// wait behind a failed one, unless it was sent with stop_on_error false; GoNB runs them all
// (https://jupyter-client.readthedocs.io/en/stable/messaging.html#execute).
//
// Widgets get longer to connect: GoNB's script gives up when the kernel's answer takes half a second, and its kernel when
// the browser's takes three. On a machine that is busy, with a training say, the widgets then never work.
//
// Widgets ask again for that answer, and get it again: the first one is lost when the Jupyter server does not yet listen to
// the kernel for the page's new connection, for which it does not wait while a cell runs (jupyter_server, "nudge").
//
// Cells are linked by Go's own linker, which takes a third of a second less than the C compiler that Go asks where there is
// cgo (GoMLX reaches XLA through it). What it cannot link, C++ for one, is linked as before.
//
// "go get", which takes about as long, is left out for a cell that imports nothing but the standard library and this module.
var Edits = []edit{{
	file: "internal/dispatcher/dispatcher.go",
	old: `	if err := msg.Reply("execute_reply", replyContent); err != nil {
		return errors.WithMessagef(err, "publish 'execute_reply` + "`" + `")
	}
	return nil
}
`,
	new: `	if err := msg.Reply("execute_reply", replyContent); err != nil {
		return errors.WithMessagef(err, "publish 'execute_reply` + "`" + `")
	}
	if stop, told := content["stop_on_error"].(bool); executionErr != nil && (stop || !told) {
		return abortQueued()
	}
	return nil
}

// abortQueued answers the execute requests that wait with "aborted". Other requests keep waiting.
func abortQueued() error {
	for range len(busyMessagesChan) {
		params, ok := <-busyMessagesChan
		if !ok {
			return nil
		}
		if params.msg.ComposedMsg().Header.MsgType != "execute_request" {
			busyMessagesChan <- params
			continue
		}
		if err := kernel.PublishKernelStatus(params.msg, kernel.StatusBusy); err != nil {
			return err
		}
		if err := params.msg.Reply("execute_reply", map[string]any{"status": "aborted"}); err != nil {
			return err
		}
		if err := kernel.PublishKernelStatus(params.msg, kernel.StatusIdle); err != nil {
			return err
		}
	}
	return nil
}
`,
}, {
	file: "internal/websocket/websocket.js",
	old:  "                500, // milliseconds\n",
	new:  "                20000, // milliseconds\n",
}, {
	file: "internal/websocket/websocket.js",
	old: `            let err = this._send(msg);
            await this._wait_open_ack();
`,
	new: `            this._send(msg);
            let again = setInterval(() => this._send(msg), 500);
            try {
                await this._wait_open_ack();
            } finally {
                clearInterval(again);
            }
`,
}, {
	file: "internal/comms/comms.go",
	old: `	if s.Opened {
		// Close the previous connection if it is still open.
`,
	new: `	if s.Opened && commId == s.CommId { // asked again
		return s.sendDataLocked(msg, map[string]any{"address": CommOpenAckAddress, "value": true})
	}
	if s.Opened {
		// Close the previous connection if it is still open.
`,
}, {
	file: "internal/comms/comms.go",
	old:  "	WaitForConnectionTimeout = 3 * time.Second\n",
	new:  "	WaitForConnectionTimeout = 20 * time.Second\n",
}, {
	file: "internal/goexec/execcode.go",
	old: `	output, err := cmd.CombinedOutput()
	if err != nil {
		klog.Errorf("Failed %q:`,
	new: `	quick := cmd
	if !s.CellIsWasm && len(s.GoBuildFlags) == 0 && slices.Contains(strings.Fields(os.Getenv("GOFLAGS")), "-ldflags=-s") {
		quick = exec.Command("go", append(args[:len(args):len(args)], "-ldflags=-s -linkmode=internal")...)
		quick.Dir = s.TempDir
	}
	output, err := quick.CombinedOutput()
	if err != nil && quick != cmd && !strings.Contains(string(output), "\n./main") { // the compiler found no mistake in the cell
		klog.Warningf("%s: linking as usual", output)
		output, err = cmd.CombinedOutput()
	}
	if err != nil {
		klog.Errorf("Failed %q:`,
}, {
	file: "internal/goexec/execcode.go",
	old:  "	if !s.AutoGet {\n		return\n	}\n",
	new: `	there := !s.CellIsTest
	for _, i := range newDecls.Imports {
		first, _, _ := strings.Cut(i.Path, "/")
		there = there && (!strings.Contains(first, ".") || strings.HasPrefix(i.Path+"/", "github.com/cnnbook/cnnbook/"))
	}
	if !s.AutoGet || there {
		return
	}
`,
}}

// EditsHash tells one set of edits from another.
func EditsHash(edits []edit) string {
	var parts []string
	for _, e := range edits {
		parts = append(parts, e.file, e.old, e.new)
	}
	return cache.Hash(parts...)
}

// Source copies GoNB into dir and edits the copy, and gives a go.mod that is tools/go.mod with the copy in GoNB's place,
// for "go build -modfile". The module cache stays as it is. goCommand runs Go
// in tools, the folder of tools/go.mod, and gives what it prints.
func Source(ctx context.Context, goCommand func(ctx context.Context, args ...string) (string, error), tools, dir string) (modfile string, err error) {
	if _, err := goCommand(ctx, "mod", "download", gonbModule); err != nil {
		return "", err
	}
	out, err := goCommand(ctx, "list", "-m", "-f", "{{.Dir}}", gonbModule)
	if err != nil {
		return "", err
	}
	gonb := filepath.Join(dir, "gonb")
	if err := copySource(os.DirFS(strings.TrimSpace(out)), gonb); err != nil {
		return "", fmt.Errorf("copy GoNB's source: %w", err)
	}
	for _, e := range Edits {
		name := filepath.Join(gonb, filepath.FromSlash(e.file))
		source, err := os.ReadFile(name)
		if err != nil {
			return "", fmt.Errorf("GoNB's source: %w", err)
		}
		edited, err := e.apply(string(source))
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(name, []byte(edited), 0o644); err != nil {
			return "", err
		}
	}
	sums, err := os.ReadFile(filepath.Join(tools, "go.sum"))
	if err != nil {
		return "", err
	}
	mod, err := os.ReadFile(filepath.Join(tools, "go.mod"))
	if err != nil {
		return "", err
	}
	mod = fmt.Appendf(mod, "\nreplace %s => %q\n", gonbModule, gonb)
	modfile = filepath.Join(dir, "go.mod")
	return modfile, errors.Join(os.WriteFile(modfile, mod, 0o644), os.WriteFile(filepath.Join(dir, "go.sum"), sums, 0o644))
}

// copySource copies a module but for its documentation, which is nearly all of GoNB's 66 MB.
func copySource(module fs.FS, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	entries, err := fs.ReadDir(module, ".")
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name := entry.Name()
		switch {
		case name == "docs":
			continue
		case entry.IsDir():
			sub, err := fs.Sub(module, name)
			if err == nil {
				err = os.CopyFS(filepath.Join(dir, name), sub)
			}
			if err != nil {
				return err
			}
		default:
			data, err := fs.ReadFile(module, name)
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, name), data, 0o644)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// apply makes the change. A file of another version is refused rather than guessed at.
func (e edit) apply(source string) (string, error) {
	if n := strings.Count(source, e.old); n != 1 {
		return "", fmt.Errorf("GoNB's %s is not as expected: %d places to edit, want 1; kernelext's edits belong to another version of GoNB than tools/go.mod pins", e.file, n)
	}
	return strings.Replace(source, e.old, e.new, 1), nil
}
