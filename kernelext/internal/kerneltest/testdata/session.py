"""Drive a kernel as a user would: session.py KERNEL SCENARIO

Scenarios: "interrupt" stops a cell in mid-work and runs it again; "train" stops real trainings, one of them while its
graph is being compiled; "restart" and "kill" end the kernel under a cell that does not heed anything, as its compiler is at work. One line of
JSON tells what was seen.
"""

import glob
import json
import os
import signal
import sys
import tempfile
import time
import uuid

from jupyter_client.manager import start_new_kernel

CELL = """
%%
kernelext.Cell(func(ctx context.Context) error {
	fmt.Println("process", os.Getpid())
	for step := 1; ; step++ {
		select {
		case <-ctx.Done():
			if err := kernelext.Display(kernelext.Text("last figure")); err != nil {
				return err
			}
			return fmt.Errorf("stopped, saved: %w", ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
})
"""


# Graphs that are kept would leave the compiler nothing to do.
TRAINING = """
%%
os.Setenv("CNNBOOK_GRAPHS", "0")
kernelext.Cell(func(ctx context.Context) error {
	fmt.Println("process", os.Getpid())
	net := cnn.Architecture{Name: NAME, Input: cnn.Shape{32, 32, 3}, Layers: []cnn.Layer{cnn.MaxPooling2D{Name: "pool", Size: 8}}}
	for i := range LAYERS { // each of another size, so that the compiler has to do with each
		net.Layers = append(net.Layers, cnn.Conv2D{Name: fmt.Sprint("layer-", i), Filters: 4 + i%7, Kernel: 3, Padding: "same"})
	}
	net.Layers = append(net.Layers, cnn.Flatten{Name: "flatten"}, cnn.Dense{Name: "dense", Units: 10}, cnn.Activation{Name: "softmax", Function: "softmax"})
	train, valid := cifar.Drawn(1, 100, 50)
	run, err := cnn.OpenRun(ROOT, cnn.Spec{Name: NAME, Network: net, Train: train, Valid: valid, Config: cnn.Config{Batch: 50, Epochs: 100_000}})
	if err != nil {
		return err
	}
	defer run.Close()
	first := true
	live := kernelext.Live{Title: "Training"}
	return live.Finish(run.Train(ctx, func(p cnn.Progress) {
		if first && !p.Validated {
			fmt.Println("first step", (p.Epoch-1)*p.Steps+p.Step)
			first = false
		}
		live.Update(kernelext.Progress{Epoch: p.Epoch, Epochs: p.Epochs, Step: p.Step, Steps: p.Steps, Loss: p.Loss, Accuracy: p.Accuracy, EpochEnd: p.EpochEnd})
	}))
})
"""


class Session:
    def __init__(self, kernel):
        self.manager, self.client = start_new_kernel(kernel_name=kernel, startup_timeout=120)
        self.seen = []

    def send(self, code):
        self.seen = []
        self.message = self.client.execute(code)

    def read(self, until, timeout=180):
        """Read outputs until the predicate holds for one of them."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            try:
                message = self.client.get_iopub_msg(timeout=0.2)
            except Exception:
                continue
            if message["parent_header"].get("msg_id") != self.message:
                continue
            kind, content = message["header"]["msg_type"], message["content"]
            if kind in ("stream", "error", "display_data", "update_display_data"):
                data = content.get("data", {})
                self.seen.append({"kind": kind, "text": content.get("text") or content.get("evalue") or data.get("text/plain") or data.get("text/html", "")})
            if until(kind, content):
                return True
        return False

    def idle(self, timeout=180):
        return self.read(lambda kind, content: kind == "status" and content["execution_state"] == "idle", timeout)

    def start_work(self, code=CELL, word="process"):
        """Run the cell until it says the word; the result is its process."""
        self.send(code)
        if not self.read(lambda kind, content: kind == "stream" and word in content["text"]):
            raise SystemExit(f"the cell did not start: {self.seen}")
        return int("".join(o["text"] for o in self.seen if o["kind"] == "stream").split()[1])


def running(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


MARK = "SESSION_TEST"  # a variable that the kernel and all that it starts have


def started():
    """The kernel's processes, with their variables."""
    found = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/environ") as file:
                variables = dict(line.split("=", 1) for line in file.read().split("\0") if "=" in line)
        except OSError:
            continue
        if variables.get(MARK) == os.environ[MARK]:
            found[int(name)] = variables
    return found


def command(pid):
    try:
        with open(f"/proc/{pid}/cmdline") as line:
            return line.read().replace("\0", " ").strip()
    except OSError:
        return ""


def gone(pids, seconds):
    """Wait until no process is left; the result is the seconds that it took and those that are left."""
    began = time.monotonic()
    while time.monotonic() - began < seconds and any(map(running, pids)):
        time.sleep(0.1)
    left = []
    for pid in filter(running, pids):
        left.append(command(pid))
    return {"seconds": time.monotonic() - began, "left": left}


def stop(session):
    """Interrupt the cell; the result is what was seen of it from its start."""
    began = time.monotonic()
    session.manager.interrupt_kernel()
    ended = session.idle(20)
    result = {"ended": ended, "seconds": time.monotonic() - began, "seen": session.seen}
    session.client.get_shell_msg(timeout=10)
    return result


def interrupt(session):
    results = []
    for _ in range(2):  # the second time shows that the kernel is as good as before
        session.start_work()
        results.append(stop(session))
    return {"runs": results}


def training(name, layers, root):
    return TRAINING.replace("NAME", json.dumps(name)).replace("LAYERS", str(layers)).replace("ROOT", json.dumps(root))


def train(session):
    results = []
    with tempfile.TemporaryDirectory() as root:
        for name, layers, word in [("deep", 1000, "process"), ("small", 2, "first step"), ("small", 2, "first step")]:
            session.start_work(training(name, layers, root), word)
            time.sleep(2)
            result = stop(session)
            (manifest,) = glob.glob(f"{root}/{name}-*/manifest.json")
            with open(manifest) as file:
                result["saved"] = json.load(file)["state"]["step"]
            results.append(result)
    return {"runs": results}


def end(session, how):
    with tempfile.TemporaryDirectory() as root:
        session.start_work(training("deep", 1000, root))
        time.sleep(2)
        processes = started()
        folders = {v["GONB_TMP_DIR"] for v in processes.values() if "GONB_TMP_DIR" in v}
        pipes = {v[name] for v in processes.values() for name in ("GONB_PIPE", "GONB_PIPE_BACK") if name in v}
        sessions = sum("CNNBOOK_SESSION_DIR" in v and "cnnbook-session" in command(p) for p, v in processes.items())
        if how == "kill":
            os.kill(session.manager.provisioner.process.pid, signal.SIGKILL)
            session.manager.provisioner.process.wait()
        else:
            session.manager.restart_kernel(now=False)
        left = gone(list(processes), 15)
        return {"processes": len(processes), "sessions": sessions, "files": [f for f in folders | pipes if os.path.exists(f)], **left}


def main(kernel, scenario):
    os.environ[MARK] = str(uuid.uuid4())
    session = Session(kernel)
    try:
        scenarios = {"interrupt": interrupt, "train": train}
        print(json.dumps(scenarios[scenario](session) if scenario in scenarios else end(session, scenario)))
    finally:
        session.client.stop_channels()
        session.manager.shutdown_kernel(now=True)


main(*sys.argv[1:])
