#!/usr/bin/env bash
# Who holds what: the daemons no capability and one thread, the helper no network.
# shellcheck source=tests/lib/harness.sh
. "$(dirname "$0")/../lib/harness.sh"
need_root
use_plain_build

start_sim --latency=none --states=none
start_controller
start_node
ctl --endpoint="$node" info >/dev/null
ctl create privileges --size=1GiB --zone="$zone" >/dev/null
for name in controller node; do
	pid=$(pid_of $name)
	check_equal "$name: capabilities" "$(capabilities_of "$pid")" 0000000000000000
	check_equal "$name: threads" "$(threads_of "$pid")" 1
	check_equal "$name: no_new_privs" "$(awk '/^NoNewPrivs/ { print $2 }' "/proc/$pid/status")" 1
done
helper=$(cat "/proc/$(pid_of node)/task/$(pid_of node)/children")
check_match "one helper" "$helper" '^[0-9]+ ?$'
helper=${helper% }
check_match "it is ebs-csid-helper" "$(readlink "/proc/$helper/exe")" 'ebs-csid-helper$'
check_equal "helper: threads" "$(threads_of "$helper")" 1

# Every socket it has open must be a unix one.
network_sockets() {
	local fd inode
	for fd in "/proc/$1"/fd/*; do
		inode=$(readlink "$fd" | sed -n 's/socket:\[\(.*\)\]/\1/p')
		[ -z "$inode" ] || grep -q " $inode\b" "/proc/$1/net/unix" || echo "$fd:$inode"
	done
}
check_equal "helper: sockets that are not unix ones" "$(network_sockets "$helper")" ""
stop controller

start_controller --user=nobody
check_equal "--user: user id" "$(stat -c %U "/proc/$(pid_of controller)")" nobody
check_equal "--user: capabilities" "$(capabilities_of "$(pid_of controller)")" 0000000000000000
check_equal "--user: groups" "$(awk '/^Groups:/ { $1 = ""; print $0 + 0 }' \
	"/proc/$(pid_of controller)/status")" "$(id -g nobody)"
check_equal "--user: probe" "$(ctl probe; echo $?)" 0
finish
