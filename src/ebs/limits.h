/* How many volumes a node may have: EC2's limit of its instance type less what
 * the system disks and network interfaces take. */
#ifndef EBS_LIMITS_H
#define EBS_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

struct ebs_instance_limit {
	uint16_t attachments;	/* of all kinds, the root disk included */
	uint8_t ebs_cards;	/* 1 or more */
	bool shared;		/* network interfaces use slots of the same pool */
	bool known;		/* false: the type is in no table, usual values */
};

/* Never fails: an unknown, NULL or empty type has the usual Nitro limit. */
struct ebs_instance_limit ebs_limits_of(const char *instance_type);

#define EBS_LIMIT_UNSET (-1)

struct ebs_limits_input {
	const char *instance_type;
	int64_t attach_limit;	/* --volume-attach-limit; EBS_LIMIT_UNSET: compute */
	int64_t reserved;	/* --reserved-volume-attachments, the root disk included;
				   EBS_LIMIT_UNSET: extra_volumes + the root disk */
	int64_t extra_volumes;	/* EBS volumes of the launch besides the root disk */
	int64_t enis;		/* network interfaces attached now */
};

/* max_volumes_per_node of NodeGetInfo. attach_limit is passed on as it is (0 is
 * "no limit" to the orchestrator); a computed value is 1 or more, because 0
 * would read as "no limit". */
int64_t ebs_limits_max_volumes(const struct ebs_limits_input *in);

#endif
