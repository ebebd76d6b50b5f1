/* EC2 actions, one a line: the only list of them.
 *
 * EC2_ACTION(ID, wire name, request member, response member, bucket, priority, repeatable)
 *   bucket      server-side token bucket it is assumed to draw from (EC2
 *               throttling tables; MUTATING is shared by its members)
 *   priority    class of the scheduler, see ec2_sched.h
 *   repeatable  may be sent again when it is unknown whether it took effect:
 *               true when EC2 makes the repeat harmless (token, absolute state)
 */
EC2_ACTION(CREATE_VOLUME, "CreateVolume", create_volume, volume,
	   CREATE_VOLUME, CREATE, true)
EC2_ACTION(DELETE_VOLUME, "DeleteVolume", delete_volume, none,
	   DELETE_VOLUME, DELETE, true)
EC2_ACTION(ATTACH_VOLUME, "AttachVolume", attach_volume, attachment,
	   MUTATING, ATTACH, false)
EC2_ACTION(DETACH_VOLUME, "DetachVolume", detach_volume, attachment,
	   MUTATING, DETACH, false)
EC2_ACTION(DESCRIBE_VOLUMES, "DescribeVolumes", describe_volumes, volumes,
	   DESCRIBE, DESCRIBE, true)
EC2_ACTION(DESCRIBE_INSTANCES, "DescribeInstances", describe_instances, instances,
	   DESCRIBE, DESCRIBE, true)
EC2_ACTION(DESCRIBE_AVAILABILITY_ZONES, "DescribeAvailabilityZones", describe_zones, zones,
	   DESCRIBE, DESCRIBE, true)
EC2_ACTION(CREATE_TAGS, "CreateTags", create_tags, none,
	   TAGS, MODIFY, true)
EC2_ACTION(DELETE_TAGS, "DeleteTags", delete_tags, none,
	   TAGS, MODIFY, true)
