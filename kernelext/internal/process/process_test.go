package process

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/kernelext/internal/testkit"
)

func TestMergeEnv(t *testing.T) {
	got := MergeEnv([]string{"A=1", "B=2", "C=3"}, "B=x", "C", "D=4")
	if want := []string{"A=1", "B=x", "D=4"}; !slices.Equal(got, want) {
		t.Errorf("environment %v, want %v", got, want)
	}
}

func TestCommandKeepsLogAndTellsTheError(t *testing.T) {
	log := filepath.Join(t.TempDir(), "logs", "x.log")
	c := Command{Path: "/bin/sh", Args: []string{"-c", "echo fine; echo 'fatal Error: no luck' >&2; echo bye; exit 3"}, Env: os.Environ(), Log: log}
	_, err := c.Output(t.Context())
	if err == nil || !strings.Contains(err.Error(), "exit status 3: fatal Error: no luck") || !strings.Contains(err.Error(), log) {
		t.Errorf("error %v", err)
	}
	if data, err := os.ReadFile(log); err != nil || !bytes.Contains(data, []byte("bye")) {
		t.Errorf("log %q, %v", data, err)
	}
}

func TestCommandEndsItsChildren(t *testing.T) {
	pidFile := filepath.Join(t.TempDir(), "pid")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := Command{Path: "/bin/sh", Args: []string{"-c", "sleep 60 & echo $! >" + pidFile + ".new; mv " + pidFile + ".new " + pidFile + "; wait"}, Env: os.Environ()}.Output(ctx)
		done <- err
	}()
	testkit.WaitFor(t, "the child", func() bool { return testkit.Exists(pidFile) })
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	pid, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	if len(List()) == 0 {
		t.Skip("no list of processes on this system")
	}
	testkit.WaitFor(t, "the child's end", func() bool { return !testkit.Exists(filepath.Join("/proc", strings.TrimSpace(string(pid)), "exe")) })
}

func TestProcessesFindsItself(t *testing.T) {
	all := List()
	if len(all) == 0 {
		t.Skip("no list of processes on this system")
	}
	i := slices.IndexFunc(all, func(p Info) bool { return p.PID == os.Getpid() })
	if i < 0 || all[i].Parent != os.Getppid() || !strings.Contains(all[i].Text, os.Args[0]) || all[i].Start == "" {
		t.Errorf("this process is not among them or is told wrong: %+v", all[max(i, 0)])
	}
}
