#!/bin/sh
# Tests the image from inside: JupyterLab answers and asks for a token, and a notebook runs offline.
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
