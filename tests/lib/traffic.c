#include "tests/lib/traffic.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "aws/ec2.h"
#include "base/mem.h"
#include "tests/lib/fake_ec2.h"

#define TRANSIT_MS 20		/* to EC2, at least */
#define TRANSIT_JITTER_MS 60
#define ANSWER_MS 200		/* from there, at least */
#define ANSWER_JITTER_MS 200
#define SETTLE_S 10
#define HOUR_MS 3600000

struct request {
	struct ec2_call call;
	struct traffic *traffic;
	int64_t asked, admitted, best;	/* best: admitted by the perfect queue */
	bool detach;
};

struct traffic {
	const struct traffic_plan *plan;
	struct traffic_result *ret;
	struct reactor *r;
	struct ec2_transport transport;
	struct ec2 *ec2;
	struct retry_rng rng;
	struct request *requests;
	size_t n, asked, admitted, sending;
	struct fake_bucket bucket;
	bool changed;
	double other_due;	/* calls of the other client not made yet */
	struct timer tick;
	int64_t *admissions;	/* times since the change */
	size_t n_admissions;
};

/* ---- the bucket and what happens to it, the same for both ---- */

static void bucket_begin(const struct traffic_plan *p, struct fake_bucket *b)
{
	fake_bucket_init(b, p->burst, p->rate);
	if (p->first_empty)
		b->level = 0;
}

/* Up to now, a millisecond at most has passed. Returns what ran over. */
static double bucket_pass(const struct traffic_plan *p, struct fake_bucket *b, int64_t now,
			  double *other_due)
{
	double over, ms = (double)(now - b->at);

	b->level += b->rate * ms / 1000;
	b->at = now;
	over = b->level > b->burst ? b->level - b->burst : 0;
	b->level -= over;
	if (p->change_s && now == p->change_s * 1000) {
		b->burst = p->new_burst;
		b->rate = p->new_rate;
	}
	if (now >= p->other_from_s * 1000 && now < p->other_until_s * 1000)
		*other_due += p->other * ms / 1000;
	if (*other_due >= 1 && b->level >= 1) {	/* refused, it asks again */
		*other_due -= 1;
		b->level -= 1;
	}
	return over;
}

static bool bucket_admits(const struct traffic_plan *p, struct fake_bucket *b)
{
	if (p->burst <= 0)
		return true;
	if (b->level < 1)
		return false;
	b->level -= 1;
	return true;
}

/* ---- the perfect queue ---- */

/* The next of this kind that has been asked for by now, or n. */
static size_t next_of(const struct traffic *t, size_t *head, bool detach, int64_t now)
{
	while (*head < t->n && t->requests[*head].detach != detach)
		++*head;
	return *head < t->n && t->requests[*head].asked <= now ? *head : t->n;
}

/* Weights as in ec2_sched.c: first come, first served within attach and within
 * detach, 6 : 8 between them. Nothing is saved up by an idle one. */
static void serve_perfectly(struct traffic *t)
{
	struct fake_bucket b;
	double other_due = 0, pass[2] = { 0 }, clock = 0;
	size_t head[2] = { 0 }, left = t->n;

	bucket_begin(t->plan, &b);
	for (int64_t now = 0; left > 0; now++) {
		bucket_pass(t->plan, &b, now, &other_due);
		for (;;) {
			size_t of[2] = { next_of(t, &head[0], false, now),
					 next_of(t, &head[1], true, now) };
			int k = of[0] == t->n || (of[1] < t->n && pass[1] <= pass[0]);

			if (of[k] == t->n || !bucket_admits(t->plan, &b))
				break;
			pass[k] = fmax(pass[k], clock);
			clock = pass[k];
			pass[k] += k ? 1 / 8.0 : 1 / 6.0;
			t->requests[of[k]].best = now;
			head[k] = of[k] + 1;
			left--;
		}
	}
}

/* ---- EC2 ---- */

struct attempt {
	struct timer timer;
	struct ec2_exchange *x;
	bool arrived, refused;
};

static int64_t jitter(struct traffic *t, int64_t least, int64_t more)
{
	return least + (int64_t)(retry_rng_unit(&t->rng) * (double)more);
}

static void note_admission(struct traffic *t, struct request *q)
{
	int64_t now = reactor_now(t->r);

	q->admitted = now;
	t->admitted++;
	if (t->plan->change_s && now >= t->plan->change_s * 1000)
		t->admissions[t->n_admissions++] = now;
}

static void on_attempt(struct timer *timer)
{
	struct attempt *at = container_of(timer, struct attempt, timer);
	struct traffic *t = container_of(at->x->transport, struct traffic, transport);
	const struct request *q = container_of(at->x->req, const struct request, call.req);

	if (!at->arrived) {
		at->arrived = true;
		t->sending--;
		at->refused = !bucket_admits(t->plan, &t->bucket);
		t->ret->throttled += at->refused;
		if (!at->refused)
			note_admission(t, &t->requests[q - t->requests]);
		timer_arm(timer, jitter(t, ANSWER_MS, ANSWER_JITTER_MS));
		return;
	}
	at->x->http_status = at->refused ? 503 : 200;
	at->x->fault = at->refused ? EC2_FAULT_THROTTLED : EC2_FAULT_NONE;
	if (at->refused)
		err_set_reason(&at->x->op.err, GRPC_UNAVAILABLE, "RequestLimitExceeded", "slow down");
	op_finish(&at->x->op);
}

static enum op_verdict attempt_start(struct op *op)
{
	struct ec2_exchange *x = container_of(op, struct ec2_exchange, op);
	struct traffic *t = container_of(x->transport, struct traffic, transport);
	struct attempt *at = x->impl = xcalloc(1, sizeof(*at));

	at->x = x;
	t->ret->sent++;
	t->sending++;
	timer_init(&at->timer, t->r, on_attempt);
	timer_arm(&at->timer, jitter(t, TRANSIT_MS, TRANSIT_JITTER_MS));
	return OP_PENDING;
}

static void attempt_fini(struct op *op)
{
	struct ec2_exchange *x = container_of(op, struct ec2_exchange, op);

	free(x->impl);
	x->impl = NULL;
	ec2_response_fini(&x->resp);
}

static void attempt_stop(struct op *op)
{
	struct ec2_exchange *x = container_of(op, struct ec2_exchange, op);

	timer_disarm(&((struct attempt *)x->impl)->timer);
	x->fault = EC2_FAULT_UNKNOWN;
	op_finish(op);
}

static const struct op_class attempt_class = {
	.name = "exchange",
	.stop = attempt_stop,
	.fini = attempt_fini,
};

static void prepare(struct ec2_transport *transport, struct ec2_exchange *x)
{
	op_init(&x->op, &attempt_class, transport->reactor, attempt_start);
}

/* ---- the clients ---- */

static void on_end(struct op *op)
{
	op_fini(op);
}

static void draw_requests(struct traffic *t)
{
	const struct traffic_plan *p = t->plan;
	size_t most = p->at_once + (size_t)(p->arrivals * (double)p->until_s * 2) + 100;
	double at = 0;

	t->requests = xcalloc(most, sizeof(*t->requests));
	t->n = p->at_once;
	while (p->arrivals > 0 && t->n < most) {
		at -= log(1 - retry_rng_unit(&t->rng)) / p->arrivals * 1000;
		if (at >= (double)p->until_s * 1000)
			break;
		t->requests[t->n++].asked = (int64_t)at;
	}
	for (size_t i = 0; i < t->n; i++) {
		t->requests[i].traffic = t;
		t->requests[i].detach = retry_rng_unit(&t->rng) * 100 < p->detach_percent;
	}
	t->admissions = xcalloc(t->n, sizeof(*t->admissions));
}

static void observe_rate(struct traffic *t, int64_t now)
{
	const struct traffic_plan *p = t->plan;
	double rate = ec2_rate(t->ec2, EC2_ATTACH_VOLUME);
	bool waiting = t->asked - t->admitted > t->sending;

	if (!p->rate_from_s || now % 1000 || now < p->rate_from_s * 1000 ||
	    (p->rate_until_s ? now >= p->rate_until_s * 1000 : !waiting))
		return;
	if (t->ret->rate_high <= 0 || rate < t->ret->rate_low)
		t->ret->rate_low = rate;
	t->ret->rate_high = fmax(t->ret->rate_high, rate);
}

static void take_dump(struct traffic *t)
{
	struct buf out;

	if (t->ret->dump || t->admitted < t->n / 2)
		return;
	buf_init(&out, 65536);
	ec2_dump_json(t->ec2, &out);
	t->ret->dump = xstrdup(buf_cstr(&out));
	buf_fini(&out);
}

/* Every millisecond. */
static void on_tick(struct timer *timer)
{
	struct traffic *t = container_of(timer, struct traffic, tick);
	int64_t now = reactor_now(t->r);
	double over = bucket_pass(t->plan, &t->bucket, now, &t->other_due);

	if (t->asked - t->admitted > t->sending && t->plan->burst > 0)
		t->ret->wasted += over;
	for (; t->asked < t->n && t->requests[t->asked].asked <= now; t->asked++) {
		struct request *q = &t->requests[t->asked];

		ec2_call_init(&q->call, t->ec2,
			      q->detach ? EC2_DETACH_VOLUME : EC2_ATTACH_VOLUME);
		op_start(&q->call.op, on_end);
	}
	observe_rate(t, now);
	take_dump(t);
	timer_arm_at(timer, now + 1);
}

/* ---- figures ---- */

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void sum_waits(struct traffic *t)
{
	struct traffic_result *r = t->ret;
	double *waits = xcalloc(2 * t->n, sizeof(*waits)), *best = waits + t->n;

	for (size_t i = 0; i < t->n; i++) {
		const struct request *q = &t->requests[i];
		double least;

		waits[i] = (double)(q->admitted - q->asked) / 1000;
		best[i] = (double)(q->best - q->asked) / 1000;
		least = fmax(best[i], TRAFFIC_WAIT_S);
		r->worst_ratio = fmax(r->worst_ratio, fmax(waits[i], TRAFFIC_WAIT_S) / least);
		r->added_s = fmax(r->added_s, waits[i] - best[i]);
		r->seconds = fmax(r->seconds, (double)q->admitted / 1000);
		r->best_seconds = fmax(r->best_seconds, (double)q->best / 1000);
	}
	qsort(waits, t->n, sizeof(*waits), ascending);
	qsort(best, t->n, sizeof(*best), ascending);
	r->median_s = waits[t->n / 2];
	r->longest_s = waits[t->n - 1];
	r->best_median_s = best[t->n / 2];
	r->best_longest_s = best[t->n - 1];
	free(waits);
}

static void find_settled(struct traffic *t)
{
	size_t want = (size_t)(0.9 * t->plan->new_rate * SETTLE_S);

	t->ret->settle_s = -1;
	for (size_t i = 0; want && i + want < t->n_admissions; i++) {
		if (t->admissions[i + want] - t->admissions[i] > SETTLE_S * 1000)
			continue;
		t->ret->settle_s = (double)t->admissions[i] / 1000 - (double)t->plan->change_s;
		return;
	}
}

void traffic_run(const struct traffic_plan *plan, uint64_t seed, struct traffic_result *ret)
{
	struct traffic *t = xcalloc(1, sizeof(*t));
	int64_t end = HOUR_MS;

	*ret = (struct traffic_result){ 0 };
	t->plan = plan;
	t->ret = ret;
	t->r = reactor_new_virtual(1700000000000);
	t->transport.prepare = prepare;
	t->transport.reactor = t->r;
	t->ec2 = ec2_new(t->r, &t->transport);
	retry_rng_init(&t->rng, seed);
	draw_requests(t);
	serve_perfectly(t);
	for (size_t i = 0; i < t->n; i++)
		end = t->requests[i].best + HOUR_MS > end ? t->requests[i].best + HOUR_MS : end;
	bucket_begin(plan, &t->bucket);
	timer_init(&t->tick, t->r, on_tick);
	timer_arm(&t->tick, 0);
	while (t->admitted < t->n && reactor_now(t->r) < end)
		reactor_advance(t->r, 1000);
	ret->calls = (unsigned int)t->n;
	ret->finished = t->admitted == t->n;
	if (ret->finished) {
		sum_waits(t);
		find_settled(t);
		reactor_advance(t->r, 10000);
	} else {
		for (size_t i = 0; i < t->asked; i++)
			if (op_active(&t->requests[i].call.op))
				op_cancel(&t->requests[i].call.op, GRPC_CANCELLED, "over");
		reactor_advance(t->r, 10000);
	}
	timer_disarm(&t->tick);
	ec2_free(t->ec2);
	reactor_free(t->r);
	free(t->requests);
	free(t->admissions);
	free(t);
}

void traffic_print(const struct traffic_plan *plan, const struct traffic_result *r,
		   void (*print)(const char *line))
{
	char line[400];

	snprintf(line, sizeof(line),
		 "%-34s %6u %5.2f%% %6.0f s %6.3f  wait p50 %5.1f/%5.1f max %6.1f/%6.1f "
		 "ratio %.3f +%5.1f s  lost %5.1f  rate %5.2f-%5.2f settle %5.1f",
		 plan->name, r->calls, r->sent ? 100.0 * r->throttled / r->sent : 0, r->seconds,
		 r->best_seconds > 0 ? r->seconds / r->best_seconds : 1, r->median_s,
		 r->best_median_s, r->longest_s, r->best_longest_s, r->worst_ratio, r->added_s,
		 r->wasted, r->rate_low, r->rate_high, r->settle_s);
	print(line);
}
