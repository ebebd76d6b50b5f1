#include "aws/ec2.h"

#include <assert.h>
#include <string.h>

#include "base/defect.h"
#include "base/log.h"
#include "base/mem.h"

struct ec2_counters {
	uint64_t calls;		/* attempts sent */
	uint64_t throttled;
	uint64_t errors;	/* other failed attempts */
};

struct ec2 {
	struct reactor *reactor;
	struct ec2_transport *transport;
	struct ec2_sched *sched;
	struct retry_rng rng;
	struct list calls;	/* active */
	struct ec2_counters counters[EC2_ACTION_COUNT];
};

static const bool repeatable[] = {
#define EC2_ACTION(id, wire, req, resp, bucket, class, repeatable) repeatable,
#include "aws/ec2_actions.tbl.h"
#undef EC2_ACTION
};

static bool is_mutating(enum ec2_action a)
{
	return !str_starts(str_c(ec2_action_name(a)), "Describe");
}

struct ec2 *ec2_new(struct reactor *r, struct ec2_transport *t)
{
	struct ec2 *e = xcalloc(1, sizeof(*e));

	e->reactor = r;
	e->transport = t;
	e->sched = ec2_sched_new(r);
	/* In virtual time a run must be the same again. */
	retry_rng_init(&e->rng, reactor_is_virtual(r) ? 1 :
		       (uint64_t)reactor_wall(r) ^ (uint64_t)getpid() << 32);
	list_init(&e->calls);
	return e;
}

void ec2_free(struct ec2 *e)
{
	if (!e)
		return;
	assert(list_empty(&e->calls));
	ec2_sched_free(e->sched);
	free(e);
}

void ec2_stop(struct ec2 *e)
{
	list_for_each(l, &e->calls) {
		struct ec2_call *call = list_entry(l, struct ec2_call, link);

		if (call->exchange && op_active(&call->exchange->op))
			op_shield(&call->exchange->op, false);
	}
}

/* ---- one call: wait -> attempt -> answered [-> pause] -> wait ... ---- */

static op_step call_attempt, call_answered;

static enum op_verdict call_wait(struct op *op)
{
	struct ec2_call *call = container_of(op, struct ec2_call, op);

	if (call->attempts == 0 && !list_linked(&call->link))
		list_add_tail(&call->ec2->calls, &call->link);
	ec2_ticket_init(&call->ticket, call->ec2->sched, call->req.action);
	return op_await(op, &call->ticket.op, call_attempt);
}

static enum op_verdict call_attempt(struct op *op)
{
	struct ec2_call *call = container_of(op, struct ec2_call, op);

	if (op_failed(&call->ticket.op))
		return op_fail_as(op, &call->ticket.op, "%s",
				  ec2_action_name(call->req.action));
	call->attempts++;
	call->sent = true;
	call->ec2->counters[call->req.action].calls++;
	call->exchange = xcalloc(1, sizeof(*call->exchange));
	ec2_exchange_init(call->exchange, call->ec2->transport, &call->req);
	if (is_mutating(call->req.action))
		op_shield(&call->exchange->op, true);
	return op_await(op, &call->exchange->op, call_answered);
}

static void drop_exchange(struct ec2_call *call)
{
	struct ec2_exchange *x = call->exchange;

	if (!x)
		return;
	call->exchange = NULL;
	op_fini(&x->op);
	ec2_response_fini(&x->resp);
	free(x);
}

static enum ec2_fault fault_of(const struct ec2_exchange *x)
{
	if (!op_failed(&x->op))
		return EC2_FAULT_NONE;
	return x->fault == EC2_FAULT_NONE ? EC2_FAULT_UNKNOWN : x->fault;
}

/* Tells the scheduler and counts. */
static void report(struct ec2_call *call, enum ec2_fault fault)
{
	struct ec2_counters *c = &call->ec2->counters[call->req.action];
	enum ec2_outcome outcome = EC2_ANSWERED;

	call->sent = false;
	if (call->exchange->op.cancelled && fault == EC2_FAULT_UNKNOWN) {
		/* We went away; says nothing about EC2. */
	} else if (fault == EC2_FAULT_THROTTLED) {
		outcome = EC2_THROTTLED;
		c->throttled++;
	} else if (fault != EC2_FAULT_NONE) {
		c->errors++;
		if (fault == EC2_FAULT_NOT_SENT ||
		    (fault == EC2_FAULT_UNKNOWN && call->exchange->http_status == 0))
			outcome = EC2_UNANSWERED;
	}
	if (DEFECT(slot_leaked) && outcome == EC2_THROTTLED)
		return;
	ec2_ticket_report(&call->ticket, outcome, err_msg(&call->exchange->op.err));
}

/* "<Action>: <Code>: <text>", with the code that fits in general. */
static void take_error(struct ec2_call *call, enum ec2_fault fault, struct err *ret)
{
	struct err *from = &call->exchange->op.err;
	const char *reason = from->reason ? from->reason : "";
	enum grpc_code code = from->code == GRPC_DEADLINE_EXCEEDED ||
			      from->code == GRPC_CANCELLED ?
			      GRPC_UNAVAILABLE : retry_grpc_code(reason, fault);

	err_set_reason(ret, code, reason, "%s: %s%s%s",
		       ec2_action_name(call->req.action), reason, *reason ? ": " : "",
		       err_msg(from));
	err_fini(from);
}

static enum op_verdict call_failed(struct ec2_call *call, enum ec2_fault fault)
{
	int64_t asked = call->exchange->retry_after_ms;

	take_error(call, fault, &call->last);
	drop_exchange(call);
	if (fault == EC2_FAULT_UNKNOWN)
		call->maybe_done = true;
	switch (retry_decide(&call->retry, fault, repeatable[call->req.action])) {
	case RETRY_QUEUE:
	case RETRY_AT_ONCE:
		return op_next(&call->op, call_wait);
	case RETRY_LATER:
		log_debug(AREA_EC2, "%s (attempt %u)", err_msg(&call->last), call->attempts);
		op_sleep_init(&call->pause, call->op.reactor,
			      retry_delay_ms(&call->ec2->rng, &call->retry, asked));
		return op_await(&call->op, &call->pause.op, call_wait);
	default:
		return op_fail_err(&call->op, &call->last);
	}
}

static enum op_verdict call_answered(struct op *op)
{
	struct ec2_call *call = container_of(op, struct ec2_call, op);
	enum ec2_fault fault = fault_of(call->exchange);

	report(call, fault);
	if (fault != EC2_FAULT_NONE)
		return call_failed(call, fault);
	ec2_response_fini(&call->resp);
	call->resp = call->exchange->resp;	/* takes the arena over */
	memset(&call->exchange->resp, 0, sizeof(call->exchange->resp));
	drop_exchange(call);
	return OP_DONE;
}

/* A cancel may have come between a grant and its use, or between an answer and
 * the step that reads it. */
static void call_end(struct op *op)
{
	struct ec2_call *call = container_of(op, struct ec2_call, op);

	if (call->sent)
		report(call, fault_of(call->exchange));
	else
		ec2_ticket_report(&call->ticket, EC2_UNSENT, NULL);
	list_del(&call->link);
}

static void call_fini(struct op *op)
{
	struct ec2_call *call = container_of(op, struct ec2_call, op);

	ec2_response_fini(&call->resp);
	drop_exchange(call);
	err_fini(&call->last);
}

static void call_describe(const struct op *op, struct buf *out)
{
	const struct ec2_call *call = container_of(op, struct ec2_call, op);

	buf_printf(out, "%s, attempt %u", ec2_action_name(call->req.action), call->attempts);
	if (err_is_set(&call->last))
		buf_printf(out, " (before: %s)", err_msg(&call->last));
}

static const struct op_class call_class = {
	.name = "ec2",
	.end = call_end,
	.fini = call_fini,
	.describe = call_describe,
};

void ec2_call_init(struct ec2_call *call, struct ec2 *e, enum ec2_action action)
{
	op_fini(&call->op);
	memset(call, 0, sizeof(*call));
	op_init(&call->op, &call_class, e->reactor, call_wait);
	call->ec2 = e;
	call->req.action = action;
	list_init(&call->link);
}

bool ec2_call_failed_with(const struct ec2_call *call, const char *code)
{
	return op_failed(&call->op) && err_reason_is(&call->op.err, code);
}

/* ---- figures ---- */

double ec2_rate(const struct ec2 *e, enum ec2_action action)
{
	return ec2_sched_rate(e->sched, action);
}

void ec2_dump_json(const struct ec2 *e, struct buf *out)
{
	buf_adds(out, "{");
	ec2_sched_dump(e->sched, out);
	buf_adds(out, ",\"actions\":{");
	for (int a = 0; a < EC2_ACTION_COUNT; a++) {
		const struct ec2_counters *c = &e->counters[a];

		buf_printf(out, "%s\"%s\":{\"calls\":%llu,\"throttled\":%llu,\"errors\":%llu}",
			   a ? "," : "", ec2_action_name((enum ec2_action)a),
			   (unsigned long long)c->calls, (unsigned long long)c->throttled,
			   (unsigned long long)c->errors);
	}
	buf_adds(out, "}}");
}
