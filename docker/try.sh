#!/bin/sh
# Tests the image from inside: JupyterLab answers and asks for a token, a notebook runs offline, values live between cells, a kernel
# leaves nothing behind, and students get no solutions.
set -eu
python=/opt/lab/python/bin/python
"$python" - <<'P'
import urllib.error
import urllib.request

print(urllib.request.urlopen("http://127.0.0.1:8888/api", timeout=10).read().decode())
try:
    urllib.request.urlopen("http://127.0.0.1:8888/api/contents", timeout=10)
except urllib.error.HTTPError as error:
    assert error.code == 403, error
else:
    raise SystemExit("the contents are accessible without a token")
P
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
export JUPYTER_PATH=/opt/lab/kernels
cp /opt/cnnbook/kernelext/book/testdata/01-show.ipynb "$out/try.ipynb"
cd "$out"
GOPROXY=off GOFLAGS=-mod=mod "$python" -m nbconvert --to notebook --execute --inplace try.ipynb
grep -q '"output_type"' try.ipynb
echo "the notebook ran"

# One kernel runs cells, one of which is interrupted after two seconds, and one panics. Another kernel is killed while it trains.
drive=/opt/cnnbook/kernelext/internal/kerneltest/testdata
export TMPDIR="$out/tmp"
mkdir "$TMPDIR"
VALUES_TEST=$$ "$python" "$drive/values.py" cnnbook >values.json <<'C'
["x := 41", ["for {\n}", 2], "var none []int\nnone[3] = 1", "x + 1"]
C
"$python" "$drive/session.py" cnnbook kill >kill.json
"$python" - <<'P'
import json
import os

with open("values.json") as file:
    values = json.load(file)
cells = values["cells"]
assert [cell["status"] for cell in cells] == ["ok", "error", "error", "ok"] and cells[3]["out"] == "42\n", values
print("values live between cells, also after an interrupt and a panic")
with open("kill.json") as file:
    killed = json.load(file)
assert killed["sessions"] == 1 and not killed["left"] and not killed["files"], killed
left = os.listdir("tmp")
assert values["left"] == 0 and not left, (values["left"], left)
print("neither kernel left a process or a file behind")
P

"$python" - <<'P'
import glob
import os

import nbformat

solutions = 0
for path in glob.glob("/opt/cnnbook/notebooks/*.ipynb"):
    student = nbformat.read("/opt/cnnbook/.student/" + os.path.basename(path), 4).cells
    for cell in nbformat.read(path, 4).cells:
        if "solution" in cell.metadata.get("tags", []):
            solutions += 1
            assert all(cell.source not in other.source for other in student), path
    assert not any(cell.get("outputs") for cell in student), path
assert solutions, "no notebook has a solution"
print(f"the students' copies have none of the {solutions} solutions and no outputs")
P
