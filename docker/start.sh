#!/bin/sh
# Starts JupyterLab in the container. Every visitor needs the token: JUPYTER_TOKEN, or the one that is printed.
set -eu

lab=${CNNBOOK_LAB:-/opt/lab}
source=${CNNBOOK_SOURCE:-/opt/cnnbook}
work=${CNNBOOK_WORK:-/work}
datasets=${CNNBOOK_DATASETS:-/data}

# CNNBOOK_COPY chooses the notebooks: all of them, or the students' copies without outputs and solutions.
case ${CNNBOOK_COPY:-all} in
all) notebooks=$source/notebooks ;;
student) notebooks=$source/.student ;;
*)
	echo "cnnbook: CNNBOOK_COPY is $CNNBOOK_COPY: expected all or student" >&2
	exit 1
	;;
esac
# The notebooks are copied once, so that changes to them stay.
if [ ! -e "$work/notebooks" ] && ! cp -r "$notebooks" "$work/notebooks"; then
	echo "cnnbook: $work cannot be written by user $(id -u): give that user the folder, or start the container with --user" >&2
	exit 1
fi
if [ -z "${CNNBOOK_DATA:-}" ]; then
	unset CNNBOOK_DATA
	for found in "$datasets/cifar-10-batches-bin" "$datasets/cifar-10-binary.tar.gz"; do
		if [ -e "$found" ]; then
			export CNNBOOK_DATA="$datasets"
			[ -d "$found" ] || CNNBOOK_DATA="$found"
			break
		fi
	done
fi
# With an empty token, JupyterLab would ask for none.
[ -n "${JUPYTER_TOKEN:-}" ] || unset JUPYTER_TOKEN

if [ $# -gt 0 ]; then
	exec "$@" # a hub's own server, or a shell
fi
exec "$lab/python/bin/python" -m jupyterlab \
	--ServerApp.ip="${CNNBOOK_IP:-0.0.0.0}" --ServerApp.port=8888 --ServerApp.port_retries=0 --no-browser \
	--ServerApp.root_dir="$work" --MultiKernelManager.default_kernel_name=cnnbook \
	--LabApp.news_url=None --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate --LabApp.extension_manager=readonly
