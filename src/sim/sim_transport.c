#include "sim/sim_transport.h"

#include "aws/ec2_query.h"
#include "base/mem.h"

#define TIMEOUT_MS 60000

struct sim_transport {
	struct ec2_transport ec2;
	struct sim_model *model;
	int64_t timeout_ms;
	bool reachable;
	bool slow;		/* calls are in transit */
	struct sim_delay transit;
	struct sim_rng rng;	/* of transit times */
	struct list orphans;
	size_t n_orphans;
};

/* An attempt: on its way to the model, or its answer on the way back. */
struct attempt {
	struct ec2_exchange *x;
	struct sim_answer answer;
	struct timer timer;
	int64_t sent;
	bool arrived;
};

/* A call in transit whose attempt is over. */
struct orphan {
	struct list link;
	struct sim_transport *transport;
	struct timer timer;
	struct arena arena;
	struct ec2_request req;
};

static struct sim_transport *transport_of(const struct ec2_exchange *x)
{
	return container_of(x->transport, struct sim_transport, ec2);
}

static bool one_of(const char *code, const char *const *list)
{
	for (; *list; list++)
		if (cstr_eq(code, *list))
			return true;
	return false;
}

static enum ec2_fault fault_of(const struct sim_answer *a)
{
	static const char *const auth[] = { "AuthFailure", "ExpiredToken", "RequestExpired",
					    "InvalidClientTokenId", "SignatureDoesNotMatch", NULL };

	if (sim_answer_throttled(a))
		return EC2_FAULT_THROTTLED;
	if (one_of(a->code, auth))
		return EC2_FAULT_AUTH;
	return a->http_status >= 500 ? EC2_FAULT_UNKNOWN : EC2_FAULT_REFUSED;
}

static void fail(struct ec2_exchange *x, enum ec2_fault fault, const char *reason,
		 const char *text, const char *request_id)
{
	x->fault = fault;
	if (!err_is_set(&x->op.err))
		err_set_reason(&x->op.err, GRPC_UNAVAILABLE, reason, "%s%s%s%s", text,
			       request_id ? " (request id " : "", request_id ? request_id : "",
			       request_id ? ")" : "");
}

static const char *no_answer_text(enum sim_outcome o)
{
	switch (o) {
	case SIM_RESET:
		return "connection reset by peer";
	case SIM_HANG:
		return "no answer in time";
	case SIM_HTML:
		return "the answer is an HTML page";
	case SIM_EMPTY:
		return "the answer is empty";
	default:
		return "the answer is not the XML document expected";
	}
}

static void deliver(struct attempt *at)
{
	struct ec2_exchange *x = at->x;
	struct sim_answer *a = &at->answer;

	x->http_status = a->http_status;
	if (a->outcome != SIM_ANSWERED) {
		fail(x, EC2_FAULT_UNKNOWN, "", no_answer_text(a->outcome), NULL);
	} else if (a->code) {
		fail(x, fault_of(a), a->code, a->message, a->resp.request_id);
	} else {
		x->fault = EC2_FAULT_NONE;
		x->resp = a->resp;
		a->resp = (struct ec2_response){ 0 };
	}
}

static void on_time(struct timer *t)
{
	struct attempt *at = container_of(t, struct attempt, timer);

	deliver(at);
	op_finish(&at->x->op);
}

/* ---- orphans ---- */

static void orphan_free(struct orphan *o)
{
	o->transport->n_orphans--;
	list_del(&o->link);
	timer_disarm(&o->timer);
	arena_fini(&o->arena);
	free(o);
}

static void on_orphan_arrived(struct timer *t)
{
	struct orphan *o = container_of(t, struct orphan, timer);
	struct sim_answer answer = { 0 };

	sim_model_call(o->transport->model, reactor_now(t->reactor), &o->req, &answer);
	sim_answer_fini(&answer);
	orphan_free(o);
}

/* By way of its encoding: the caller's request goes with the attempt. */
static void copy_request(const struct ec2_request *req, struct orphan *o)
{
	struct buf wire;

	buf_init(&wire, EC2_QUERY_MAX);
	ec2_query_encode(req, &wire);
	if (ec2_query_decode(buf_view(&wire), &o->arena, &o->req, NULL) < 0)
		abort();	/* what the encoder writes, the decoder reads */
	buf_fini(&wire);
}

static void leave_orphan(struct attempt *at)
{
	struct sim_transport *t = transport_of(at->x);
	struct orphan *o = xcalloc(1, sizeof(*o));

	o->transport = t;
	copy_request(at->x->req, o);
	timer_init(&o->timer, t->ec2.reactor, on_orphan_arrived);
	timer_arm_at(&o->timer, at->timer.at);
	list_add_tail(&t->orphans, &o->link);
	t->n_orphans++;
}

/* ---- the leaf ---- */

static void carry_out(struct attempt *at)
{
	struct sim_transport *t = transport_of(at->x);
	int64_t now = reactor_now(t->ec2.reactor), limit = at->sent + t->timeout_ms;
	bool hangs;

	at->arrived = true;
	sim_model_call(t->model, now, at->x->req, &at->answer);
	hangs = at->answer.outcome == SIM_HANG || now + at->answer.latency_ms > limit;
	if (hangs)
		at->answer.outcome = SIM_HANG;
	timer_init(&at->timer, t->ec2.reactor, on_time);
	timer_arm_at(&at->timer, hangs ? limit : now + at->answer.latency_ms);
}

static void on_arrived(struct timer *t)
{
	carry_out(container_of(t, struct attempt, timer));
}

static enum op_verdict exchange_start(struct op *op)
{
	struct ec2_exchange *x = container_of(op, struct ec2_exchange, op);
	struct sim_transport *t = transport_of(x);
	struct attempt *at = x->impl;

	if (!t->reachable) {
		fail(x, EC2_FAULT_NOT_SENT, "", "connection refused", NULL);
		return OP_FAILED;
	}
	at->sent = reactor_now(op->reactor);
	if (!t->slow) {
		carry_out(at);
		return OP_PENDING;
	}
	timer_init(&at->timer, op->reactor, on_arrived);
	timer_arm(&at->timer, sim_delay_draw(&t->transit, 1, &t->rng));
	return OP_PENDING;
}

/* What was sent reaches EC2 and does there what it does. */
static void exchange_stop(struct op *op)
{
	struct ec2_exchange *x = container_of(op, struct ec2_exchange, op);
	struct attempt *at = x->impl;

	if (!at->arrived)
		leave_orphan(at);
	timer_disarm(&at->timer);
	x->fault = EC2_FAULT_UNKNOWN;
	op_finish(op);
}

static void exchange_fini(struct op *op)
{
	struct ec2_exchange *x = container_of(op, struct ec2_exchange, op);
	struct attempt *at = x->impl;

	timer_disarm(&at->timer);
	sim_answer_fini(&at->answer);
	free(at);
	x->impl = NULL;
	ec2_response_fini(&x->resp);
}

static void exchange_describe(const struct op *op, struct buf *out)
{
	const struct ec2_exchange *x = container_of(op, const struct ec2_exchange, op);

	buf_adds(out, ec2_action_name(x->req->action));
}

static const struct op_class exchange_class = {
	.name = "sim_exchange",
	.stop = exchange_stop,
	.fini = exchange_fini,
	.describe = exchange_describe,
};

static void prepare(struct ec2_transport *ec2, struct ec2_exchange *x)
{
	struct attempt *at = xcalloc(1, sizeof(*at));

	op_init(&x->op, &exchange_class, ec2->reactor, exchange_start);
	at->x = x;
	x->impl = at;
	x->fault = EC2_FAULT_NOT_SENT;	/* until it starts */
}

/* ---- life ---- */

struct sim_transport *sim_transport_new(struct reactor *r, struct sim_model *m)
{
	struct sim_transport *t = xcalloc(1, sizeof(*t));

	t->ec2.prepare = prepare;
	t->ec2.reactor = r;
	t->model = m;
	t->timeout_ms = TIMEOUT_MS;
	t->reachable = true;
	list_init(&t->orphans);
	return t;
}

void sim_transport_free(struct sim_transport *t)
{
	list_for_each_safe(l, &t->orphans)
		orphan_free(list_entry(l, struct orphan, link));
	free(t);
}

struct ec2_transport *sim_transport_ec2(struct sim_transport *t)
{
	return &t->ec2;
}

void sim_transport_set_timeout(struct sim_transport *t, int64_t ms)
{
	t->timeout_ms = ms;
}

void sim_transport_set_transit(struct sim_transport *t, const struct sim_delay *transit,
			       uint64_t seed)
{
	t->slow = transit != NULL;
	if (transit)
		t->transit = *transit;
	t->rng.state = seed;
}

size_t sim_transport_orphans(const struct sim_transport *t)
{
	return t->n_orphans;
}

void sim_transport_set_reachable(struct sim_transport *t, bool on)
{
	t->reachable = on;
}
