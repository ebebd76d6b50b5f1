/* Inside of the attach job: attach.c (names, AttachVolume, the operation),
 * attach_wait.c (looking at the volume and waiting for its state). */
#ifndef EBS_ATTACH_H
#define EBS_ATTACH_H

#include "ebs/impl.h"

struct attach_job {
	struct job job;
	struct volume_view view;
	const char *device;	/* held or found; arena */
	bool held;		/* the name is reserved by us */
	bool sent;		/* an AttachVolume may have taken effect */
	bool refreshed;		/* the device names were asked for in this job */
	bool refused;		/* the last AttachVolume was */
	bool looked;		/* at the volume */
	unsigned int names, tries;
	int64_t sent_at;	/* ms, of the AttachVolume that was accepted */
	bool was_here;		/* and was seen detached, at */
	int64_t detached_at;
	int64_t ended_time;	/* attach time of that attachment; 0: not told */
	enum { ATTACH_OK, ATTACH_LOST, ATTACH_GONE, ATTACH_STUCK } outcome;
};

static inline struct attach_job *attach_of(struct op *op)
{
	return container_of(op, struct attach_job, job.op);
}

/* Steps that lead from one file to the other. */
op_step attach_place;			/* attach.c */
op_step attach_look, attach_wait;	/* attach_wait.c */

#endif
