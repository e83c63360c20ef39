package kerneltest

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/kernelext/internal/process"
)

// TestVSCode sends the kernel what VS Code's Jupyter extension sends: cells with an identifier of its own, silent ones, questions about a
// place in a whole cell that counts in characters, an interrupt by message.
//
// Promise(kernel/protocol) with the messages of VS Code's Jupyter extension
func TestVSCode(t *testing.T) {
	env := Environment(t)
	cmd := exec.CommandContext(t.Context(), env.Python, "testdata/vscode.py", env.Kernel)
	cmd.Env = env.Environ()
	var stderr process.Tail
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var answers map[string]struct {
		Reply   string
		Content struct {
			Status      string
			Evalue      string
			Count       int `json:"execution_count"`
			Expressions any `json:"user_expressions"`
			Matches     []string
			Start       int `json:"cursor_start"`
			End         int `json:"cursor_end"`
			Found       bool
			Data        map[string]string
			Language    struct{ Name string } `json:"language_info"`
		}
		Said [][2]string
	}
	if err == nil {
		err = json.Unmarshal(out, &answers)
	}
	if err != nil {
		t.Fatalf("%v: %s%s", err, out, stderr.String())
	}
	const before = 40 // characters before "Rep", of which one is not in UTF-16's first plane
	for name, want := range map[string]struct {
		ok    bool
		said  string
		count int
	}{
		"declare":     {true, "status busy, execute_input x := 41, status idle", 1},
		"silent":      {true, "status busy, status idle", 0},
		"value":       {true, "status busy, execute_input x + 1, stream 42\n, status idle", 2},
		"expressions": {true, "status busy, execute_input w := 42, status idle", 3},
		"empty":       {true, "status busy, execute_input , status idle", 4},
		"line ends":   {true, "status busy, execute_input z := 1\r\nz + 1\r\n, stream 2\n, status idle", 5},
		"error":       {false, "error cell [6] line 2: undefined: nope", 6},
		"interrupted": {false, "error interrupted", 7},
		"after":       {true, "status busy, execute_input x, stream 41\n, status idle", 8},
	} {
		a := answers[name]
		var said []string
		for _, s := range a.Said {
			said = append(said, s[0]+" "+s[1])
		}
		text := strings.Join(said, ", ")
		if a.Reply != "execute_reply" || (a.Content.Status == "ok") != want.ok || a.Content.Count != want.count || !strings.Contains(text, want.said) {
			t.Errorf("%s: got %+v and %q, want %+v", name, a, text, want)
		}
		if expressions, ok := a.Content.Expressions.(map[string]any); want.ok && (!ok || len(expressions) > 0) {
			t.Errorf("%s: user_expressions is %v", name, a.Content.Expressions)
		}
	}
	if a := answers["info"].Content; a.Status != "ok" || a.Language.Name != "go" {
		t.Errorf("kernel_info: %+v", a)
	}
	if a := answers["complete"].Content; !slices.Contains(a.Matches, "Repeat") || a.Start != before || a.End != before+len("Rep") {
		t.Errorf("complete: %+v", a)
	}
	for _, name := range []string{"inspect 0", "inspect 1"} {
		if a := answers[name].Content; !a.Found || !strings.Contains(a.Data["text/plain"]+a.Data["text/markdown"]+a.Data["text/html"], "x of cell") {
			t.Errorf("%s: %+v", name, a)
		}
	}
	if a := answers["half"]; a.Reply != "is_complete_reply" || a.Content.Status != "incomplete" {
		t.Errorf("is_complete: %+v", a)
	}
	if a := answers["interrupt"]; a.Reply != "interrupt_reply" || a.Content.Status != "ok" {
		t.Errorf("interrupt: %+v", a)
	}
}
