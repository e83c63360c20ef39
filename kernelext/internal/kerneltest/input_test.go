package kerneltest

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// cell is one that testdata/input.py runs.
type cell struct {
	Text      string   `json:"text"`
	Person    bool     `json:"person"`    // who can answer
	Answers   []string `json:"answers"`   // of the person
	Interrupt float64  `json:"interrupt"` // seconds after which it is interrupted; 0: not
}

// cellResult is what came of a cell.
type cellResult struct {
	Out, Err, Shown, Status string
	Asked                   int
}

// runCells runs cells in a kernel whose notebook is in dir.
func runCells(t *testing.T, dir string, cells []cell) []cellResult {
	t.Helper()
	env := Environment(t)
	if env.Session == "" {
		t.Fatal("set-up has built no session")
	}
	script, err := filepath.Abs(filepath.Join("testdata", "input.py"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(cells)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), env.Python, script, env.Kernel)
	cmd.Dir, cmd.Env = dir, env.Environ()
	cmd.Stdin, cmd.Stderr = bytes.NewReader(text), os.Stderr
	out, err := cmd.Output()
	var got []cellResult
	if err == nil {
		err = json.Unmarshal(out, &got)
	}
	if err != nil || len(got) != len(cells) {
		t.Fatalf("%v: %s", err, out)
	}
	return got
}

// TestInput: a cell that reads standard input ends where nobody can answer, and asks where a person is there, once for each line.
//
// Promise(kernel/input): A cell that reads standard input gets its end at once where nobody can answer, as in the book. Where a
// person is there, the front end asks for each line that is read.
func TestInput(t *testing.T) {
	const (
		scan  = "var name string\nn, err := fmt.Scanln(&name)\nfmt.Println(n, name, err)"
		lines = "in := bufio.NewReader(os.Stdin)\nfor range 3 {\n\tline, err := in.ReadString('\\n')\n\tfmt.Printf(\"%q %v\\n\", line, err)\n}"
		all   = "text, err := io.ReadAll(os.Stdin)\nfmt.Printf(\"%q %v\\n\", text, err)"
	)
	compiled := func(text string) string { return "%compiled\n%%\n" + text }
	cells := []struct {
		cell
		out, err string
		asked    int
	}{
		{cell{Text: scan}, "0  EOF\n", "", 0},
		{cell{Text: lines}, "\"\" EOF\n\"\" EOF\n\"\" EOF\n", "", 0},
		{cell{Text: all}, "\"\" <nil>\n", "", 0},
		{cell{Text: scan, Person: true, Answers: []string{"Ada"}}, "1 Ada <nil>\n", "", 1},
		{cell{Text: lines, Person: true, Answers: []string{"one", "", "größer"}}, "\"one\\n\" <nil>\n\"\\n\" <nil>\n\"größer\\n\" <nil>\n", "", 3},
		{cell{Text: "fmt.Println(1 + 1)\ntime.Sleep(time.Second)", Person: true}, "2\n", "", 0}, // it reads nothing
		{cell{Text: scan, Person: true, Interrupt: 2}, "", "interrupted", 1},
		{cell{Text: "fmt.Scanln(new(string))\nfmt.Println(\"went on\")", Person: true, Interrupt: 2}, "", "interrupted", 1},
		{cell{Text: scan, Person: true, Answers: []string{"Bob"}}, "1 Bob <nil>\n", "", 1},
		{cell{Text: "gonbui.RequestInput(\"Who? \", false)\n" + scan, Person: true, Answers: []string{"Cy"}}, "1 Cy <nil>\n", "", 1},
		{cell{Text: scan}, "0  EOF\n", "", 0}, // nor is an old answer taken
		{cell{Text: compiled(scan)}, "0  EOF\n", "", 0},
		{cell{Text: compiled(scan), Person: true, Answers: []string{"Dot"}}, "1 Dot <nil>\n", "", 1},
		{cell{Text: compiled(lines), Person: true, Answers: []string{"one", "two", "three"}}, "\"one\\n\" <nil>\n\"two\\n\" <nil>\n\"three\\n\" <nil>\n", "", 3},
		{cell{Text: "!cat; echo done"}, "done\n", "", 0},
		{cell{Text: "!read x; echo \"got $x\"", Person: true, Answers: []string{"it"}}, "got it\n", "", 1},
		{cell{Text: "!sleep 1 | cat; echo done", Person: true}, "done\n", "", 0}, // cat waits for sleep
	}
	var in []cell
	for _, c := range cells {
		if strings.Contains(c.Text, "gonbui.") {
			c.Text = "import \"github.com/janpfeifer/gonb/gonbui\"\n" + c.Text
		}
		in = append(in, c.cell)
	}
	got := runCells(t, t.TempDir(), in)
	for i, want := range cells {
		g := got[i]
		status := "ok"
		if want.err != "" {
			status = "error"
		}
		if g.Status != status || !strings.HasSuffix(g.Out, want.out) || !strings.Contains(g.Err, want.err) || g.Asked != want.asked {
			t.Errorf("cell [%d] %s: got %+v, want %+v", i+1, want.Text, g, want)
		}
	}
}
