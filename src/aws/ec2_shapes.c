#include "aws/ec2_shapes.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

#define F(kind_, type, member, wire_) \
	{ .wire = wire_, .offset = offsetof(struct type, member), .kind = EC2_KIND_##kind_ }
#define LIST(type, member, wire_, of_) \
	{ .wire = wire_, .offset = offsetof(struct type, member), \
	  .kind = EC2_KIND_STRUCTS, .of = &of_ }
#define CONST(type, member, wire_, text_) \
	{ .wire = wire_, .offset = offsetof(struct type, member), \
	  .kind = EC2_KIND_CONST, .text = text_ }
#define SHAPE(id, type) \
	static const struct ec2_shape id = { \
		#type, sizeof(struct type), id##_fields, ARRAY_SIZE(id##_fields) \
	}

/* ---- requests: Query parameter names ---- */

static const struct ec2_field req_tag_fields[] = {
	F(TEXT, ec2_tag, key, "Key"),
	F(TEXT, ec2_tag, value, "Value"),
};
SHAPE(req_tag, ec2_tag);

static const struct ec2_field req_filter_fields[] = {
	F(STRING, ec2_filter, name, "Name"),
	F(STRINGS, ec2_filter, values, "Value"),
};
SHAPE(req_filter, ec2_filter);

static const struct ec2_field req_create_volume_fields[] = {
	F(STRING, ec2_create_volume, client_token, "ClientToken"),
	F(STRING, ec2_create_volume, availability_zone, "AvailabilityZone"),
	F(STRING, ec2_create_volume, availability_zone_id, "AvailabilityZoneId"),
	F(STRING, ec2_create_volume, volume_type, "VolumeType"),
	F(STRING, ec2_create_volume, kms_key_id, "KmsKeyId"),
	F(STRING, ec2_create_volume, snapshot_id, "SnapshotId"),
	F(STRING, ec2_create_volume, outpost_arn, "OutpostArn"),
	F(INT, ec2_create_volume, size, "Size"),
	F(INT, ec2_create_volume, iops, "Iops"),
	F(INT, ec2_create_volume, throughput, "Throughput"),
	F(INT, ec2_create_volume, volume_initialization_rate, "VolumeInitializationRate"),
	F(BOOL, ec2_create_volume, encrypted, "Encrypted"),
	F(BOOL, ec2_create_volume, multi_attach_enabled, "MultiAttachEnabled"),
	F(BOOL, ec2_create_volume, dry_run, "DryRun"),
	CONST(ec2_create_volume, tags, "TagSpecification.1.ResourceType", "volume"),
	LIST(ec2_create_volume, tags, "TagSpecification.1.Tag", req_tag),
};
SHAPE(req_create_volume, ec2_create_volume);

static const struct ec2_field req_delete_volume_fields[] = {
	F(STRING, ec2_delete_volume, volume_id, "VolumeId"),
	F(BOOL, ec2_delete_volume, dry_run, "DryRun"),
};
SHAPE(req_delete_volume, ec2_delete_volume);

static const struct ec2_field req_attach_volume_fields[] = {
	F(STRING, ec2_attach_volume, volume_id, "VolumeId"),
	F(STRING, ec2_attach_volume, instance_id, "InstanceId"),
	F(STRING, ec2_attach_volume, device, "Device"),
	F(INT, ec2_attach_volume, ebs_card_index, "EbsCardIndex"),
	F(BOOL, ec2_attach_volume, dry_run, "DryRun"),
};
SHAPE(req_attach_volume, ec2_attach_volume);

static const struct ec2_field req_detach_volume_fields[] = {
	F(STRING, ec2_detach_volume, volume_id, "VolumeId"),
	F(STRING, ec2_detach_volume, instance_id, "InstanceId"),
	F(STRING, ec2_detach_volume, device, "Device"),
	F(BOOL, ec2_detach_volume, force, "Force"),
	F(BOOL, ec2_detach_volume, dry_run, "DryRun"),
};
SHAPE(req_detach_volume, ec2_detach_volume);

static const struct ec2_field req_describe_volumes_fields[] = {
	F(STRINGS, ec2_describe_volumes, volume_ids, "VolumeId"),
	LIST(ec2_describe_volumes, filters, "Filter", req_filter),
	F(STRING, ec2_describe_volumes, next_token, "NextToken"),
	F(INT, ec2_describe_volumes, max_results, "MaxResults"),
	F(BOOL, ec2_describe_volumes, dry_run, "DryRun"),
};
SHAPE(req_describe_volumes, ec2_describe_volumes);

static const struct ec2_field req_describe_instances_fields[] = {
	F(STRINGS, ec2_describe_instances, instance_ids, "InstanceId"),
	LIST(ec2_describe_instances, filters, "Filter", req_filter),
	F(STRING, ec2_describe_instances, next_token, "NextToken"),
	F(INT, ec2_describe_instances, max_results, "MaxResults"),
	F(BOOL, ec2_describe_instances, dry_run, "DryRun"),
};
SHAPE(req_describe_instances, ec2_describe_instances);

static const struct ec2_field req_describe_zones_fields[] = {
	F(STRINGS, ec2_describe_zones, zone_names, "ZoneName"),
	F(STRINGS, ec2_describe_zones, zone_ids, "ZoneId"),
	LIST(ec2_describe_zones, filters, "Filter", req_filter),
	F(BOOL, ec2_describe_zones, all_availability_zones, "AllAvailabilityZones"),
	F(BOOL, ec2_describe_zones, dry_run, "DryRun"),
};
SHAPE(req_describe_zones, ec2_describe_zones);

static const struct ec2_field req_create_tags_fields[] = {
	F(STRINGS, ec2_create_tags, resource_ids, "ResourceId"),
	LIST(ec2_create_tags, tags, "Tag", req_tag),
	F(BOOL, ec2_create_tags, dry_run, "DryRun"),
};
SHAPE(req_create_tags, ec2_create_tags);

static const struct ec2_field req_delete_tags_fields[] = {
	F(STRINGS, ec2_delete_tags, resource_ids, "ResourceId"),
	LIST(ec2_delete_tags, tags, "Tag", req_tag),
	F(BOOL, ec2_delete_tags, dry_run, "DryRun"),
};
SHAPE(req_delete_tags, ec2_delete_tags);

/* ---- responses: element names ---- */

static const struct ec2_field resp_tag_fields[] = {
	F(TEXT, ec2_tag, key, "key"),
	F(TEXT, ec2_tag, value, "value"),
};
SHAPE(resp_tag, ec2_tag);

static const struct ec2_field resp_attachment_fields[] = {
	F(STRING, ec2_attachment, volume_id, "volumeId"),
	F(STRING, ec2_attachment, instance_id, "instanceId"),
	F(STRING, ec2_attachment, device, "device"),
	F(STRING, ec2_attachment, status, "status"),
	F(TIME, ec2_attachment, attach_time, "attachTime"),
	F(INT, ec2_attachment, ebs_card_index, "ebsCardIndex"),
	F(BOOL, ec2_attachment, delete_on_termination, "deleteOnTermination"),
	F(STRING, ec2_attachment, associated_resource, "associatedResource"),
	F(STRING, ec2_attachment, instance_owning_service, "instanceOwningService"),
};
SHAPE(resp_attachment, ec2_attachment);

static const struct ec2_field resp_volume_fields[] = {
	F(STRING, ec2_volume, volume_id, "volumeId"),
	F(STRING, ec2_volume, status, "status"),
	F(STRING, ec2_volume, availability_zone, "availabilityZone"),
	F(STRING, ec2_volume, availability_zone_id, "availabilityZoneId"),
	F(STRING, ec2_volume, volume_type, "volumeType"),
	F(STRING, ec2_volume, snapshot_id, "snapshotId"),
	F(STRING, ec2_volume, source_volume_id, "sourceVolumeId"),
	F(STRING, ec2_volume, kms_key_id, "kmsKeyId"),
	F(STRING, ec2_volume, outpost_arn, "outpostArn"),
	F(INT, ec2_volume, size, "size"),
	F(INT, ec2_volume, iops, "iops"),
	F(INT, ec2_volume, throughput, "throughput"),
	F(INT, ec2_volume, volume_initialization_rate, "volumeInitializationRate"),
	F(TIME, ec2_volume, create_time, "createTime"),
	F(BOOL, ec2_volume, encrypted, "encrypted"),
	F(BOOL, ec2_volume, multi_attach_enabled, "multiAttachEnabled"),
	LIST(ec2_volume, tags, "tagSet", resp_tag),
	LIST(ec2_volume, attachments, "attachmentSet", resp_attachment),
};
SHAPE(resp_volume, ec2_volume);

static const struct ec2_field resp_volumes_fields[] = {
	LIST(ec2_volumes, v, "volumeSet", resp_volume),
	F(STRING, ec2_volumes, next_token, "nextToken"),
};
SHAPE(resp_volumes, ec2_volumes);

static const struct ec2_field resp_block_device_fields[] = {
	F(STRING, ec2_block_device, device_name, "deviceName"),
	F(STRING, ec2_block_device, volume_id, "ebs/volumeId"),
	F(STRING, ec2_block_device, status, "ebs/status"),
	F(TIME, ec2_block_device, attach_time, "ebs/attachTime"),
	F(INT, ec2_block_device, ebs_card_index, "ebs/ebsCardIndex"),
	F(BOOL, ec2_block_device, delete_on_termination, "ebs/deleteOnTermination"),
};
SHAPE(resp_block_device, ec2_block_device);

static const struct ec2_field resp_instance_fields[] = {
	F(STRING, ec2_instance, instance_id, "instanceId"),
	F(STRING, ec2_instance, instance_type, "instanceType"),
	F(STRING, ec2_instance, state, "instanceState/name"),
	F(INT, ec2_instance, state_code, "instanceState/code"),
	F(STRING, ec2_instance, availability_zone, "placement/availabilityZone"),
	F(STRING, ec2_instance, availability_zone_id, "placement/availabilityZoneId"),
	F(STRING, ec2_instance, outpost_arn, "outpostArn"),
	F(STRING, ec2_instance, root_device_name, "rootDeviceName"),
	F(STRING, ec2_instance, root_device_type, "rootDeviceType"),
	F(STRING, ec2_instance, private_dns_name, "privateDnsName"),
	F(STRING, ec2_instance, hypervisor, "hypervisor"),
	F(STRING, ec2_instance, architecture, "architecture"),
	F(TIME, ec2_instance, launch_time, "launchTime"),
	LIST(ec2_instance, tags, "tagSet", resp_tag),
	LIST(ec2_instance, block_devices, "blockDeviceMapping", resp_block_device),
};
SHAPE(resp_instance, ec2_instance);

static const struct ec2_field resp_reservation_fields[] = {
	F(STRING, ec2_reservation, reservation_id, "reservationId"),
	F(STRING, ec2_reservation, owner_id, "ownerId"),
	LIST(ec2_reservation, instances, "instancesSet", resp_instance),
};
SHAPE(resp_reservation, ec2_reservation);

static const struct ec2_field resp_instances_fields[] = {
	LIST(ec2_instances, v, "reservationSet", resp_reservation),
	F(STRING, ec2_instances, next_token, "nextToken"),
};
SHAPE(resp_instances, ec2_instances);

static const struct ec2_field resp_zone_fields[] = {
	F(STRING, ec2_zone, zone_name, "zoneName"),
	F(STRING, ec2_zone, zone_id, "zoneId"),
	F(STRING, ec2_zone, zone_type, "zoneType"),
	F(STRING, ec2_zone, zone_state, "zoneState"),
	F(STRING, ec2_zone, region_name, "regionName"),
	F(STRING, ec2_zone, group_name, "groupName"),
	F(STRING, ec2_zone, opt_in_status, "optInStatus"),
};
SHAPE(resp_zone, ec2_zone);

static const struct ec2_field resp_zones_fields[] = {
	LIST(ec2_zones, v, "availabilityZoneInfo", resp_zone),
};
SHAPE(resp_zones, ec2_zones);

static const struct ec2_field resp_none_fields[] = {
	F(BOOL, ec2_none, result, "return"),
};
SHAPE(resp_none, ec2_none);

/* ---- by action ---- */

static const struct {
	const struct ec2_shape *request, *response;
} by_action[] = {
#define EC2_ACTION(id, name, req, resp, ...) [EC2_##id] = { &req_##req, &resp_##resp },
#include "aws/ec2_actions.tbl.h"
#undef EC2_ACTION
};

const struct ec2_shape *ec2_request_shape(enum ec2_action a)
{
	assert((unsigned int)a < EC2_ACTION_COUNT);
	return by_action[a].request;
}

const struct ec2_shape *ec2_response_shape(enum ec2_action a)
{
	assert((unsigned int)a < EC2_ACTION_COUNT);
	return by_action[a].response;
}

/* All members of a union lie at the same place. */
void *ec2_request_body(const struct ec2_request *req)
{
	return (char *)req + offsetof(struct ec2_request, create_volume);
}

void *ec2_response_body(const struct ec2_response *resp)
{
	return (char *)resp + offsetof(struct ec2_response, volume);
}

struct ec2_list ec2_list_get(const void *base, const struct ec2_field *f)
{
	struct ec2_list list;

	memcpy(&list, (const char *)base + f->offset, sizeof(list));
	return list;
}

void ec2_list_set(void *base, const struct ec2_field *f, struct ec2_list list)
{
	memcpy((char *)base + f->offset, &list, sizeof(list));
}

static void *at(const void *base, const struct ec2_field *f)
{
	return (char *)base + f->offset;
}

const char **ec2_string_at(const void *base, const struct ec2_field *f)
{
	return at(base, f);
}

int64_t *ec2_int_at(const void *base, const struct ec2_field *f)
{
	return at(base, f);
}

enum tristate *ec2_bool_at(const void *base, const struct ec2_field *f)
{
	return at(base, f);
}
