#!/bin/sh
# Tests the image from inside: JupyterLab answers and asks for a token, a notebook runs offline, and values live between cells.
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
cp /opt/cnnbook/kernelext/book/testdata/01-show.ipynb "$out/try.ipynb"
cd "$out"
JUPYTER_PATH=/opt/lab/kernels GOPROXY=off GOFLAGS=-mod=mod "$python" -m nbconvert --to notebook --execute --inplace try.ipynb
grep -q '"output_type"' try.ipynb
echo "the notebook ran"
JUPYTER_PATH=/opt/lab/kernels "$python" - <<'P'
import nbformat
from nbclient import NotebookClient

cells = [nbformat.v4.new_code_cell(text) for text in ("x := 41", "x + 1")]
NotebookClient(nbformat.v4.new_notebook(cells=cells), kernel_name="cnnbook", timeout=120).execute()
assert cells[1].outputs[0].text == "42\n", cells
P
echo "values live between cells"
