/* What ebs-csictl can do: one CSI call a line. A verb with several lines makes
 * several calls and shows all answers.
 *
 * CALL(verb, arguments, WHERE, method, message, fields, FLAG, help)
 *   WHERE    ENDPOINT or NODE: which of the two endpoints
 *   method   of /csi.v1.
 *   message  of the request and answer types, as protobuf-c names them
 *   fields   how the request is filled: words "path=source". A path goes through
 *            messages by '.', of a repeated one to its first element, and into a
 *            map by [key]. A source is the number of an argument or the name of
 *            an option; nothing is set for one that was not given. "!option" is
 *            the opposite of a switch. A message set by a switch is an empty one.
 *   FLAG     OPTIONAL: no error if the endpoint does not serve it
 */
#define CAPABILITY(f) \
	f ".mount=!block " f ".mount.fs_type=fs " f ".mount.mount_flags=mount-flag " \
	f ".block=block " f ".access_mode.mode=access-mode"

CALL("probe", "", ENDPOINT, "Identity/Probe", probe, "", 0,
     "is the driver there")
CALL("info", "", ENDPOINT, "Identity/GetPluginInfo", get_plugin_info, "", 0,
     "name and version of the driver, and what the node says of itself")
CALL("info", "", NODE, "Node/NodeGetInfo", node_get_info, "", OPTIONAL, "")
CALL("capabilities", "", ENDPOINT, "Identity/GetPluginCapabilities",
     get_plugin_capabilities, "", 0, "what plugin, controller and node can do")
CALL("capabilities", "", ENDPOINT, "Controller/ControllerGetCapabilities",
     controller_get_capabilities, "", OPTIONAL, "")
CALL("capabilities", "", NODE, "Node/NodeGetCapabilities", node_get_capabilities, "",
     OPTIONAL, "")
CALL("create", "NAME", ENDPOINT, "Controller/CreateVolume", create_volume,
     "name=1 capacity_range.required_bytes=size capacity_range.limit_bytes=limit "
     "parameters=param parameters[type]=type "
     "accessibility_requirements.requisite.segments=topology "
     "accessibility_requirements.requisite.segments[topology.kubernetes.io/zone]=zone "
     CAPABILITY("volume_capabilities"), 0,
     "make a volume, or find the one of that name")
CALL("delete", "VOLUME", ENDPOINT, "Controller/DeleteVolume", delete_volume,
     "volume_id=1", 0, "delete it")
CALL("validate", "VOLUME", ENDPOINT, "Controller/ValidateVolumeCapabilities",
     validate_volume_capabilities, "volume_id=1 " CAPABILITY("volume_capabilities"), 0,
     "could it be used so")
CALL("publish", "VOLUME INSTANCE", ENDPOINT, "Controller/ControllerPublishVolume",
     controller_publish_volume,
     "volume_id=1 node_id=2 readonly=readonly " CAPABILITY("volume_capability"), 0,
     "attach it to an instance")
CALL("unpublish", "VOLUME [INSTANCE]", ENDPOINT, "Controller/ControllerUnpublishVolume",
     controller_unpublish_volume, "volume_id=1 node_id=2", 0,
     "detach it from one or all instances")
CALL("stage", "VOLUME STAGING", NODE, "Node/NodeStageVolume", node_stage_volume,
     "volume_id=1 staging_target_path=2 publish_context[devicePath]=device "
     "volume_context=context " CAPABILITY("volume_capability"), 0,
     "format it where blank, and mount it")
CALL("unstage", "VOLUME STAGING", NODE, "Node/NodeUnstageVolume", node_unstage_volume,
     "volume_id=1 staging_target_path=2", 0, "unmount it")
CALL("publish-node", "VOLUME STAGING TARGET", NODE, "Node/NodePublishVolume",
     node_publish_volume,
     "volume_id=1 staging_target_path=2 target_path=3 publish_context[devicePath]=device "
     "volume_context=context readonly=readonly " CAPABILITY("volume_capability"), 0,
     "bind the staged volume to a target")
CALL("unpublish-node", "VOLUME TARGET", NODE, "Node/NodeUnpublishVolume",
     node_unpublish_volume, "volume_id=1 target_path=2", 0, "take the target away")
CALL("stats", "VOLUME PATH", NODE, "Node/NodeGetVolumeStats", node_get_volume_stats,
     "volume_id=1 volume_path=2 staging_target_path=staging", 0,
     "bytes and inodes, used and free")
