package kernelext

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestReaderOfLockSeesHolder(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x.lock")
	release, err := acquire(t.Context(), name, "a test", nil)
	if err != nil {
		t.Fatal(err)
	}
	if h := readHolder(name); h.PID != os.Getpid() || h.What != "a test" {
		t.Errorf("holder %+v", h)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := acquire(ctx, name, "another", nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a held lock: error %v, want %v", err, context.DeadlineExceeded)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	again, err := acquire(t.Context(), name, "another", nil)
	if err != nil {
		t.Fatal(err)
	}
	again()
	if got := (lockHolder{}).String(); got != "another process" {
		t.Errorf("an unknown holder is called %q", got)
	}
	if err := os.WriteFile(name, []byte(`{"pid":12`), 0o644); err != nil {
		t.Fatal(err)
	}
	if h := readHolder(name); h != (lockHolder{}) {
		t.Errorf("half a lock file gives %+v", h)
	}
}
