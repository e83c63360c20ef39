// Package process runs child processes, which end with their own children, and lists the processes of this machine.
package process

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

// Command is a child process: its output goes to a log file and, for a short error, to memory.
// It ends with its own children when ctx ends, and on Linux also when this process is killed.
type Command struct {
	Path string
	Args []string
	Dir  string
	Env  []string // the whole environment
	Log  string   // file that receives stdout and stderr, "" for none
}

// Output runs the command and returns its standard output.
func (c Command) Output(ctx context.Context) (string, error) {
	var stdout, all Tail
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
	if err := RunContained(cmd); err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return stdout.String(), &Error{Name: filepath.Base(c.Path), Output: all.String(), Log: c.Log, Err: err}
	}
	return stdout.String(), nil
}

// maxLog is the size above which a log is restarted.
const maxLog = 4 << 20

func (c Command) openLog() (*os.File, error) {
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

// RunContained runs cmd in a process group of its own, which is killed as a whole when cmd's context ends. The
// goroutine keeps its thread, because Linux ties the death signal of a child to the thread that started it.
func RunContained(cmd *exec.Cmd) error {
	Contain(cmd)
	cmd.WaitDelay = 5 * time.Second
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		done <- cmd.Run()
	}()
	return <-done
}

// Error is the failure of a child process.
type Error struct {
	Name   string
	Output string // the end of what it printed
	Log    string
	Err    error // the error of os/exec
}

// Error returns the most informative line of the output, and the path of the log.
func (e *Error) Error() string {
	msg := fmt.Sprintf("%s: %v", e.Name, e.Err)
	if line := TellingLine(e.Output); line != "" {
		msg += ": " + line
	}
	if e.Log != "" {
		msg += " (all its output: " + e.Log + ")"
	}
	return msg
}

func (e *Error) Unwrap() error { return e.Err }

// OutputOf is what a failed child process printed, or "".
func OutputOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Output
	}
	return ""
}

// TellingLine picks the line of a program's output for an error message: the last that names an error, otherwise the last.
func TellingLine(output string) string {
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

// Tail keeps the last 64 KiB written to it.
type Tail struct{ buf bytes.Buffer }

const tailSize = 64 << 10

func (t *Tail) Write(p []byte) (int, error) {
	t.buf.Write(p)
	if over := t.buf.Len() - tailSize; over > tailSize {
		t.buf.Next(over)
	}
	return len(p), nil
}

func (t *Tail) String() string { return t.buf.String() }

// MergeEnv is base without the variables that set names, followed by set. A "NAME" without "=" only removes.
func MergeEnv(base []string, set ...string) []string {
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

// ExeName is the file name of a program on this system.
func ExeName(name string) string {
	if runtime.GOOS == "windows" {
		return name + ".exe"
	}
	return name
}
