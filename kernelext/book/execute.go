package book

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/kernelext/internal/process"
	"github.com/cnnbook/cnnbook/kernelext/internal/text"
	"github.com/cnnbook/cnnbook/kernelext/setup"
)

const (
	kernelStartup = 2 * time.Minute  // for a kernel's first answer
	executeGrace  = 20 * time.Second // for a cancelled run to shut down its kernel
)

// Execution describes the headless run of one notebook.
type Execution struct {
	Notebook string // source; it is not changed
	Out      string // executed notebook, replaced only by a complete one; its folder must exist

	Python  string   // the Python that has nbclient, see Environment
	Environ []string // environment of kernel and cells, with parameters and JUPYTER_PATH; nil: that of this process
	Kernel  string   // name of the kernelspec
	Dir     string   // working folder of the cells; empty: the notebook's

	Timeout  time.Duration   // for each cell; 0: none
	Record   Record          // stored in the executed notebook
	Hide     []Replacement   // paths that must not be published
	Progress func(CellEvent) // called as cells start and end; may be nil
}

// CellEvent reports the progress of a run.
type CellEvent struct {
	Notebook string        // file name
	Cell     int           // among the code cells, counted from 1
	Cells    int           // number of code cells
	Source   string        // the cell's first line of code that identifies it
	Done     bool          // false when the cell starts
	Elapsed  time.Duration // since the cell started
}

// executeJob is the job as book_execute.py reads it.
type executeJob struct {
	Notebook string  `json:"notebook"`
	Output   string  `json:"output"`
	Kernel   string  `json:"kernel"`
	Dir      string  `json:"dir"`
	Timeout  float64 `json:"timeout"` // seconds; 0: none
	Startup  float64 `json:"startup"` // seconds
}

// executeEvent is one line of book_execute.py's output.
type executeEvent struct {
	Event string `json:"event"`
	Kind  string `json:"kind"`
	Index int    `json:"index"` // among all cells, counted from 0
	Text  string `json:"text"`
}

// Execute runs a notebook from its first cell to the last in a new kernel, and writes the executed
// notebook to e.Out, normalised: without execution counts, machine paths and
// metadata of the run, so that equal results are equal files.
//
// The first cell that fails ends the run with a *CellError. So does a shell command (!command) that fails, although
// GoNB reports it as a success. A cell with the tag raises-exception may fail. The notebook as far as it was executed
// is then written next to e.Out as NAME.failed.ipynb, which a later success removes.
//
// When ctx ends, so do the cell and the kernel, before Execute returns ctx's error.
func Execute(ctx context.Context, e Execution) (Record, error) {
	nb, err := readNotebook(e.Notebook)
	if err != nil {
		return Record{}, err
	}
	temp, err := os.MkdirTemp("", "cnnbook-execute-")
	if err != nil {
		return Record{}, fmt.Errorf("book: execute: %w", err)
	}
	defer os.RemoveAll(temp)

	raw := filepath.Join(temp, "executed.ipynb")
	began := time.Now()
	last, runErr := e.run(ctx, nb, temp, raw)
	record := e.Record
	record.SourceSHA256, record.Seconds = nb.sourceSHA256(), time.Since(began).Round(time.Second/10).Seconds()
	executed, err := e.normalised(raw, record)
	if runErr == nil && err != nil {
		return Record{}, err
	}
	failed := failedName(e.Out)
	if runErr != nil || last.Event != "finished" {
		return Record{}, e.fail(ctx, nb, executed, failed, last, runErr)
	}
	if err := executed.write(e.Out, 0o644); err != nil {
		return Record{}, fmt.Errorf("book: write the executed notebook: %w", err)
	}
	if err := os.Remove(failed); err != nil && !errors.Is(err, os.ErrNotExist) {
		return Record{}, fmt.Errorf("book: remove the notebook of an earlier failure: %w", err)
	}
	return record, nil
}

// failedName is the path of a notebook that failed.
func failedName(out string) string {
	return strings.TrimSuffix(out, filepath.Ext(out)) + ".failed.ipynb"
}

// fail keeps the incomplete notebook of a failed run and returns the reason of the failure.
func (e Execution) fail(ctx context.Context, nb, executed *notebook, failed string, last executeEvent, runErr error) error {
	err := runErr
	if last.Event == "failed" {
		err = e.failure(nb, executed, last)
	}
	if ctx.Err() != nil {
		err = fmt.Errorf("%s: stopped: %w", filepath.Base(e.Notebook), context.Cause(ctx))
	}
	if executed != nil {
		if writeErr := executed.write(failed, 0o644); writeErr != nil {
			return errors.Join(err, fmt.Errorf("book: keep the failed notebook: %w", writeErr))
		}
	}
	return err
}

// normalised reads the notebook that the run wrote; nil if there is none.
func (e Execution) normalised(raw string, record Record) (*notebook, error) {
	nb, err := readNotebook(raw)
	if err != nil {
		return nil, err
	}
	n := normaliser{
		kernel: kernelspecInfo{DisplayName: setup.KernelDisplayName, Language: "go", Name: e.Kernel},
		scrub:  scrubbers(e.Hide),
		record: &record,
	}
	return nb, n.apply(nb)
}

// run starts the Python program and follows its events to the last.
func (e Execution) run(ctx context.Context, nb *notebook, temp, raw string) (last executeEvent, err error) {
	if err := unpack("python", temp); err != nil {
		return last, fmt.Errorf("book: execute: %w", err)
	}
	job, err := e.job(raw)
	if err != nil {
		return last, err
	}
	cmd := exec.CommandContext(ctx, e.Python, filepath.Join(temp, "book_execute.py"))
	cmd.Env = process.MergeEnv(e.Environ, kernelext.EnvStill+"=1") // no user is present to choose anything
	process.OwnGroup(cmd)
	var stderr process.Tail
	cmd.Stderr = &stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return last, fmt.Errorf("book: execute: %w", err)
	}
	cmd.Cancel = stdin.Close // asks it to shut down the kernel and exit
	cmd.WaitDelay = executeGrace
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return last, fmt.Errorf("book: execute: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return last, &setup.Problem{Cause: fmt.Sprintf("start Python for %s: %v", filepath.Base(e.Notebook), err), Remedy: `run "go run . doctor"`, Err: setup.ErrNoPython}
	}
	_, writeErr := stdin.Write(append(job, '\n'))
	last, followErr := e.follow(stdout, nb)
	waitErr := cmd.Wait()
	if last.Event != "" { // the program finished, whatever its status
		return last, nil
	}
	if line := process.TellingLine(stderr.String()); line != "" && waitErr != nil {
		waitErr = fmt.Errorf("%w: %s", waitErr, text.Clean(text.StripANSI(line)))
	}
	return last, fmt.Errorf("book: execute %s: %w", filepath.Base(e.Notebook), errors.Join(waitErr, followErr, writeErr))
}

func (e Execution) job(raw string) ([]byte, error) {
	job := executeJob{Output: raw, Kernel: e.Kernel, Dir: e.Dir, Timeout: e.Timeout.Seconds(), Startup: kernelStartup.Seconds()}
	var err error
	if job.Notebook, err = filepath.Abs(e.Notebook); err != nil {
		return nil, fmt.Errorf("book: execute: %w", err)
	}
	if job.Dir == "" {
		job.Dir = filepath.Dir(job.Notebook)
	}
	return json.Marshal(job)
}

// follow reads events and reports progress. It returns the last event of a run that
// finished; Event is empty if there was none.
func (e Execution) follow(stdout io.Reader, nb *notebook) (last executeEvent, err error) {
	var cellStarted time.Time
	position := map[int]int{} // from all cells to code cells
	for k, i := range nb.codeCells() {
		position[i] = k
	}
	lines := bufio.NewScanner(stdout)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var event executeEvent
		if err := json.Unmarshal(bytes.TrimSpace(lines.Bytes()), &event); err != nil {
			return last, fmt.Errorf("unexpected line %q: %w", text.Shorten(lines.Text(), 100), err)
		}
		switch event.Event {
		case "finished", "failed":
			last = event
		case "start", "done":
			if event.Event == "start" {
				cellStarted = time.Now()
			}
			if k, known := position[event.Index]; known && e.Progress != nil {
				e.Progress(CellEvent{
					Notebook: filepath.Base(e.Notebook), Cell: k + 1, Cells: len(position),
					Source: sourceLine(string(nb.Cells[event.Index].Source)),
					Done:   event.Event == "done", Elapsed: time.Since(cellStarted),
				})
			}
		}
	}
	return last, lines.Err()
}
