/* Any bytes from a client into a server session without sockets. The first byte
 * says how: bit 0 a TCP connection, bits 1-3 the size of the pieces they come in
 * (0: all at once), bit 4 that the preface is part of the input. Afterwards time
 * passes, the connection is lost, and nothing may be left. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/log.h"
#include "h2/session.h"

#define OUT_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
			      "\0\0\0\4\0\0\0\0\0";	/* empty SETTINGS */

struct nap {
	struct op op;
	struct op_sleep sleep;
};

static enum op_verdict nap_over(struct op *op)
{
	return OP_DONE;
}

static enum op_verdict nap_start(struct op *op)
{
	struct nap *nap = container_of(op, struct nap, op);

	op_sleep_init(&nap->sleep, op->reactor, 1000);
	return op_await(op, &nap->sleep.op, nap_over);
}

static const struct op_class nap_class = { .name = "nap" };

static void awake(struct rpc *rpc, struct op *op)
{
	rpc_reply(rpc, str_c("awake"));
}

static void nap(struct rpc *rpc, struct str msg)
{
	struct nap *nap = arena_alloc(&rpc->arena, sizeof(*nap));

	op_init(&nap->op, &nap_class, rpc->reactor, nap_start);
	rpc_run(rpc, &nap->op, awake);
}

static void echo(struct rpc *rpc, struct str msg)
{
	rpc_reply(rpc, msg);
}

static void chat(struct rpc *rpc, struct str msg)
{
	rpc_send(rpc, msg);
}

static void chat_half_closed(struct rpc *rpc)
{
	rpc_end(rpc, NULL);
}

static const struct rpc_method methods[] = {
	{ .path = "/t.T/E", .message = echo },
	{ .path = "/t.T/N", .message = nap },
	{ .path = "/t.T/C", .message = chat, .half_closed = chat_half_closed },
};

static bool io_write(void *ctx, const void *p, size_t n)
{
	size_t *written = ctx;

	*written += n;
	return *written < OUT_MAX;
}

static void io_wants_flush(void *ctx)
{
}

static const struct h2_session_io io = { .write = io_write, .wants_flush = io_wants_flush };

static void swallow(enum log_area area, enum log_level level, const char *line)
{
}

static void feed(struct h2_session *s, struct reactor *r, const uint8_t *p, size_t n,
		 size_t piece)
{
	while (n) {
		size_t k = piece && piece < n ? piece : n;
		int rc = h2_session_input(s, p, k);

		h2_session_flush(s);
		if (rc < 0 || h2_session_done(s))
			return;
		reactor_advance(r, 1);
		p += k;
		n -= k;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct h2_host host;
	const struct grpc_server_options opt = { .max_message = 1 << 16, .max_buffered = 1 << 20 };
	struct reactor *r = reactor_new_virtual(0);
	uint8_t how = n ? data[0] : 0;
	size_t written = 0;
	struct h2_session *s;

	log_set_hook(swallow);
	h2_host_init(&host, r, &opt);
	h2_host_add(&host, methods, ARRAY_SIZE(methods));
	s = h2_session_new(&host, how & 1, &io, &written);
	h2_session_flush(s);
	if (!(how & 16))
		feed(s, r, (const uint8_t *)preface, sizeof(preface) - 1, 0);
	if (n > 1)
		feed(s, r, data + 1, n - 1, how >> 1 & 7);
	reactor_advance(r, 2000);
	h2_session_flush(s);
	h2_session_free(s, "connection lost");
	reactor_settle(r);
	assert(list_empty(&host.calls) && host.open == 0 && host.buffered == 0);
	assert(op_count(r) == 0);
	h2_host_fini(&host);
	reactor_free(r);
	return 0;
}
