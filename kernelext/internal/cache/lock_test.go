package cache

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cnnbook/cnnbook/internal/filelock"
)

func TestReaderOfLockSeesHolder(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x.lock")
	release, err := Lock(t.Context(), name, "a test", nil)
	if err != nil {
		t.Fatal(err)
	}
	if h := filelock.ReadHolder(name); h.PID != os.Getpid() || h.What != "a test" {
		t.Errorf("holder %+v", h)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := Lock(ctx, name, "another", nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a held lock: error %v, want %v", err, context.DeadlineExceeded)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	again, err := Lock(t.Context(), name, "another", nil)
	if err != nil {
		t.Fatal(err)
	}
	again()
	if got := (filelock.Holder{}).String(); got != "another process" {
		t.Errorf("an unknown holder is called %q", got)
	}
	if err := os.WriteFile(name, []byte(`{"pid":12`), 0o644); err != nil {
		t.Fatal(err)
	}
	if h := filelock.ReadHolder(name); h != (filelock.Holder{}) {
		t.Errorf("half a lock file gives %+v", h)
	}
}
