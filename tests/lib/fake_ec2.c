#include "tests/lib/fake_ec2.h"

#include <string.h>

#include "aws/retry.h"
#include "base/mem.h"

struct attempt {
	struct timer timer;
	struct ec2_exchange *x;
	struct fake_answer answer;
};

void fake_bucket_init(struct fake_bucket *b, double burst, double rate)
{
	*b = (struct fake_bucket){ .burst = burst, .rate = rate, .level = burst };
}

bool fake_bucket_take(struct fake_bucket *b, int64_t now)
{
	b->level += b->rate * (double)(now - b->at) / 1000;
	b->at = now;
	if (b->level > b->burst)
		b->level = b->burst;
	if (b->level < 1)
		return false;
	b->level -= 1;
	return true;
}

void fake_fail(struct fake_answer *a, const char *code, const char *text)
{
	a->code = code;
	a->text = text;
	a->fault = retry_fault(code, 400);
}

static void on_answer(struct timer *t)
{
	struct attempt *at = container_of(t, struct attempt, timer);
	struct ec2_exchange *x = at->x;
	struct fake_ec2 *f = container_of(x->transport, struct fake_ec2, transport);

	f->in_flight--;
	x->http_status = at->answer.lost ? 0 : at->answer.fault ? 400 : 200;
	x->fault = at->answer.lost ? EC2_FAULT_UNKNOWN : at->answer.fault;
	if (x->fault)
		err_set_reason(&x->op.err, GRPC_UNKNOWN,
			       at->answer.lost ? "" : at->answer.code ? at->answer.code : "",
			       "%s (request id req-%u)",
			       at->answer.lost ? "connection reset" :
			       at->answer.text ? at->answer.text : "", f->calls[x->req->action]);
	op_finish(&x->op);
}

static enum op_verdict attempt_start(struct op *op)
{
	struct ec2_exchange *x = container_of(op, struct ec2_exchange, op);
	struct fake_ec2 *f = container_of(x->transport, struct fake_ec2, transport);
	struct attempt *at = x->impl = xcalloc(1, sizeof(*at));
	enum ec2_action a = x->req->action;
	struct retry_rng rng;

	at->x = x;
	retry_rng_init(&rng, f->seed++);
	at->answer.resp = &x->resp;
	at->answer.latency_ms = f->latency_ms +
				(int64_t)(retry_rng_unit(&rng) * (double)f->jitter_ms);
	f->calls[a]++;
	if (++f->in_flight > f->most_in_flight)
		f->most_in_flight = f->in_flight;
	x->resp.action = a;
	if (f->bucket[a] && !fake_bucket_take(f->bucket[a], reactor_now(op->reactor))) {
		f->throttled[a]++;
		fake_fail(&at->answer, "RequestLimitExceeded", "Request limit exceeded.");
	} else if (f->handle) {
		f->handle(f, x->req, &at->answer);
	}
	timer_init(&at->timer, op->reactor, on_answer);
	timer_arm(&at->timer, at->answer.latency_ms);
	return OP_PENDING;
}

static void attempt_stop(struct op *op)
{
	struct ec2_exchange *x = container_of(op, struct ec2_exchange, op);
	struct attempt *at = x->impl;
	struct fake_ec2 *f = container_of(x->transport, struct fake_ec2, transport);

	f->in_flight--;
	timer_disarm(&at->timer);
	x->fault = EC2_FAULT_UNKNOWN;
	op_finish(op);
}

static void attempt_fini(struct op *op)
{
	struct ec2_exchange *x = container_of(op, struct ec2_exchange, op);

	free(x->impl);
	x->impl = NULL;
	ec2_response_fini(&x->resp);
}

static const struct op_class attempt_class = {
	.name = "exchange",
	.stop = attempt_stop,
	.fini = attempt_fini,
};

static void prepare(struct ec2_transport *t, struct ec2_exchange *x)
{
	op_init(&x->op, &attempt_class, t->reactor, attempt_start);
}

void fake_ec2_init(struct fake_ec2 *f, struct reactor *r)
{
	memset(f, 0, sizeof(*f));
	f->transport.prepare = prepare;
	f->transport.reactor = r;
	f->latency_ms = 200;
	f->jitter_ms = 200;
	f->seed = 1;
}
