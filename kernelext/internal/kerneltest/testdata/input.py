"""Run cells in one kernel: input.py KERNEL. Standard input is a JSON list of cells, each an object with its text, whether a person
is there, what the person answers to the requests for input, and the seconds after which to interrupt it. A line of JSON tells
what each printed and displayed, its error, how often it asked, its status and time."""

import json
import sys
import threading
import time

from jupyter_client.manager import start_new_kernel

manager, client = start_new_kernel(kernel_name=sys.argv[1], startup_timeout=120)
seen = []
try:
    for cell in json.load(sys.stdin):
        got = {"out": "", "err": "", "shown": "", "asked": 0}
        answers = list(cell.get("answers") or [])

        def show(message):
            content = message["content"]
            if message["msg_type"] == "stream":
                got["out" if content["name"] == "stdout" else "err"] += content["text"]
            elif message["msg_type"] == "error":
                got["err"] += content["evalue"]
            elif "data" in content:
                got["shown"] += "".join(str(text) for text in content["data"].values())

        def answer(message):
            got["asked"] += 1
            if answers:
                client.input(answers.pop(0))

        if cell.get("interrupt"):
            threading.Timer(cell["interrupt"], manager.interrupt_kernel).start()
        begin = time.time()
        seen.append(got)
        try:
            reply = client.execute_interactive(
                cell["text"], allow_stdin=cell.get("person", False), stdin_hook=answer, timeout=30, output_hook=show)
        except TimeoutError:
            got["status"] = "waits for ever"
            manager.interrupt_kernel()
            continue
        got.update(status=reply["content"]["status"], seconds=round(time.time() - begin, 3))
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=False)
print(json.dumps(seen))
