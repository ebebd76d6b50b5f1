#!/usr/bin/env bash
# What a node says of itself: from instance metadata, from the environment, and
# what it says when it knows nothing.
# shellcheck source=tests/lib/harness.sh
. "$(dirname "$0")/../lib/harness.sh"
need_root

start_sim --instances=i-0123456789abcdef0:m5.large:us-east-1b
start_node
info=$(ctl --json --endpoint="$node" info)
check_match "instance id" "$info" '"node_id": ?"i-0123456789abcdef0"'
check_match "zone" "$info" '"topology.kubernetes.io/zone": ?"us-east-1b"'
check_match "the driver's own key" "$info" '"topology.ebs.csi.aws.com/zone": ?"us-east-1b"'
check_match "operating system" "$info" '"kubernetes.io/os": ?"linux"'
check_match "name" "$info" '"name": ?"ebs.csi.aws.com"'
check_match "volumes of an m5.large" "$info" '"max_volumes_per_node": ?2[0-9]'
stop node

start_node --volume-attach-limit=7
check_match "--volume-attach-limit" "$(ctl --json --endpoint="$node" info)" '"max_volumes_per_node": ?7'
stop node
stop sim

extra_env=(AWS_EC2_METADATA_DISABLED=true AWS_INSTANCE_ID=i-0fedcba9876543210
	AWS_INSTANCE_TYPE=m5.large AWS_AVAILABILITY_ZONE=us-east-1c)
start_node
info=$(ctl --json --endpoint="$node" info)
check_match "environment: instance id" "$info" '"node_id": ?"i-0fedcba9876543210"'
check_match "environment: zone" "$info" '"topology.kubernetes.io/zone": ?"us-east-1c"'
stop node

extra_env=(AWS_EC2_METADATA_DISABLED=true)
start_node
out=$(ctl --endpoint="$node" info 2>&1)
status=$?
check "knows nothing: a gRPC status" test "$status" -gt 64
check_match "says what to set" "$out" 'AWS_INSTANCE_ID'
check_equal "and serves on" "$(ctl --endpoint="$node" probe; echo $?)" 0
finish
