package engine

import (
	"context"
	"errors"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// stopTime is how long a training that is asked to stop may take to save.
const stopTime = time.Minute

// Process runs a command and returns its exit status and the last line that it wrote on standard error. When ctx ends it is asked
// to stop, once, and a minute later it is ended. It may use only the processors of a slot, from 0: where the system can
// say so (Linux), slot k has the k-th part of this process's processors. It ends when this process dies, there too.
func Process(ctx context.Context, command []string, environ []string, slot, slots int) (status int, last string, err error) {
	runtime.LockOSThread() // until the end: its processors are restricted, and its death would end the command
	defer runtime.UnlockOSThread()
	defer restrict(slot, slots)()
	var tail tail
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env, cmd.Stderr, cmd.WaitDelay = environ, &tail, stopTime
	cmd.Cancel = func() error { return askToStop(cmd.Process) }
	ownGroup(cmd)
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) || errors.Is(err, context.Canceled) {
		return cmd.ProcessState.ExitCode(), tail.last(), nil
	}
	return 0, "", err
}

// tail keeps the end of what is written to it.
type tail struct{ text []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-4096):]
	return len(p), nil
}

func (t *tail) last() string {
	text := strings.TrimSpace(string(t.text))
	return text[strings.LastIndexByte(text, '\n')+1:]
}
