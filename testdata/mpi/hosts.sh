#!/bin/sh
# Hosts with a network between them, on one machine: network namespaces, joined by a bridge, each with a limited rate. As root, with
# iproute2 and Open MPI.
#
#	hosts.sh up 4 1gbit                                  # 10.123.0.1 to 10.123.0.4
#	hosts.sh run 4 ./cnnbook bench --exchange --gbit 1   # one process on each host
#	hosts.sh down 4
set -eu
hosts() { seq 1 "$1"; }
case $1 in
up)
	ip link add cnnbook0 type bridge
	ip link set cnnbook0 up
	for i in $(hosts "$2"); do
		ip netns add "cnnbook-h$i"
		ip link add "cnnbook$i" type veth peer name eth0 netns "cnnbook-h$i"
		ip link set "cnnbook$i" master cnnbook0 up
		ip -n "cnnbook-h$i" addr add "10.123.0.$i/24" dev eth0
		ip -n "cnnbook-h$i" link set lo up
		ip -n "cnnbook-h$i" link set eth0 up
		tc -n "cnnbook-h$i" qdisc add dev eth0 root tbf rate "$3" burst 1mb latency 50ms
	done
	;;
run)
	n=$2
	shift 2
	agent=$(readlink -f "$0")
	list=$(for i in $(hosts "$n"); do printf '10.123.0.%d,' "$i"; done)
	export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
	exec "$agent" 10.123.0.1 mpirun.openmpi --host "${list%,}" -n "$n" --bind-to none --mca plm_rsh_agent "$agent" \
		--mca btl tcp,self --mca btl_tcp_if_include eth0 --mca oob_tcp_if_include eth0 --mca pml ob1 "$@"
	;;
10.123.0.*) # as ssh does: HOST COMMAND...
	i=${1##*.}
	shift
	exec ip netns exec "cnnbook-h$i" unshare --uts sh -c 'hostname "$0" && exec sh -c "$1"' "h$i" "$*"
	;;
down)
	for i in $(hosts "$2"); do
		ip link del "cnnbook$i" # now; with its namespace it would go a moment later, and "up" would find it
		ip netns del "cnnbook-h$i"
	done
	ip link del cnnbook0
	;;
esac
