package kerneltest

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestCellsThatGoWrong runs cells in a kernel that fail in every way that a cell can, each with what its reader is told: one line,
// and the line of code where that helps. What lives survives all but what no process survives.
func TestCellsThatGoWrong(t *testing.T) {
	const safe = "safe(func() { "
	runWrong(t, []wrongCell{
		{cell: "keep := 5\nfunc safe(f func()) { defer func() { if e := recover(); e != nil { fmt.Println(\"recovered\", e) } }(); f() }"},
		{cell: safe + "panic(\"own\") })"},
		// What ends a cell passes its recover.
		{cell: safe + "os.Exit(3) })", err: "exit status 3"},
		{cell: safe + "log.Fatal(\"the end\") })", err: "the end"},
		{cell: safe + "runtime.Goexit() })", err: "line 1: runtime.Goexit ended the cell"},
		{cell: []any{"for { " + safe + "for {} }) }", 1.0}, err: "interrupted. Run this cell again to go on."},
		// Panics and errors.
		{cell: "var p *struct{ n int }\n\np.n", err: "line 3: panic: "},
		{cell: "s := []int{1}\ns[keep]", err: "line 2: panic: runtime error: index out of range [5] with length 1"},
		{cell: "var m map[string]int\nm[\"a\"] = 1", err: "line 2: panic: assignment to entry in nil map"},
		{cell: "z := 0\nfmt.Println(1 / z)", err: "line 2: panic: runtime error: integer divide by zero"},
		{cell: "os.Open(\"/nowhere\")", err: "line 1: open /nowhere: no such file or directory"},
		{cell: "x := 1\nfmt.Println(nope)", err: "line 2: undefined: nope", lines: 4},
		{cell: "make([]int, keep-9)", err: "line 1: panic: "},
		{cell: "any(keep).(string)", err: "line 1: panic: "},
		// Imports.
		{cell: "import \"golang.org/x/image/bmp\"\n%%\nfmt.Println(bmp.Decode != nil)", err: "compiled, apart from the other cells' values"},
		{cell: "import \"fmtt\"", err: "line 1: there is no package \"fmtt\" in Go's standard library", lines: 4},
		{cell: "import \"github.com/cnnbook/cnnbook/nope\"", err: "line 1: cells have no package github.com/cnnbook/cnnbook/nope; they have cifar, ", lines: 4},
		{cell: "import \"github.com/cnnbook/cnnbook/internal/stats\"", err: "line 1: github.com/cnnbook/cnnbook/internal/stats is internal", lines: 4},
		{cell: "%compiled\nimport \"github.com/cnnbook/cnnbook/nope\"\n%%\nnope.A()", err: "there is no package github.com/cnnbook/cnnbook/nope in this checkout"},
		{cell: "%env GOPROXY=off\nimport \"example.com/nobody/nothing\"\n%%\nnothing.A()", err: "example.com/nobody/nothing is not in the workspace, and the module proxy is not reached (GOPROXY=off)"},
		// Functions that are compiled.
		{cell: "import \"github.com/cnnbook/cnnbook/cifar\"\ntrain, _ := cifar.Drawn(1, 20, 10)"},
		{cell: "//cnnbook:compile\nfunc images(d *cifar.Dataset) int { return d.Len() }\nif images(train) != 20 { panic(images(train)) }"},
		{cell: "//cnnbook:compile\nfunc bad() int {\n\treturn keep\n}", err: "line 3: undefined: keep (a compiled function has its arguments and packages", lines: 4},
		{cell: "if keep != 5 || images(train) != 20 { panic(keep) }"},
		// The end of the process.
		{cell: "go func() { m := map[int]int{}; go func() { for i := 0; ; i++ { m[i] = 1 } }(); for i := 0; ; i++ { m[i] = 1 } }()\ntime.Sleep(20 * time.Second)",
			err: "concurrent map writes: the session has ended, and what the cells declared is lost: "},
		{cell: "keep := 6"},
		{cell: "func f(n int) int { return f(n+1) + 1 }\nf(0)", err: "endless recursion (stack overflow): the session has ended, and what the cells declared is lost: keep of cell ["},
		{cell: "keep", err: "line 1: undefined: keep", lines: 4},
	})
}

// wrongCell is a cell and what its reader is told.
type wrongCell struct {
	cell  any
	err   string // a part of what is told; "" for a cell that ends well
	lines int    // at most, of standard error and error together; 0 is 2
}

// runWrong runs cells in a kernel and checks what they tell.
func runWrong(t *testing.T, cells []wrongCell) {
	t.Helper()
	env := Environment(t)
	if env.Session == "" {
		t.Fatal("set-up has built no session")
	}
	var in []any
	for _, c := range cells {
		in = append(in, c.cell)
	}
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), env.Python, "testdata/values.py", env.Kernel)
	cmd.Env = append(env.Environ(), "VALUES_TEST=wrong")
	cmd.Stdin, cmd.Stderr = strings.NewReader(string(text)), os.Stderr
	out, err := cmd.Output()
	var got struct {
		Cells []struct{ Out, Err, Status string }
	}
	if err == nil {
		err = json.Unmarshal(out, &got)
	}
	if err != nil || len(got.Cells) != len(cells) {
		t.Fatalf("%v: %s", err, out)
	}
	for i, want := range cells {
		g := got.Cells[i]
		// Where Go's cache is empty, or the machine is busy.
		if note, rest, _ := strings.Cut(g.Err, "\n"); strings.HasPrefix(note, "compiling: the first time") {
			g.Err = strings.TrimSpace(rest)
		}
		lines := strings.Count(strings.TrimSpace(g.Err), "\n") + 1
		if want.err == "" && (g.Status != "ok" || g.Err != "") || !strings.Contains(g.Err, want.err) || lines > max(want.lines, 2) {
			t.Errorf("cell [%d] %v: got %+v, want %q in at most %d lines", i+1, want.cell, g, want.err, max(want.lines, 2))
		}
	}
}
