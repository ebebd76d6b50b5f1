#include <string.h>

#include "base/defect.h"
#include "ebs/impl.h"

#define TRIES_MAX 6
#define PAUSE_MS 1000
#define LAG_PAUSE_MS 5000	/* until EC2 may have come to know it */

/*   send -> sent -> OP_DONE
 *             | in use, wrong state, not found though made just now
 *             v
 *           look -> looked -> OP_DONE | wait -> send | pause -> send | refused
 */
struct delete_job {
	struct job job;
	struct volume_view view;
	unsigned int tries;
};

static op_step delete_send, delete_sent, delete_look, delete_looked;

static struct delete_job *delete_of(struct op *op)
{
	return container_of(op, struct delete_job, job.op);
}

static enum op_verdict delete_done(struct delete_job *dj)
{
	struct ebs *e = dj->job.ebs;

	memo_put(&e->deleted, dj->job.volume_id, "", ebs_now(e));
	memo_del(&e->young, dj->job.volume_id);
	return OP_DONE;
}

static enum op_verdict delete_begin(struct op *op)
{
	struct delete_job *dj = delete_of(op);

	if (memo_get(&dj->job.ebs->deleted, dj->job.volume_id, ebs_now(dj->job.ebs)))
		return OP_DONE;
	return op_next(op, delete_send);
}

static enum op_verdict delete_send(struct op *op)
{
	struct delete_job *dj = delete_of(op);

	dj->tries++;
	ec2_call_init(&dj->job.call, dj->job.ebs->ec2, EC2_DELETE_VOLUME);
	dj->job.call.req.delete_volume.volume_id = dj->job.volume_id;
	return op_await(op, &dj->job.call.op, delete_sent);
}

/* EC2's views of a volume made just now, by us or by a controller before us, may
 * have lagged at that time: it would leak. */
static bool may_lag(const struct delete_job *dj, int64_t at)
{
	return ebs_is_young(dj->job.ebs, dj->job.volume_id, at) ||
	       ebs_is_new_here(dj->job.ebs, at);
}

static enum op_verdict delete_sent(struct op *op)
{
	struct delete_job *dj = delete_of(op);
	struct ec2_call *call = &dj->job.call;

	if (!op_failed(&call->op) || DEFECT(delete_refusal_ignored))
		return delete_done(dj);
	if (err_reason_is(&call->op.err, "InvalidVolume.NotFound")) {
		if (may_lag(dj, call->op.started))
			return op_next(op, delete_look);
		return delete_done(dj);
	}
	if (call->op.err.code == GRPC_FAILED_PRECONDITION)
		return op_next(op, delete_look);
	return op_fail_as(op, &call->op, "volume %s", dj->job.volume_id);
}

static enum watch_verdict delete_seen(struct watch *w, const void *item)
{
	struct delete_job *dj = container_of(w, struct delete_job, job.watch);

	volume_view_read(&dj->view, item, NULL);
	job_saw(&dj->job, "volume is %s", dj->view.exists ? dj->view.status : "not there");
	return WATCH_DONE;
}

static enum op_verdict delete_look(struct op *op)
{
	struct delete_job *dj = delete_of(op);

	watch_init(&dj->job.watch, dj->job.ebs->volumes, dj->job.volume_id,
		   TRANSITION_LOOK, delete_seen);
	return op_await(op, &dj->job.watch.op, delete_looked);
}

/* We have seen it detached from there just now: the view is one of before. */
static bool holder_is_past(const struct delete_job *dj)
{
	struct ebs *e = dj->job.ebs;
	auto_free char *pair = xasprintf("%s %s", dj->job.volume_id, dj->view.holder);

	return memo_age(&e->detached, pair, ebs_now(e)) < SETTLE_MS;
}

static enum op_verdict delete_refused(struct delete_job *dj)
{
	struct op *op = &dj->job.op;

	if (dj->view.holder[0])
		return op_fail(op, GRPC_FAILED_PRECONDITION,
			       "volume %s is attached to %s: detach it first (%s)",
			       dj->job.volume_id, dj->view.holder,
			       err_msg(&dj->job.call.op.err));
	return op_fail_as(op, &dj->job.call.op, "volume %s is %s", dj->job.volume_id,
			  dj->view.exists ? dj->view.status : "not there");
}

static enum op_verdict delete_looked(struct op *op)
{
	struct delete_job *dj = delete_of(op);

	if (op_failed(&dj->job.watch.op))
		return op_fail_as(op, &dj->job.watch.op, "volume %s", dj->job.volume_id);
	if (!dj->view.exists && !may_lag(dj, dj->job.watch.asked))
		return delete_done(dj);
	if (cstr_eq(dj->view.status, "deleting") || cstr_eq(dj->view.status, "deleted"))
		return delete_done(dj);
	if ((dj->view.holder[0] && !holder_is_past(dj)) ||
	    (dj->tries >= TRIES_MAX && dj->view.exists))
		return delete_refused(dj);
	/* On its way off an instance, being made, or a view that lags. */
	op_sleep_init(&dj->job.pause, op->reactor,
		      dj->view.exists ? PAUSE_MS * dj->tries : LAG_PAUSE_MS);
	return op_await(op, &dj->job.pause.op, delete_send);
}

static void delete_fill(struct job *job, struct op *op)
{
	(void)job;
	(void)op;
}

static const struct job_class delete_class = {
	.type = JOB_DELETE,
	.title = "DeleteVolume",
	.size = sizeof(struct delete_job),
	.op_class = { .name = "delete_job", .fini = job_fini, .describe = job_describe },
	.first = delete_begin,
	.fill = delete_fill,
};

/* ---- the operation ---- */

static enum op_verdict delete_enter(struct op *op)
{
	struct ebs_delete_volume *dv = container_of(op, struct ebs_delete_volume, op);

	if (!ebs_is_volume_id(dv->volume_id))
		return OP_DONE;		/* cannot exist */
	return job_join(dv->ebs, &delete_class, op, &dv->seat, dv->volume_id,
			dv->volume_id, NULL);
}

static void delete_stop(struct op *op)
{
	job_leave(op, &container_of(op, struct ebs_delete_volume, op)->seat);
}

static void delete_describe(const struct op *op, struct buf *out)
{
	job_describe_seat(op, &container_of(op, struct ebs_delete_volume, op)->seat, out);
}

static const struct op_class delete_op_class = {
	.name = "delete_volume",
	.stop = delete_stop,
	.describe = delete_describe,
};

void ebs_delete_volume_init(struct ebs_delete_volume *dv, struct ebs *e)
{
	op_init(&dv->op, &delete_op_class, e->reactor, delete_enter);
	dv->ebs = e;
}
