/* EBS volumes as the CSI services need them: each action is one operation with
 * its inputs set before the start and its results after the end. Below, EC2 is
 * asked as little as possible and never guessed at.
 *
 * What an RPC starts is a waiter. The work itself is a job, a tree of its own
 * (job.h): a second RPC with the same key and the same inputs joins the running
 * job and gets its result; an RPC that ends early (deadline, cancel) only leaves
 * it. A job that nobody waits for keeps its place in EC2's queue and runs on, so
 * that the retry joins it, until EBS_LINGER_MS after the last one left; it gives
 * way at once when somebody asks for the opposite. What conflicts with a job
 * that somebody does wait for fails with ABORTED, naming what runs and since
 * when:
 *
 *              runs: create(volume)  delete  attach(same node)  detach(same node)
 *   delete            ABORTED        joins   ABORTED            ABORTED
 *   attach            ABORTED        ABORTED joins              ABORTED
 *   detach            goes on        ABORTED ABORTED            joins
 *
 * delete conflicts with attach and detach of any node. Attach and detach of
 * different nodes go on side by side: an attach waits while the volume is being
 * detached elsewhere and is told FAILED_PRECONDITION when it is not.
 * CreateVolume of one name with other inputs than the running one is ABORTED.
 *
 * op.err of each is final for the CSI answer: the gRPC code, EC2's code as the
 * reason, the ids and the request id in the text. Strings given in must live
 * until the op has been started; results belong to the op, until op_fini. */
#ifndef EBS_EBS_H
#define EBS_EBS_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/ec2.h"
#include "base/arena.h"
#include "base/list.h"
#include "ebs/poll.h"
#include "reactor/op.h"

/* The tag that carries a volume's CSI name; the CSI layer puts it into tags. */
#define EBS_NAME_TAG "CSIVolumeName"

/* How long a job runs on after the last RPC that waited for it has left: longer
 * than any sidecar's pause between two tries (external-provisioner: 30 min). */
#define EBS_LINGER_MS (45 * 60 * 1000)

struct ebs;

struct ebs_options {
	int64_t linger_ms;	/* 0: EBS_LINGER_MS */
};

/* options may be NULL. The reactor and ec2 must outlive it. */
struct ebs *ebs_new(struct reactor *r, struct ec2 *ec2, const struct ebs_options *options);
/* Ends everything that runs; waiters get UNAVAILABLE, as does whoever comes
 * later. EC2 calls under way are cut off: as safe as a crash. */
void ebs_stop(struct ebs *e);
bool ebs_idle(const struct ebs *e);	/* no job, no look-up is running */
void ebs_free(struct ebs *e);		/* idle only, see ebs_stop */

/* "vol-" or "i-" and 8 or 17 hexadecimal digits. */
bool ebs_is_volume_id(const char *id);
bool ebs_is_instance_id(const char *id);

/* Jobs, waiters, poller figures and device names for /debug/ebs. JSON. */
void ebs_dump_json(const struct ebs *e, struct buf *out);

/* A seat in a job; private to job.c. */
struct job;
struct job_seat {
	struct list link;
	struct job *job;
	struct op *op;
};

/* One topology term the volume may go to. NULL or "" is "not given". With both
 * zone and zone_id the id is sent and the name checked against the answer. */
struct ebs_zone_term {
	const char *zone;
	const char *zone_id;
	const char *outpost_arn;
};

/* CreateVolume. Joins: same name, all inputs equal. ABORTED: same name with
 * other inputs while one is running; also whatever leaves it open whether the
 * volume exists (so that the provisioner asks again with the same name).
 * ALREADY_EXISTS: a volume with this name exists and differs.
 * INVALID_ARGUMENT: the inputs contradict each other or EC2 refuses them.
 * NOT_FOUND: the snapshot. RESOURCE_EXHAUSTED: quota, or no capacity in any of
 * the terms. FAILED_PRECONDITION / INTERNAL: EC2 made the volume and failed it
 * later (with / without encryption asked for); nothing is left of it. */
struct ebs_create_volume {
	struct op op;
	struct ebs *ebs;
	struct job_seat seat;

	const char *name;		/* CSI name */
	int64_t size_gib;
	const char *type;		/* NULL: gp3 */
	int64_t iops;			/* 0: none; excludes iops_per_gb */
	int64_t iops_per_gb;
	bool allow_iops_increase;	/* raise to the least the type takes */
	int64_t throughput;		/* MiB/s, 0: none */
	enum tristate encrypted;
	const char *kms_key_id;
	bool multi_attach;
	const char *snapshot_id;	/* NULL: an empty volume */
	struct ec2_tags tags;		/* merged, sorted by key, with EBS_NAME_TAG */
	const struct ebs_zone_term *terms;	/* best first; none: EBS chooses */
	size_t n_terms;

	struct arena arena;		/* of the results */
	const char *volume_id;
	int64_t got_size_gib;
	const char *zone;		/* as EC2 answered */
	const char *zone_id;		/* may be NULL */
	const char *outpost_arn;	/* may be NULL */
};
void ebs_create_volume_init(struct ebs_create_volume *cv, struct ebs *e);

/* DeleteVolume. Ends well once EC2 has accepted the deletion or the volume does
 * not exist (a malformed id cannot). FAILED_PRECONDITION: attached, the nodes
 * are named. Joins: same volume. */
struct ebs_delete_volume {
	struct op op;
	struct ebs *ebs;
	struct job_seat seat;

	const char *volume_id;
};
void ebs_delete_volume_init(struct ebs_delete_volume *dv, struct ebs *e);

/* ControllerPublishVolume: ends well when EC2 says `attached` to this node; also
 * when it already was. Joins: same volume and node. NOT_FOUND: volume or node
 * (the text says which), also for malformed ids. FAILED_PRECONDITION: attached
 * to another node (named), instance or volume in a state that forbids it.
 * RESOURCE_EXHAUSTED: the node's attach limit, or no device name is left.
 * ABORTED: stuck in `attaching`; it has been detached, ask again. */
struct ebs_attach {
	struct op op;
	struct ebs *ebs;
	struct job_seat seat;

	const char *volume_id;
	const char *node_id;

	struct arena arena;
	const char *device;	/* as EC2 has it: "/dev/xvdaa" */
};
void ebs_attach_init(struct ebs_attach *at, struct ebs *e);

/* ControllerUnpublishVolume: ends well when the volume is not attached to the
 * node any more, or volume or node do not exist. An empty node_id means all
 * nodes. Joins: same volume and node. Never forced. */
struct ebs_detach {
	struct op op;
	struct ebs *ebs;
	struct job_seat seat;

	const char *volume_id;
	const char *node_id;
};
void ebs_detach_init(struct ebs_detach *dt, struct ebs *e);

/* The volume as EC2 describes it now. Look-ups made at the same time share
 * calls. NOT_FOUND: no such volume, or a malformed id. No conflicts. */
struct ebs_describe_volume {
	struct op op;
	struct ebs *ebs;

	const char *volume_id;

	struct arena arena;
	struct ec2_volume volume;
	struct watch watch;	/* child */
};
void ebs_describe_volume_init(struct ebs_describe_volume *dv, struct ebs *e);

#endif
