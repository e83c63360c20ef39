package kerneltest

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/kernelext/internal/process"
)

// TestConsole: in "jupyter console" a value lives between two entries.
//
// Promise(kernel/values) in jupyter console
func TestConsole(t *testing.T) {
	env := Environment(t)
	packages := Packages(t, env, filepath.Join("testdata", "console", "requirements.txt"))
	cmd := exec.CommandContext(t.Context(), env.Python, "-m", "jupyter_console", "--kernel", env.Kernel, "--simple-prompt")
	cmd.Dir, cmd.Env = t.TempDir(), process.MergeEnv(env.Environ(), "PYTHONPATH="+packages)
	cmd.Stdin = strings.NewReader("x := 41\nx + 1\nfmt.Println(\"x is\", x)\nnope\n")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"In [2]: 42\n", "In [3]: x is 41\n", "In [4]: cell [4] line 1: undefined: nope\n"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

// TestTwoKernels: kernels that run at the same time share neither values nor interrupts, and the end of one, even by kill -9, is not the
// other's.
//
// Promise(kernel/values) in two kernels at once
func TestTwoKernels(t *testing.T) {
	out := pythonOutput(t, `import json, os, signal, threading, time
from jupyter_client.manager import start_new_kernel
kernels = [start_new_kernel(kernel_name="cnnbook", startup_timeout=120) for _ in range(2)]
def run(i, cell):
    texts = []
    def show(message):
        content = message["content"]
        texts.append(content.get("text") or content.get("evalue") or "")
    status = kernels[i][1].execute_interactive(cell, timeout=120, output_hook=show)["content"]["status"]
    return [status, "".join(texts)]
seen = []
def both(*cells):
    results = [None, None]
    threads = [threading.Thread(target=lambda i=i: results.__setitem__(i, run(i, cells[i]))) for i in range(2)]
    for thread in threads:
        thread.start()
    if "for {}" in cells[0]:
        time.sleep(1)
        kernels[0][0].interrupt_kernel()
    for thread in threads:
        thread.join()
    seen.append(results)
try:
    both("x := 1", "x := \"one\"")
    both("x + 1", "x")
    both("for {}", "time.Sleep(2 * time.Second); x")
    both("x", "%vars")
    process = kernels[0][0].provisioner.process
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    seen.append([run(1, "x + \"!\""), None])
    print(json.dumps(seen))
finally:
    for manager, client in kernels:
        client.stop_channels()
        manager.shutdown_kernel(now=True)`)
	var got [][][]string
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	want := [][][]string{
		{{"ok", ""}, {"ok", ""}}, {{"ok", "2\n"}, {"ok", "one\n"}}, {{"error", "interrupted"}, {"ok", "one\n"}}, {{"ok", "1\n"}, {"ok", "x     string"}},
		{{"ok", "one!\n"}},
	}
	for i, results := range want {
		for k, result := range results {
			if g := got[i][k]; g[0] != result[0] || !strings.Contains(g[1], result[1]) {
				t.Errorf("step %d, kernel %d: got %q, want %q", i+1, k+1, g, result)
			}
		}
	}
}
