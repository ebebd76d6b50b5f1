#!/usr/bin/env bash
# ebs-csi-bench node: whole lives of volumes on loop devices, with stage, mount, unmount
# and unstage; nothing of them is left.
# shellcheck source=tests/lib/harness.sh
. "$(dirname "$0")/../lib/harness.sh"
need_loop
own_namespace "$@"

me="i-0123456789abcdef0"
start_sim --instances=$me:m5.large:us-east-1b --states=0.05 --latency=0.05 --buckets=off \
	--disk-dir="$work/disks"
start_controller || die "the controller does not start"
start_node || die "the node agent does not start"
"$EBS_BUILD/ebs-csi-bench" node --endpoint="$controller" --node-endpoint="$node" --sim="$ec2" \
	--nodes=$me --dir="$work/pods" --count=12 --in-flight=4 --give-up=60s \
	--pid="$(pid_of node)" --debug="$node_debug" --json="$work/r.json" \
	>"$work/bench.out" 2>"$work/bench.log"
check_equal "status" "$?" 0
cat "$work/bench.log"
said=$(cat "$work/bench.out")
for rpc in CreateVolume ControllerPublishVolume NodeStageVolume NodePublishVolume \
	NodeUnpublishVolume NodeUnstageVolume ControllerUnpublishVolume DeleteVolume; do
	check_match "$rpc is in the table" "$said" "^  $rpc +response .*ms|^  $rpc +response .* s"
done
check_match "all lives are done" "$said" 'life cycles done +12$'
check_match "the node agent was watched" "$said" 'threads, most +1$'
check_equal "calls that failed" "$(python3 -c '
import json, sys
for name, rpc in json.load(open(sys.argv[1]))["runs"][0]["rpcs"].items():
    if set(rpc["codes"]) != {"OK"}: print(name, rpc["codes"])' "$work/r.json")" ""
check_equal "volumes left over" "$(leaked_volumes)" ""
check_equal "mounts left over" "$(grep -c " $work/" /proc/self/mountinfo)" 0
check_equal "directories left over" "$(find "$work/pods" -mindepth 1)" ""
check_equal "loop devices left over" "$(losetup -nO BACK-FILE | grep -c "^$work/")" 0
finish
