/* Asking EC2 about many ids at once, and attributing what it says. */
#include <ctype.h>
#include <string.h>

#include "base/defect.h"
#include "base/mem.h"
#include "ebs/poll_impl.h"

/* One Describe and what follows from it. A root of its own. */
struct batch {
	struct op op;
	struct poller *poller;
	struct list link;
	struct ec2_call call;
	struct arena arena;
	const char **ids;
	size_t n;
	uint64_t seq;
	int64_t asked;
	char *token;
	bool look;
};

static void found(void *ctx, const char *id, const void *item)
{
	struct batch *b = ctx;

	if (id)
		poll_deliver(b->poller, id, item, b->seq, b->asked);
}

/* ---- batches: ask -> answered [-> ask: next page] ---- */

static op_step batch_answered;

static enum op_verdict batch_ask(struct op *op)
{
	struct batch *b = container_of(op, struct batch, op);

	ec2_call_init(&b->call, b->poller->ec2, b->poller->kind->action);
	b->poller->kind->ask(&b->call.req, b->ids, b->n, b->token);
	b->poller->calls++;
	return op_await(op, &b->call.op, batch_answered);
}

/* True when the text names this id, not merely one that it begins. */
static bool names(const char *text, const char *id)
{
	size_t n = strlen(id);

	for (const char *at = text; (at = strstr(at, id)); at += n)
		if (!isalnum((unsigned char)at[n]))
			return true;
	return false;
}

/* Moves the ids the text names to the front; how many there are. */
static size_t sort_named(struct batch *b, const char *text)
{
	size_t named = 0;

	for (size_t i = 0; i < b->n; i++) {
		const char *id = b->ids[i];

		if (!names(text, id))
			continue;
		b->ids[i] = b->ids[named];
		b->ids[named++] = id;
	}
	return named;
}

static bool blames_ids(const struct batch *b, const struct err *err)
{
	return err_reason_is(err, b->poller->kind->not_found) ||
	       err->code == GRPC_NOT_FOUND ||
	       err_reason_is(err, "InvalidParameterValue");
}

static void batch_refused(struct batch *b, const struct err *err)
{
	struct poller *p = b->poller;
	size_t cut;

	if (!blames_ids(b, err)) {
		for (size_t i = 0; i < b->n; i++)
			poll_fail_id(p, b->ids[i], b->seq, err);
		return;
	}
	if (DEFECT(batch_blamed) && err->code == GRPC_NOT_FOUND) {
		for (size_t i = 0; i < b->n; i++)
			poll_deliver(p, b->ids[i], NULL, b->seq, b->asked);
		return;
	}
	if (b->n == 1) {
		if (err->code == GRPC_NOT_FOUND)
			poll_deliver(p, b->ids[0], NULL, b->seq, b->asked);
		else
			poll_fail_id(p, b->ids[0], b->seq, err);
		return;
	}
	cut = sort_named(b, err_msg(err));
	if (cut == 0 || cut == b->n)
		cut = b->n / 2;
	poll_start_batch(p, b->ids, cut, b->look);
	poll_start_batch(p, b->ids + cut, b->n - cut, b->look);
}

static enum op_verdict batch_answered(struct op *op)
{
	struct batch *b = container_of(op, struct batch, op);
	struct poller *p = b->poller;
	const char *token;

	if (op_failed(&b->call.op)) {
		batch_refused(b, &b->call.op.err);
		return OP_DONE;
	}
	token = p->kind->each(&b->call.resp, found, b);
	if (!cstr_empty(token)) {
		b->token = arena_str(&b->arena, token);
		return op_next(op, batch_ask);
	}
	for (size_t i = 0; i < b->n; i++) {
		struct poll_entry *e = map_get(&p->entries, b->ids[i]);

		if (e && e->found_in != b->seq)
			poll_deliver(p, b->ids[i], NULL, b->seq, b->asked);
	}
	return OP_DONE;
}

static void batch_fini(struct op *op)
{
	struct batch *b = container_of(op, struct batch, op);

	arena_fini(&b->arena);
}

static void batch_describe(const struct op *op, struct buf *out)
{
	const struct batch *b = container_of(op, struct batch, op);

	buf_printf(out, "%zu %s", b->n, b->poller->kind->name);
}

static const struct op_class batch_class = {
	.name = "poll",
	.fini = batch_fini,
	.describe = batch_describe,
};

static void batch_ended(struct op *op)
{
	struct batch *b = container_of(op, struct batch, op);
	struct poller *p = b->poller;

	list_del(&b->link);
	p->in_flight--;
	p->looks -= b->look;
	reactor_defer(p->reactor, &p->task);
	op_fini(op);
	free(b);
}

void poll_start_batch(struct poller *p, const char **ids, size_t n, bool look)
{
	struct batch *b = xcalloc(1, sizeof(*b));

	op_init(&b->op, &batch_class, p->reactor, batch_ask);
	b->poller = p;
	b->ids = arena_array(&b->arena, n, sizeof(*b->ids));
	for (size_t i = 0; i < n; i++)
		if (map_get(&p->entries, ids[i]))
			b->ids[b->n++] = arena_str(&b->arena, ids[i]);
	if (b->n == 0 || p->stopped) {
		op_fini(&b->op);
		free(b);
		return;
	}
	b->seq = ++p->seq;
	b->asked = reactor_now(p->reactor);
	p->in_flight++;
	b->look = look;
	p->looks += look;
	list_add_tail(&p->batches, &b->link);
	op_start(&b->op, batch_ended);
}

void poll_cancel_batches(struct poller *p)
{
	list_for_each(l, &p->batches)
		op_cancel(&list_entry(l, struct batch, link)->op, GRPC_UNAVAILABLE,
			  "shutting down");
}
