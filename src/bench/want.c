#include "bench/want.h"

#include <string.h>

#include "bench/bench.h"

struct connection {
	struct grpc_client *client;
	unsigned int users;	/* calls, and the channel while it is current */
	bool lost;
};

/* ---- connections ---- */

static void connection_put(struct connection *c)
{
	if (--c->users > 0)
		return;
	grpc_client_free(c->client);
	free(c);
}

static void drop_current(struct channel *ch)
{
	struct connection *c = ch->current;

	ch->current = NULL;
	if (c)
		connection_put(c);
}

static struct connection *connection_get(struct channel *ch, struct err *err)
{
	struct grpc_client *client;

	if (ch->current && ch->current->lost) {
		ch->reconnects++;
		drop_current(ch);
	}
	if (!ch->current) {
		client = grpc_client_new(ch->reactor, ch->endpoint, err);
		if (!client)
			return NULL;
		ch->current = xcalloc(1, sizeof(*ch->current));
		ch->current->client = client;
		ch->current->users = 1;
	}
	ch->current->users++;
	return ch->current;
}

void channel_close(struct channel *c)
{
	drop_current(c);
}

/* ---- workers ---- */

static void take_worker(struct want *w)
{
	w->working = true;
	w->workers->busy++;
}

static void free_worker(struct want *w)
{
	struct workers *ws = w->workers;
	struct list *l;

	if (!w->working)
		return;
	w->working = false;
	ws->busy--;
	l = list_pop(&ws->waiting);
	if (!l)
		return;
	take_worker(list_entry(l, struct want, link));
	op_gate_open(&list_entry(l, struct want, link)->turn);
}

/* ---- turn -> send -> answered [-> pause -> turn] ---- */

static op_step want_turn, want_send, want_answered;

static enum op_verdict want_turn(struct op *op)
{
	struct want *w = container_of(op, struct want, op);

	if (!w->workers || !w->workers->limit)
		return op_next(op, want_send);
	if (w->workers->busy < w->workers->limit) {
		take_worker(w);
		return op_next(op, want_send);
	}
	list_add_tail(&w->workers->waiting, &w->link);
	op_gate_init(&w->turn, op->reactor, "a worker");
	return op_await(op, &w->turn.op, want_send);
}

static int64_t left_us(const struct want *w)
{
	return w->intended_us + w->give_up_ms * 1000 -
	       reactor_now_us(w->bench->reactor);
}

static struct bench_rpc *rpc_of(const struct want *w)
{
	return bench_run_rpc(w->bench->run, want_name(w));
}

static enum op_verdict want_give_up(struct want *w, struct op *from)
{
	if (!w->unmeasured)
		rpc_of(w)->failed++;
	return op_fail_as(&w->op, from, "%s after %u tries", want_name(w), w->tries);
}

static enum op_verdict want_pause(struct want *w, struct op *from)
{
	const struct bench_options *o = w->bench->opt;

	free_worker(w);
	if (w->once || left_us(w) <= w->backoff_ms * 1000)
		return want_give_up(w, from);
	if (!w->unmeasured)
		rpc_of(w)->retries++;
	op_fini(&w->call.op);
	op_sleep_init(&w->pause, w->op.reactor, w->backoff_ms);
	w->backoff_ms = w->backoff_ms * 2 < o->backoff_max_ms ? w->backoff_ms * 2 :
							       o->backoff_max_ms;
	return op_await(&w->op, &w->pause.op, want_turn);
}

static enum op_verdict want_send(struct op *op)
{
	struct want *w = container_of(op, struct want, op);
	struct bench *b = w->bench;

	w->tries++;
	w->sent_us = reactor_now_us(op->reactor);
	op_fini(&w->call.op);
	w->connection = connection_get(w->channel, &w->call.op.err);
	if (!w->connection) {
		bench_rpc_code(rpc_of(w), w->call.op.err.code);
		return want_pause(w, &w->call.op);
	}
	grpc_call_init(&w->call, w->connection->client, w->path);
	w->fill(w, &w->call.request);
	op_set_deadline(&w->call.op, w->timeout_ms);
	b->rpcs_in_flight++;
	return op_await(op, &w->call.op, want_answered);
}

/* The load itself is wrong: asking again would not help. */
static bool is_hopeless(enum grpc_code code)
{
	return code == GRPC_INVALID_ARGUMENT || code == GRPC_UNIMPLEMENTED ||
	       code == GRPC_OUT_OF_RANGE || code == GRPC_ALREADY_EXISTS;
}

static void measure(struct want *w, enum grpc_code code)
{
	struct bench_rpc *rpc = rpc_of(w);
	int64_t now = reactor_now_us(w->op.reactor);
	struct timeline *t = &w->bench->run->timeline;

	hist_record(&rpc->service, (uint64_t)(now - w->sent_us));
	bench_rpc_code(rpc, code);
	rpc->timeouts += code == GRPC_DEADLINE_EXCEEDED;
	timeline_put(t, timeline_column(t, TIMELINE_rpcs, rpc->name), bench_ms(w->bench), 1);
	if (code != GRPC_OK)
		return;
	w->response_us = now - w->intended_us;
	hist_record(&rpc->response, (uint64_t)w->response_us);
	hist_record(&rpc->attempts, w->tries);
}

static enum op_verdict want_answered(struct op *op)
{
	struct want *w = container_of(op, struct want, op);
	enum grpc_code code = w->call.op.err.code;

	w->bench->rpcs_in_flight--;
	if (code == GRPC_UNAVAILABLE && !grpc_client_connected(w->connection->client))
		w->connection->lost = true;
	connection_put(w->connection);
	w->connection = NULL;
	if (!w->unmeasured)
		measure(w, code);
	if (code == GRPC_OK) {
		w->response = &w->call.response;
		free_worker(w);
		return OP_DONE;
	}
	if (is_hopeless(code)) {
		free_worker(w);
		return want_give_up(w, &w->call.op);
	}
	return want_pause(w, &w->call.op);
}

/* Cancelled on its way. */
static void want_end(struct op *op)
{
	struct want *w = container_of(op, struct want, op);

	list_del(&w->link);
	free_worker(w);
	if (!w->connection)
		return;
	w->bench->rpcs_in_flight--;
	connection_put(w->connection);
	w->connection = NULL;
}

static void want_fini(struct op *op)
{
	struct want *w = container_of(op, struct want, op);

	op_fini(&w->call.op);
}

static void want_describe(const struct op *op, struct buf *out)
{
	buf_adds(out, want_name(container_of(op, const struct want, op)));
}

static const struct op_class want_class = {
	.name = "want", .end = want_end, .fini = want_fini, .describe = want_describe,
};

void want_init(struct want *w, struct bench *b, const char *path,
	       void (*fill)(struct want *w, struct buf *request), void *user)
{
	op_fini(&w->op);
	memset(w, 0, sizeof(*w));
	op_init(&w->op, &want_class, b->reactor, want_turn);
	w->bench = b;
	w->channel = &b->controller;
	w->path = path;
	w->fill = fill;
	w->user = user;
	w->timeout_ms = b->opt->timeout_ms ? b->opt->timeout_ms : 60000;
	w->backoff_ms = b->opt->backoff_min_ms;
	w->give_up_ms = b->opt->give_up_ms;
	w->intended_us = reactor_now_us(b->reactor);
	list_init(&w->link);
}

const char *want_name(const struct want *w)
{
	const char *slash = strrchr(w->path, '/');

	return slash ? slash + 1 : w->path;
}
