package kernelext

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestEditRefusesAnotherVersion(t *testing.T) {
	e := edit{file: "a/b.go", old: "one", new: "two"}
	if got, err := e.apply("x one y"); err != nil || got != "x two y" {
		t.Errorf("%q, %v", got, err)
	}
	for _, source := range []string{"x", "one one"} {
		if _, err := e.apply(source); err == nil || !strings.Contains(err.Error(), "a/b.go is not as expected") {
			t.Errorf("%q: %v", source, err)
		}
	}
}

// TestEditsFitGoNB: the pinned GoNB is the one that the edits are for.
func TestEditsFitGoNB(t *testing.T) {
	s, tc, err := testSetup(t).begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	modfile, err := editedGoNB(t.Context(), tc, filepath.Join(s.Module, "tools"), s.log("test"), dir)
	if err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(modfile); err != nil || !strings.Contains(string(data), "\nreplace "+gonbModule+" => ") {
		t.Errorf("%v, no replacement in %s", err, data)
	}
	for _, e := range gonbEdits {
		if data, err := os.ReadFile(filepath.Join(dir, "gonb", e.file)); err != nil || strings.Count(string(data), e.new) != 1 {
			t.Errorf("%s: %v, want it edited once", e.file, err)
		}
	}
}

// TestRunAllStopsAtAFailingCell sends cells as "Run All" does, all at once.
func TestRunAllStopsAtAFailingCell(t *testing.T) {
	env := testEnvironment(t)
	cmd := exec.CommandContext(t.Context(), env.Python, "-c", `import json
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel(kernel_name="cnnbook", startup_timeout=300)
def run(cells, **options):
    ids = [client.execute(code, **options) for code in cells]
    replies = {}
    while len(replies) < len(ids):
        message = client.get_shell_msg(timeout=600)
        if message["parent_header"].get("msg_id") in ids:
            replies[message["parent_header"]["msg_id"]] = message["content"]
    return [[replies[i]["status"], replies[i].get("evalue", ""), replies[i].get("traceback", [])] for i in ids]
good, bad, failing = '%%\nfmt.Println("ran")', '%%\nfmt.Println("x")\nfmt.Println(mistake)', '%%\nos.Exit(3)'
try:
    print(json.dumps({
        "compile": run([good, bad, good, good]), "exit": run([failing, good]), "after": run([good]),
        "told": run([failing, good], stop_on_error=False),
    }))
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)`)
	cmd.Dir, cmd.Env = t.TempDir(), env.Environ()
	var stderr tail
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	var got map[string][][]any
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	for name, want := range map[string]string{
		"compile": "ok error aborted aborted", "exit": "error aborted", "after": "ok", "told": "error ok",
	} {
		var statuses []string
		for _, reply := range got[name] {
			statuses = append(statuses, reply[0].(string))
		}
		if s := strings.Join(statuses, " "); s != want {
			t.Errorf("%s: %s, want %s", name, s, want)
		}
	}
	// The error is Go's own line with the place in the cell, and no stack of the kernel's.
	text, err := json.Marshal(got["compile"][1])
	if err != nil || !strings.Contains(string(text), "undefined: mistake") || !strings.Contains(string(text), "Line 3") || strings.Contains(string(text), "goroutine") || len(text) > 1000 {
		t.Errorf("the error reads %s", text)
	}
}
