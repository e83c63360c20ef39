"""Starts a JupyterHub and simulated students in it, and measures them: see package class. usage: class.py SETTINGS.json

Each student logs in by the hub's form, asks for a server and a kernel, and runs cells through the websocket, as JupyterLab does.
What was measured is printed as one line of JSON. Progress goes to standard error.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import requests
import websocket

settings = json.load(open(sys.argv[1], encoding="utf-8"))
folder, port = settings["folder"], settings["port"]
base = f"http://127.0.0.1:{port}"
names = [f"student{i:03d}" for i in range(1, settings["students"] + 1)]


def say(text):
    print(f"{time.monotonic() - began:6.1f} s  {text}", file=sys.stderr, flush=True)


class Student:
    """One student, in a thread of its own."""

    def __init__(self, name):
        self.name, self.browser, self.times, self.socket = name, requests.Session(), {}, None

    def url(self, path):
        return f"{base}/user/{self.name}{path}"

    def begin(self):
        """Logs in, waits for a server and a kernel, and runs the first two cells."""
        start = time.monotonic()
        done = lambda step: self.times.update({step: time.monotonic() - start})
        page = f"{base}/hub/login"
        self.browser.get(page, timeout=300).raise_for_status()
        form = {"username": self.name, "password": os.environ["STUDENT_PASSWORD"], "_xsrf": self.browser.cookies["_xsrf"]}
        self.browser.post(page, data=form, timeout=300, allow_redirects=False).raise_for_status()
        home = self.browser.get(f"{base}/hub/token", timeout=300)
        if "/hub/login" in home.url:
            raise RuntimeError(f"{self.name} is not let in")
        xsrf = [cookie.value for cookie in self.browser.cookies if cookie.name == "_xsrf"][-1]
        made = self.browser.post(f"{base}/hub/api/users/{self.name}/tokens", json={}, timeout=300,
                                 headers={"X-XSRFToken": xsrf, "Referer": f"{base}/hub/token"})
        made.raise_for_status()
        self.headers = {"Authorization": "token " + made.json()["token"]}
        done("login")
        api = f"{base}/hub/api/users/{self.name}"
        answer = requests.post(api + "/server", headers=self.headers, timeout=600)
        if answer.status_code not in (201, 202):
            raise RuntimeError(f"{self.name}'s server: {answer.status_code} {answer.text[:300]}")
        while True:
            server = requests.get(api, headers=self.headers, timeout=300).json()["servers"].get("")
            if server is not None and server["ready"]:
                break
            if server is None or time.monotonic() - start > settings["patience"]:
                raise RuntimeError(f"{self.name}'s server has not started after {time.monotonic() - start:.0f} s")
            time.sleep(0.3)
        done("server")
        answer = requests.post(self.url("/api/kernels"), json={"name": "cnnbook"}, headers=self.headers, timeout=600)
        answer.raise_for_status()
        self.kernel = answer.json()["id"]
        self.connect()
        self.run("x := 41")
        done("cell")
        self.expect()
        done("value")

    def connect(self):
        self.socket = websocket.create_connection(
            self.url(f"/api/kernels/{self.kernel}/channels").replace("http", "ws", 1), timeout=settings["patience"],
            header=[f"{name}: {value}" for name, value in self.headers.items()])

    def run(self, code):
        """Runs a cell and gives what it prints and shows. A cell that fails is an error."""
        sent = uuid.uuid4().hex
        header = {"msg_id": sent, "username": self.name, "session": self.name, "msg_type": "execute_request", "version": "5.3",
                  "date": "2020-01-01T00:00:00Z"}
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        self.socket.send(json.dumps({"channel": "shell", "header": header, "parent_header": {}, "metadata": {}, "content": content, "buffers": []}))
        text, reply, idle = "", None, False
        while reply is None or not idle:
            message = json.loads(self.socket.recv())
            if message["parent_header"].get("msg_id") != sent:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "execute_reply":
                reply = content
            elif kind == "status":
                idle = content["execution_state"] == "idle"
            elif kind == "stream":
                text += content["text"]
            elif kind in ("display_data", "execute_result"):
                text += content["data"].get("text/plain", "")
        if reply["status"] != "ok":
            raise RuntimeError(f"{self.name}, cell {code!r}: {reply.get('evalue', reply)} {text[:300]}")
        return text

    def expect(self):
        text = self.run("x + 1")
        if text.strip() != "42":
            raise RuntimeError(f"{self.name}: the cell x + 1 gave {text!r}, want 42")


def everybody(what, students):
    """Lets all students do something at once, and gives the seconds that each took. The first failure is raised."""
    def timed(student):
        start = time.monotonic()
        what(student)
        return time.monotonic() - start
    with ThreadPoolExecutor(len(students)) as pool:
        return list(pool.map(timed, students))


def processes():
    """The processes of each student: {name: [(pid, program)]}."""
    found = {name: [] for name in names}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as f:
                variables = f.read().split(b"\0")
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                program = f.read().decode(errors="replace")
        except OSError:
            continue
        if settings["mark"].encode() not in variables:
            continue
        for variable in variables:
            if variable.startswith(b"JUPYTERHUB_USER="):
                found.get(variable[16:].decode(), []).append((int(pid), kind(program)))
    return found


def kind(program):
    for word, kind in (("jupyterhub", "server"), ("gopls", "gopls"), ("cnnbook-session", "session"), ("gonb", "kernel")):
        if word in program:
            return kind
    return "other"


def memory(pid):
    """A process's proportional share of memory in MB: what several share counts once in all."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
            for line in f:
                if line.startswith("Pss:"):
                    return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0


def cpu(pid):
    """The processor seconds that a process and its children which have ended took."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    except OSError:
        return 0


def measure(seconds):
    """Memory of each student and of its processes' kinds in MB, and the processor time that a student takes, in percent of one."""
    found = processes()
    before = {pid: cpu(pid) for all in found.values() for pid, _ in all}
    time.sleep(seconds)
    used = sum(max(0, cpu(pid) - value) for pid, value in before.items())
    kinds, students = {}, []
    for all in found.values():
        total = 0
        for pid, kind in all:
            mb = memory(pid)
            total += mb
            kinds[kind] = kinds.get(kind, 0) + mb
        students.append(total)
    return {"mb": students, "kinds": {kind: mb / len(found) for kind, mb in kinds.items()}, "cpu": 100 * used / seconds / len(found)}


class Peak(threading.Thread):
    """The most memory that some students take, sampled."""

    def __init__(self, names):
        super().__init__(daemon=True)
        self.names, self.most, self.ended = names, {name: 0 for name in names}, threading.Event()

    def run(self):
        while not self.ended.wait(0.5):
            found = processes()
            for name in self.names:
                self.most[name] = max(self.most[name], sum(memory(pid) for pid, _ in found[name]))


def start(name, args):
    log = open(os.path.join(folder, name + ".log"), "ab")
    process = subprocess.Popen(args, cwd=folder, stdout=log, stderr=log, start_new_session=True)
    begun.append(process)
    return process


def ready(url, process):
    for _ in range(int(settings["patience"] * 10)):
        if process.poll() is not None:
            raise RuntimeError(f"{process.args[0]} has ended with status {process.returncode}")
        try:
            return requests.get(url, timeout=5)
        except requests.exceptions.RequestException:
            time.sleep(0.1)
    raise RuntimeError(f"{url} does not answer after {settings['patience']} s")


def hub():
    process = start("hub", settings["hub"])
    until = time.monotonic() + settings["patience"]
    while time.monotonic() < until:
        if ready(f"{base}/hub/api/", process).status_code == 200:
            return process
        time.sleep(0.3)  # the proxy answers before the hub does; a hub that finds servers running asks each of them first
    raise RuntimeError(f"the hub is not ready after {settings['patience']} s")


def stop(process):
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def main():
    result = {"students": len(names)}
    proxy = start("proxy", settings["proxy"])
    running = None
    students = [Student(name) for name in names]
    try:
        ready(base, proxy)
        running = hub()
        say("the hub is ready")
        everybody(Student.begin, students)
        result["times"] = {step: [s.times[step] for s in students] for step in students[0].times}
        say(f"{len(students)} students have run a cell: the last after {max(result['times']['value']):.1f} s")
        result["begin_cpu"] = sum(cpu(pid) for all in processes().values() for pid, _ in all) / len(names)
        time.sleep(settings["quiet"])
        result["idle"] = measure(settings["quiet"])
        result["hub"] = memory(running.pid) + memory(proxy.pid)
        if settings["restart"]:
            stop(running)
            everybody(Student.expect, students)  # without a hub
            running = hub()
            for s in students:
                s.socket.close()
                s.connect()
            everybody(Student.expect, students)
            result["survived"] = len(students)
            say("the hub was restarted, and every kernel has its value")
        if settings["living"]:
            result["living_seconds"] = everybody(lambda s: s.run(settings["living"]), students)
            time.sleep(settings["quiet"])
            result["living"] = measure(settings["quiet"])
            say("every student has living values")
        if settings["training"]:
            some = students[: settings["trainers"]]
            peak = Peak([s.name for s in some])
            peak.start()
            result["training_seconds"] = everybody(lambda s: s.run(settings["training"]), some)
            peak.ended.set()
            peak.join()
            result["training_mb"] = list(peak.most.values())
            say(f"{len(some)} students have trained at once")
        if settings["nodes"]:
            result["nodes"] = [s.run('fmt.Println(os.Getenv("SLURMD_NODENAME"))').strip() for s in students]
        print(json.dumps(result), flush=True)
    except Exception as error:
        say(f"the class fails: {error}")
        raise
    finally:
        there = [s for s in students if hasattr(s, "headers")]
        if running is not None and running.poll() is None and there:
            everybody(lambda s: requests.delete(f"{base}/hub/api/users/{s.name}/server", headers=s.headers, timeout=60), there)
            time.sleep(1)
        if running is not None:
            stop(running)
        stop(proxy)
        for all in processes().values():  # what a hub that failed has left
            for pid, _ in all:
                try:
                    os.kill(pid, signal.SIGTERM)
                except OSError:
                    pass


def ask_to_end(*_):
    """Ends what was started, and this process: students that wait in threads would not notice an exception."""
    started = processes()
    for pid in [process.pid for process in begun] + [pid for all in started.values() for pid, _ in all]:
        try:
            os.kill(pid, signal.SIGTERM)
        except OSError:
            pass
    os._exit(1)


began, begun = time.monotonic(), []
signal.signal(signal.SIGINT, ask_to_end)
signal.signal(signal.SIGTERM, ask_to_end)
main()
