/* The common life of acts:
 *
 *   begin -> waiting -> running -> (END | HUNG | death of the helper) -> end
 *                          ^ ASK: GO, STOP, or wait for a writer's turn */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "block/internal.h"

#define LIMIT_MS (10 * 60 * 1000)	/* for an act without a deadline */
#define LIMIT_GRACE_MS 1000		/* the op's own deadline speaks first */

enum act_state { ACT_IDLE, ACT_WAITING, ACT_RUNNING, ACT_WRITER_QUEUED, ACT_WRITING };

struct request {
	size_t n;
	uint8_t data[];
};

static const struct act_type *type_of(const struct op *op)
{
	return container_of(op->cls, struct act_type, cls);
}

static struct block_act *act_of(struct op *op)
{
	return container_of(op, struct block_act, op);
}

/* ---- start ---- */

static struct hung *find_hung(const struct block *b, const char *volume_id)
{
	list_for_each(l, &b->hung) {
		struct hung *h = list_entry(l, struct hung, link);

		if (strcmp(h->volume_id, volume_id) == 0)
			return h;
	}
	return NULL;
}

static uint32_t new_id(struct block *b)
{
	if (++b->next_id == 0)
		b->next_id = 1;
	return b->next_id;
}

static int make_request(struct block_act *a)
{
	static uint8_t packet[PROTO_MAX];
	const struct act_type *type = type_of(&a->op);
	struct proto_msg m = { .type = PROTO_ACT };
	int64_t left = op_time_left(&a->op);
	struct request *req;
	size_t n;

	m.act.kind = type->kind;
	m.act.volume_id = a->volume_id;
	m.act.limit_ms = (uint64_t)(left < LIMIT_MS ? left : LIMIT_MS) + LIMIT_GRACE_MS;
	if (a->block->opt.allow_loop)
		m.act.flags |= ACT_ALLOW_LOOP;
	if (type->fill(a, &m.act) < 0)
		return -1;
	a->id = m.act.id = new_id(a->block);
	n = proto_encode(&m, packet, &a->op.err);
	if (n == 0)
		return -1;
	req = xmalloc(sizeof(*req) + n);
	req->n = n;
	memcpy(req->data, packet, n);
	a->request = req;
	return 0;
}

static enum op_verdict begin(struct op *op)
{
	struct block_act *a = act_of(op);
	struct block *b = a->block;
	struct hung *h;

	if (cstr_empty(a->volume_id))
		return op_fail(op, GRPC_INVALID_ARGUMENT, "volume id is missing");
	h = find_hung(b, a->volume_id);
	if (h)
		return op_fail(op, GRPC_ABORTED, "%s is not started while an earlier act on the "
			       "volume hangs: %s, for %" PRId64 " s now", type_of(op)->cls.name,
			       h->text, (reactor_now(b->reactor) - h->since) / 1000);
	if (make_request(a) < 0)
		return OP_FAILED;
	a->state = ACT_WAITING;
	list_add_tail(&b->waiting, &a->link);
	acts_pump(b);
	/* Without a helper it may be over already; op_finish() was called then. */
	return OP_PENDING;
}

void act_init(struct block_act *a, struct block *b, const struct act_type *type)
{
	op_init(&a->op, &type->cls, b->reactor, begin);
	a->block = b;
	a->state = ACT_IDLE;
	a->stopping = false;
	a->request = NULL;
	list_init(&a->link);
}

static void transmit(struct block_act *a)
{
	struct request *req = a->request;

	list_del(&a->link);
	list_add_tail(&a->block->running, &a->link);
	a->state = ACT_RUNNING;
	a->block->n_running++;
	link_send(&a->block->link, req->data, req->n);
	free(req);
	a->request = NULL;
}

static void give_up_waiting(struct block *b)
{
	struct list *l;

	while ((l = list_pop(&b->waiting))) {
		struct block_act *a = list_entry(l, struct block_act, link);

		op_err(&a->op, GRPC_UNAVAILABLE, "%s of volume %s: ebs-csid-helper is not "
		       "running", type_of(&a->op)->cls.name, a->volume_id);
		op_finish(&a->op);
	}
}

void acts_pump(struct block *b)
{
	if (b->link.lost)
		give_up_waiting(b);
	while (link_up(&b->link) && !list_empty(&b->waiting) &&
	       b->n_running < b->opt.max_children)
		transmit(list_entry(b->waiting.next, struct block_act, link));
}

/* ---- who may write now ---- */

static void let_write(struct block_act *a)
{
	a->state = ACT_WRITING;
	a->block->n_writing++;
	link_send_word(&a->block->link, PROTO_GO, a->id);
}

static void stop_writing(struct block_act *a)
{
	struct block *b = a->block;
	struct list *l, *next;

	if (a->state != ACT_WRITING)
		return;
	a->state = ACT_RUNNING;
	b->n_writing--;
	for (l = b->running.next; l != &b->running; l = next) {
		struct block_act *other = list_entry(l, struct block_act, link);

		next = l->next;
		if (b->n_writing >= b->opt.max_writers)
			return;
		if (other->state == ACT_WRITER_QUEUED)
			let_write(other);
	}
}

static void on_ask(struct block_act *a, enum proto_phase phase)
{
	struct block *b = a->block;

	stop_writing(a);
	if (a->stopping) {
		link_send_word(&b->link, PROTO_STOP, a->id);
		return;
	}
	if (phase == PHASE_MOUNT)
		link_send_word(&b->link, PROTO_GO, a->id);
	else if (b->n_writing < b->opt.max_writers)
		let_write(a);
	else
		a->state = ACT_WRITER_QUEUED;
}

/* ---- ends ---- */

/* After this the op is over as far as the helper goes. */
static void done(struct block_act *a)
{
	struct block *b = a->block;

	stop_writing(a);
	list_del(&a->link);
	b->n_running--;
	a->state = ACT_IDLE;
	op_finish(&a->op);
	acts_pump(b);
}

static void on_end(struct block_act *a, const struct proto_end *end)
{
	struct op *op = &a->op;

	/* Stopped by us: the op's own reason (client gone, deadline) says more. */
	if (end->code == GRPC_CANCELLED && a->stopping)
		log_info(AREA_BLOCK, "volume %s: %s", a->volume_id, end->text);
	else if (end->code != GRPC_OK && !err_is_set(&op->err))
		err_set_reason(&op->err, (enum grpc_code)end->code,
			       end->reason[0] ? end->reason : NULL, "%s", end->text);
	else if (end->code == GRPC_OK)
		type_of(op)->take(a, end);
	done(a);
}

static void on_hung(struct block_act *a, const struct proto_hung *m)
{
	struct block *b = a->block;
	struct hung *h = xcalloc(1, sizeof(*h));

	h->id = a->id;
	h->pid = (int)m->pid;
	h->since = reactor_now(b->reactor) - (int64_t)m->age_ms;
	h->volume_id = xstrdup(a->volume_id);
	h->text = xasprintf("%s of volume %s%s%s hangs in \"%s\" (process %u does not die; the "
			    "disk or the file system below the path does not answer)",
			    type_of(&a->op)->cls.name, a->volume_id, a->device[0] ? " on " : "",
			    a->device, m->note, m->pid);
	list_add_tail(&b->hung, &h->link);
	log_error(AREA_BLOCK, "%s", h->text);
	op_err(&a->op, GRPC_DEADLINE_EXCEEDED, "%s, since %" PRIu64 " ms", h->text, m->age_ms);
	done(a);
}

static void free_hung(struct hung *h)
{
	list_del(&h->link);
	free(h->volume_id);
	free(h->text);
	free(h);
}

static void on_gone(struct block *b, uint32_t id)
{
	list_for_each_safe(l, &b->hung) {
		struct hung *h = list_entry(l, struct hung, link);

		if (h->id != id)
			continue;
		log_info(AREA_BLOCK, "process %d, which hung for %" PRId64 " s, is gone: %s",
			 h->pid, (reactor_now(b->reactor) - h->since) / 1000, h->text);
		free_hung(h);
	}
}

static struct block_act *find_act(struct block *b, uint32_t id)
{
	list_for_each(l, &b->running) {
		struct block_act *a = list_entry(l, struct block_act, link);

		if (a->id == id)
			return a;
	}
	return NULL;
}

void acts_on_message(struct block *b, const struct proto_msg *m)
{
	struct block_act *a;

	if (m->type == PROTO_GONE) {
		on_gone(b, m->word.id);
		return;
	}
	a = find_act(b, m->ask.id);	/* the id is every message's first field */
	if (!a) {
		log_warn(AREA_BLOCK, "the helper speaks of act %u, which is not known",
			 m->ask.id);
		return;
	}
	if (m->type == PROTO_ASK)
		on_ask(a, (enum proto_phase)m->ask.phase);
	else if (m->type == PROTO_END)
		on_end(a, &m->end);
	else if (m->type == PROTO_HUNG)
		on_hung(a, &m->hung);
}

void acts_on_death(struct block *b, const char *why)
{
	struct list *l;

	b->n_writing = 0;
	b->n_running = 0;
	while ((l = list_pop(&b->running))) {
		struct block_act *a = list_entry(l, struct block_act, link);

		op_err(&a->op, GRPC_UNAVAILABLE, "%s of volume %s: ebs-csid-helper %s while it "
		       "was at it; how far it came is seen by the next try",
		       type_of(&a->op)->cls.name, a->volume_id, why);
		a->state = ACT_IDLE;
		op_finish(&a->op);
	}
	while (!list_empty(&b->hung))
		free_hung(list_entry(b->hung.next, struct hung, link));
}

/* ---- class ---- */

void act_stop(struct op *op)
{
	struct block_act *a = act_of(op);

	a->stopping = true;
	if (a->state == ACT_WAITING) {
		list_del(&a->link);
		a->state = ACT_IDLE;
		op_finish(op);
		return;
	}
	link_send_word(&a->block->link, PROTO_STOP, a->id);
}

void act_end(struct op *op)
{
	struct block_act *a = act_of(op);

	free(a->request);
	a->request = NULL;
}

void act_describe(const struct op *op, struct buf *out)
{
	static const char *const names[] = {
		[ACT_IDLE] = "", [ACT_WAITING] = ", waits for a child",
		[ACT_RUNNING] = "", [ACT_WRITER_QUEUED] = ", waits for its turn to write",
		[ACT_WRITING] = ", writes",
	};
	const struct block_act *a = container_of(op, struct block_act, op);

	buf_printf(out, "volume %s%s%s%s%s", cstr_or(a->volume_id, ""),
		   a->device[0] ? " on " : "", a->device, names[a->state],
		   a->stopping ? ", stopping" : "");
}
