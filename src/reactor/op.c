#include "reactor/op.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "reactor/internal.h"

/* Life of an operation:
 *
 *   IDLE -> QUEUED -> RUNNING -> QUEUED    op_next
 *                        |   \-> WAITING   children (op_join) or, for a leaf,
 *                        |          |      op_finish (OP_PENDING)
 *                        v          v
 *                      ENDING (children still to end, then queued) -> ENDED
 *
 * The only callers of a step and of an end are turns taken from the run queue. */

static void take_turn(struct task *t);
static void apply_cancel(struct op *op);

void op_init_named(struct op *op, const struct op_class *cls, struct reactor *r,
		   op_step *first, const char *step_name)
{
	op_fini(op);
	memset(op, 0, sizeof(*op));
	op->cls = cls;
	op->reactor = r;
	op->step = first;
	op->step_name = step_name;
	list_init(&op->children);
	list_init(&op->sibling);
	op->task.run = take_turn;
}

static void queue(struct op *op)
{
	reactor_defer(op->reactor, &op->task);
}

static void begin(struct op *op)
{
	assert(op->cls && op->state == OP_IDLE);
	op->state = OP_QUEUED;
	op->started = reactor_now(op->reactor);
	queue(op);
}

void op_start(struct op *op, void (*on_end)(struct op *op))
{
	op->on_end = on_end;
	list_add_tail(reactor_roots(op->reactor), &op->sibling);
	begin(op);
}

static bool cut_short(const struct op *op)
{
	return op->cancelled && !op->shielded;
}

void op_spawn(struct op *op, struct op *child)
{
	assert(op->state == OP_RUNNING && !child->parent);
	child->parent = op;
	list_add_tail(&op->children, &child->sibling);
	op->active++;
	begin(child);
	if (cut_short(op))
		op_cancel(child, op->cancel_err.code, "%s", err_msg(&op->cancel_err));
}

enum op_verdict op_next_named(struct op *op, op_step *next, const char *name)
{
	op->step = next;
	op->step_name = name;
	return OP_NEXT;
}

enum op_verdict op_join_named(struct op *op, op_step *next, const char *name)
{
	op_next_named(op, next, name);
	return OP_JOIN;
}

enum op_verdict op_await_named(struct op *op, struct op *child, op_step *next,
			       const char *name)
{
	op_spawn(op, child);
	return op_join_named(op, next, name);
}

/* ---- ends ---- */

/* What is decided from here on is only when: after the last child. */
static void finish(struct op *op)
{
	assert(op->state != OP_ENDING && op->state != OP_ENDED && op->state != OP_IDLE);
	op->state = OP_ENDING;
	if (op->active == 0) {
		queue(op);
		return;
	}
	reactor_cancel_task(&op->task);
	list_for_each(l, &op->children)
		op_cancel(list_entry(l, struct op, sibling), GRPC_CANCELLED,
			  "%s has ended", op->cls->name);
}

static void fail_with_cancel(struct op *op)
{
	if (!err_is_set(&op->err))
		err_copy(&op->err, &op->cancel_err);
}

static void child_ended(struct op *parent)
{
	assert(parent->active > 0);
	if (--parent->active > 0)
		return;
	if (parent->state == OP_WAITING) {
		parent->state = OP_QUEUED;
		queue(parent);
	} else if (parent->state == OP_ENDING) {
		queue(parent);
	}
}

static void deliver_end(struct op *op)
{
	op->state = OP_ENDED;
	timer_disarm(&op->deadline);
	if (op->cls->end)
		op->cls->end(op);
	if (op->parent) {
		child_ended(op->parent);
		return;
	}
	list_del(&op->sibling);
	if (op->on_end)
		op->on_end(op);		/* may free op */
}

void op_finish(struct op *op)
{
	assert(op->state == OP_WAITING || op->state == OP_RUNNING);
	if (cut_short(op))
		fail_with_cancel(op);
	finish(op);
}

/* ---- turns ---- */

static void after_step(struct op *op, enum op_verdict verdict)
{
	if (op->state == OP_ENDING)
		return;		/* a leaf that finished inside its step */
	switch (verdict) {
	case OP_NEXT:
		op->state = OP_QUEUED;
		queue(op);
		break;
	case OP_JOIN:
		op->state = op->active ? OP_WAITING : OP_QUEUED;
		if (!op->active)
			queue(op);
		break;
	case OP_PENDING:
		assert(op->cls->stop && op->active == 0);
		op->state = OP_WAITING;
		break;
	case OP_DONE:
	case OP_FAILED:
		assert((verdict == OP_FAILED) == err_is_set(&op->err));
		finish(op);
		return;
	}
	if (cut_short(op))
		apply_cancel(op);
}

static void take_turn(struct task *t)
{
	struct op *op = container_of(t, struct op, task);

	if (op->state == OP_ENDING) {
		deliver_end(op);
		return;
	}
	assert(op->state == OP_QUEUED);
	if (cut_short(op)) {
		fail_with_cancel(op);
		finish(op);
		return;
	}
	op->state = OP_RUNNING;
	after_step(op, op->step(op));
}

/* ---- failures ---- */

static PRINTF_LIKE(3, 0) void vset_err(struct op *op, enum grpc_code code, const char *fmt,
				       va_list ap)
{
	char *msg = NULL;

	if (err_is_set(&op->err))
		return;		/* the first one wins */
	if (vasprintf(&msg, fmt, ap) < 0)
		abort();
	err_set(&op->err, code, "%s", msg);
	free(msg);
}

enum op_verdict op_fail(struct op *op, enum grpc_code code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vset_err(op, code, fmt, ap);
	va_end(ap);
	return OP_FAILED;
}

int op_err(struct op *op, enum grpc_code code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vset_err(op, code, fmt, ap);
	va_end(ap);
	return -1;
}

enum op_verdict op_fail_err(struct op *op, struct err *err)
{
	assert(err_is_set(err));
	if (err_is_set(&op->err))
		err_fini(err);
	else
		err_move(&op->err, err);
	return OP_FAILED;
}

enum op_verdict op_fail_as(struct op *op, struct op *from, const char *fmt, ...)
{
	va_list ap;
	char *prefix = NULL;

	if (fmt && err_is_set(&from->err)) {
		va_start(ap, fmt);
		if (vasprintf(&prefix, fmt, ap) < 0)
			abort();
		va_end(ap);
		err_prefix(&from->err, "%s", prefix);
		free(prefix);
	}
	return op_fail_err(op, &from->err);
}

/* ---- cancel, deadline, shield ---- */

static void apply_cancel(struct op *op)
{
	if (op->active) {
		list_for_each(l, &op->children)
			op_cancel(list_entry(l, struct op, sibling),
				  op->cancel_err.code, "%s", err_msg(&op->cancel_err));
	} else if (op->state == OP_WAITING) {
		op->cls->stop(op);
	}
}

void op_cancel(struct op *op, enum grpc_code code, const char *fmt, ...)
{
	va_list ap;
	char *msg = NULL;

	if (!op_active(op) || op->state == OP_ENDING || op->cancelled)
		return;
	va_start(ap, fmt);
	if (vasprintf(&msg, fmt, ap) < 0)
		abort();
	va_end(ap);
	err_set(&op->cancel_err, code, "%s", msg);
	free(msg);
	op->cancelled = true;
	/* One that is in its step sees it when the step returns. */
	if (!op->shielded && op->state != OP_RUNNING)
		apply_cancel(op);
}

void op_shield(struct op *op, bool on)
{
	op->shielded = on;
	if (cut_short(op) && op->state == OP_WAITING)
		apply_cancel(op);
}

/* "attach/ec2_call/sleep": where the newest active branch of the tree stands. */
static void add_path(const struct op *op, struct buf *out)
{
	buf_printf(out, "%s%s", out->len ? "/" : "", op->cls->name);
	if (op->active == 0) {
		if (op->cls->describe) {
			buf_adds(out, " ");
			op->cls->describe(op, out);
		}
		return;
	}
	for (struct list *l = op->children.prev; l != &op->children; l = l->prev) {
		const struct op *child = list_entry(l, struct op, sibling);

		if (op_active(child)) {
			add_path(child, out);
			return;
		}
	}
}

static void on_deadline(struct timer *t)
{
	struct op *op = container_of(t, struct op, deadline);
	struct buf path;

	buf_init(&path, 512);
	add_path(op, &path);
	op_cancel(op, GRPC_DEADLINE_EXCEEDED, "deadline exceeded after %lld ms, in %s",
		  (long long)(reactor_now(op->reactor) - op->started), buf_cstr(&path));
	buf_fini(&path);
}

void op_set_deadline(struct op *op, int64_t ms)
{
	if (!timer_armed(&op->deadline))
		timer_init(&op->deadline, op->reactor, on_deadline);
	timer_arm(&op->deadline, ms);
}

int64_t op_time_left(const struct op *op)
{
	int64_t left = INT64_MAX;

	for (; op; op = op->parent) {
		int64_t mine;

		if (!timer_armed(&op->deadline))
			continue;
		mine = op->deadline.at - reactor_now(op->reactor);
		if (mine < left)
			left = mine;
	}
	return left < 0 ? 0 : left;
}

/* ---- state ---- */

bool op_active(const struct op *op)
{
	return op->state != OP_IDLE && op->state != OP_ENDED;
}

bool op_ended(const struct op *op)
{
	return op->state == OP_ENDED;
}

bool op_failed(const struct op *op)
{
	return op->state == OP_ENDED && err_is_set(&op->err);
}

void op_fini(struct op *op)
{
	const struct op_class *cls = op->cls;

	if (!cls)
		return;
	assert(!op_active(op));
	list_for_each_safe(l, &op->children)
		op_fini(list_entry(l, struct op, sibling));
	list_del(&op->sibling);
	timer_disarm(&op->deadline);
	err_fini(&op->err);
	err_fini(&op->cancel_err);
	op->cls = NULL;
	op->state = OP_IDLE;
	op->parent = NULL;
	if (cls->fini)
		cls->fini(op);	/* may free op */
}

/* ---- the two leaves everybody needs ---- */

static void on_wake(struct timer *t)
{
	op_finish(&container_of(t, struct op_sleep, timer)->op);
}

static enum op_verdict sleep_start(struct op *op)
{
	struct op_sleep *s = container_of(op, struct op_sleep, op);

	timer_init(&s->timer, op->reactor, on_wake);
	timer_arm(&s->timer, s->ms);
	return OP_PENDING;
}

static void sleep_stop(struct op *op)
{
	struct op_sleep *s = container_of(op, struct op_sleep, op);

	timer_disarm(&s->timer);
	op_finish(op);
}

static void sleep_describe(const struct op *op, struct buf *out)
{
	const struct op_sleep *s = container_of(op, struct op_sleep, op);

	buf_printf(out, "%lld ms", (long long)s->ms);
}

static const struct op_class sleep_class = {
	.name = "sleep",
	.stop = sleep_stop,
	.describe = sleep_describe,
};

void op_sleep_init(struct op_sleep *s, struct reactor *r, int64_t ms)
{
	op_init(&s->op, &sleep_class, r, sleep_start);
	s->ms = ms;
}

static enum op_verdict gate_start(struct op *op)
{
	return container_of(op, struct op_gate, op)->open ? OP_DONE : OP_PENDING;
}

static const struct op_class gate_class = {
	.name = "gate",
	.stop = op_finish,
};

void op_gate_init(struct op_gate *g, struct reactor *r, const char *what)
{
	op_init_named(&g->op, &gate_class, r, gate_start, what);
	g->open = false;
}

void op_gate_open(struct op_gate *g)
{
	if (g->open)
		return;
	g->open = true;
	if (g->op.state == OP_WAITING)
		op_finish(&g->op);
}
