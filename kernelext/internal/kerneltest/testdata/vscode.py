"""Sends a kernel what VS Code's Jupyter extension sends it: vscode.py KERNEL. Prints what the kernel answers, as JSON."""

import json, sys, queue
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel(kernel_name=sys.argv[1], startup_timeout=120)
session = client.session
def ask(kind, content, metadata=None, channel="shell"):
    """The reply to a request, and what the kernel published for it until it was idle again."""
    ch = client.control_channel if channel == "control" else client.shell_channel
    message = session.msg(kind, content, metadata=metadata)
    ch.send(message)
    ident = message["header"]["msg_id"]
    reply, said = None, []
    while True:
        m = client.get_iopub_msg(timeout=120)
        if m["parent_header"].get("msg_id") != ident:
            continue
        if m["msg_type"] == "status":
            said.append("status " + m["content"]["execution_state"])
            if m["content"]["execution_state"] == "idle":
                break
        else:
            said.append([m["msg_type"], {k: v for k, v in m["content"].items() if k != "traceback"}])
    while reply is None:
        m = ch.get_msg(timeout=120)
        if m["parent_header"].get("msg_id") == ident:
            reply = m
    return {"kind": reply["msg_type"], "content": reply["content"], "said": said}
def cell(code, **options):
    content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": True, "stop_on_error": False}
    return ask("execute_request", {**content, **options}, {"cellId": "vscode-notebook-cell:/w.ipynb#W0sZmlsZQ=="})
client.control_channel.start()
seen = {}
try:
    def step(name, f):
        try: seen[name] = f()
        except queue.Empty: seen[name] = "no answer"
    step("info", lambda: ask("kernel_info_request", {}))
    step("comms", lambda: ask("comm_info_request", {"target_name": "jupyter.widget"}))
    step("declare", lambda: cell("x := 41"))
    step("silent", lambda: cell("fmt.Println(x)\nx", silent=True, store_history=False))
    step("value", lambda: cell("x + 1"))
    step("exprs", lambda: cell("y := 1", user_expressions={"v": "x + 1"}))
    step("empty", lambda: cell(""))
    step("crlf", lambda: cell("z := 1\r\nz + 1\r\n"))
    step("error", lambda: cell("nope"))
    code = "import \"strings\"\nword := \"é🙂\"\nstrings.Rep\nfmt.Println(word)"
    step("complete", lambda: ask("complete_request", {"code": code, "cursor_pos": code.index("Rep") + 3}))
    for d in 0, 1:
        step(f"inspect{d}", lambda: ask("inspect_request", {"code": "fmt.Println(x)", "cursor_pos": 13, "detail_level": d}))
    step("iscomplete", lambda: ask("is_complete_request", {"code": "for {"}))
    step("display", lambda: cell("live := &kernelext.Live{Title: \"T\"}\nlive.Update(kernelext.Progress{Epoch: 1, Epochs: 2, Step: 1, Steps: 2})\nlive.Finish(nil)"))
    step("history", lambda: ask("history_request", {"output": False, "raw": True, "hist_access_type": "tail", "n": 3}))
    step("interrupt idle", lambda: ask("interrupt_request", {}, channel="control"))
    step("after", lambda: cell("x"))
    print(json.dumps(seen, indent=1, default=str))
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
