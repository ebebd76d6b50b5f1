/* Inside of CreateVolume: its inputs. Private to create_*.c. */
#ifndef EBS_CREATE_H
#define EBS_CREATE_H

#include "ebs/impl.h"
#include "ebs/volume_types.h"

/* As in struct ebs_create_volume, with defaults filled in and empty strings
 * NULL; in the job's arena. */
struct create_inputs {
	const char *name, *type, *kms_key_id, *snapshot_id;
	const struct volume_type *facts;	/* NULL: a type we do not know */
	int64_t size_gib, iops, iops_per_gb, throughput;
	bool allow_iops_increase, multi_attach;
	enum tristate encrypted;
	struct ec2_tags tags;
	struct ebs_zone_term *terms;	/* room for one more than n_terms */
	size_t n_terms;
	const char *digest;		/* equal for equal inputs */
};

void create_inputs_take(struct create_inputs *in, struct arena *a,
			const struct ebs_create_volume *cv);
int create_inputs_check(const struct create_inputs *in, struct err *err);
/* In what the volume is not what is asked for, NULL when it is. iops: those
 * that would be asked for. */
const char *create_inputs_differ(const struct create_inputs *in, const struct ec2_volume *v,
				 int64_t iops);

#endif
