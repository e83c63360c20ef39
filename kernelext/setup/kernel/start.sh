#!/bin/sh
# Starts the kernel "%NAME%" for any Jupyter client. Written by: go run . kernel install
# If a part of it is missing, each cell reports that and the remedy.
#
# usage: start.sh CONNECTION_FILE
here=${0%/*}
cache=%CACHE%
gone=
for part in %PARTS%; do
	[ -e "$part" ] || gone=$part
done
if [ -z "$gone" ]; then
	log=$cache/logs/gonb.log
	if ! [ -w "$cache/logs" ]; then # installed by another account, for this one too
		own=${XDG_CACHE_HOME:-$HOME/.cache}/cnnbook
		mkdir -p "$own/logs"
		log=$own/logs/gonb.log
		export CNNBOOK_CACHE="$own" CNNBOOK_GRAPHS="$own/graphs" CNNBOOK_GRAPHS_TOO="$cache/graphs"
		mkdir -p "$own/graphs"
		# Go's caches are read where they are: what cells need is there, and nothing is downloaded or compiled for each account.
		! [ -r %MODCACHE%/cache/download ] || export GOMODCACHE=%MODCACHE%
		! [ -r %BUILDCACHE%/00 ] || export GOCACHE=%BUILDCACHE%
		[ -r "$cache/gopls" ] || export GOPLSCACHE="$own/gopls"
	fi
	exec %GONB% --kernel "$1" %FLAGS% -logtostderr=false -extra_log="$log" -log_file="$log"
fi

message="The kernel \"%NAME%\" cannot start: $gone is gone. Was a folder moved or removed? In the folder of cnnbook's checkout run: go run . kernel install%AGAIN%; then restart the kernel."
echo "cnnbook: $message" >&2
# The Jupyter that started this script can answer in place of the kernel: JPY_PARENT_PID is its process id.
jupyter=$(tr '\0' '\n' <"/proc/$JPY_PARENT_PID/cmdline" 2>/dev/null | head -n 1)
for python in "$jupyter" %PYTHON% python3; do
	if [ -n "$python" ] && "$python" -c "import ipykernel" 2>/dev/null; then
		exec "$python" "$here/gone.py" "$1" "$message"
	fi
done
exit 1
