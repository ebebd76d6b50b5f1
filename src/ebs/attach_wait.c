/* The attach job: looking at the volume, and waiting for its state. */
#include <string.h>

#include "base/defect.h"
#include "ebs/attach.h"

#define TRIES_MAX 8	/* AttachVolume refused for a state that looks fine */
#define PAUSE_MS 1000
#define STUCK_MS 90000	/* in `attaching`: a clash of names or a sick instance */

static op_step attach_looked, attach_leave, attach_left, attach_waited, attach_unstuck;

static enum op_verdict no_volume(struct attach_job *aj)
{
	return op_fail(&aj->job.op, GRPC_NOT_FOUND, "volume %s does not exist",
		       aj->job.volume_id);
}

/* ---- a look, and what follows from it ---- */

/* The view shows an attachment that we have seen end: it is one of before. */
static bool is_past(const struct attach_job *aj)
{
	if (!aj->was_here || !aj->view.here[0])
		return false;
	if (aj->view.attach_time && aj->ended_time)
		return aj->view.attach_time <= aj->ended_time;
	return ebs_now(aj->job.ebs) - aj->detached_at < VIEW_LAG_MS;
}

static void see(struct attach_job *aj, const struct ec2_volume *v)
{
	volume_view_read(&aj->view, v, aj->job.node_id);
	ebs_clock_saw(aj->job.ebs, aj->view.attach_time);
	if (is_past(aj))
		aj->view.here[0] = '\0';
	job_saw(&aj->job, "%s", !v ? "volume not there" :
		aj->view.here[0] ? aj->view.here : aj->view.status);
}

static enum watch_verdict attach_seen(struct watch *w, const void *item)
{
	see(container_of(w, struct attach_job, job.watch), item);
	return WATCH_DONE;
}

enum op_verdict attach_look(struct op *op)
{
	struct attach_job *aj = attach_of(op);

	aj->looked = true;
	watch_init(&aj->job.watch, aj->job.ebs->volumes, aj->job.volume_id,
		   TRANSITION_LOOK, attach_seen);
	return op_await(op, &aj->job.watch.op, attach_looked);
}

/* It is where EC2 says it is, under whatever name. */
static enum op_verdict adopt(struct attach_job *aj)
{
	if (!aj->sent_at)
		aj->sent_at = ebs_now(aj->job.ebs);
	aj->sent = true;
	aj->device = arena_str(&aj->job.arena, aj->view.device);
	if (cstr_eq(aj->view.here, "attaching"))
		return op_next(&aj->job.op, attach_wait);
	aj->outcome = ATTACH_OK;
	return OP_DONE;
}

/* The holder is about to let go, or a view of before it did. */
static bool holder_leaves(const struct attach_job *aj)
{
	struct ebs *e = aj->job.ebs;
	auto_free char *pair = xasprintf("%s %s", aj->job.volume_id, aj->view.holder);

	return job_elsewhere(e, JOB_DETACH, aj->job.volume_id, aj->job.node_id) ||
	       memo_age(&e->detached, pair, ebs_now(e)) < SETTLE_MS;
}

/* True while the only thing to do is to wait for another state. */
static bool must_wait(const struct attach_job *aj)
{
	const struct volume_view *v = &aj->view;

	if (!v->exists)
		return false;
	if (cstr_eq(v->here, "detaching") || cstr_eq(v->here, "busy"))
		return true;
	if (v->here[0])
		return false;
	if (cstr_eq(v->status, "creating"))
		return true;
	if (v->multi)
		return false;
	return v->holder[0] ? holder_leaves(aj) : v->leaving;
}

static enum op_verdict again(struct attach_job *aj, op_step *step, const char *name)
{
	struct op *op = &aj->job.op;

	if (aj->tries >= TRIES_MAX)
		return op_fail(op, GRPC_ABORTED,
			       "volume %s, node %s: EC2 says the volume is %s and refuses to attach it: %s",
			       aj->job.volume_id, aj->job.node_id,
			       aj->view.exists ? aj->view.status : "not there",
			       err_msg(&aj->job.call.op.err));
	op_sleep_init(&aj->job.pause, op->reactor, aj->refused ? PAUSE_MS : 0);
	return op_await_named(op, &aj->job.pause.op, step, name);
}

static enum op_verdict attach_absent(struct attach_job *aj)
{
	/* A view may be one of before the volume was made, by another controller
	 * perhaps: AttachVolume itself must have said so. */
	if (ec2_call_failed_with(&aj->job.call, "InvalidVolume.NotFound") &&
	    !ebs_is_young(aj->job.ebs, aj->job.volume_id, aj->job.watch.asked))
		return no_volume(aj);
	aj->refused = true;
	return again(aj, attach_place, "attach_place");
}

static enum op_verdict attach_free(struct attach_job *aj)
{
	struct op *op = &aj->job.op;
	const char *status = aj->view.status;

	if (cstr_eq(status, "deleting") || cstr_eq(status, "deleted"))
		return no_volume(aj);
	if (cstr_eq(status, "error"))
		return op_fail(op, GRPC_FAILED_PRECONDITION,
			       "volume %s is in state error: it can only be deleted",
			       aj->job.volume_id);
	if (DEFECT(holder_overlooked) && aj->view.holder[0])
		return adopt(aj);
	if (aj->view.holder[0] && !aj->view.multi) {
		op_fail(op, GRPC_FAILED_PRECONDITION,
			"volume %s is attached to node %s: it must be detached from there before it can be attached to %s",
			aj->job.volume_id, aj->view.holder, aj->job.node_id);
		op->err.reason = xstrdup("VolumeInUse");
		return OP_FAILED;
	}
	if (!aj->held)
		device_names_release(&aj->job.ebs->names, aj->job.node_id,
				     aj->job.volume_id);
	return again(aj, attach_place, "attach_place");
}

static enum op_verdict attach_looked(struct op *op)
{
	struct attach_job *aj = attach_of(op);

	if (op_failed(&aj->job.watch.op))
		return op_fail_as(op, &aj->job.watch.op, "volume %s, node %s",
				  aj->job.volume_id, aj->job.node_id);
	if (!aj->view.exists)
		return attach_absent(aj);
	if (must_wait(aj))
		return op_next(op, attach_leave);
	return aj->view.here[0] ? adopt(aj) : attach_free(aj);
}

/* ---- until it may be attached ---- */

static enum watch_verdict leave_check(struct watch *w, const void *item)
{
	struct attach_job *aj = container_of(w, struct attach_job, job.watch);

	see(aj, item);
	return must_wait(aj) ? WATCH_ON : WATCH_DONE;
}

static enum op_verdict attach_leave(struct op *op)
{
	struct attach_job *aj = attach_of(op);

	watch_init(&aj->job.watch, aj->job.ebs->volumes, aj->job.volume_id,
		   TRANSITION_DETACHING, leave_check);
	return op_await(op, &aj->job.watch.op, attach_left);
}

static enum op_verdict attach_left(struct op *op)
{
	struct attach_job *aj = attach_of(op);

	/* It was right to refuse before; now it is another matter. */
	aj->refused = false;
	aj->tries = 0;
	if (!aj->view.here[0] && !aj->held)
		device_names_release(&aj->job.ebs->names, aj->job.node_id,
				     aj->job.volume_id);
	return op_next(op, attach_looked);
}

/* ---- until it is attached ---- */

static int64_t attaching_for(const struct attach_job *aj)
{
	struct ebs *e = aj->job.ebs;
	int64_t here = ebs_now(e) - aj->sent_at;
	int64_t told = aj->view.attach_time ? ebs_clock(e) - aj->view.attach_time : 0;

	return told > here ? told : here;
}

static enum watch_verdict attach_check(struct watch *w, const void *item)
{
	struct attach_job *aj = container_of(w, struct attach_job, job.watch);
	int64_t since = w->asked - aj->sent_at;

	see(aj, item);
	if (cstr_eq(aj->view.here, "attached")) {
		aj->outcome = ATTACH_OK;
		return WATCH_DONE;
	}
	if (cstr_eq(aj->view.here, "attaching")) {
		aj->outcome = ATTACH_STUCK;
		return attaching_for(aj) >= STUCK_MS ? WATCH_DONE : WATCH_ON;
	}
	/* Gone, or going again: unless the view is one of before. */
	aj->outcome = aj->view.exists ? ATTACH_LOST : ATTACH_GONE;
	return since >= SETTLE_MS ? WATCH_DONE : WATCH_ON;
}

enum op_verdict attach_wait(struct op *op)
{
	struct attach_job *aj = attach_of(op);

	watch_init(&aj->job.watch, aj->job.ebs->volumes, aj->job.volume_id,
		   TRANSITION_ATTACHING, attach_check);
	return op_await(op, &aj->job.watch.op, attach_waited);
}

static enum op_verdict attach_waited(struct op *op)
{
	struct attach_job *aj = attach_of(op);
	struct ec2_detach_volume *rq = &aj->job.call.req.detach_volume;

	if (op_failed(&aj->job.watch.op))
		return op_fail_as(op, &aj->job.watch.op, "volume %s is %s to %s as %s",
				  aj->job.volume_id, aj->job.seen, aj->job.node_id, aj->device);
	switch (aj->outcome) {
	case ATTACH_OK:
		if (aj->view.device[0])
			aj->device = arena_str(&aj->job.arena, aj->view.device);
		return OP_DONE;
	case ATTACH_GONE:
		return no_volume(aj);
	case ATTACH_LOST:
		return op_fail(op, GRPC_ABORTED,
			       "volume %s was being attached to %s as %s and is %s now: somebody else detaches it",
			       aj->job.volume_id, aj->job.node_id, aj->device,
			       aj->view.here[0] ? aj->view.here : aj->view.status);
	default:
		break;
	}
	ec2_call_init(&aj->job.call, aj->job.ebs->ec2, EC2_DETACH_VOLUME);
	rq->volume_id = aj->job.volume_id;
	rq->instance_id = aj->job.node_id;
	return op_await(op, &aj->job.call.op, attach_unstuck);
}

static enum op_verdict attach_unstuck(struct op *op)
{
	struct attach_job *aj = attach_of(op);
	struct ebs *e = aj->job.ebs;
	const struct op *call = &aj->job.call.op;

	device_names_bad(&e->names, aj->job.node_id, aj->device, ebs_now(e));
	return op_fail(op, GRPC_ABORTED,
		       "volume %s is stuck in attaching to %s as %s since %lld s; %s%s: ask again, another device name will be used",
		       aj->job.volume_id, aj->job.node_id, aj->device,
		       (long long)attaching_for(aj) / 1000,
		       op_failed(call) ? "detaching it failed, " : "it is being detached",
		       err_msg(&call->err));
}
