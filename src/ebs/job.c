#include "ebs/job.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/defect.h"
#include "base/log.h"
#include "ebs/impl.h"

/* ---- who excludes whom ---- */

static bool same_node(const char *a, const char *b)
{
	return !a || !b || cstr_eq(a, b);	/* NULL is all of them */
}

static bool excludes(enum job_type a, const char *a_node, enum job_type b, const char *b_node)
{
	enum job_type low = a < b ? a : b, high = a < b ? b : a;

	if (low == JOB_DELETE || high == JOB_DELETE)
		return true;
	if (low == JOB_CREATE)
		return high == JOB_ATTACH;
	if (low == JOB_ATTACH && high != JOB_ATTACH)
		return same_node(a_node, b_node);
	return false;
}

static struct list *jobs_of(const struct ebs *e, const char *volume_id)
{
	return volume_id ? map_get(&e->by_volume, volume_id) : NULL;
}

/* One with the same key that gave way and has not ended yet. */
static bool is_blocked_by_key(const struct job *job)
{
	if (job->ebs->n_superseded == 0)
		return false;
	for (struct list *l = job->link.prev; l != &job->ebs->all_jobs; l = l->prev)
		if (cstr_eq(list_entry(l, struct job, link)->key, job->key))
			return true;
	return false;
}

/* An older job that this one must wait for. */
static bool is_blocked(const struct job *job)
{
	struct list *head = jobs_of(job->ebs, job->volume_id);

	if (DEFECT(conflict_overlooked))
		return false;
	if (is_blocked_by_key(job))
		return true;
	for (struct list *l = job->volume_link.prev; head && l != head; l = l->prev) {
		const struct job *older = list_entry(l, struct job, volume_link);

		if (excludes(job->cls->type, job->node_id, older->cls->type,
			     older->node_id))
			return true;
	}
	return false;
}

bool job_elsewhere(const struct ebs *e, enum job_type type, const char *volume_id,
		   const char *node_id)
{
	struct list *head = jobs_of(e, volume_id);

	if (!head)
		return false;
	list_for_each(l, head) {
		const struct job *job = list_entry(l, struct job, volume_link);

		if (job->cls->type == type && !cstr_eq(job->node_id, node_id))
			return true;
	}
	return false;
}

/* ---- life of a job ---- */

void job_set_volume(struct job *job, const char *volume_id)
{
	struct list *head = map_get(&job->ebs->by_volume, volume_id);

	if (list_linked(&job->volume_link))
		return;
	job->volume_id = arena_str(&job->arena, volume_id);
	if (!head) {
		head = xcalloc(1, sizeof(*head));
		list_init(head);
		map_put(&job->ebs->by_volume, volume_id, head);
	}
	list_add_tail(head, &job->volume_link);
}

/* Who has waited for this one looks again. */
static void open_gates(struct ebs *e)
{
	list_for_each(l, &e->all_jobs) {
		struct job *other = list_entry(l, struct job, link);

		if (op_active(&other->gate.op))
			op_gate_open(&other->gate);
	}
}

static void leave_volume(struct job *job)
{
	struct list *head = jobs_of(job->ebs, job->volume_id);

	if (!head || !list_linked(&job->volume_link))
		return;
	list_del(&job->volume_link);
	if (!list_empty(head))
		return;
	map_del(&job->ebs->by_volume, job->volume_id);
	free(head);
}

static void set_load(struct ebs *e)
{
	poller_set_load(e->volumes, e->n_jobs);
	poller_set_load(e->instances, e->n_jobs);
}

static void job_ended(struct op *op)
{
	struct job *job = container_of(op, struct job, op);
	struct ebs *e = job->ebs;
	struct list *l;

	if (map_get(&e->jobs, job->key) == job)
		map_del(&e->jobs, job->key);
	list_del(&job->link);
	leave_volume(job);
	timer_disarm(&job->linger);
	e->n_jobs--;
	e->n_superseded -= job->superseded;
	e->n_gated -= job->gated;
	if (e->n_gated > 0)
		open_gates(e);
	set_load(e);
	while ((l = list_pop(&job->seats))) {
		struct job_seat *seat = list_entry(l, struct job_seat, link);

		if (op_failed(op))
			err_copy(&seat->op->err, &op->err);
		else if (job->cls->deliver)
			job->cls->deliver(job, seat->op);
		op_finish(seat->op);
	}
	op_fini(op);
	free(job);
}

void job_fini(struct op *op)
{
	arena_fini(&container_of(op, struct job, op)->arena);
}

static void on_linger(struct timer *t)
{
	struct job *job = container_of(t, struct job, linger);

	log_info(AREA_EBS, "%s of %s: given up, nobody has asked for it for %lld s",
		 job->cls->title, job->what, (long long)job->ebs->linger_ms / 1000);
	op_cancel(&job->op, GRPC_ABORTED, "nobody waits for it any more");
}

/* Every job's first step: waits until no older one is in its way. */
static enum op_verdict job_begin(struct op *op)
{
	struct job *job = container_of(op, struct job, op);

	if (job->gated)
		job->ebs->n_gated--;
	job->gated = is_blocked(job);
	if (!job->gated)
		return op_next_named(op, job->cls->first, "begin");
	job->ebs->n_gated++;
	op_gate_init(&job->gate, op->reactor, "an older operation on the volume");
	return op_await(op, &job->gate.op, job_begin);
}

static struct job *job_new(struct ebs *e, const struct job_class *cls, struct op *op,
			   const char *key, const char *what, const char *volume_id,
			   const char *node_id)
{
	struct job *job = xcalloc(1, cls->size);

	op_init(&job->op, &cls->op_class, e->reactor, job_begin);
	job->cls = cls;
	job->ebs = e;
	job->key = arena_str(&job->arena, key);
	job->what = arena_str(&job->arena, what);
	job->node_id = arena_str(&job->arena, node_id);
	list_init(&job->seats);
	list_init(&job->volume_link);
	timer_init(&job->linger, e->reactor, on_linger);
	cls->fill(job, op);
	if (volume_id)
		job_set_volume(job, volume_id);
	map_put(&e->jobs, key, job);
	list_add_tail(&e->all_jobs, &job->link);
	e->n_jobs++;
	set_load(e);
	op_start(&job->op, job_ended);
	return job;
}

/* ---- seats ---- */

static enum op_verdict refuse(struct op *op, const char *what, const struct job *by,
			      const char *how)
{
	return op_fail(op, GRPC_ABORTED,
		       "%s: %s of %s%s is running since %lld ms (%s); ask again when it has ended",
		       what, by->cls->title, by->what, how,
		       (long long)(reactor_now(op->reactor) - by->op.started),
		       by->op.step_name);
}

static void supersede(struct job *job, const char *what)
{
	if (job->superseded)
		return;
	job->superseded = true;
	job->ebs->n_superseded++;
	map_del(&job->ebs->jobs, job->key);
	op_cancel(&job->op, GRPC_ABORTED, "gave way to an operation on %s", what);
}

/* NULL, or the job that somebody waits for and that excludes a new one. Those
 * that nobody waits for give way. */
static struct job *find_conflict(struct ebs *e, const struct job_class *cls,
				 const char *what, const char *volume_id, const char *node_id)
{
	struct list *head = jobs_of(e, volume_id);

	if (!head || DEFECT(conflict_overlooked))
		return NULL;
	list_for_each(l, head) {
		struct job *job = list_entry(l, struct job, volume_link);

		if (excludes(cls->type, node_id, job->cls->type, job->node_id) &&
		    !list_empty(&job->seats))
			return job;
	}
	list_for_each(l, head) {
		struct job *job = list_entry(l, struct job, volume_link);

		if (excludes(cls->type, node_id, job->cls->type, job->node_id))
			supersede(job, what);
	}
	return NULL;
}

static enum op_verdict take_seat(struct job *job, struct op *op, struct job_seat *seat)
{
	seat->job = job;
	seat->op = op;
	list_add_tail(&job->seats, &seat->link);
	timer_disarm(&job->linger);
	return OP_PENDING;
}

enum op_verdict job_join(struct ebs *e, const struct job_class *cls, struct op *op,
			 struct job_seat *seat, const char *what, const char *volume_id,
			 const char *node_id)
{
	auto_free char *key = xasprintf("%d %s", (int)cls->type, what);
	struct job *job = map_get(&e->jobs, key);

	list_init(&seat->link);
	if (e->stopped)
		return op_fail(op, GRPC_UNAVAILABLE, "%s: shutting down", what);
	if (job && (!cls->same || cls->same(job, op)))
		return take_seat(job, op, seat);
	if (job && !list_empty(&job->seats))
		return refuse(op, what, job, " with other inputs");
	if (job)
		supersede(job, what);
	job = find_conflict(e, cls, what, volume_id, node_id);
	if (job)
		return refuse(op, what, job, "");
	job = job_new(e, cls, op, key, what, volume_id, node_id);
	return take_seat(job, op, seat);
}

void job_leave(struct op *op, struct job_seat *seat)
{
	list_del(&seat->link);
	if (list_empty(&seat->job->seats))
		timer_arm(&seat->job->linger, seat->job->ebs->linger_ms);
	seat->job = NULL;
	if (!DEFECT(cancel_unanswered))
		op_finish(op);
}

/* ---- texts ---- */

void job_saw(struct job *job, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(job->seen, sizeof(job->seen), fmt, ap);
	va_end(ap);
}

void job_describe(const struct op *op, struct buf *out)
{
	const struct job *job = container_of(op, struct job, op);

	buf_adds(out, job->what);
	if (job->seen[0])
		buf_printf(out, ", %s", job->seen);
	if (list_empty(&job->seats))
		buf_adds(out, ", nobody waits");
}

void job_describe_seat(const struct op *op, const struct job_seat *seat, struct buf *out)
{
	const struct job *job = seat->job;

	(void)op;
	if (!job)
		return;
	buf_printf(out, "of %s, at %s", job->what, job->op.step_name);
	if (job->seen[0])
		buf_printf(out, ", %s", job->seen);
	if (op_active(&job->call.ticket.op)) {
		buf_adds(out, ", queued ");
		job->call.ticket.op.cls->describe(&job->call.ticket.op, out);
	}
	if (op_active(&job->call.op)) {
		buf_adds(out, ", ");
		job->call.op.cls->describe(&job->call.op, out);
	}
}
