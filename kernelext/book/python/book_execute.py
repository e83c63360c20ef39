"""Run one notebook in a kernel of its own.

Standard input: one line of JSON, the job (see execute.go). It then stays open for as long as
the caller lives and wants the run; end of file stops the run and the kernel.

Standard output: one JSON object per line: "start" and "done" for each code cell, with its
position among all cells; at the end "finished", or "failed" with the kind of failure
(cell, command, timeout, kernel, start, stopped, internal). The notebook, as far as it was executed,
is written to the job's "output" before that last line.
"""

import asyncio
import ctypes
import json
import os
import re
import signal
import sys
import threading

import nbformat
from jupyter_client.kernelspec import NoSuchKernel
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

PR_SET_PDEATHSIG = 1


class CommandFailed(Exception):
    """A shell command of a cell failed. GoNB reports such a cell as a success."""


def take_stdout():
    """Keep standard output for events: the kernel, which inherits it, gets standard error."""
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return events


def die_with_parent():
    """In the kernel's process: let it shut down cleanly when this process is killed."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def failed_command(cell):
    """The line by which GoNB reports that a shell command of the cell failed, if there is one."""
    if not re.search(r"^\s*!", cell.source, re.MULTILINE):
        return None
    for output in reversed(cell.get("outputs", [])):
        if output.get("output_type") == "stream" and output.get("name") == "stderr":
            lines = output.get("text", "").rstrip().splitlines()
            if lines and re.fullmatch(r"exit status \d+|signal: .*", lines[-1]):
                return lines[-1]
    return None


class Run:
    def __init__(self, job, events):
        self.job = job
        self.events = events
        self.index = -1
        self.notebook = nbformat.read(job["notebook"], as_version=4)

    def emit(self, event, **fields):
        print(json.dumps({"event": event, **fields}), file=self.events, flush=True)

    def on_start(self, cell, cell_index, **_):
        if cell.cell_type == "code" and cell.source.strip():
            self.index = cell_index
            self.emit("start", index=cell_index)

    def on_executed(self, cell, cell_index, execute_reply, **_):
        status = execute_reply["content"]["status"]
        tags = cell.metadata.get("tags", [])
        if status == "ok" and "raises-exception" not in tags and (line := failed_command(cell)):
            raise CommandFailed(line)
        if status == "ok":
            self.emit("done", index=cell_index)

    async def execute(self):
        client = NotebookClient(
            self.notebook,
            kernel_name=self.job["kernel"],
            timeout=self.job["timeout"] or None,
            startup_timeout=self.job["startup"],
            resources={"metadata": {"path": self.job["dir"]}},
            record_timing=False,
            store_widget_state=False,
            on_cell_start=self.on_start,
            on_cell_executed=self.on_executed,
        )
        options = {"preexec_fn": die_with_parent} if sys.platform == "linux" else {}
        await client.async_execute(**options)

    async def supervise(self):
        """Execute until the end, or until standard input ends or a signal asks to stop."""
        loop = asyncio.get_running_loop()
        task = asyncio.ensure_future(self.execute())
        for name in ("SIGINT", "SIGTERM"):
            if hasattr(signal, name) and sys.platform != "win32":
                loop.add_signal_handler(getattr(signal, name), task.cancel)

        def wait_for_end():
            while sys.stdin.readline():
                pass
            loop.call_soon_threadsafe(task.cancel)

        threading.Thread(target=wait_for_end, daemon=True).start()
        await task

    def run(self):
        """Run and report. The result is the process's exit status."""
        outcome = {"event": "finished"}
        try:
            asyncio.run(self.supervise())
        except CellExecutionError as error:
            outcome = self.failure("cell", f"{error.ename}: {error.evalue}")
        except CommandFailed as error:
            outcome = self.failure("command", str(error))
        except CellTimeoutError:
            outcome = self.failure("timeout", "")
        except DeadKernelError as error:
            outcome = self.failure("kernel", str(error))
        except NoSuchKernel as error:
            outcome = self.failure("start", str(error))
        except (asyncio.CancelledError, KeyboardInterrupt):
            outcome = self.failure("stopped", "")
        except RuntimeError as error:
            outcome = self.failure("start" if self.index < 0 else "internal", str(error))
        except Exception as error:  # the caller reports it in one line; nothing is hidden
            outcome = self.failure("internal", f"{type(error).__name__}: {error}")
        with open(self.job["output"], "w", encoding="utf-8") as file:
            nbformat.write(self.notebook, file)
        self.emit(**outcome)
        return 0 if outcome["event"] == "finished" else 1

    def failure(self, kind, text):
        return {"event": "failed", "kind": kind, "index": self.index, "text": text}


if __name__ == "__main__":
    output = take_stdout()
    status = Run(json.loads(sys.stdin.readline()), output).run()
    output.flush()
    os._exit(status)  # the thread that reads standard input would block a normal exit
