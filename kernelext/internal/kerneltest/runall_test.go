package kerneltest

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/kernelext/internal/process"
)

// TestRunAllStopsAtAFailingCell sends cells as "Run All" does, all at once.
//
// Promise(kernel/run-all): "Run All" stops at a failing cell, with Go's own message and the place in
// the cell.
func TestRunAllStopsAtAFailingCell(t *testing.T) {
	BothWays(t, runAllStops)
}

func runAllStops(t *testing.T, compiled bool) {
	out := pythonOutput(t, `import json
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
	if !compiled {
		return // TestValuesLiveBetweenCells reads the session's errors
	}
	// The error is Go's own line with the place in the cell, and no stack of the kernel's.
	text, err := json.Marshal(got["compile"][1])
	if err != nil || !strings.Contains(string(text), "undefined: mistake") || !strings.Contains(string(text), "Line 3") || strings.Contains(string(text), "goroutine") || len(text) > 1000 {
		t.Errorf("the error reads %s", text)
	}
}

// TestKernelAnswersAgain: a page that asks again to be connected gets the answer again, and stays connected.
func TestKernelAnswersAgain(t *testing.T) {
	out := pythonOutput(t, `import json, os, queue, time, uuid
from jupyter_client.manager import KernelManager
kernel = str(uuid.uuid4())
manager = KernelManager(kernel_name="cnnbook", connection_file=os.path.join(os.getcwd(), f"kernel-{kernel}.json"))
manager.start_kernel()
client = manager.blocking_client()
client.start_channels()
client.wait_for_ready(timeout=300)
opening = {"comm_id": "page", "target_name": "gonb_comm", "data": {}, "kernel_id": kernel}
answers, end = [], time.monotonic() + 60
def ask():
    client.shell_channel.send(client.session.msg("comm_open", opening))
try:
    ask()
    while len(answers) < 2 and time.monotonic() < end:
        for channel in client.iopub_channel, client.shell_channel:
            try:
                message = channel.get_msg(timeout=0.2)
            except queue.Empty:
                continue
            if message["msg_type"].startswith("comm_"):
                answers.append([message["msg_type"], message["content"].get("data", {}).get("address")])
                ask()
    print(json.dumps(answers))
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)`)
	if want := `[["comm_msg", "#comm_open_ack"], ["comm_msg", "#comm_open_ack"]]`; strings.TrimSpace(string(out)) != want {
		t.Errorf("answers %s, want %s", out, want)
	}
}

// pythonOutput is what a script writes that talks to the kernel.
func pythonOutput(t *testing.T, script string) []byte {
	t.Helper()
	env := Environment(t)
	cmd := exec.CommandContext(t.Context(), env.Python, "-c", script)
	cmd.Dir, cmd.Env = t.TempDir(), env.Environ()
	var stderr process.Tail
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	return out
}
