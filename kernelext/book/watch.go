package book

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cnnbook/cnnbook/kernelext/setup"
)

// watchEvery is how often Watch looks for changes.
const watchEvery = 500 * time.Millisecond

// Watch is Run, again and again: after each change of a file of the book or of the code. It logs errors instead of returning
// them, since the next change may correct them, and returns when ctx ends.
func (b Build) Watch(ctx context.Context) (index string, err error) {
	if b.env, err = (setup.Installer{Log: b.Log}).Run(ctx); err != nil {
		return "", err
	}
	for {
		before, err := b.watched() // before the run, so that a change during it counts
		if err == nil {
			index, err = b.Run(ctx)
		}
		switch {
		case ctx.Err() != nil:
			return "", context.Cause(ctx)
		case err != nil:
			fmt.Fprintf(b.Log, "error: %v\n", err)
		default:
			fmt.Fprintf(b.Log, "%s is up to date. Waiting for changes; ctrl-C ends.\n", index)
		}
		b.Force = false // only the first time
		if err := b.waitForChange(ctx, before); err != nil {
			return "", err
		}
		if changed, err := ReadBook(b.Book.Dir); err == nil {
			b.Book = changed
		} else {
			fmt.Fprintf(b.Log, "error: %v\n", err)
		}
	}
}

// fileState tells a file from its changed self.
type fileState struct {
	size int64
	at   time.Time
}

// waitForChange returns when the files are no longer what they were, and have stayed the same for a moment: an editor may
// write several.
func (b Build) waitForChange(ctx context.Context, before map[string]fileState) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	last := before
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
		now, err := b.watched()
		if err != nil {
			continue // a file that has just gone
		}
		if maps.Equal(now, last) && !maps.Equal(now, before) {
			return nil
		}
		last = now
	}
}

// watched returns the state of the files of the book and of the code.
func (b Build) watched() (map[string]fileState, error) {
	out, err := filepath.Abs(b.Out)
	if err != nil {
		return nil, err
	}
	found := map[string]fileState{}
	walk := func(root string, wanted func(path string) bool) error {
		return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if entry.IsDir() {
				abs, err := filepath.Abs(path)
				if err != nil || abs == out || path != root && (strings.HasPrefix(entry.Name(), ".") || strings.HasPrefix(entry.Name(), "_")) {
					return fs.SkipDir
				}
				return nil
			}
			info, err := entry.Info()
			if err == nil && wanted(path) {
				found[path] = fileState{info.Size(), info.ModTime()}
			}
			return err
		})
	}
	if err := walk(b.Book.Dir, func(path string) bool { return !strings.HasSuffix(path, ".failed.ipynb") }); err != nil {
		return nil, err
	}
	for _, pattern := range b.Code {
		roots, err := filepath.Glob(filepath.Join(b.env.Module, filepath.FromSlash(pattern)))
		if err != nil {
			return nil, err
		}
		for _, root := range roots {
			if err := walk(root, func(path string) bool { return filepath.Ext(path) == ".go" }); err != nil && !errors.Is(err, os.ErrNotExist) {
				return nil, err
			}
		}
	}
	return found, nil
}
