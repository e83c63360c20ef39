"""Sends a kernel what VS Code's Jupyter extension sends it: vscode.py KERNEL. Prints what the kernel answers, as JSON: for each
request the reply's type and content, and the types and contents of what it publishes."""

import json
import sys
import threading

from jupyter_client.manager import start_new_kernel

manager, client = start_new_kernel(kernel_name=sys.argv[1], startup_timeout=120)


def ask(kind, content, metadata=None, control=False):
    """Sends a request and waits for its reply and, if the kernel works on it, until it is idle again."""
    channel = client.control_channel if control else client.shell_channel
    message = client.session.msg(kind, content, metadata=metadata)
    ident = message["header"]["msg_id"]
    channel.send(message)
    said = []
    if kind not in ("is_complete_request", "interrupt_request"):  # these do not make the kernel busy
        while not said or said[-1] != ["status", "idle"]:
            m = client.get_iopub_msg(timeout=120)
            if m["parent_header"].get("msg_id") == ident:
                content = m["content"]
                said.append([m["msg_type"], content.get("execution_state") or content.get("text") or content.get("evalue") or content.get("code") or ""])
    while True:
        m = channel.get_msg(timeout=120)
        if m["parent_header"].get("msg_id") == ident:
            return {"reply": m["msg_type"], "content": m["content"], "said": said}


def cell(code, **options):
    content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": True, "stop_on_error": False}
    return ask("execute_request", {**content, **options}, {"cellId": "vscode-notebook-cell:/folder/book.ipynb#W0sZmlsZQ=="})


def about(kind, code, at, **options):
    """A request about a place in a whole cell: after the text at."""
    return ask(kind, {"code": code, "cursor_pos": code.index(at) + len(at), **options})


def interrupted():
    timer = threading.Timer(1, lambda: answers.update(interrupt=ask("interrupt_request", {}, control=True)))
    timer.start()
    answer = cell("for {}")
    timer.join()
    return answer


CODE = 'import "strings"\nword := "é🙂" + strings.Rep\nfmt.Println(word, x)'
answers = {}
client.control_channel.start()
try:
    answers["info"] = ask("kernel_info_request", {})
    answers["declare"] = cell("x := 41")
    answers["silent"] = cell("y := x", silent=True, store_history=False)
    answers["value"] = cell("x + 1")
    answers["expressions"] = cell("w := 42", user_expressions={"it": "x"})
    answers["empty"] = cell("")
    answers["line ends"] = cell("z := 1\r\nz + 1\r\n")
    answers["error"] = cell("a := 1\nnope")
    answers["complete"] = about("complete_request", CODE, "strings.Rep")
    answers["inspect 0"] = about("inspect_request", CODE, "(word, ", detail_level=0)
    answers["inspect 1"] = about("inspect_request", CODE, "(word, ", detail_level=1)
    answers["half"] = ask("is_complete_request", {"code": "for {"})
    answers["interrupted"] = interrupted()
    answers["after"] = cell("x")
    print(json.dumps(answers))
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
