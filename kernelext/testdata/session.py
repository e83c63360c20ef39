"""Drive a kernel as a person would: session.py KERNEL SCENARIO

Scenarios: "interrupt" stops a cell in mid-work and runs it again; "restart" and "kill" end the kernel under a
working cell. One line of JSON tells what was seen.
"""

import json
import os
import signal
import sys
import time

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
            if kind in ("stream", "error", "display_data"):
                self.seen.append({"kind": kind, "text": content.get("text") or content.get("evalue") or content.get("data", {}).get("text/plain", "")})
            if until(kind, content):
                return True
        return False

    def idle(self, timeout=180):
        return self.read(lambda kind, content: kind == "status" and content["execution_state"] == "idle", timeout)

    def start_work(self):
        """Run the cell until it works; the result is its process."""
        self.send(CELL)
        if not self.read(lambda kind, content: kind == "stream" and "process" in content["text"]):
            raise SystemExit(f"the cell did not start: {self.seen}")
        return int("".join(o["text"] for o in self.seen if o["kind"] == "stream").split()[1])


def running(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def children(pid):
    """All processes below pid."""
    found, parents = [], {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as stat:
                    parents[int(name)] = int(stat.read().rsplit(")", 1)[1].split()[1])
            except OSError:
                pass
    level = [pid]
    while level:
        level = [p for p, parent in parents.items() if parent in level]
        found += level
    return found


def gone(pids, seconds):
    """Wait until no process is left; the result is the seconds that it took and those that are left."""
    began = time.monotonic()
    while time.monotonic() - began < seconds and any(map(running, pids)):
        time.sleep(0.1)
    left = []
    for pid in filter(running, pids):
        with open(f"/proc/{pid}/cmdline") as line:
            left.append(line.read().replace("\0", " ").strip())
    return {"seconds": time.monotonic() - began, "left": left}


def interrupt(session):
    results = []
    for _ in range(2):  # the second time shows that the kernel is as good as before
        session.start_work()
        began = time.monotonic()
        session.manager.interrupt_kernel()
        ended = session.idle(20)
        results.append({"ended": ended, "seconds": time.monotonic() - began, "seen": session.seen})
        session.client.get_shell_msg(timeout=10)
    return {"runs": results}


def end(session, how):
    session.start_work()
    kernel = session.manager.provisioner.process.pid
    processes = children(kernel) + [kernel]
    if how == "kill":
        os.kill(kernel, signal.SIGKILL)
        session.manager.provisioner.process.wait()
    else:
        session.manager.restart_kernel(now=False)
    return {"processes": len(processes), **gone(processes, 15)}


def main(kernel, scenario):
    session = Session(kernel)
    try:
        print(json.dumps(interrupt(session) if scenario == "interrupt" else end(session, scenario)))
    finally:
        session.client.stop_channels()
        session.manager.shutdown_kernel(now=True)


main(*sys.argv[1:])
