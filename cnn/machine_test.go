package cnn

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// stopAt trains a run up to a step and saves it.
func stopAt(t *testing.T, r *Run, step int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	if err := r.Train(ctx, func(Progress) {
		if r.manifest.State.Step == step {
			cancel()
		}
	}); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	r.Close()
}

// A run that another kind of machine began says so when it goes on, and one from before this was recorded does not.
func TestGoingOnElsewhereIsNamed(t *testing.T) {
	root, spec := t.TempDir(), tinySpec(t)
	r := openTiny(t, root, spec)
	if got := r.Beginning(); got != "" {
		t.Errorf("a new run: %q", got)
	}
	stopAt(t, r, 7)
	if m := r.manifest; m.Processor != processorLabel() || m.Threads != threads() {
		t.Errorf("recorded %q and %d threads, here are %q and %d", m.Processor, m.Threads, processorLabel(), threads())
	}
	if got := openTiny(t, root, spec).Beginning(); got != "" {
		t.Errorf("the same machine: %q", got)
	}
	for name, test := range map[string]struct {
		change func(fields map[string]any)
		want   string
	}{
		"processor":     {func(f map[string]any) { f["processor"] = "Abacus 3000 (AVX2)" }, "step 7 on another kind of machine (Abacus 3000 (AVX2), here "},
		"threads":       {func(f map[string]any) { f["threads"] = 1 + runtime.NumCPU() }, " threads, here "},
		"backend":       {func(f map[string]any) { f["backend"] = "xla:cuda" }, "(xla:cuda, here "},
		"an old record": {func(f map[string]any) { delete(f, "processor"); delete(f, "threads") }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(r.Dir, manifestName)
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			defer os.WriteFile(path, before, 0o644)
			fields := map[string]any{}
			if err := json.Unmarshal(before, &fields); err != nil {
				t.Fatal(err)
			}
			test.change(fields)
			changed, err := json.Marshal(fields)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, changed, 0o644); err != nil {
				t.Fatal(err)
			}
			got := openTiny(t, root, spec).Beginning()
			if !strings.Contains(got, test.want) || (test.want == "") != (got == "") {
				t.Errorf("%q, want %q in it", got, test.want)
			}
		})
	}
}
