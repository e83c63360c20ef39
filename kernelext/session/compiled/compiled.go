// Package compiled builds functions of cells as Go plugins and loads them into the session. A plugin shares the session's packages
// and types, since both are built from the same checkout, by the same Go, with the same flags: values of registered types cross
// without being copied or converted. Go's runtime refuses a plugin of which that is not true.
package compiled

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"plugin"
	"reflect"
	"strings"
	"sync"
	"time"
)

// Flags are what set-up builds the session with, and plugins must be built with.
var Flags = []string{"-ldflags=-s"}

// Builder builds plugins. A source that was built before is not built again; plugins stay loaded as long as the process.
type Builder struct {
	Module string // folder of the checkout that the session was built from
	Dir    string // where plugins are written
	Flags  []string

	mu    sync.Mutex
	built map[string]*plugin.Plugin
}

// Build builds a Go file of package main as a plugin and returns the values of its variables of these names. It ends with ctx.
func (b *Builder) Build(ctx context.Context, source string, names []string) (map[string]any, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.built[source]
	if p == nil {
		var err error
		if p, err = b.load(ctx, source); err != nil {
			return nil, err
		}
		if b.built == nil {
			b.built = map[string]*plugin.Plugin{}
		}
		b.built[source] = p
	}
	values := map[string]any{}
	for _, name := range names {
		v, err := p.Lookup(name)
		if err != nil {
			return nil, err
		}
		values[name] = reflect.ValueOf(v).Elem().Interface()
	}
	return values, nil
}

func (b *Builder) load(ctx context.Context, source string) (*plugin.Plugin, error) {
	if b.Module == "" {
		return nil, errors.New("the checkout that the session was built from is not known: run `go run . setup`, then restart the kernel")
	}
	dir := filepath.Join(b.Dir, fmt.Sprintf("%x", sha256.Sum256([]byte(source)))[:16])
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	file, library := filepath.Join(dir, "main.go"), filepath.Join(dir, "main.so")
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		return nil, err
	}
	args := append([]string{"build", "-buildmode=plugin", "-o", library}, b.Flags...)
	cmd := exec.CommandContext(ctx, "go", append(args, file)...)
	cmd.Dir, cmd.Env = b.Module, append(os.Environ(), "GOWORK=off")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 3 * time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		if text := strings.TrimSpace(string(out)); text != "" {
			return nil, errors.New(text)
		}
		return nil, err
	}
	p, err := plugin.Open(library)
	if err != nil && strings.Contains(err.Error(), "different version of package") {
		return nil, errors.New("the checkout is not what the session was built from: run `go run . setup`, then restart the kernel")
	}
	return p, err
}
