#include <string.h>

#include "base/defect.h"
#include "ebs/impl.h"

#define TRIES_MAX 6
#define PAUSE_MS 500
#define LAG_PAUSE_MS 4000	/* while it may be attached yet */

/*   send -> sent -> wait -> waited -> OP_DONE
 *            |                  \-> pause -> send      still attached after all
 *            | not attached, wrong state, outcome unknown, instance gone
 *            v
 *          look -> looked -> OP_DONE | wait | pause -> send
 */
struct detach_job {
	struct job job;
	struct volume_view view;
	unsigned int tries;	/* DetachVolume sent */
	bool not_attached;	/* EC2 or our own doing says so; a look confirms */
	bool absent;		/* at the last look, and since then */
	int64_t absent_since;
	int64_t sent_at;
	int64_t attach_time;	/* on EC2's clock; 0: not told */
};

static op_step detach_send, detach_sent, detach_look, detach_looked, detach_wait,
	detach_waited;

static struct detach_job *detach_of(struct op *op)
{
	return container_of(op, struct detach_job, job.op);
}

static const char *pair_key(struct job *job)
{
	return arena_printf(&job->arena, "%s %s", job->volume_id, job->node_id);
}

static enum op_verdict detach_done(struct detach_job *dj)
{
	struct ebs *e = dj->job.ebs;

	device_names_release(&e->names, dj->job.node_id, dj->job.volume_id);
	memo_put(&e->detached, pair_key(&dj->job),
		 arena_printf(&dj->job.arena, "%lld", (long long)dj->attach_time), ebs_now(e));
	return OP_DONE;
}

static enum op_verdict detach_begin(struct op *op)
{
	struct detach_job *dj = detach_of(op);
	struct ebs *e = dj->job.ebs;

	/* The answer to an earlier try was lost on its way: a look is cheaper. */
	dj->not_attached = memo_get(&e->detached, pair_key(&dj->job), ebs_now(e)) != NULL;
	return op_next(op, dj->not_attached ? detach_look : detach_send);
}

static enum op_verdict detach_send(struct op *op)
{
	struct detach_job *dj = detach_of(op);
	struct ec2_detach_volume *rq = &dj->job.call.req.detach_volume;

	dj->tries++;
	dj->absent = false;
	dj->not_attached = false;
	ec2_call_init(&dj->job.call, dj->job.ebs->ec2, EC2_DETACH_VOLUME);
	rq->volume_id = dj->job.volume_id;
	rq->instance_id = dj->job.node_id;
	return op_await(op, &dj->job.call.op, detach_sent);
}

static bool state_must_tell(const struct ec2_call *call)
{
	static const char *const codes[] = {
		"IncorrectState", "InvalidAttachment.NotFound", "InvalidInstanceID.NotFound",
		"InvalidInstanceID.Malformed", "IncorrectInstanceState", "InvalidState",
		"InvalidVolume.NotFound", "VolumeInUse",
	};

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (ec2_call_failed_with(call, codes[i]))
			return true;
	return call->maybe_done;
}

/* A refusal comes from where attachments are kept; views of it may lag. An
 * IncorrectState may also mean `attaching`: its text names the state. */
static bool says_not_attached(const struct ec2_call *call)
{
	if (call->maybe_done)
		return false;
	return ec2_call_failed_with(call, "InvalidAttachment.NotFound") ||
	       (ec2_call_failed_with(call, "IncorrectState") &&
		strstr(err_msg(&call->op.err), "available"));
}

static void told_time(struct detach_job *dj, int64_t attach_time)
{
	if (attach_time <= dj->attach_time)
		return;		/* a view of before */
	dj->attach_time = attach_time;
	ebs_clock_saw(dj->job.ebs, attach_time);
}

static enum op_verdict detach_sent(struct op *op)
{
	struct detach_job *dj = detach_of(op);
	struct ec2_call *call = &dj->job.call;

	dj->sent_at = ebs_now(dj->job.ebs);
	if (!op_failed(&call->op)) {
		told_time(dj, call->resp.attachment.attach_time);
		job_saw(&dj->job, "%s", cstr_or(call->resp.attachment.status, "detaching"));
		return DEFECT(detach_not_awaited) ? detach_done(dj) : op_next(op, detach_wait);
	}
	if (ec2_call_failed_with(call, "UnsupportedOperation"))
		call->op.err.code = GRPC_FAILED_PRECONDITION;	/* AWS manages it */
	dj->not_attached = says_not_attached(call);
	if (state_must_tell(call))
		return op_next(op, detach_look);
	return op_fail_as(op, &call->op, "volume %s, node %s", dj->job.volume_id,
			  dj->job.node_id);
}

/* ---- a look ---- */

static enum watch_verdict detach_seen(struct watch *w, const void *item)
{
	struct detach_job *dj = container_of(w, struct detach_job, job.watch);

	volume_view_read(&dj->view, item, dj->job.node_id);
	told_time(dj, dj->view.attach_time);
	job_saw(&dj->job, "%s", !dj->view.exists ? "volume not there" :
		dj->view.here[0] ? dj->view.here : "detached");
	return WATCH_DONE;
}

static enum op_verdict detach_look(struct op *op)
{
	struct detach_job *dj = detach_of(op);

	watch_init(&dj->job.watch, dj->job.ebs->volumes, dj->job.volume_id,
		   TRANSITION_LOOK, detach_seen);
	return op_await(op, &dj->job.watch.op, detach_looked);
}

/* Absence proves nothing while a view may date from before the attachment (if
 * nobody has told when that was: from before now), or from before the volume
 * was made, or while the AttachVolume of a controller before us may be under
 * way. */
static bool absence_is_certain(struct detach_job *dj)
{
	struct ebs *e = dj->job.ebs;
	int64_t now = ebs_now(e), asked = dj->job.watch.asked;

	if (!dj->absent)
		dj->absent_since = now;
	dj->absent = true;
	if (!dj->view.exists && ebs_is_young(e, dj->job.volume_id, asked))
		return false;
	if (DEFECT(stale_absence_believed))
		return true;
	if (!dj->attach_time && ebs_is_new_here(e, asked))
		return false;
	if (dj->not_attached)
		return true;
	if (dj->attach_time &&
	    ebs_clock(e) - (now - asked) - dj->attach_time > VIEW_LAG_MS)
		return true;
	return asked - dj->absent_since > VIEW_LAG_MS;
}

static enum op_verdict detach_still_there(struct detach_job *dj)
{
	struct op *op = &dj->job.op;
	int64_t pause = dj->tries ? PAUSE_MS << dj->tries : 0;

	if (dj->tries >= TRIES_MAX)
		return op_fail(op, GRPC_ABORTED,
			       "volume %s is still %s to %s after %u tries to detach it: %s",
			       dj->job.volume_id, dj->view.here, dj->job.node_id, dj->tries,
			       cstr_or(err_msg(&dj->job.call.op.err), "EC2 accepted them"));
	op_sleep_init(&dj->job.pause, op->reactor, pause);
	return op_await(op, &dj->job.pause.op, detach_send);
}

static enum op_verdict detach_looked(struct op *op)
{
	struct detach_job *dj = detach_of(op);

	if (op_failed(&dj->job.watch.op))
		return op_fail_as(op, &dj->job.watch.op, "volume %s, node %s",
				  dj->job.volume_id, dj->job.node_id);
	if (!dj->view.here[0]) {
		if (absence_is_certain(dj))
			return detach_done(dj);
		op_sleep_init(&dj->job.pause, op->reactor,
			      dj->not_attached ? LAG_PAUSE_MS : PAUSE_MS);
		return op_await(op, &dj->job.pause.op, detach_look);
	}
	dj->absent = false;
	if (cstr_eq(dj->view.here, "detaching") || cstr_eq(dj->view.here, "busy"))
		return op_next(op, detach_wait);
	return detach_still_there(dj);
}

/* ---- the wait ---- */

static enum watch_verdict detach_check(struct watch *w, const void *item)
{
	struct detach_job *dj = container_of(w, struct detach_job, job.watch);

	detach_seen(w, item);
	if (!dj->view.here[0])
		return absence_is_certain(dj) ? WATCH_DONE : WATCH_ON;
	dj->absent = false;
	if (cstr_eq(dj->view.here, "detaching") || cstr_eq(dj->view.here, "busy"))
		return WATCH_ON;
	/* Attached: a view of before, or EC2 has dropped the detach. */
	return w->asked - dj->sent_at < SETTLE_MS ? WATCH_ON : WATCH_DONE;
}

static enum op_verdict detach_wait(struct op *op)
{
	struct detach_job *dj = detach_of(op);

	watch_init(&dj->job.watch, dj->job.ebs->volumes, dj->job.volume_id,
		   TRANSITION_DETACHING, detach_check);
	return op_await(op, &dj->job.watch.op, detach_waited);
}

static enum op_verdict detach_waited(struct op *op)
{
	struct detach_job *dj = detach_of(op);

	if (op_failed(&dj->job.watch.op))
		return op_fail_as(op, &dj->job.watch.op, "volume %s is %s from %s",
				  dj->job.volume_id, dj->job.seen, dj->job.node_id);
	return dj->view.here[0] ? detach_still_there(dj) : detach_done(dj);
}

static void nothing_to_fill(struct job *job, struct op *op)
{
	(void)job;
	(void)op;
}

static const struct job_class detach_class = {
	.type = JOB_DETACH,
	.title = "ControllerUnpublishVolume",
	.size = sizeof(struct detach_job),
	.op_class = { .name = "detach_job", .fini = job_fini, .describe = job_describe },
	.first = detach_begin,
	.fill = nothing_to_fill,
};

/* ---- from all nodes: look -> one detach for each -> all done ---- */

struct detach_all_job {
	struct job job;
	const char **nodes;
	struct ebs_detach *each;
	size_t n;
};

static enum watch_verdict all_seen(struct watch *w, const void *item)
{
	struct detach_all_job *dj = container_of(w, struct detach_all_job, job.watch);
	const struct ec2_volume *v = item;

	dj->nodes = arena_array(&dj->job.arena, v ? v->attachments.n : 0, sizeof(*dj->nodes));
	for (size_t i = 0; v && i < v->attachments.n; i++)
		if (ebs_is_instance_id(v->attachments.v[i].instance_id))
			dj->nodes[dj->n++] = arena_str(&dj->job.arena,
						       v->attachments.v[i].instance_id);
	return WATCH_DONE;
}

static enum op_verdict all_done(struct op *op)
{
	struct detach_all_job *dj = container_of(op, struct detach_all_job, job.op);

	for (size_t i = 0; i < dj->n; i++)
		if (op_failed(&dj->each[i].op))
			return op_fail_err(op, &dj->each[i].op.err);
	return OP_DONE;
}

static enum op_verdict all_looked(struct op *op)
{
	struct detach_all_job *dj = container_of(op, struct detach_all_job, job.op);

	if (op_failed(&dj->job.watch.op))
		return op_fail_as(op, &dj->job.watch.op, "volume %s", dj->job.volume_id);
	dj->each = arena_array(&dj->job.arena, dj->n, sizeof(*dj->each));
	for (size_t i = 0; i < dj->n; i++) {
		ebs_detach_init(&dj->each[i], dj->job.ebs);
		dj->each[i].volume_id = dj->job.volume_id;
		dj->each[i].node_id = dj->nodes[i];
		op_spawn(op, &dj->each[i].op);
	}
	return op_join(op, all_done);
}

static enum op_verdict all_begin(struct op *op)
{
	struct detach_all_job *dj = container_of(op, struct detach_all_job, job.op);

	watch_init(&dj->job.watch, dj->job.ebs->volumes, dj->job.volume_id,
		   TRANSITION_LOOK, all_seen);
	return op_await(op, &dj->job.watch.op, all_looked);
}

static const struct job_class detach_all_class = {
	.type = JOB_DETACH_ALL,
	.title = "ControllerUnpublishVolume",
	.size = sizeof(struct detach_all_job),
	.op_class = { .name = "detach_all_job", .fini = job_fini, .describe = job_describe },
	.first = all_begin,
	.fill = nothing_to_fill,
};

/* ---- the operation ---- */

static enum op_verdict detach_enter(struct op *op)
{
	struct ebs_detach *dt = container_of(op, struct ebs_detach, op);
	auto_free char *what = NULL;

	if (!ebs_is_volume_id(dt->volume_id))
		return OP_DONE;		/* what cannot exist is not attached */
	if (cstr_empty(dt->node_id)) {
		what = xasprintf("%s from all nodes", dt->volume_id);
		return job_join(dt->ebs, &detach_all_class, op, &dt->seat, what,
				dt->volume_id, NULL);
	}
	if (!ebs_is_instance_id(dt->node_id))
		return OP_DONE;
	what = xasprintf("%s from %s", dt->volume_id, dt->node_id);
	return job_join(dt->ebs, &detach_class, op, &dt->seat, what, dt->volume_id,
			dt->node_id);
}

static void detach_stop(struct op *op)
{
	job_leave(op, &container_of(op, struct ebs_detach, op)->seat);
}

static void detach_describe(const struct op *op, struct buf *out)
{
	job_describe_seat(op, &container_of(op, struct ebs_detach, op)->seat, out);
}

static const struct op_class detach_op_class = {
	.name = "detach",
	.stop = detach_stop,
	.describe = detach_describe,
};

void ebs_detach_init(struct ebs_detach *dt, struct ebs *e)
{
	op_init(&dt->op, &detach_op_class, e->reactor, detach_enter);
	dt->ebs = e;
}
