#include "sim/sim_transport.h"

#include "base/mem.h"

#define TIMEOUT_MS 60000

struct sim_transport {
	struct ec2_transport ec2;
	struct sim_model *model;
	int64_t timeout_ms;
	bool reachable;
};

/* An attempt: the model has been asked, its answer waits for its time. */
struct attempt {
	struct ec2_exchange *x;
	struct sim_answer answer;
	struct timer timer;
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

/* ---- the leaf ---- */

static enum op_verdict exchange_start(struct op *op)
{
	struct ec2_exchange *x = container_of(op, struct ec2_exchange, op);
	struct sim_transport *t = transport_of(x);
	struct attempt *at = x->impl;
	bool hangs;

	if (!t->reachable) {
		fail(x, EC2_FAULT_NOT_SENT, "", "connection refused", NULL);
		return OP_FAILED;
	}
	sim_model_call(t->model, reactor_now(op->reactor), x->req, &at->answer);
	hangs = at->answer.outcome == SIM_HANG || at->answer.latency_ms > t->timeout_ms;
	if (hangs)
		at->answer.outcome = SIM_HANG;
	timer_init(&at->timer, op->reactor, on_time);
	timer_arm(&at->timer, hangs ? t->timeout_ms : at->answer.latency_ms);
	return OP_PENDING;
}

/* The call has reached EC2 and did there what it did. */
static void exchange_stop(struct op *op)
{
	struct ec2_exchange *x = container_of(op, struct ec2_exchange, op);
	struct attempt *at = x->impl;

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
	return t;
}

void sim_transport_free(struct sim_transport *t)
{
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

void sim_transport_set_reachable(struct sim_transport *t, bool on)
{
	t->reachable = on;
}
