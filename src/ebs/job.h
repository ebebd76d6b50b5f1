/* Jobs: the shared work behind the operations of ebs.h. Private to this folder.
 *
 * A job is a root operation with a key. RPCs hold seats in it; each gets a copy
 * of the result when it ends. Jobs of one volume that exclude each other run one
 * after the other; job_join() refuses, queues or supersedes by the rules that
 * ebs.h states. A job's owner is this module: it is freed once it has ended. */
#ifndef EBS_JOB_H
#define EBS_JOB_H

#include "ebs/ebs.h"

enum job_type { JOB_CREATE, JOB_DELETE, JOB_ATTACH, JOB_DETACH, JOB_DETACH_ALL };

struct job;

struct job_class {
	enum job_type type;
	const char *title;	/* "ControllerPublishVolume": as users know it */
	size_t size;		/* of the struct that begins with a struct job */
	struct op_class op_class;
	op_step *first;
	/* Copies the inputs of an operation into a new job. */
	void (*fill)(struct job *job, struct op *op);
	/* May op join? NULL: always, the key says it all. */
	bool (*same)(const struct job *job, const struct op *op);
	/* Copies the results into an operation. NULL: there are none. */
	void (*deliver)(const struct job *job, struct op *op);
};

struct job {
	struct op op;
	const struct job_class *cls;
	struct ebs *ebs;
	struct list link;		/* all jobs, by age */
	struct list volume_link;	/* those of volume_id, by age */
	struct list seats;
	struct arena arena;
	const char *key;
	const char *what;		/* "vol-1 to i-2", for texts */
	const char *volume_id;		/* NULL until known (create) */
	const char *node_id;		/* NULL: none or all */
	bool superseded;		/* gives way; takes no more seats */
	bool gated;			/* waits for an older one */
	struct timer linger;
	struct op_gate gate;		/* waits for older jobs of the volume */
	/* Most jobs do one thing at a time. */
	struct ec2_call call;
	struct watch watch;
	struct op_sleep pause;
	char seen[64];			/* state last seen, for texts */
};

/* From the first step of an operation: takes a seat in the job with this key,
 * which is made if there is none. node_id may be NULL, volume_id for a create. */
enum op_verdict job_join(struct ebs *e, const struct job_class *cls, struct op *op,
			 struct job_seat *seat, const char *what, const char *volume_id,
			 const char *node_id);
/* For stop and describe of the operations' classes. */
void job_leave(struct op *op, struct job_seat *seat);
void job_describe_seat(const struct op *op, const struct job_seat *seat, struct buf *out);

/* The volume a create job has made: from now on it is ordered with others. */
void job_set_volume(struct job *job, const char *volume_id);
/* A job of this type works on the volume for another node than this. */
bool job_elsewhere(const struct ebs *e, enum job_type type, const char *volume_id,
		   const char *node_id);
/* For the state shown in texts while the job waits. */
void job_saw(struct job *job, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Class functions that every job has. */
void job_fini(struct op *op);
void job_describe(const struct op *op, struct buf *out);

#endif
