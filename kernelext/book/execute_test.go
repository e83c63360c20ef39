package book

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/kernelext/internal/kerneltest"
	"github.com/cnnbook/cnnbook/kernelext/internal/process"
	"github.com/cnnbook/cnnbook/kernelext/internal/testkit"
	"github.com/cnnbook/cnnbook/kernelext/setup"
)

// execution is a run of testdata/01-show.ipynb, or of a notebook with the given code cells.
func execution(t *testing.T, cells ...string) Execution {
	t.Helper()
	env := kerneltest.Environment(t)
	dir := t.TempDir()
	e := Execution{
		Notebook: filepath.Join("testdata", "01-show.ipynb"), Out: filepath.Join(dir, "executed.ipynb"),
		Python: env.Python, Kernel: env.Kernel, Environ: append(env.Environ(), kernelext.Params{Seed: 42}.Environ()...),
		Record: NewRecord(kernelext.Params{Seed: 42}), Hide: []Replacement{{env.Module, "cnnbook"}, {dir, "DIR"}},
		Timeout: 3 * time.Minute,
	}
	if len(cells) > 0 {
		nb := notebook{NBFormat: 4, NBFormatMinor: 5}
		for i, source := range cells {
			nb.Cells = append(nb.Cells, notebookCell{CellType: cellCode, ID: string(rune('a' + i)), Source: multiline(source)})
		}
		e.Notebook = filepath.Join(dir, "source.ipynb")
		if err := nb.write(e.Notebook, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

const cellImport = "import \"github.com/cnnbook/cnnbook/kernelext\"\n"

func TestExecute(t *testing.T) {
	e := execution(t)
	var events []CellEvent
	e.Progress = func(event CellEvent) { events = append(events, event) }
	source, err := os.ReadFile(e.Notebook)
	if err != nil {
		t.Fatal(err)
	}
	stale := failedName(e.Out)
	if err := os.WriteFile(stale, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	record, err := Execute(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	if err := CheckRecord(e.Out, e.Notebook, ""); err != nil || record.Seed != 42 || record.SourceSHA256 == "" {
		t.Errorf("record %+v: %v", record, err)
	}
	if len(events) != 6 || events[0].Cell != 1 || !events[5].Done || events[5].Cells != 3 || events[0].Source != "func gradient(n int) image.Image {" {
		t.Errorf("events: %+v", events)
	}
	if after, err := os.ReadFile(e.Notebook); err != nil || !bytes.Equal(after, source) {
		t.Error("the source was changed")
	}
	if _, err := os.Stat(stale); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the notebook of an earlier failure is still there: %v", err)
	}
	checkShown(t, e.Out)
}

// checkShown checks the outputs of testdata/01-show.ipynb.
func checkShown(t *testing.T, path string) {
	t.Helper()
	nb, err := readNotebook(path)
	if err != nil {
		t.Fatal(err)
	}
	shown := nb.Cells[2].Outputs
	if len(shown) != 5 || *shown[0].Text != "before 42\n" || *shown[4].Text != "after\n" {
		t.Fatalf("outputs in a different order than in the program: %+v", shown)
	}
	var words multiline
	if err := json.Unmarshal(shown[1].Data["text/plain"], &words); err != nil || words != "[Figure: A gradient.]\nGreen to <b>red</b>." {
		t.Errorf("alternative text of the figure: %q, %v", words, err)
	}
	live := nb.Cells[3].Outputs
	if len(live) != 1 {
		t.Fatalf("the live display left %d outputs, expected only its final state", len(live))
	}
	var block multiline
	if err := json.Unmarshal(live[0].Data["text/html"], &block); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(testkit.CheckHTML(t, string(block)), "Finished: 1 epoch in") {
		t.Errorf("final state: %s", block)
	}
}

func TestExecuteFailures(t *testing.T) {
	tests := []failureTest{
		{"error in the session", []string{cellImport + "kernelext.Cell(func(context.Context) error { return errors.New(\"record 3: label 10\") })", "fmt.Println(\"never\")"}, 1, "record 3: label 10"},
		{"compiler of the session", []string{"fmt.Println(1)", "\nnope"}, 2, "line 2: undefined: nope"},
		{"syntax in the session", []string{"func f( {"}, 1, "expected ')', found '{'"},
		{"panic in the session", []string{"var m map[string]int\nm[\"x\"] = 1"}, 1, "line 2: panic: assignment to entry in nil map"},
	}
	for _, test := range tests {
		t.Run(test.name, test.run)
	}
}

// failureTest is a notebook that fails.
type failureTest struct {
	name  string
	cells []string
	cell  int
	want  string // of CellError.Text
}

func TestExecuteFailuresOfCompiledCells(t *testing.T) {
	t.Setenv(setup.EnvSession, "0")
	tests := []failureTest{
		{"error", []string{cellImport + "%%\nkernelext.Cell(func(context.Context) error { return errors.New(\"record 3: label 10\") })", "%%\nfmt.Println(\"never\")"}, 1, "record 3: label 10"},
		{"compiler", []string{"%%\nfmt.Println(1)", "%%\nx := 1"}, 2, "Line 2: declared and not used: x"},
		{"syntax", []string{"func f( {"}, 1, "expected ')', found '{'"},
		{"panic", []string{"%%\nvar m map[string]int\nm[\"x\"] = 1"}, 1, "panic: assignment to entry in nil map"},
		{"command", []string{"!echo hello; false"}, 1, "a shell command failed: exit status 1"},
		{"deadlock", []string{"%%\nselect {}"}, 1, "all goroutines are asleep"},
	}
	for _, test := range tests {
		t.Run(test.name, test.run)
	}
}

func (test failureTest) run(t *testing.T) {
	e := execution(t, test.cells...)
	if err := os.WriteFile(e.Out, []byte("earlier"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := Execute(t.Context(), e)
	failure, ok := errors.AsType[*CellError](err)
	if !ok {
		t.Fatalf("got %v, expected a CellError", err)
	}
	if failure.Cell != test.cell || !strings.Contains(failure.Text, test.want) || strings.ContainsAny(err.Error(), "\n\x1b") {
		t.Errorf("got cell %d and %q, expected cell %d and %q", failure.Cell, err, test.cell, test.want)
	}
	if data, err := os.ReadFile(e.Out); err != nil || string(data) != "earlier" {
		t.Errorf("the earlier result has changed: %q, %v", data, err)
	}
	failed, err := os.ReadFile(failedName(e.Out))
	if err != nil || bytes.Contains(failed, []byte(`"never\n"`)) {
		t.Errorf("failed notebook: %v, or a later cell ran", err)
	}
}

func TestExecuteTimeout(t *testing.T) {
	e := execution(t, cellImport+"%%\nkernelext.Cell(func(ctx context.Context) error { time.Sleep(time.Hour); return nil })")
	e.Timeout = 5 * time.Second
	_, err := Execute(t.Context(), e)
	if failure, ok := errors.AsType[*CellError](err); !ok || failure.Text != "did not finish within 5 s" {
		t.Errorf("got %v", err)
	}
}

func TestExecuteEndsWithItsContext(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "mark")
	e := execution(t, "%%\nos.WriteFile("+"`"+mark+"`"+", fmt.Append(nil, os.Getpid(), \" \", os.Getppid()), 0o644)\ntime.Sleep(time.Hour)")
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("the person pressed ctrl-C")
	go func() {
		for ctx.Err() == nil {
			if data, err := os.ReadFile(mark); err == nil && len(data) > 0 {
				cancel(stop)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}()
	_, err := Execute(ctx, e)
	if !errors.Is(err, stop) {
		t.Fatalf("got %v, expected the context's cause", err)
	}
	data, err := os.ReadFile(mark)
	if err != nil {
		t.Fatal(err)
	}
	// The kernel must have ended; GoNB itself kills a cell without kernelext.Cell.
	pids := strings.Fields(string(data))
	for _, p := range process.List() {
		if kernel := pids[1]; p.Name == "gonb" && kernel == strconv.Itoa(p.PID) {
			t.Errorf("kernel %s is still there", kernel)
		}
	}
}

func TestExecuteWithoutPythonOrKernel(t *testing.T) {
	e := execution(t, "1")
	wrong := e
	wrong.Python = "/nonexistent/python"
	if _, err := Execute(t.Context(), wrong); !errors.Is(err, setup.ErrNoPython) {
		t.Errorf("got %v, expected ErrNoPython", err)
	}
	wrong = e
	wrong.Kernel = "nobody"
	if _, err := Execute(t.Context(), wrong); err == nil || !strings.Contains(err.Error(), `the kernel "nobody" does not start`) {
		t.Errorf("got %v", err)
	}
	wrong = e
	wrong.Notebook = "nowhere.ipynb"
	if _, err := Execute(t.Context(), wrong); !errors.Is(err, ErrNotebook) {
		t.Errorf("got %v, expected ErrNotebook", err)
	}
}
