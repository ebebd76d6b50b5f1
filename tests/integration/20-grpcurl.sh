#!/usr/bin/env bash
# A client of another make, which knows the services from reflection only: one call
# of each service.
# shellcheck source=tests/lib/harness.sh
. "$(dirname "$0")/../lib/harness.sh"
need_root
need_tool grpcurl

start_sim --latency=none --states=none
start_controller
start_node

call() { # socket, method, request
	grpcurl -plaintext -unix -max-time 20 -d "$3" "${1#unix://}" "$2" 2>&1
}
services() { grpcurl -plaintext -unix "${1#unix://}" list 2>&1 | sort | paste -sd ' '; }
common='grpc.health.v1.Health grpc.reflection.v1.ServerReflection grpc.reflection.v1alpha.ServerReflection'
# What is not served here is not listed either, though it answers why.
check_equal "controller: list" "$(services "$controller")" "csi.v1.Controller csi.v1.Identity $common"
check_equal "node: list" "$(services "$node")" "csi.v1.Identity csi.v1.Node $common"
check_match "describe a message" \
	"$(grpcurl -plaintext -unix "${controller#unix://}" describe csi.v1.CreateVolumeRequest)" \
	'repeated .csi.v1.VolumeCapability volume_capabilities = 3'

check_match "Identity" "$(call "$controller" csi.v1.Identity/GetPluginInfo '{}')" 'ebs.csi.aws.com'
check_match "Controller" "$(call "$controller" csi.v1.Controller/CreateVolume '{"name": "grpcurl",
	"capacity_range": {"required_bytes": 1073741824},
	"volume_capabilities": [{"mount": {}, "access_mode": {"mode": "SINGLE_NODE_WRITER"}}]}')" \
	'"volumeId": "vol-'
check_match "Node" "$(call "$node" csi.v1.Node/NodeGetInfo '{}')" '"nodeId": "i-'
check_match "Health" "$(call "$node" grpc.health.v1.Health/Check '{}')" '"status": "SERVING"'
check_match "what is not built" "$(call "$controller" csi.v1.Controller/CreateSnapshot '{}')" \
	'Code: Unimplemented'
check_match "a method that does not exist" "$(grpcurl -plaintext -unix -import-path \
	"$top_srcdir/src" -proto csi/csi.proto -d '{}' "${node#unix://}" \
	csi.v1.GroupController/GroupControllerGetCapabilities 2>&1)" 'Code: Unimplemented'
check_match "a wrong request" "$(call "$controller" csi.v1.Controller/CreateVolume '{}')" \
	'Code: InvalidArgument'
finish
