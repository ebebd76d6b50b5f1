#include "h2/rpc.h"

#include <assert.h>

#include "h2/call.h"

/* The unary part of a call's life:
 *
 *   receiving -> method->message -> rpc_reply / rpc_fail            -> ended
 *                                \-> rpc_run -> root ends -> encode -> ended
 *
 * "ended" is decided once, by whoever comes first: the service, the deadline,
 * the client's reset, the server's end. The memory goes when the stream is closed
 * and the operation has ended (call_release in call.c). */

static struct call *call_of(const struct rpc *rpc)
{
	return container_of(rpc, struct call, rpc);
}

const char *rpc_header(const struct rpc *rpc, const char *name)
{
	return head_get(&call_of(rpc)->head, name);
}

void rpc_reply(struct rpc *rpc, struct str msg)
{
	struct err err = {0};

	if (call_of(rpc)->ended)
		return;
	if (call_send(call_of(rpc), msg, &err) < 0) {
		call_end(call_of(rpc), &err);
		err_fini(&err);
		return;
	}
	call_end(call_of(rpc), NULL);
}

void rpc_fail(struct rpc *rpc, const struct err *err)
{
	assert(err_is_set(err));
	call_end(call_of(rpc), err);
}

void rpc_send(struct rpc *rpc, struct str msg)
{
	struct err err = {0};

	if (call_of(rpc)->ended || call_send(call_of(rpc), msg, &err) == 0)
		return;
	call_abort(call_of(rpc), &err);
	err_fini(&err);
}

void rpc_end(struct rpc *rpc, const struct err *err)
{
	call_end(call_of(rpc), err);
}

/* ---- operations ---- */

static enum op_verdict rpc_root_ended(struct op *op)
{
	struct call *c = container_of(op, struct call, op);

	if (op_failed(c->root))
		return op_fail_as(op, c->root, NULL);
	c->encode(&c->rpc, c->root);
	assert(c->ended);
	return OP_DONE;
}

static enum op_verdict rpc_root_start(struct op *op)
{
	struct call *c = container_of(op, struct call, op);

	c->root_started = true;
	return op_await(op, c->root, rpc_root_ended);
}

static void describe(const struct op *op, struct buf *out)
{
	const struct call *c = container_of(op, struct call, op);

	buf_printf(out, "%s #%llu", c->rpc.method->path, (unsigned long long)c->rpc.id);
}

static const struct op_class rpc_class = { .name = "rpc", .describe = describe };

static void on_end(struct op *op)
{
	struct call *c = container_of(op, struct call, op);

	if (!c->ended)
		call_end(c, &op->err);
	call_release(c);
}

void rpc_run(struct rpc *rpc, struct op *root,
	     void (*encode)(struct rpc *rpc, struct op *root))
{
	struct call *c = call_of(rpc);

	assert(!c->root && !c->ended);
	c->root = root;
	c->encode = encode;
	op_init(&c->op, &rpc_class, rpc->reactor, rpc_root_start);
	op_start(&c->op, on_end);
	if (rpc->deadline == INT64_MAX)
		return;
	op_set_deadline(&c->op, rpc->deadline - reactor_now(rpc->reactor));
	/* Ours goes last: by then the operation says what it was waiting for. */
	timer_arm_at(&c->deadline, rpc->deadline);
}
