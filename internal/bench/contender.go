package bench

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/cnnbook/cnnbook/internal/trained"
)

// contender can do the work in a separate process.
type contender struct {
	name    string
	command func(context.Context, Workload) (*exec.Cmd, error)
	env     []string // only for it, in addition to those of this process
	steps   int      // instead of the workload's; 0: those
}

// worker is this program as a contender, given the command line of a process that calls Measure, and the number of shards.
func worker(line []string, shards int) func(context.Context, Workload) (*exec.Cmd, error) {
	return func(ctx context.Context, w Workload) (*exec.Cmd, error) {
		args := slices.Concat(line[1:], []string{"--devices", strconv.Itoa(w.Devices), "--shards", strconv.Itoa(shards)}, w.args())
		return exec.CommandContext(ctx, line[0], args...), nil
	}
}

// peer is another framework, run by the script.
func peer(python, script, name string) func(context.Context, Workload) (*exec.Cmd, error) {
	return func(ctx context.Context, w Workload) (*exec.Cmd, error) {
		return exec.CommandContext(ctx, python, append([]string{script, name}, w.args()...)...), nil
	}
}

// args are the flags of the workload, which have the same names in our worker and in
// the script.
func (w Workload) args() []string {
	return []string{
		"--data", w.Data, "--images", strconv.Itoa(w.Images), "--batch", strconv.Itoa(w.Batch),
		"--precision", w.Precision, "--warm", strconv.Itoa(w.Warm), "--steps", strconv.Itoa(w.Steps), "--evaluate", strconv.Itoa(w.Evaluate), "--turn", strconv.Itoa(w.Turn),
		"--seconds", strconv.FormatFloat(w.Seconds, 'g', -1, 64),
	}
}

// complete reports whether a contender that timed so many steps has done its work.
func (w Workload) complete(steps int) bool {
	return steps == w.Steps || w.Seconds > 0 && w.Turn > 0 && steps > 0 && steps < w.Steps && steps%w.Turn == 0
}

// sample is what one process measured, and what was measured from outside.
type sample struct {
	measurement
	FirstStep float64         `json:"first_step"`       // seconds from the start of the process to the end of its first step
	Peak      int64           `json:"peak"`             // resident memory, bytes
	Epochs    []trained.Epoch `json:"epochs,omitempty"` // of a whole training
}

// longestLine bounds a line from a contender: the last one has the time of each step, and a training may have many thousands.
const longestLine = 64 << 20

// racer is a running contender.
type racer struct {
	contender
	sample
	work    Workload
	cmd     *exec.Cmd
	proceed io.Writer // a line here begins a turn
	lines   *bufio.Scanner
	said    *bytes.Buffer
	began   time.Time
	log     io.Writer
}

// start starts c.
func (c contender) start(ctx context.Context, w Workload, log io.Writer) (*racer, error) {
	w.Steps = cmp.Or(c.steps, w.Steps)
	cmd, err := c.command(ctx, w)
	if err != nil {
		return nil, err
	}
	cmd.Env = slices.Concat(os.Environ(), c.env)
	r := &racer{contender: c, work: w, cmd: cmd, said: listen(cmd), log: log}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if r.proceed, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	r.lines, r.began = bufio.NewScanner(out), time.Now()
	r.lines.Buffer(nil, longestLine)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", c.name, err)
	}
	return r, nil
}

// next runs r until the end of its turn, after which all its threads are paused, or to the
// end of its work, after which its sample is complete.
func (r *racer) next(ctx context.Context) (finished bool, err error) {
	for r.lines.Scan() {
		var m measurement
		switch {
		case json.Unmarshal(r.lines.Bytes(), &m) != nil: // output of a library
		case m.First:
			r.FirstStep = time.Since(r.began).Seconds()
		case m.Turn:
			return false, r.cmd.Process.Signal(syscall.SIGSTOP)
		case m.Epoch != nil:
			r.Epochs = append(r.Epochs, *m.Epoch)
			fmt.Fprintf(r.log, "%s: after step %d of %d the test accuracy is %s\n", r.name, m.Epoch.Step, r.work.Steps, *m.Epoch)
		default:
			r.measurement = m
		}
	}
	if err = r.lines.Err(); err != nil {
		_ = r.cmd.Process.Kill() // nobody reads what it still writes
	}
	err = errors.Join(err, r.cmd.Wait())
	if ctx.Err() != nil {
		return true, ctx.Err()
	}
	if err == nil && (!r.work.complete(len(r.Steps)) || r.FirstStep == 0) {
		err = fmt.Errorf("expected the times of %d steps, got %d", r.work.Steps, len(r.Steps))
	}
	if err != nil {
		return true, fmt.Errorf("%s: %w: its last output: %s", r.name, err, tail(r.said.Bytes(), 600))
	}
	r.Peak = peakMemory(r.cmd.ProcessState)
	return true, nil
}

// turn runs the next turn, after a pause.
func (r *racer) turn(ctx context.Context) (finished bool, err error) {
	if err := r.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		return true, err
	}
	if _, err := fmt.Fprintln(r.proceed); err != nil {
		return true, err
	}
	return r.next(ctx)
}

// once runs c without a pause.
func (c contender) once(ctx context.Context, w Workload) (sample, error) {
	w.Turn = 0
	r, err := c.start(ctx, w, io.Discard)
	if err != nil {
		return sample{}, err
	}
	_, err = r.next(ctx)
	return r.sample, err
}

// stop ends r, if it still runs, and waits for its end. Its context must have ended.
func (r *racer) stop() {
	if r.cmd.ProcessState == nil {
		r.cmd.Wait()
	}
}

// listen lets cmd end by itself when its context does, also in a pause, and returns the buffer
// for its standard error.
func listen(cmd *exec.Cmd) *bytes.Buffer {
	cmd.Cancel = func() error {
		return errors.Join(cmd.Process.Signal(os.Interrupt), cmd.Process.Signal(syscall.SIGCONT))
	}
	cmd.WaitDelay = 10 * time.Second
	var said bytes.Buffer
	cmd.Stderr = &said
	return &said
}

// peakMemory is the peak resident memory of a finished process, in bytes.
func peakMemory(p *os.ProcessState) int64 {
	usage, ok := p.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return int64(usage.Maxrss) * maxrssUnit()
}

// maxrssUnit is the system's unit for a process's peak memory: bytes on
// macOS, kibibytes elsewhere.
func maxrssUnit() int64 {
	if runtime.GOOS == "darwin" {
		return 1
	}
	return 1024
}

func tail(text []byte, n int) string {
	return string(bytes.TrimSpace(text[max(0, len(text)-n):]))
}
