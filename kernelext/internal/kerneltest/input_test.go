package kerneltest

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestInput: a cell that reads standard input ends where nobody can answer, and asks where a person is there, once for each line.
//
// Promise(kernel/input): A cell that reads standard input gets its end at once where nobody can answer, as in the book. Where a
// person is there, the front end asks for each line that is read.
func TestInput(t *testing.T) {
	env := Environment(t)
	if env.Session == "" {
		t.Fatal("set-up has built no session")
	}
	const (
		scan  = "var name string\nn, err := fmt.Scanln(&name)\nfmt.Println(n, name, err)"
		lines = "in := bufio.NewReader(os.Stdin)\nfor range 3 {\n\tline, err := in.ReadString('\\n')\n\tfmt.Printf(\"%q %v\\n\", line, err)\n}"
		all   = "text, err := io.ReadAll(os.Stdin)\nfmt.Printf(\"%q %v\\n\", text, err)"
	)
	compiled := func(text string) string { return "%compiled\n%%\n" + text }
	type cell struct {
		Text      string   `json:"text"`
		Person    bool     `json:"person"`
		Answers   []string `json:"answers"`
		Interrupt float64  `json:"interrupt"`
	}
	type result struct {
		Out, Err, Status string
		Asked            int
		Seconds          float64
	}
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
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), env.Python, "testdata/input.py", env.Kernel)
	cmd.Env = env.Environ()
	cmd.Stdin, cmd.Stderr = strings.NewReader(string(text)), os.Stderr
	out, err := cmd.Output()
	var got []result
	if err == nil {
		err = json.Unmarshal(out, &got)
	}
	if err != nil || len(got) != len(cells) {
		t.Fatalf("%v: %s", err, out)
	}
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
