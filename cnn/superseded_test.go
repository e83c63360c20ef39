package cnn

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// folder reads all files of a run but its lock.
func folder(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() == lockName {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[e.Name()] = string(data)
	}
	return out
}

// A process loses its lock while it trains, as on a machine cut off from a file server, and a successor goes on.
//
// Promise(runs/successor): A process that lost its lock without notice, because its machine was cut off from a shared file
// system, does not write over what its successor has saved.
func TestALateProcessDoesNotWriteOverItsSuccessor(t *testing.T) {
	for name, at := range map[string]int{"before its first save": 3, "at the end of an epoch": 5, "in the last epoch": 13} {
		t.Run(name, func(t *testing.T) {
			root, spec := t.TempDir(), tinySpec(t)
			late := openTiny(t, root, spec)
			steps := 0
			var after map[string]string
			err := late.Train(t.Context(), func(p Progress) {
				if steps++; p.EpochEnd || after != nil || late.manifest.State.Step != at {
					return
				}
				if err := os.Remove(filepath.Join(late.Dir, lockName)); err != nil { // its lock is on a file that nobody sees
					t.Fatal(err)
				}
				trainTiny(t, root, spec).Close()
				after = folder(t, late.Dir)
			})
			if !errors.Is(err, ErrSuperseded) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v, want one line that wraps ErrSuperseded", err)
			}
			now := folder(t, late.Dir)
			for file, content := range after {
				if now[file] != content {
					t.Errorf("%s was changed", file)
				}
			}
			if len(now) != len(after) {
				t.Errorf("%d files, the successor left %d", len(now), len(after))
			}
			if r := openTiny(t, root, spec); !r.Finished() {
				t.Error("the successor's run is not finished any more")
			}
		})
	}
}

func TestARemovedRunIsNotWrittenAgain(t *testing.T) {
	r := openTiny(t, t.TempDir(), tinySpec(t))
	err := r.Train(t.Context(), func(Progress) {
		if err := os.RemoveAll(r.Dir); err != nil {
			t.Fatal(err)
		}
	})
	if !errors.Is(err, ErrSuperseded) {
		t.Errorf("%v, want ErrSuperseded", err)
	}
	if _, err := os.Stat(r.Dir); !notThere(err) {
		t.Errorf("%v: the folder is there again", err)
	}
}
