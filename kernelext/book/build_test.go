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
	sources, err := Choose("../../notebooks", "01,02")
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
	ready, err := Build{Sources: "../../notebooks", Log: &stderr}.ready(sources[1:], executed, "code")
	if err != nil || !slices.Equal(ready, copies[1:]) {
		t.Errorf("got %v, %v; expected %v", ready, err, copies[1:])
	}
	if text := stderr.String(); strings.Count(text, "left out of the pages: ") != 1 || !strings.Contains(text, filepath.Base(copies[0])) {
		t.Errorf("logged %q", text)
	}
}

func TestChooseNotebooks(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"01-first", "02-second", "06-sixth"} {
		if err := os.WriteFile(filepath.Join(dir, name+".ipynb"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for only, want := range map[string][]string{
		"":                    {"01-first", "02-second", "06-sixth"},
		"02":                  {"02-second"},
		"06, 01,06-sixth":     {"01-first", "06-sixth"},
		"notebooks/02-second": {"02-second"},
		"01-first.ipynb":      {"01-first"},
		"0":                   nil,
		"01,":                 nil,
	} {
		paths, err := Choose(dir, only)
		var got []string
		for _, path := range paths {
			got = append(got, strings.TrimSuffix(filepath.Base(path), ".ipynb"))
		}
		if !slices.Equal(got, want) || (err == nil) != (want != nil) {
			t.Errorf("%q: %v, %v; want %v", only, got, err, want)
		}
	}
}
