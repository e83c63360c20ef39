package book

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func stream(name, text string) cellOutput {
	m := multiline(text)
	return cellOutput{OutputType: outputStream, Name: name, Text: &m}
}

func failed(value string, traceback ...string) cellOutput {
	return cellOutput{OutputType: outputError, EName: "ERROR", EValue: value, Traceback: traceback}
}

func page(t *testing.T, html string) cellOutput {
	t.Helper()
	data, err := json.Marshal(html)
	if err != nil {
		t.Fatal(err)
	}
	return cellOutput{OutputType: outputDisplay, Data: map[string]json.RawMessage{"text/html": data}}
}

// Outputs as GoNB v0.11.4 writes them.
const (
	gonbCompileValue = "# gonb_9544c45a\n./main.go:10:1: declared and not used: x\n"
	gonbCompileTrace = "Cell[2]: Line 2\nfunc main() {\n\tflag.Parse()\n\tx := 1\n^\n}\n\n\x1b[31mdeclared and not used: x\x1b[0m"
	gonbCompileHTML  = `<style>.gonb-err-context { display: none; }</style><div class="jp-RenderedText">
<div style="white-space: pre-wrap;"># gonb_9544c45a </div>
<div style="white-space: pre-wrap;"><span class="gonb-err-hover-area"><span class="gonb-cell-line-info">Cell[2]: Line 2</span> <span class="gonb-err-location">./main.go:10:1: </span></span>declared and not used: x<div class="gonb-err-context">x</div></div>
<div style="white-space: pre-wrap;"><span class="gonb-err-hover-area"><span class="gonb-cell-line-info">Cell[2]: Line 3</span> <span class="gonb-err-location">./main.go:11:1: </span></span>undefined: y<div class="gonb-err-context">y</div></div></div>`
	gonbPanic = "panic: assignment to entry in nil map\n\ngoroutine 1 [running]:\nmain.main()\n\t \x1b[7m[[ Cell [2] Line 3 ]]\x1b[0m /tmp/gonb_bae540d0/main.go:10 +0x2d\nexit status 2\n"
)

func TestErrorText(t *testing.T) {
	tests := []struct {
		name    string
		outputs []cellOutput
		want    string
	}{
		{"Cell", []cellOutput{stream("stdout", "working\n"), stream("stderr", "error: load data_batch_1.bin: record 3\nexit status 1\n"), failed("exit status 1")}, "load data_batch_1.bin: record 3"},
		{"Cell after a warning", []cellOutput{stream("stderr", "slow\nerror: a\n       b\nexit status 1\n"), failed("exit status 1")}, "a\n       b"},
		{"interrupted", []cellOutput{stream("stderr", "interrupted. Run this cell again to go on.\nexit status 130\n"), failed("exit status 130")}, "interrupted. Run this cell again to go on."},
		{"panic", []cellOutput{stream("stderr", gonbPanic), failed("exit status 2")}, "panic: assignment to entry in nil map (Cell [2] Line 3)"},
		{"silent exit", []cellOutput{stream("stderr", "exit status 3\n"), failed("exit status 3")}, "exit status 3"},
		{"killed", []cellOutput{stream("stderr", "^C\nsignal: killed\n"), failed("signal: killed")}, "signal: killed"},
		{"compile, text", []cellOutput{failed(gonbCompileValue, "\x1b[31m# gonb_9544c45a\x1b[0m", gonbCompileTrace)}, "Cell[2]: Line 2: declared and not used: x"},
		{"compile, HTML", []cellOutput{page(t, gonbCompileHTML), failed(`failed to run "/usr/local/go/bin/go build"`)}, "Cell[2]: Line 2: declared and not used: x\nCell[2]: Line 3: undefined: y"},
		{"parse", []cellOutput{failed(`parsing go files in TempDir "/tmp/gonb_bae540d0": main.go:3:9: expected ')', found '{'`)}, "main.go:3:9: expected ')', found '{'"},
		{"figures are no errors", []cellOutput{page(t, "<figure>error: x</figure>"), stream("stderr", "error: y\nexit status 1\n"), failed("exit status 1")}, "y"},
		{"command", []cellOutput{stream("stdout", "hi\n"), stream("stderr", "ls: nothing there\nexit status 2\n")}, "ls: nothing there"},
		{"nothing", nil, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := errorText(test.outputs); got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestSourceLine(t *testing.T) {
	tests := [][2]string{
		{"%%\nkernelext.Cell(func(ctx context.Context) error {\n\ttrain, err := load(ctx)\n", "train, err := load(ctx)"},
		{"import (\n\t\"context\"\n\t\"fmt\"\n)\n\n// f is\nfunc f() {}", "func f() {}"},
		{"import \"fmt\"", `import "fmt"`},
		{"// only this", "// only this"},
		{"!ls", "!ls"},
		{"", ""},
		{"%%\n" + strings.Repeat("x", 90), strings.Repeat("x", 69) + "…"},
	}
	for _, test := range tests {
		if got := sourceLine(test[0]); got != test[1] {
			t.Errorf("sourceLine(%q) = %q, expected %q", test[0], got, test[1])
		}
	}
}

func TestFailure(t *testing.T) {
	nb := &notebook{Cells: []notebookCell{{CellType: cellMarkdown}, {CellType: cellCode, Source: "one()"}, {CellType: cellCode, Source: "two()"}}}
	executed := &notebook{Cells: []notebookCell{{}, {}, {Outputs: []cellOutput{stream("stderr", "error: /home/me/x: gone\nexit status 1\n"), failed("exit status 1")}}}}
	e := Execution{Notebook: "dir/01-x.ipynb", Kernel: "cnnbook", Timeout: 90 * time.Second, Hide: []Replacement{{"/home/me", "~"}}}
	tests := []struct {
		event executeEvent
		want  string
	}{
		{executeEvent{Kind: "cell", Index: 2, Text: "x"}, "01-x.ipynb, code cell 2 (two()): ~/x: gone"},
		{executeEvent{Kind: "command", Index: 1, Text: "exit status 1"}, "01-x.ipynb, code cell 1 (one()): a shell command failed: exit status 1"},
		{executeEvent{Kind: "timeout", Index: 1}, "01-x.ipynb, code cell 1 (one()): did not finish within 1 min 30 s"},
		{executeEvent{Kind: "kernel", Index: 2}, "01-x.ipynb, code cell 2 (two()): the kernel died"},
		{executeEvent{Kind: "kernel", Index: -1}, "01-x.ipynb: the kernel died"},
		{executeEvent{Kind: "start", Index: -1, Text: "No such kernel named cnnbook\nmore"}, `01-x.ipynb: the kernel "cnnbook" does not start: No such kernel named cnnbook`},
		{executeEvent{Kind: "stopped", Index: 1}, "01-x.ipynb: stopped"},
		{executeEvent{Kind: "internal", Index: 1, Text: "KeyError: 'x'"}, "book: execute 01-x.ipynb: KeyError: 'x'"},
	}
	for _, test := range tests {
		if got := e.failure(nb, executed, test.event).Error(); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
}
