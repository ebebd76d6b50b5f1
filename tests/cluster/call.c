#include "call.h"

#include <assert.h>
#include <string.h>

#include "check.h"
#include "controller.h"
#include "reach.h"

/* A call lives until the service's operation has ended and the client has been
 * told (or has gone). */
static void release(struct call *c)
{
	if (op_active(&c->op) || !c->settled || list_linked(&c->deliver.link))
		return;
	timer_disarm(&c->deadline);
	list_del(&c->link);
	op_fini(&c->op);
	if (c->root && !c->root_started)
		op_fini(c->root);	/* cancelled before its first turn */
	arena_fini(&c->rpc.arena);
	free(c);
}

static void on_deliver(struct task *t)
{
	struct call *c = container_of(t, struct call, deliver);

	if (c->on_answer)
		c->on_answer(c, &c->answer);
	c->on_answer = NULL;
	release(c);
}

static void settle(struct call *c, enum grpc_code code, const char *text, struct str reply)
{
	if (c->settled)
		return;
	c->settled = true;
	timer_disarm(&c->deadline);
	c->answer.code = code;
	c->answer.text = arena_str(&c->rpc.arena, text);
	c->answer.reply = str_n(arena_strn(&c->rpc.arena, reply.n ? reply.p : "", reply.n),
				reply.n);
	reactor_defer(c->rpc.reactor, &c->deliver);
}

/* The client's own clock: it does not wait for what the controller says. */
static void on_deadline(struct timer *t)
{
	struct call *c = container_of(t, struct call, deadline);

	reach_client(c->ctl->cluster, c->root, REACH_DEADLINE);
	settle(c, GRPC_DEADLINE_EXCEEDED, "the client's deadline", str_c(NULL));
}

/* ---- what the services call ---- */

static struct call *call_of(struct rpc *rpc)
{
	return container_of(rpc, struct call, rpc);
}

const char *rpc_header(const struct rpc *rpc, const char *name)
{
	(void)rpc;
	(void)name;
	return NULL;
}

static void first_answer(struct call *c, enum grpc_code code, const char *text)
{
	if (c->answered)
		controller_broke(c->ctl, "an RPC was answered twice", c->rpc.method->path);
	c->answered = true;
	check_service_answer(c->ctl->cluster, c->rpc.method->path, code, text);
}

void rpc_reply(struct rpc *rpc, struct str msg)
{
	struct call *c = call_of(rpc);

	first_answer(c, GRPC_OK, "");
	settle(c, GRPC_OK, "", msg);
}

void rpc_fail(struct rpc *rpc, const struct err *err)
{
	struct call *c = call_of(rpc);

	first_answer(c, err->code, err_msg(err));
	settle(c, err->code, err_msg(err), str_c(NULL));
}

static enum op_verdict root_ended(struct op *op)
{
	struct call *c = container_of(op, struct call, op);

	if (op_failed(c->root))
		return op_fail_as(op, c->root, NULL);
	c->encode(&c->rpc, c->root);
	return OP_DONE;
}

static enum op_verdict root_start(struct op *op)
{
	struct call *c = container_of(op, struct call, op);

	c->root_started = true;
	return op_await(op, c->root, root_ended);
}

static void describe(const struct op *op, struct buf *out)
{
	buf_adds(out, container_of(op, const struct call, op)->rpc.method->path);
}

static void on_end(struct op *op)
{
	struct call *c = container_of(op, struct call, op);

	if (op_failed(op) && !c->answered)
		rpc_fail(&c->rpc, &op->err);
	if (!c->answered)
		controller_broke(c->ctl, "an RPC ended without an answer",
				 c->rpc.method->path);
	release(c);
}

void rpc_run(struct rpc *rpc, struct op *root, void (*encode)(struct rpc *, struct op *))
{
	static const struct op_class cls = { .name = "rpc", .describe = describe };
	struct call *c = call_of(rpc);

	c->root = root;
	c->encode = encode;
	op_init(&c->op, &cls, rpc->reactor, root_start);
	op_start(&c->op, on_end);
	op_set_deadline(&c->op, rpc->deadline - reactor_now(rpc->reactor));
}

void rpc_send(struct rpc *rpc, struct str msg)
{
	(void)msg;
	controller_broke(call_of(rpc)->ctl, "a stream where there is none",
			 rpc->method->path);
}

void rpc_end(struct rpc *rpc, const struct err *err)
{
	(void)err;
	rpc_send(rpc, str_c(NULL));
}

/* ---- the client's side ---- */

static void send_request(struct call *c, const ProtobufCMessage *req)
{
	size_t n = protobuf_c_message_get_packed_size(req);
	char *bytes = arena_alloc(&c->rpc.arena, n + 1);

	protobuf_c_message_pack(req, (uint8_t *)bytes);
	c->rpc.method->message(&c->rpc, str_n(bytes, n));
}

struct call *call_start(struct controller *ctl, const char *path, const ProtobufCMessage *req,
			int64_t timeout_ms,
			void (*on_answer)(struct call *c, const struct answer *a), void *user)
{
	struct call *c = xcalloc(1, sizeof(*c));

	c->ctl = ctl;
	c->rpc.reactor = ctl->reactor;
	c->rpc.started = reactor_now(ctl->reactor);
	c->rpc.deadline = c->rpc.started + timeout_ms;
	c->on_answer = on_answer;
	c->user = user;
	c->deliver.run = on_deliver;
	timer_init(&c->deadline, ctl->reactor, on_deadline);
	list_add_tail(&ctl->calls, &c->link);
	if (!ctl->up) {
		settle(c, GRPC_UNAVAILABLE, "connection refused", str_c(NULL));
		return c;
	}
	timer_arm_at(&c->deadline, c->rpc.deadline);
	c->rpc.method = controller_method(ctl, path);
	send_request(c, req);
	return c;
}

void call_drop(struct call *c)
{
	c->on_answer = NULL;
	c->settled = true;
	reach_client(c->ctl->cluster, c->root, REACH_HANG_UP);
	op_cancel(&c->op, GRPC_CANCELLED, "the client has gone");
	release(c);
}

void call_lose(struct call *c)
{
	settle(c, GRPC_UNAVAILABLE, "the connection is lost", str_c(NULL));
	op_cancel(&c->op, GRPC_CANCELLED, "the controller has died");
}

void call_expire(struct call *c)
{
	timer_arm(&c->deadline, 0);
	op_set_deadline(&c->op, 0);
}

struct call *call_find(struct controller *ctl, const struct op *root)
{
	list_for_each(l, &ctl->calls) {
		struct call *c = list_entry(l, struct call, link);

		if (c->root == root && !c->settled)
			return c;
	}
	return NULL;
}
