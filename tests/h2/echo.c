#include "h2/echo.h"

#include <string.h>

#include "h2/echo.pb-c.h"

struct echo_counts echo_counts;

static void fail(struct rpc *rpc, enum grpc_code code, const char *text)
{
	struct err err = {0};

	err_set(&err, code, "%s", text);
	rpc_fail(rpc, &err);
	err_fini(&err);
}

static void reply_text(struct rpc *rpc, char *text)
{
	Test__Text t = TEST__TEXT__INIT;
	uint8_t *out;

	t.text = text;
	out = arena_alloc(&rpc->arena, test__text__get_packed_size(&t) + 1);
	rpc_reply(rpc, str_n((char *)out, test__text__pack(&t, out)));
}

static void say(struct rpc *rpc, struct str msg)
{
	rpc_reply(rpc, msg);
}

static void do_fail(struct rpc *rpc, struct str msg)
{
	Test__Failure *f = test__failure__unpack(NULL, msg.n, (const uint8_t *)msg.p);

	if (!f || f->code <= 0 || f->code > 16)
		fail(rpc, GRPC_INVALID_ARGUMENT, "code is not 1-16");
	else
		fail(rpc, (enum grpc_code)f->code, f->message);
	if (f)
		test__failure__free_unpacked(f, NULL);
}

static void big(struct rpc *rpc, struct str msg)
{
	Test__Size *size = test__size__unpack(NULL, msg.n, (const uint8_t *)msg.p);
	char *text = arena_alloc(&rpc->arena, (size ? size->bytes : 0) + 1);

	if (size)
		memset(text, 'b', size->bytes);
	reply_text(rpc, text);
	if (size)
		test__size__free_unpacked(size, NULL);
}

/* ---- Sleep ---- */

struct nap {
	struct op op;
	struct op_sleep sleep;
	int64_t ms;
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
	op_sleep_init(&nap->sleep, op->reactor, nap->ms);
	return op_await(op, &nap->sleep.op, nap_over);
}

static void nap_fini(struct op *op)
{
	echo_counts.woken++;
}

static const struct op_class nap_class = { .name = "nap", .fini = nap_fini };

static void nap_encode(struct rpc *rpc, struct op *op)
{
	char text[] = "awake";

	reply_text(rpc, text);
}

static void do_sleep(struct rpc *rpc, struct str msg)
{
	Test__Nap *req = test__nap__unpack(NULL, msg.n, (const uint8_t *)msg.p);
	struct nap *nap = arena_alloc(&rpc->arena, sizeof(*nap));

	if (!req) {
		fail(rpc, GRPC_INTERNAL, "message is no Nap");
		return;
	}
	nap->ms = req->ms;
	nap->shielded = req->shielded;
	test__nap__free_unpacked(req, NULL);
	echo_counts.naps++;
	op_init(&nap->op, &nap_class, rpc->reactor, nap_start);
	rpc_run(rpc, &nap->op, nap_encode);
}

/* ---- Chat ---- */

static void chat(struct rpc *rpc, struct str msg)
{
	rpc_send(rpc, msg);
}

static void chat_half_closed(struct rpc *rpc)
{
	rpc_end(rpc, NULL);
}

static const struct rpc_method methods[] = {
	{ .path = "/test.Echo/Say", .message = say },
	{ .path = "/test.Echo/Fail", .message = do_fail },
	{ .path = "/test.Echo/Sleep", .message = do_sleep },
	{ .path = "/test.Echo/Big", .message = big },
	{ .path = "/test.Echo/Chat", .message = chat, .half_closed = chat_half_closed },
};

void echo_add_to(struct grpc_server *s)
{
	grpc_server_add(s, methods, ARRAY_SIZE(methods));
}
