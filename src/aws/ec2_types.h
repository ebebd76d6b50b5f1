/* What is said to EC2 and what it answers, as C structures. The client encodes
 * requests to Query form and decodes XML into responses; the simulator does the
 * opposite; both go by the field tables of ec2_shapes.h. Nothing here allocates:
 * strings and arrays belong to an arena of whoever filled the structure in.
 * NULL or a zero count means "not sent" / "not answered". Numbers that may be
 * absent use 0 as absent; booleans that may be absent are enum tristate. Sizes
 * in GiB, times in ms since 1970, throughput in MiB/s. Names and types: EC2 API
 * 2016-11-15. */
#ifndef AWS_EC2_TYPES_H
#define AWS_EC2_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

enum ec2_action {
#define EC2_ACTION(id, ...) EC2_##id,
#include "aws/ec2_actions.tbl.h"
#undef EC2_ACTION
	EC2_ACTION_COUNT
};

enum tristate { UNSET = 0, NO = 1, YES = 2 };

struct ec2_strings {
	const char **v;
	size_t n;
};

struct ec2_tag {
	const char *key;
	const char *value;
};

struct ec2_tags {
	struct ec2_tag *v;
	size_t n;
};

struct ec2_filter {
	const char *name;
	struct ec2_strings values;
};

struct ec2_filters {
	struct ec2_filter *v;
	size_t n;
};

/* ---- requests ---- */

struct ec2_create_volume {
	const char *client_token;
	const char *availability_zone;
	const char *availability_zone_id;
	const char *volume_type;
	const char *kms_key_id;
	const char *snapshot_id;
	const char *outpost_arn;
	int64_t size;
	int64_t iops;
	int64_t throughput;
	int64_t volume_initialization_rate;
	enum tristate encrypted;
	enum tristate multi_attach_enabled;
	enum tristate dry_run;
	struct ec2_tags tags;	/* sent as TagSpecification.1 of type volume */
};

struct ec2_delete_volume {
	const char *volume_id;
	enum tristate dry_run;
};

struct ec2_attach_volume {
	const char *volume_id;
	const char *instance_id;
	const char *device;
	int64_t ebs_card_index;	/* 0 is not sent */
	enum tristate dry_run;
};

struct ec2_detach_volume {
	const char *volume_id;
	const char *instance_id;
	const char *device;
	enum tristate force;
	enum tristate dry_run;
};

struct ec2_describe_volumes {
	struct ec2_strings volume_ids;
	struct ec2_filters filters;
	const char *next_token;
	int64_t max_results;
	enum tristate dry_run;
};

struct ec2_describe_instances {
	struct ec2_strings instance_ids;
	struct ec2_filters filters;
	const char *next_token;
	int64_t max_results;
	enum tristate dry_run;
};

struct ec2_describe_zones {
	struct ec2_strings zone_names;
	struct ec2_strings zone_ids;
	struct ec2_filters filters;
	enum tristate all_availability_zones;
	enum tristate dry_run;
};

struct ec2_create_tags {
	struct ec2_strings resource_ids;
	struct ec2_tags tags;
	enum tristate dry_run;
};

struct ec2_delete_tags {
	struct ec2_strings resource_ids;
	struct ec2_tags tags;	/* value NULL: whatever the value */
	enum tristate dry_run;
};

struct ec2_request {
	enum ec2_action action;
	union {
		struct ec2_create_volume create_volume;
		struct ec2_delete_volume delete_volume;
		struct ec2_attach_volume attach_volume;
		struct ec2_detach_volume detach_volume;
		struct ec2_describe_volumes describe_volumes;
		struct ec2_describe_instances describe_instances;
		struct ec2_describe_zones describe_zones;
		struct ec2_create_tags create_tags;
		struct ec2_delete_tags delete_tags;
	};
};

/* ---- responses ---- */

struct ec2_attachment {
	const char *volume_id;
	const char *instance_id;
	const char *device;
	const char *status;	/* attaching attached detaching detached busy */
	int64_t attach_time;
	int64_t ebs_card_index;
	enum tristate delete_on_termination;
	const char *associated_resource;
	const char *instance_owning_service;
};

struct ec2_volume {
	const char *volume_id;
	const char *status;	/* creating available in-use deleting deleted error */
	const char *availability_zone;
	const char *availability_zone_id;
	const char *volume_type;
	const char *snapshot_id;
	const char *source_volume_id;
	const char *kms_key_id;
	const char *outpost_arn;
	int64_t size;
	int64_t iops;
	int64_t throughput;
	int64_t volume_initialization_rate;
	int64_t create_time;
	enum tristate encrypted;
	enum tristate multi_attach_enabled;
	struct ec2_tags tags;
	struct {
		struct ec2_attachment *v;
		size_t n;
	} attachments;
};

struct ec2_volumes {
	struct ec2_volume *v;
	size_t n;
	const char *next_token;
};

struct ec2_block_device {
	const char *device_name;
	const char *volume_id;
	const char *status;
	int64_t attach_time;
	int64_t ebs_card_index;
	enum tristate delete_on_termination;
};

struct ec2_instance {
	const char *instance_id;
	const char *instance_type;
	const char *state;	/* pending running shutting-down terminated stopping stopped */
	int64_t state_code;
	const char *availability_zone;
	const char *availability_zone_id;
	const char *outpost_arn;
	const char *root_device_name;
	const char *root_device_type;
	const char *private_dns_name;
	const char *hypervisor;
	const char *architecture;
	int64_t launch_time;
	struct ec2_tags tags;
	struct {
		struct ec2_block_device *v;
		size_t n;
	} block_devices;
};

struct ec2_reservation {
	const char *reservation_id;
	const char *owner_id;
	struct {
		struct ec2_instance *v;
		size_t n;
	} instances;
};

struct ec2_instances {
	struct ec2_reservation *v;
	size_t n;
	const char *next_token;
};

struct ec2_zone {
	const char *zone_name;
	const char *zone_id;
	const char *zone_type;
	const char *zone_state;
	const char *region_name;
	const char *group_name;
	const char *opt_in_status;
};

struct ec2_zones {
	struct ec2_zone *v;
	size_t n;
};

struct ec2_none {
	enum tristate result;	/* <return>true</return> */
};

struct ec2_response {
	enum ec2_action action;
	const char *request_id;	/* may be NULL */
	struct arena arena;	/* holds everything the members point to */
	union {
		struct ec2_volume volume;
		struct ec2_attachment attachment;
		struct ec2_volumes volumes;
		struct ec2_instances instances;
		struct ec2_zones zones;
		struct ec2_none none;
	};
};

void ec2_response_fini(struct ec2_response *resp);

const char *ec2_action_name(enum ec2_action a);
/* -1 for a name that is not in the table. */
int ec2_action_from_name(const char *name);

#endif
