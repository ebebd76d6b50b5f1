/* Inside of CreateVolume. Private to create_*.c. */
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

struct create_job {
	struct job job;
	struct create_inputs in;
	struct zones_wait zones;
	size_t term;
	unsigned int token;		/* 1, 2 ... */
	unsigned int tokens_tried;
	int64_t iops;			/* as sent */
	bool capped;			/* after EC2's own maximum */
	bool searched_twice;
	struct err why;			/* what made us search */

	/* The volume. */
	bool described;			/* a Describe has shown it */
	int64_t made_at, gone_since;
	char status[16];
	int64_t size;
	const char *zone, *zone_id, *outpost_arn;

	/* What a search has found. */
	size_t found;
	const char *failed;		/* one that EC2 made and failed */
	int64_t scrap_since;
	const char *found_ids;
	const char *differs;
	struct ec2_volume match;
};

static inline struct create_job *create_of(struct op *op)
{
	return container_of(op, struct create_job, job.op);
}

/* Steps that lead from one file to the other. */
op_step create_send, create_wait;		/* create_volume.c */
op_step create_search, create_scrap;		/* create_search.c */

/* What EC2 says about the volume; it is ours from now on. */
void create_take_volume(struct create_job *cj, const struct ec2_volume *v);
bool create_is_ready(const struct create_job *cj);
enum op_verdict create_done(struct create_job *cj);
enum op_verdict create_failed(struct create_job *cj);

#endif
