#!/bin/sh
S=${1:?a folder}
# Every daemon that up.sh started is ended by its pid file.
export SLURM_CONF=$S/slurm.conf
scancel --user=root 2>/dev/null || true
for p in "$S"/slurmd-*.pid "$S/slurmctld.pid" "$S/munge/pid"; do [ -f "$p" ] && kill "$(cat "$p")"; done
sleep 0.5 # until their ports are free
lock=${TMPDIR:-/tmp}/cnnbook-slurm.lock
[ "$(cat "$lock" 2>/dev/null)" != "$S" ] || rm -f "$lock"
