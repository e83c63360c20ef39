package filelock

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Promise(runs/lock)
func TestTry(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x.lock")
	l, err := Try(name, "a test")
	if err != nil {
		t.Fatal(err)
	}
	if h := ReadHolder(name); h.PID != os.Getpid() || h.What != "a test" || h.Host == "" || time.Since(h.Since) > time.Minute {
		t.Errorf("holder %+v", h)
	}
	if _, err := Try(name, "another"); !errors.Is(err, ErrHeld) {
		t.Errorf("a held lock: error %v, want %v", err, ErrHeld)
	}
	if err := l.Unlock(); err != nil {
		t.Fatal(err)
	}
	again, err := Try(name, "with a much longer word for what it does")
	if err != nil {
		t.Fatal(err)
	}
	again.Unlock()
	if l, err = Try(name, "a short one"); err != nil || ReadHolder(name).What != "a short one" {
		t.Errorf("holder %+v, error %v", ReadHolder(name), err)
	}
	if err := l.Remove(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(name); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the removed file: %v", err)
	}
	if _, err := Try(filepath.Join(name, "missing", "x"), "a test"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no folder: error %v", err)
	}
}

// Promise(runs/lock)
func TestWait(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x.lock")
	l, err := Try(name, "a test")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	told := 0
	waiting := func(h Holder) {
		if told++; h.What != "a test" {
			t.Errorf("holder %+v", h)
		}
	}
	if _, err := Wait(ctx, name, "another", waiting); !errors.Is(err, context.DeadlineExceeded) || told != 1 {
		t.Errorf("a held lock: error %v, told %d times", err, told)
	}
	time.AfterFunc(50*time.Millisecond, func() { l.Unlock() })
	again, err := Wait(t.Context(), name, "another", nil)
	if err != nil {
		t.Fatal(err)
	}
	again.Unlock()
}

// TestOneAtATime has goroutines take turns, with the file removed after each.
//
// Promise(runs/lock)
func TestOneAtATime(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x.lock")
	inside := make(chan struct{}, 1)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 20 {
				l, err := Try(name, "a test")
				if errors.Is(err, ErrHeld) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				select {
				case inside <- struct{}{}:
				default:
					t.Error("two have the lock")
				}
				<-inside
				l.Remove()
			}
		})
	}
	wait.Wait()
}

func TestHolder(t *testing.T) {
	if got := (Holder{}).String(); got != "another process" {
		t.Errorf("an unknown holder is called %q", got)
	}
	if got := (Holder{PID: 7, Since: time.Now()}).String(); !strings.HasPrefix(got, "process 7, since ") {
		t.Errorf("got %q", got)
	}
	name := filepath.Join(t.TempDir(), "x.lock")
	for _, content := range []string{"", " {", ` {"pid":12`, `{"pid":12`, "process 12 on host\n"} {
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if h := ReadHolder(name); h != (Holder{}) {
			t.Errorf("%q gives %+v", content, h)
		}
	}
	if h := ReadHolder(name + "no"); h != (Holder{}) {
		t.Errorf("a missing file gives %+v", h)
	}
}

// heldBy makes this test binary a process that takes the lock and waits to be killed.
const heldBy = "CNNBOOK_TEST_LOCK"

// TestKilled takes the lock of a process that was killed while it had it.
//
// Promise(runs/lock)
func TestKilled(t *testing.T) {
	if name := os.Getenv(heldBy); name != "" {
		if _, err := Try(name, "waiting for its end"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		return
	}
	name := filepath.Join(t.TempDir(), "x.lock")
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilled$")
	cmd.Env = append(os.Environ(), heldBy+"="+name)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for ReadHolder(name).PID != cmd.Process.Pid {
		time.Sleep(time.Millisecond)
	}
	if _, err := Try(name, "a test"); !errors.Is(err, ErrHeld) {
		t.Errorf("error %v, want %v", err, ErrHeld)
	}
	cmd.Process.Kill()
	cmd.Wait()
	l, err := Try(name, "a test")
	if err != nil {
		t.Fatal(err)
	}
	l.Unlock()
}
