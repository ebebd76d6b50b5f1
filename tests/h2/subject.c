#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "h2/message.h"
#include "h2/subject.h"

/* ---- a service to call ---- */

struct subject_counts subject;

static void echo(struct rpc *rpc, struct str msg)
{
	const char *value = rpc_header(rpc, "x-test");

	snprintf(subject.header, sizeof(subject.header), "%s", value ? value : "(none)");
	subject.deadline = rpc->deadline;
	rpc_reply(rpc, msg);
}

static void fail_with(struct rpc *rpc, struct str msg)
{
	struct err err = {0};

	err_set(&err, GRPC_NOT_FOUND, "%.*s", STR(msg));
	rpc_fail(rpc, &err);
	err_fini(&err);
}

/* Replies with as many bytes as the message says. */
static void big(struct rpc *rpc, struct str msg)
{
	size_t n = strtoul(msg.p, NULL, 10);
	char *bytes = arena_alloc(&rpc->arena, n);

	memset(bytes, 'b', n);
	rpc_reply(rpc, str_n(bytes, n));
}

static void sleep_fini(struct op *op)
{
	subject.released++;
}

struct nap {
	struct op op;
	struct op_sleep sleep;
	bool shielded;
};

static enum op_verdict nap_over(struct op *op)
{
	return OP_DONE;
}

static enum op_verdict nap_start(struct op *op)
{
	struct nap *nap = container_of(op, struct nap, op);

	op_shield(op, nap->shielded);
	op_sleep_init(&nap->sleep, op->reactor, 60000);
	return op_await(op, &nap->sleep.op, nap_over);
}

static const struct op_class nap_class = { .name = "nap", .fini = sleep_fini };

static void nap_encode(struct rpc *rpc, struct op *op)
{
	rpc_reply(rpc, str_c("awake"));
}

static void nap(struct rpc *rpc, struct str msg)
{
	struct nap *nap = arena_alloc(&rpc->arena, sizeof(*nap));

	subject.begun++;
	nap->shielded = str_eq_c(msg, "deep");
	op_init(&nap->op, &nap_class, rpc->reactor, nap_start);
	rpc_run(rpc, &nap->op, nap_encode);
}

static enum op_verdict doomed_start(struct op *op)
{
	return op_fail(op, GRPC_ABORTED, "50%% done");
}

static const struct op_class doomed_class = { .name = "doomed", .fini = sleep_fini };

static void doomed(struct rpc *rpc, struct str msg)
{
	struct op *op = arena_alloc(&rpc->arena, sizeof(*op));

	op_init(op, &doomed_class, rpc->reactor, doomed_start);
	rpc_run(rpc, op, nap_encode);
}

/* Streaming: each message comes back; "bye" ends the call. */
static void chat(struct rpc *rpc, struct str msg)
{
	subject.chats++;
	if (str_eq_c(msg, "bye"))
		rpc_end(rpc, NULL);
	else
		rpc_send(rpc, msg);
}

static void chat_half_closed(struct rpc *rpc)
{
	rpc_end(rpc, NULL);
}

static void chat_gone(struct rpc *rpc)
{
	subject.gone++;
}

static const struct rpc_method methods[] = {
	{ .path = "/test.T/Echo", .message = echo },
	{ .path = "/test.T/Fail", .message = fail_with },
	{ .path = "/test.T/Big", .message = big },
	{ .path = "/test.T/Nap", .message = nap },
	{ .path = "/test.T/Doomed", .message = doomed },
	{ .path = "/test.T/Chat", .message = chat, .half_closed = chat_half_closed,
	  .gone = chat_gone },
};

struct pair *start(const struct pair_options *opt)
{
	subject.begun = subject.released = subject.gone = subject.chats = 0;
	return pair_new(opt, methods, ARRAY_SIZE(methods));
}

/* Everything a test began has ended and given its memory back. */
void stop(struct pair *p)
{
	pair_drop(p);
	reactor_settle(p->reactor);
	assert_int_equal(op_count(p->reactor), 0);
	assert_true(list_empty(&p->host.calls));
	assert_int_equal(p->host.open, 0);
	assert_int_equal(p->host.buffered, 0);
	assert_int_equal(subject.begun, subject.released);
	pair_free(p);
}

void assert_body(const struct stream *s, const char *text)
{
	struct buf b;

	buf_init(&b, 32 << 20);
	message_write(&b, str_c(text), GRPC_IDENTITY);
	assert_int_equal(s->body.len, b.len);
	assert_memory_equal(s->body.data, b.data, b.len);
	buf_fini(&b);
}

void assert_ok(const struct stream *s, const char *text)
{
	assert_int_equal(s->http, 200);
	assert_int_equal(s->status, 0);
	assert_false(s->early_status);
	assert_true(s->closed);
	assert_int_equal(s->reset, 0);
	assert_body(s, text);
}

void assert_failed(const struct stream *s, enum grpc_code code, const char *text)
{
	assert_int_equal(s->status, code);
	assert_true(s->early_status);
	assert_int_equal(s->body.len, 0);
	if (!strstr(s->message, text))
		fail_msg("\"%s\" is not in \"%s\"", text, s->message);
	assert_true(s->closed);
}
