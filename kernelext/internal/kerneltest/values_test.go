package kerneltest

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestValuesLiveBetweenCells runs cells in a kernel with a session: values live, also after errors, interrupts and os.Exit;
// what the session cannot run is compiled; a session that crashed is replaced; nothing is left when the kernel has ended.
//
// Promise(kernel/values): A value of one cell is there in the next, in every front end. Errors, interrupts and os.Exit end a cell
// and leave the values; if the session crashes, the cell lists what is lost.
func TestValuesLiveBetweenCells(t *testing.T) {
	env := Environment(t)
	if env.Session == "" {
		t.Fatal("set-up has built no session")
	}
	type result struct {
		Out, Err, Status string
		Display          [][]string
		Seconds          float64
	}
	interrupt := func(source string) []any { return []any{source, 1.0} }
	cells := []struct {
		cell           any
		status         string
		out, err, kind string // parts of the output, the error, a display's kind
		most           float64
	}{
		{cell: "x := 41", status: "ok"},
		{cell: "x + 1", status: "ok", out: "42\n"},
		{cell: "func twice() int { return 2 * x }\ntwice()", status: "ok", out: "82\n"},
		{cell: "import \"github.com/cnnbook/cnnbook/cifar\"\ntrain, _ := cifar.Drawn(1, 100, 50)", status: "ok"},
		{cell: "train.Len()", status: "ok", out: "100\n"},
		{cell: "%vars", status: "ok", out: "x      int             8       1     41\n\nThe session uses "},
		{cell: "p := plot.New()\np", status: "ok", kind: "text/html"},
		{cell: "kernelext.Display(p)", status: "ok", kind: "text/html"},
		{cell: "viz.Lines{Series: []viz.Series{{Y: []float64{1, 2}}}}", status: "ok", kind: "text/html"},
		{cell: "image.NewGray(image.Rect(0, 0, 4, 4))", status: "ok", kind: "text/html"},
		{cell: "make([]int, 1000)", status: "ok", out: " 0 0 …] (1000 elements)\n"},
		{cell: "kernelext.Display(kernelext.Markdown(\"**bold**\"))", status: "ok", kind: "text/markdown"},
		{cell: "kernelext.Display(errors.New(\"shown\"), train)", status: "error", err: "cannot display item 2 of 2: no way to show a "},
		{cell: "live := &kernelext.Live{Title: \"Late\"}\nlive.Update(kernelext.Progress{Epoch: 1, Epochs: 2, Step: 1, Steps: 2})\ntime.Sleep(400 * time.Millisecond)", status: "ok", kind: "display_data text/html"},
		{cell: "go func() {\n\ttime.Sleep(300 * time.Millisecond)\n\tlive.Finish(nil)\n\tfmt.Println(\"late\")\n\tkernelext.Display(kernelext.Markdown(\"**late**\"))\n}()", status: "ok"},
		{cell: "!sleep 1", status: "ok"},
		{cell: "x", status: "ok", out: "] had ended]\nlate\n[this cell]\n41\n", kind: "update_display_data text/html text/plain display_data text/markdown"},
		{cell: "kernelext.Cell(func(ctx context.Context) error { return errors.New(\"as said\") })", status: "error", err: "as said"},
		{cell: "\nnope", status: "error", err: "line 2: undefined: nope\nnope\n^"},
		{cell: "os.Exit(3)", status: "error", err: "exit status 3"},
		{cell: interrupt("for {}"), status: "error", err: "interrupted. Run this cell again to go on."},
		{cell: interrupt("time.Sleep(20 * time.Second)"), status: "error", err: "busy with what cannot be stopped", most: 15},
		{cell: "%env VALUES_FOO=bar\nos.Getenv(\"VALUES_FOO\"), x", status: "ok", out: "bar, 41\n"},
		{cell: "%compiled\n%%\nfmt.Println(\"compiled\", os.Args[0] != \"\")", status: "ok", out: "compiled true\n", err: "compiled, apart from the other cells' values: %compiled\n"},
		{cell: "%compiled\ny := 6\nfunc double(n int) int { return 2 * n }\nfmt.Println(double(y))", status: "ok", out: "12\n"},
		{cell: "%compiled\ny := 6\nfunc triple(n int) int {\n\treturn 3 * m\n}\nfmt.Println(triple(y))", status: "error", err: "undefined: m"},
		{cell: "import \"golang.org/x/tools/go/ssa\"\nfmt.Println(ssa.NaiveForm)\n", status: "ok", out: "N\n", err: "compiled, apart from the other cells' values: golang.org/x/tools/go/ssa: "},
		{cell: "%test\nfunc TestX(t *testing.T) { t.Log(\"tested\") }", status: "ok", out: "tested", err: "compiled, apart from the other cells' values: %test\n"},
		{cell: "func f(n int) int { return f(n+1) + 1 }\nf(0)", status: "error", err: "what the cells declared is lost: x of cell [1]; twice of cell [3]; train of cell [4]"},
		{cell: "x", status: "error", err: "undefined: x"},
		{cell: "x := 1; x", status: "ok", out: "1\n"},
		{cell: "%reset", status: "ok"},
		{cell: "x", status: "error", err: "undefined: x"},
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
	cmd.Env = append(env.Environ(), "VALUES_TEST="+time.Now().Format(time.RFC3339Nano))
	cmd.Stdin, cmd.Stderr = strings.NewReader(string(text)), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Cells []result
		Left  int
	}
	if err := json.Unmarshal(out, &got); err != nil || len(got.Cells) != len(cells) {
		t.Fatalf("%v: %s", err, out)
	}
	for i, want := range cells {
		g := got.Cells[i]
		kinds := ""
		for _, d := range g.Display {
			kinds += strings.Join(d, " ") + " "
		}
		if g.Status != want.status || !strings.Contains(g.Out, want.out) || !strings.Contains(g.Err, want.err) || !strings.Contains(kinds, want.kind) {
			t.Errorf("cell %d %v: got %+v, want %+v", i+1, want.cell, g, want)
		}
		if want.most > 0 && g.Seconds > want.most {
			t.Errorf("cell %d %v took %v s, want at most %v", i+1, want.cell, g.Seconds, want.most)
		}
	}
	if got.Left != 0 {
		t.Errorf("%d sessions are left 10 s after the kernel", got.Left)
	}
}
