#include "tests/lib/fake_rpc.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define REPLY_MAX (4u << 20)

static struct list running = LIST_INIT(running);

const char *rpc_header(const struct rpc *rpc, const char *name)
{
	(void)rpc;
	(void)name;
	return NULL;
}

void rpc_reply(struct rpc *rpc, struct str msg)
{
	struct fake_rpc *f = container_of(rpc, struct fake_rpc, rpc);

	assert(!f->done);
	f->done = true;
	buf_add(&f->reply, msg.p, msg.n);
}

void rpc_fail(struct rpc *rpc, const struct err *err)
{
	struct fake_rpc *f = container_of(rpc, struct fake_rpc, rpc);

	assert(!f->done && err_is_set(err) && *err_msg(err));
	f->done = true;
	err_copy(&f->err, err);
}

static void on_end(struct op *op)
{
	list_for_each(it, &running) {
		struct fake_rpc *f = list_entry(it, struct fake_rpc, link);

		if (f->root != op)
			continue;
		list_del(&f->link);
		if (op_failed(op))
			rpc_fail(&f->rpc, &op->err);
		else
			f->encode(&f->rpc, op);
		return;
	}
	abort();
}

void rpc_run(struct rpc *rpc, struct op *root, void (*encode)(struct rpc *, struct op *))
{
	struct fake_rpc *f = container_of(rpc, struct fake_rpc, rpc);

	f->root = root;
	f->encode = encode;
	list_add_tail(&running, &f->link);
	if (rpc->deadline != INT64_MAX)
		op_set_deadline(root, rpc->deadline - reactor_now(rpc->reactor));
	op_start(root, on_end);
}

void rpc_send(struct rpc *rpc, struct str msg)
{
	(void)rpc;
	(void)msg;
	abort();
}

void rpc_end(struct rpc *rpc, const struct err *err)
{
	(void)rpc;
	(void)err;
	abort();
}

static const struct rpc_method *find(const struct rpc_method *m, size_t n, const char *path)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(m[i].path, path) == 0)
			return &m[i];
	fprintf(stderr, "no method %s\n", path);
	abort();
}

struct fake_rpc *fake_rpc_bytes(struct reactor *r, const struct rpc_method *methods, size_t n,
				const char *path, struct str bytes, int64_t deadline_ms)
{
	struct fake_rpc *f = xcalloc(1, sizeof(*f));

	buf_init(&f->reply, REPLY_MAX);
	list_init(&f->link);
	f->rpc.reactor = r;
	f->rpc.method = find(methods, n, path);
	f->rpc.started = reactor_now(r);
	f->rpc.deadline = deadline_ms ? reactor_now(r) + deadline_ms : INT64_MAX;
	bytes = str_n(arena_strn(&f->rpc.arena, bytes.n ? bytes.p : "", bytes.n), bytes.n);
	f->rpc.method->message(&f->rpc, bytes);
	return f;
}

struct fake_rpc *fake_rpc_call(struct reactor *r, const struct rpc_method *methods, size_t n,
			       const char *path, const ProtobufCMessage *req,
			       int64_t deadline_ms)
{
	size_t len = protobuf_c_message_get_packed_size(req);
	auto_free uint8_t *bytes = xmalloc(len + 1);

	protobuf_c_message_pack(req, bytes);
	return fake_rpc_bytes(r, methods, n, path, str_n((char *)bytes, len), deadline_ms);
}

void fake_rpc_cancel(struct fake_rpc *f)
{
	if (f->root && !f->done)
		op_cancel(f->root, GRPC_CANCELLED, "the client has gone");
}

void fake_rpc_free(struct fake_rpc *f)
{
	if (!f)
		return;
	assert(f->done);
	if (f->root)
		op_fini(f->root);
	arena_fini(&f->rpc.arena);
	err_fini(&f->err);
	buf_fini(&f->reply);
	free(f);
}

ProtobufCMessage *fake_rpc_reply(const struct fake_rpc *f, const ProtobufCMessageDescriptor *desc)
{
	assert(f->done && !err_is_set(&f->err));
	return protobuf_c_message_unpack(desc, NULL, f->reply.len,
					 (const uint8_t *)buf_cstr(&f->reply));
}
