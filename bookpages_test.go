package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestReady holds which executed notebooks go into the pages: a stale one is left out and named, unless it was asked
// for, when the pages are to fail.
func TestReady(t *testing.T) {
	executed := t.TempDir()
	sources, err := chooseNotebooks("notebooks", "01,02")
	if err != nil {
		t.Fatal(err)
	}
	var copies []string
	for _, source := range sources { // these have no record of a run
		data, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		out := filepath.Join(executed, filepath.Base(source))
		if err := os.WriteFile(out, data, 0o644); err != nil {
			t.Fatal(err)
		}
		copies = append(copies, out)
	}
	var stderr bytes.Buffer
	ready, err := bookRun{stderr: &stderr}.ready(sources[1:], executed, "code")
	if err != nil || !slices.Equal(ready, copies[1:]) {
		t.Errorf("got %v, %v; expected %v", ready, err, copies[1:])
	}
	if text := stderr.String(); strings.Count(text, "left out of the pages: ") != 1 || !strings.Contains(text, filepath.Base(copies[0])) {
		t.Errorf("said %q", text)
	}
}
