package doctor

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/internal/filelock"
)

func TestDoctorSavedRuns(t *testing.T) {
	good := t.TempDir()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]Check{
		good:                        {Status: OK, Detail: "locks and renames work"},
		filepath.Join(good, "none"): {Status: OK, Detail: "is made by the first training"},
		file:                        {Status: Fail, Detail: "is a file"},
		filepath.Join(file, "runs"): {Status: Fail, Detail: "not a directory"},
	} {
		t.Setenv(runsVariable, dir)
		var d doctor
		d.runsFolder()
		if c := find(t, d.checks, "Saved runs"); c.Status != want.Status || !strings.Contains(c.Detail, want.Detail) || (c.Remedy == "") != (c.Status == OK) {
			t.Errorf("%s: %+v, want %s with %q", dir, c, want.Status, want.Detail)
		}
	}
	if left, err := os.ReadDir(good); err != nil || len(left) > 0 {
		t.Errorf("%v: the doctor left %v", err, left)
	}
}

// A file system whose locks keep nobody out is found.
func TestLocksThatKeepNobodyOut(t *testing.T) {
	dir, n := t.TempDir(), 0
	err := tryRuns(dir, func(path, what string) (*filelock.Lock, error) {
		n++
		return filelock.Try(path+strings.Repeat("x", n), what) // each call locks a file of its own
	})
	if err == nil || !strings.Contains(err.Error(), "does not keep a second one out") {
		t.Errorf("%v", err)
	}
}
