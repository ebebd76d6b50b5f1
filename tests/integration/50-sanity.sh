#!/usr/bin/env bash
# csi-sanity with its idempotency tests: controller and node on the simulator,
# volumes on loop devices, real file systems.
# shellcheck source=tests/lib/harness.sh
. "$(dirname "$0")/../lib/harness.sh"
# shellcheck source=tests/lib/sanity.sh
. "$(dirname "$0")/../lib/sanity.sh"
own_namespace "$@"
need_loop
need_tool csi-sanity

# One zone: some specs create without topology and expect the volume near the node.
start_sim --zones=us-east-1a --disk-dir="$work/disks" --latency=0.1 --states=0.1 --buckets=20
start_controller
start_node
# What is not advertised is skipped, what the suite itself holds back, and a test of
# the attach limit that makes dozens of volumes.
reasons='not supported|single node multi writer|^pending$|attachlimit not enabled'
sanity
sanity_results "$reasons"

note "raw block volumes"
sanity --csi.testvolumeaccesstype=block --ginkgo.focus='Node Service'
sanity_results "$reasons|^skipped$"

check_equal "volumes left over" "$(leaked_volumes)" ""
check_equal "loop devices left over" "$(losetup -nO BACK-FILE | grep -c "^$work/")" 0
check_equal "mounts left over" "$(grep -c " $work/" /proc/self/mountinfo)" 0
stop node
check_equal "node: exit status" "$?" 0
stop controller
check_equal "controller: exit status" "$?" 0
finish
