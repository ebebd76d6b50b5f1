#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/defect.h"
#include "ebs/attach.h"

#define NAMES_MAX 20	/* device names tried in one job */

/*   node (once in a while) -> place -> send -> sent -> wait -> waited -> OP_DONE
 *                               |       ^        |       \-> unstick -> refused
 *          the volume may be    |       |        | name taken: send with the next
 *          there already        v       |        | in use, wrong state, unknown
 *                              look -> looked <--'
 *                                       |  \-> wait | OP_DONE | refused
 *                                       v
 *                                      leave -> looked      until it is free
 */
static op_step attach_node, attach_noded, attach_send, attach_sent;

static void let_go(struct attach_job *aj)
{
	if (aj->held)
		device_names_release(&aj->job.ebs->names, aj->job.node_id, aj->job.volume_id);
	aj->held = false;
}

static enum op_verdict no_node(struct attach_job *aj, const char *why)
{
	let_go(aj);
	device_names_forget(&aj->job.ebs->names, aj->job.node_id);
	return op_fail(&aj->job.op, GRPC_NOT_FOUND, "node %s %s; volume %s is not attached to it",
		       aj->job.node_id, why, aj->job.volume_id);
}

/* ---- the node's device names ---- */

static enum watch_verdict node_seen(struct watch *w, const void *item)
{
	struct attach_job *aj = container_of(w, struct attach_job, job.watch);
	const struct ec2_instance *in = item;

	aj->view.exists = in != NULL;
	snprintf(aj->view.status, sizeof(aj->view.status), "%s",
		 in ? cstr_or(in->state, "") : "");
	if (in)
		device_names_learn(&aj->job.ebs->names, aj->job.node_id, in, w->since);
	return WATCH_DONE;
}

/* From here on the volume may be attached: that it was detached is no hint for
 * a detach any more, only for telling views of before. */
static void forget_detach(struct attach_job *aj)
{
	struct ebs *e = aj->job.ebs;
	auto_free char *pair = xasprintf("%s %s", aj->job.volume_id, aj->job.node_id);
	const char *ended = memo_get(&e->detached, pair, ebs_now(e));

	aj->was_here = ended != NULL;
	if (ended) {
		aj->ended_time = strtoll(ended, NULL, 10);
		aj->detached_at = ebs_now(e) - memo_age(&e->detached, pair, ebs_now(e));
	}
	memo_del(&e->detached, pair);
}

static enum op_verdict attach_begin(struct op *op)
{
	struct attach_job *aj = attach_of(op);

	forget_detach(aj);
	if (device_names_known(&aj->job.ebs->names, aj->job.node_id, ebs_now(aj->job.ebs)))
		return op_next(op, attach_place);
	return op_next(op, attach_node);
}

static enum op_verdict attach_node(struct op *op)
{
	struct attach_job *aj = attach_of(op);

	aj->refreshed = true;
	watch_init(&aj->job.watch, aj->job.ebs->instances, aj->job.node_id,
		   TRANSITION_LOOK, node_seen);
	return op_await(op, &aj->job.watch.op, attach_noded);
}

static enum op_verdict attach_noded(struct op *op)
{
	struct attach_job *aj = attach_of(op);

	if (op_failed(&aj->job.watch.op))
		return op_fail_as(op, &aj->job.watch.op, "node %s", aj->job.node_id);
	if (!aj->view.exists)
		return no_node(aj, "does not exist");
	if (cstr_eq(aj->view.status, "terminated") ||
	    cstr_eq(aj->view.status, "shutting-down"))
		return no_node(aj, "is terminated");
	return op_next(op, attach_place);
}

enum op_verdict attach_place(struct op *op)
{
	struct attach_job *aj = attach_of(op);
	struct ebs *e = aj->job.ebs;
	const char *device;

	if (!aj->looked &&
	    (device_names_find(&e->names, aj->job.node_id, aj->job.volume_id) ||
	     job_elsewhere(e, JOB_DETACH, aj->job.volume_id, aj->job.node_id)))
		return op_next(op, attach_look);
	if (aj->held)
		return op_next(op, attach_send);
	device = device_names_reserve(&e->names, aj->job.node_id, aj->job.volume_id,
				      ebs_now(e));
	if (!device && !aj->refreshed)
		return op_next(op, attach_node);
	if (!device)
		return op_fail(op, GRPC_RESOURCE_EXHAUSTED,
			       "node %s: all %d device names are in use, none for volume %s",
			       aj->job.node_id, DEVICE_NAMES, aj->job.volume_id);
	aj->device = arena_str(&aj->job.arena, device);
	aj->held = true;
	if (DEFECT(name_not_reserved))
		let_go(aj);
	return op_next(op, attach_send);
}

/* ---- AttachVolume ---- */

static enum op_verdict attach_send(struct op *op)
{
	struct attach_job *aj = attach_of(op);
	struct ec2_attach_volume *rq = &aj->job.call.req.attach_volume;

	aj->tries++;
	ec2_call_init(&aj->job.call, aj->job.ebs->ec2, EC2_ATTACH_VOLUME);
	rq->volume_id = aj->job.volume_id;
	rq->instance_id = aj->job.node_id;
	rq->device = aj->device;
	return op_await(op, &aj->job.call.op, attach_sent);
}

static bool name_is_taken(const struct err *err)
{
	return err_reason_is(err, "InvalidParameterValue") &&
	       strcasestr(err_msg(err), "already in use");
}

static enum op_verdict next_name(struct attach_job *aj)
{
	struct ebs *e = aj->job.ebs;

	device_names_bad(&e->names, aj->job.node_id, aj->device, ebs_now(e));
	let_go(aj);
	if (++aj->names >= NAMES_MAX)
		return op_fail_as(&aj->job.op, &aj->job.call.op,
				  "volume %s, node %s: %u device names in turn are in use",
				  aj->job.volume_id, aj->job.node_id, aj->names);
	aj->refused = true;
	aj->tries = 0;
	return op_next(&aj->job.op, aj->refreshed ? attach_place : attach_node);
}

static enum op_verdict attach_refused(struct attach_job *aj)
{
	struct op *op = &aj->job.op;
	struct err *err = &aj->job.call.op.err;

	if (name_is_taken(err))
		return next_name(aj);
	if (err_reason_is(err, "InvalidInstanceID.NotFound") ||
	    err_reason_is(err, "InvalidInstanceID.Malformed"))
		return no_node(aj, "does not exist");
	/* What the volume's state decides. */
	if (err_reason_is(err, "VolumeInUse") || err_reason_is(err, "IncorrectState") ||
	    err_reason_is(err, "InvalidState") || err_reason_is(err, "InvalidVolume.NotFound"))
		return op_next(op, attach_look);
	return op_fail_as(op, &aj->job.call.op, "volume %s, node %s, device %s",
			  aj->job.volume_id, aj->job.node_id, aj->device);
}

static enum op_verdict attach_sent(struct op *op)
{
	struct attach_job *aj = attach_of(op);
	struct ec2_call *call = &aj->job.call;

	if (!op_failed(&call->op)) {
		aj->sent = true;
		aj->sent_at = ebs_now(aj->job.ebs);
		ebs_clock_saw(aj->job.ebs, call->resp.attachment.attach_time);
		job_saw(&aj->job, "%s", cstr_or(call->resp.attachment.status, "attaching"));
		return DEFECT(attach_not_awaited) ? OP_DONE : op_next(op, attach_wait);
	}
	aj->refused = true;
	if (!call->maybe_done)
		return attach_refused(aj);
	aj->sent = true;
	return op_next(op, attach_look);
}

/* ---- the job ---- */

static void attach_end(struct op *op)
{
	struct attach_job *aj = attach_of(op);
	struct ebs *e = aj->job.ebs;

	if (!op_failed(op)) {
		device_names_set(&e->names, aj->job.node_id, aj->job.volume_id, aj->device,
				 ebs_now(e));
	} else if (aj->sent || op_active(&aj->job.call.op) || op->cancelled) {
		device_names_doubt(&e->names, aj->job.node_id, aj->job.volume_id);
	} else {
		let_go(aj);
	}
}

static void attach_fill(struct job *job, struct op *op)
{
	(void)job;
	(void)op;
}

static void attach_deliver(const struct job *job, struct op *op)
{
	const struct attach_job *aj = container_of(job, struct attach_job, job);
	struct ebs_attach *at = container_of(op, struct ebs_attach, op);

	at->device = arena_str(&at->arena, aj->device);
}

static const struct job_class attach_class = {
	.type = JOB_ATTACH,
	.title = "ControllerPublishVolume",
	.size = sizeof(struct attach_job),
	.op_class = { .name = "attach_job", .end = attach_end, .fini = job_fini,
		      .describe = job_describe },
	.first = attach_begin,
	.fill = attach_fill,
	.deliver = attach_deliver,
};

/* ---- the operation ---- */

static enum op_verdict attach_enter(struct op *op)
{
	struct ebs_attach *at = container_of(op, struct ebs_attach, op);
	auto_free char *what = NULL;

	if (!ebs_is_volume_id(at->volume_id))
		return op_fail(op, GRPC_NOT_FOUND,
			       "volume \"%s\" does not exist: an id is vol- and 8 or 17 hexadecimal digits",
			       cstr_or(at->volume_id, ""));
	if (!ebs_is_instance_id(at->node_id))
		return op_fail(op, GRPC_NOT_FOUND,
			       "node \"%s\" does not exist: an id is i- and 8 or 17 hexadecimal digits; volume %s is not attached to it",
			       cstr_or(at->node_id, ""), at->volume_id);
	what = xasprintf("%s to %s", at->volume_id, at->node_id);
	return job_join(at->ebs, &attach_class, op, &at->seat, what, at->volume_id,
			at->node_id);
}

static void attach_stop(struct op *op)
{
	job_leave(op, &container_of(op, struct ebs_attach, op)->seat);
}

static void attach_fini(struct op *op)
{
	arena_fini(&container_of(op, struct ebs_attach, op)->arena);
}

static void attach_describe(const struct op *op, struct buf *out)
{
	job_describe_seat(op, &container_of(op, struct ebs_attach, op)->seat, out);
}

static const struct op_class attach_op_class = {
	.name = "attach",
	.stop = attach_stop,
	.fini = attach_fini,
	.describe = attach_describe,
};

void ebs_attach_init(struct ebs_attach *at, struct ebs *e)
{
	op_init(&at->op, &attach_op_class, e->reactor, attach_enter);
	at->ebs = e;
}
