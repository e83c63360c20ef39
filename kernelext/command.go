package kernelext

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// command is a child process of set-up: its output goes to a log file and, for a short error, to memory.
// It ends with its own children when ctx ends, and on Linux also when this process is killed.
type command struct {
	Path string
	Args []string
	Dir  string
	Env  []string // the whole environment
	Log  string   // file that receives stdout and stderr, "" for none
}

// output runs the command and gives its standard output.
func (c command) output(ctx context.Context) (string, error) {
	var stdout, all tail
	cmd := exec.CommandContext(ctx, c.Path, c.Args...)
	cmd.Dir, cmd.Env = c.Dir, c.Env
	both := io.Writer(&all)
	if c.Log != "" {
		log, err := c.openLog()
		if err != nil {
			return "", err
		}
		defer log.Close()
		both = io.MultiWriter(&all, log)
	}
	cmd.Stdout, cmd.Stderr = io.MultiWriter(&stdout, both), both
	if err := runContained(cmd); err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return stdout.String(), &commandError{Name: filepath.Base(c.Path), Output: all.String(), Log: c.Log, Err: err}
	}
	return stdout.String(), nil
}

// maxLog is the size above which a log starts anew.
const maxLog = 4 << 20

func (c command) openLog() (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(c.Log), 0o755); err != nil {
		return nil, err
	}
	flags := os.O_CREATE | os.O_APPEND | os.O_WRONLY
	if info, err := os.Stat(c.Log); err == nil && info.Size() > maxLog {
		flags |= os.O_TRUNC
	}
	f, err := os.OpenFile(c.Log, flags, 0o644)
	if err == nil {
		fmt.Fprintf(f, "\n%s $ %s %s\n", time.Now().Format(time.DateTime), c.Path, strings.Join(c.Args, " "))
	}
	return f, err
}

// runContained runs cmd in a process group of its own, which is killed as a whole when cmd's context ends. The
// goroutine keeps its thread, because Linux ties the death signal of a child to the thread that started it.
func runContained(cmd *exec.Cmd) error {
	contain(cmd)
	cmd.WaitDelay = 5 * time.Second
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		done <- cmd.Run()
	}()
	return <-done
}

// commandError is the failure of a child process.
type commandError struct {
	Name   string
	Output string // the end of what it printed
	Log    string
	Err    error // what os/exec says
}

// Error gives the line of the output that tells most, and where the rest is.
func (e *commandError) Error() string {
	msg := fmt.Sprintf("%s: %v", e.Name, e.Err)
	if line := tellingLine(e.Output); line != "" {
		msg += ": " + line
	}
	if e.Log != "" {
		msg += " (all its output: " + e.Log + ")"
	}
	return msg
}

func (e *commandError) Unwrap() error { return e.Err }

// outputOf is what a failed child process printed, or "".
func outputOf(err error) string {
	if e, ok := errors.AsType[*commandError](err); ok {
		return e.Output
	}
	return ""
}

// tellingLine picks the line of a program's output for an error message: the last that names an error, else the last.
func tellingLine(output string) string {
	var last, telling string
	for line := range strings.Lines(output) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		last = line
		if low := strings.ToLower(line); strings.Contains(low, "error") || strings.HasPrefix(low, "go: ") {
			telling = line
		}
	}
	if telling == "" {
		telling = last
	}
	const most = 300
	if r := []rune(telling); len(r) > most {
		telling = string(r[:most]) + "…"
	}
	return telling
}

// tail keeps the last 64 KiB written to it.
type tail struct{ buf bytes.Buffer }

const tailSize = 64 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.buf.Write(p)
	if over := t.buf.Len() - tailSize; over > tailSize {
		t.buf.Next(over)
	}
	return len(p), nil
}

func (t *tail) String() string { return t.buf.String() }

// mergeEnv is base without the variables that set names, followed by set. A "NAME" without "=" only removes.
func mergeEnv(base []string, set ...string) []string {
	drop := make(map[string]bool, len(set))
	for _, kv := range set {
		name, _, _ := strings.Cut(kv, "=")
		drop[name] = true
	}
	env := make([]string, 0, len(base)+len(set))
	for _, kv := range base {
		if name, _, _ := strings.Cut(kv, "="); !drop[name] {
			env = append(env, kv)
		}
	}
	for _, kv := range set {
		if strings.Contains(kv, "=") {
			env = append(env, kv)
		}
	}
	return env
}
