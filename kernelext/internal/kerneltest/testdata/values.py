"""Run cells in one kernel: values.py KERNEL. Standard input is a JSON list of cells; a cell is its text, or a list of text and the
seconds after which to interrupt it. A line of JSON tells what each printed, its errors, displays, status and time, and
whether processes were left 10 s after the kernel."""

import json
import os
import sys
import threading
import time

from jupyter_client.manager import start_new_kernel

manager, client = start_new_kernel(kernel_name=sys.argv[1], startup_timeout=120)
seen = []
try:
    for cell in json.load(sys.stdin):
        text, after = cell if isinstance(cell, list) else (cell, 0)
        got = {"out": "", "err": "", "display": []}

        def show(message):
            content = message["content"]
            if message["msg_type"] == "stream":
                got["out" if content["name"] == "stdout" else "err"] += content["text"]
            elif "data" in content:
                got["display"].append([message["msg_type"], *sorted(content["data"])])
            elif message["msg_type"] == "error":
                got["err"] += content["evalue"]

        if after:
            threading.Timer(after, manager.interrupt_kernel).start()
        begin = time.time()
        reply = client.execute_interactive(text, timeout=300, output_hook=show)
        got.update(status=reply["content"]["status"], seconds=round(time.time() - begin, 3))
        seen.append(got)
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=False)


def sessions():
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                words = f.read().decode().split("\0")
            with open(f"/proc/{pid}/environ", "rb") as f:
                own = ("VALUES_TEST=" + os.environ.get("VALUES_TEST", "")).encode() in f.read()
        except OSError:
            continue
        if own and "cnnbook-session" in words[0]:
            found.append(pid)
    return found


deadline = time.time() + 10
while sessions() and time.time() < deadline:
    time.sleep(0.1)
print(json.dumps({"cells": seen, "left": len(sessions())}))
