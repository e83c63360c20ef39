package book

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestReady checks which executed notebooks go into the pages: a stale one is left out and named; if it was requested,
// making the pages fails.
func TestReady(t *testing.T) {
	executed := t.TempDir()
	ours := Book{Dir: "../../notebooks"}
	names, err := ours.Choose("01,02")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names { // these have no record of a run
		data, err := os.ReadFile(ours.path(name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(executed, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var stderr bytes.Buffer
	ready, err := Build{Book: ours, Log: &stderr}.ready(names[1:], executed, "code")
	if err != nil || !slices.Equal(ready, names[1:]) {
		t.Errorf("got %v, %v; expected %v", ready, err, names[1:])
	}
	if text := stderr.String(); strings.Count(text, "left out of the pages: ") != 1 || !strings.Contains(text, names[0]) {
		t.Errorf("logged %q", text)
	}
}
