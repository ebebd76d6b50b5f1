#include "aws/ec2_sched.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

#define DOWN_AFTER 8		/* unanswered calls in a row */
#define DOWN_PAUSE_MS 500

#define WAITS_KEPT 64

enum bucket_id {
#define EC2_BUCKET(id, ...) BUCKET_##id,
#include "aws/ec2_buckets.tbl.h"
#undef EC2_BUCKET
	BUCKET_COUNT
};

static const struct bucket_fact {
	const char *name;
	double burst, rate;
	unsigned int most_in_flight;
} bucket_facts[] = {
#define EC2_BUCKET(id, burst, rate, most) { #id, burst, rate, most },
#include "aws/ec2_buckets.tbl.h"
#undef EC2_BUCKET
};

/* Shares of the classes; equal passes go by this order, too. */
enum {
	WEIGHT_DETACH = 8,
	WEIGHT_DESCRIBE = 7,
	WEIGHT_ATTACH = 6,
	WEIGHT_DELETE = 4,
	WEIGHT_CREATE = 3,
	WEIGHT_MODIFY = 2,
};

static const struct action_fact {
	enum bucket_id bucket;
	unsigned int weight;
} action_facts[] = {
#define EC2_ACTION(id, wire, req, resp, bucket, class, repeatable) \
	{ BUCKET_##bucket, WEIGHT_##class },
#include "aws/ec2_actions.tbl.h"
#undef EC2_ACTION
};

struct queue {
	struct list tickets;	/* by place */
	size_t len;
	double pass;		/* stride scheduling: the least goes first */
	int64_t longest_wait;
	uint32_t waits[WAITS_KEPT];	/* of the last granted, ms; a ring */
	uint64_t granted, throttled;
};

struct ec2_sched {
	struct reactor *reactor;
	struct ec2_bucket buckets[BUCKET_COUNT];
	struct queue queues[EC2_ACTION_COUNT];
	unsigned int in_flight;
	uint64_t places;
	double passes[BUCKET_COUNT];	/* of the last grant */
	struct task task;
	struct timer timer;
	unsigned int unanswered;	/* in a row */
	int64_t down_since;
	int64_t not_before;	/* while down */
	char *down_why;
};

static void run(struct task *task);

static void on_timer(struct timer *t)
{
	struct ec2_sched *s = container_of(t, struct ec2_sched, timer);

	reactor_defer(s->reactor, &s->task);
}

struct ec2_sched *ec2_sched_new(struct reactor *r)
{
	struct ec2_sched *s = xcalloc(1, sizeof(*s));

	s->reactor = r;
	s->task.run = run;
	timer_init(&s->timer, r, on_timer);
	for (int i = 0; i < BUCKET_COUNT; i++)
		ec2_bucket_init(&s->buckets[i], bucket_facts[i].burst,
				bucket_facts[i].rate, reactor_now(r));
	for (int i = 0; i < EC2_ACTION_COUNT; i++)
		list_init(&s->queues[i].tickets);
	return s;
}

void ec2_sched_free(struct ec2_sched *s)
{
	if (!s)
		return;
	assert(s->in_flight == 0);
	for (int i = 0; i < EC2_ACTION_COUNT; i++)
		assert(s->queues[i].len == 0);
	timer_disarm(&s->timer);
	reactor_cancel_task(&s->task);
	free(s->down_why);
	free(s);
}

/* ---- queues ---- */

static void wake(struct ec2_sched *s)
{
	reactor_defer(s->reactor, &s->task);
}

/* From the tail for newcomers; one that comes back belongs near the head. */
static void insert(struct queue *q, struct ec2_ticket *t)
{
	struct list *at = q->tickets.prev;

	if (!list_empty(&q->tickets) &&
	    list_entry(q->tickets.next, struct ec2_ticket, link)->place > t->place)
		at = &q->tickets;
	while (at != &q->tickets && list_entry(at, struct ec2_ticket, link)->place > t->place)
		at = at->prev;
	list_add_head(at, &t->link);
	q->len++;
}

static enum op_verdict ticket_queue(struct op *op)
{
	struct ec2_ticket *t = container_of(op, struct ec2_ticket, op);
	struct ec2_sched *s = t->sched;
	struct queue *q = &s->queues[t->action];
	double pass = s->passes[action_facts[t->action].bucket];

	if (t->place == 0) {
		t->place = ++s->places;
		t->queued_at = reactor_now(op->reactor);
	}
	if (q->len == 0 && q->pass < pass)
		q->pass = pass;		/* an idle class saves nothing up */
	insert(q, t);
	wake(s);
	return OP_PENDING;
}

static void leave_queue(struct ec2_ticket *t)
{
	list_del(&t->link);
	t->sched->queues[t->action].len--;
}

static void ticket_stop(struct op *op)
{
	leave_queue(container_of(op, struct ec2_ticket, op));
	op_finish(op);
}

static void ticket_describe(const struct op *op, struct buf *out)
{
	const struct ec2_ticket *t = container_of(op, struct ec2_ticket, op);
	const struct queue *q = &t->sched->queues[t->action];

	buf_printf(out, "for %s since %lld ms, one of %zu", ec2_action_name(t->action),
		   (long long)(reactor_now(op->reactor) - t->queued_at), q->len);
}

static const struct op_class ticket_class = {
	.name = "queue",
	.stop = ticket_stop,
	.describe = ticket_describe,
};

void ec2_ticket_init(struct ec2_ticket *t, struct ec2_sched *s, enum ec2_action action)
{
	op_init(&t->op, &ticket_class, s->reactor, ticket_queue);
	t->sched = s;
	t->action = action;
	list_init(&t->link);
}

/* ---- who is next ---- */

static struct ec2_bucket *bucket_of(struct ec2_sched *s, enum ec2_action a)
{
	return &s->buckets[action_facts[a].bucket];
}

/* Ms until a call may be sent; INT64_MAX: an answer must come first. */
static int64_t bucket_wait(struct ec2_sched *s, enum bucket_id id, int64_t now)
{
	if (s->buckets[id].in_flight >= bucket_facts[id].most_in_flight)
		return INT64_MAX;
	return ec2_bucket_wait(&s->buckets[id], now);
}

/* Of the actions that draw from one bucket, the one whose turn it is, or -1. */
static int choose_in(const struct ec2_sched *s, enum bucket_id id)
{
	int best = -1;

	for (int a = 0; a < EC2_ACTION_COUNT; a++) {
		const struct queue *q = &s->queues[a];

		if (q->len == 0 || action_facts[a].bucket != id)
			continue;
		if (best < 0 || q->pass < s->queues[best].pass ||
		    (q->pass <= s->queues[best].pass &&
		     action_facts[a].weight > action_facts[best].weight))
			best = a;
	}
	return best;
}

/* The action to send for next, or -1; *wait is the least time until one may.
 * Between buckets the one with the fewest calls under way goes first, so that
 * none takes the whole connection pool. */
static int choose(struct ec2_sched *s, int64_t now, int64_t *wait)
{
	unsigned int least = UINT32_MAX;
	int best = -1;

	*wait = INT64_MAX;
	for (int i = 0; i < BUCKET_COUNT; i++) {
		int a = choose_in(s, (enum bucket_id)i);
		int64_t ms;

		if (a < 0)
			continue;
		ms = bucket_wait(s, (enum bucket_id)i, now);
		if (ms < *wait)
			*wait = ms;
		if (ms > 0 || s->buckets[i].in_flight >= least)
			continue;
		least = s->buckets[i].in_flight;
		best = a;
	}
	return best;
}

static void note_wait(struct queue *q, int64_t ms)
{
	if (ms > q->longest_wait)
		q->longest_wait = ms;
	q->waits[q->granted++ % WAITS_KEPT] = ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

static void grant(struct ec2_sched *s, enum ec2_action a, int64_t now)
{
	struct queue *q = &s->queues[a];
	struct ec2_ticket *t = list_entry(q->tickets.next, struct ec2_ticket, link);

	leave_queue(t);
	s->passes[action_facts[a].bucket] = q->pass;
	q->pass += 1.0 / action_facts[a].weight;
	note_wait(q, now - t->queued_at);
	ec2_bucket_draw(bucket_of(s, a), &t->draw, now);
	t->granted = true;
	s->in_flight++;
	op_finish(&t->op);
}

static bool is_down(const struct ec2_sched *s)
{
	return s->unanswered >= DOWN_AFTER;
}

static bool may_send(const struct ec2_sched *s, int64_t now)
{
	if (is_down(s))
		return s->in_flight == 0 && now >= s->not_before;
	return s->in_flight < EC2_IN_FLIGHT_MAX;
}

static void run(struct task *task)
{
	struct ec2_sched *s = container_of(task, struct ec2_sched, task);
	int64_t now = reactor_now(s->reactor);
	int64_t wait = INT64_MAX;

	timer_disarm(&s->timer);
	while (may_send(s, now)) {
		int a = choose(s, now, &wait);

		if (a < 0)
			break;
		grant(s, (enum ec2_action)a, now);
	}
	if (is_down(s) && s->in_flight == 0 && now < s->not_before)
		wait = s->not_before - now;
	if (wait != INT64_MAX && wait > 0)
		timer_arm(&s->timer, wait);
}

/* ---- answers ---- */

/* EC2 has not answered for long: who has waited through it is told. */
static void give_up_waiting(struct ec2_sched *s, int64_t now)
{
	for (int a = 0; a < EC2_ACTION_COUNT; a++) {
		list_for_each_safe(l, &s->queues[a].tickets) {
			struct ec2_ticket *t = list_entry(l, struct ec2_ticket, link);
			int64_t since = t->queued_at > s->down_since ? t->queued_at : s->down_since;

			if (now - since < EC2_DOWN_MS)
				continue;
			leave_queue(t);
			op_err(&t->op, GRPC_UNAVAILABLE, "EC2 has not answered for %lld s: %s",
			       (long long)(now - s->down_since) / 1000, s->down_why);
			op_finish(&t->op);
		}
	}
}

static void note_unanswered(struct ec2_sched *s, const char *why)
{
	int64_t now = reactor_now(s->reactor);

	if (s->unanswered++ == 0)
		s->down_since = now;
	free(s->down_why);
	s->down_why = xstrdup(why ? why : "no answer");
	if (!is_down(s))
		return;
	if (s->unanswered == DOWN_AFTER)
		log_warn(AREA_EC2, "EC2 does not answer: %s", s->down_why);
	s->not_before = now + DOWN_PAUSE_MS;
	give_up_waiting(s, now);
}

static void note_answered(struct ec2_sched *s)
{
	if (is_down(s))
		log_info(AREA_EC2, "EC2 answers again");
	s->unanswered = 0;
}

void ec2_ticket_report(struct ec2_ticket *t, enum ec2_outcome outcome, const char *why)
{
	struct ec2_sched *s = t->sched;
	struct ec2_bucket *b = bucket_of(s, t->action);
	int64_t now = reactor_now(s->reactor);

	if (!t->granted)
		return;
	t->granted = false;
	s->in_flight--;
	s->queues[t->action].throttled += outcome == EC2_THROTTLED;
	if (outcome == EC2_THROTTLED)
		ec2_bucket_throttled(b, &t->draw, now);
	else if (outcome == EC2_ANSWERED)
		ec2_bucket_answered(b, &t->draw, now);
	else
		ec2_bucket_unsent(b, &t->draw);
	if (outcome == EC2_UNANSWERED)
		note_unanswered(s, why);
	else if (outcome != EC2_UNSENT)
		note_answered(s);
	wake(s);
}

/* ---- for others to see ---- */

double ec2_sched_rate(const struct ec2_sched *s, enum ec2_action action)
{
	return s->buckets[action_facts[action].bucket].rate;
}

static void dump_bucket(const struct ec2_bucket *b, struct buf *out)
{
	buf_printf(out, "{\"learned\":%s,\"rate\":%.2f,\"burst\":%.1f,\"level\":%.1f,"
		   "\"in_flight\":%u,\"latency_ms\":%.0f,\"searching\":%s,"
		   "\"calls_to_next_search\":%u}",
		   b->throttled_once ? "true" : "false", b->rate, b->burst, b->level,
		   b->in_flight, b->latency_ms, b->window ? "true" : "false",
		   b->window || b->at_edge >= b->quiet ? 0 : b->quiet - b->at_edge);
}

static int ascending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Of the last granted. */
static uint32_t median_wait(const struct queue *q)
{
	size_t n = q->granted < WAITS_KEPT ? (size_t)q->granted : WAITS_KEPT;
	uint32_t v[WAITS_KEPT];

	if (n == 0)
		return 0;
	memcpy(v, q->waits, n * sizeof(*v));
	qsort(v, n, sizeof(*v), ascending);
	return v[n / 2];
}

static void dump_queue(const struct ec2_sched *s, enum ec2_action a, struct buf *out)
{
	const struct queue *q = &s->queues[a];
	int64_t oldest = 0;

	if (q->len > 0)
		oldest = reactor_now(s->reactor) -
			 list_entry(q->tickets.next, const struct ec2_ticket, link)->queued_at;
	buf_printf(out, "{\"bucket\":\"%s\",\"weight\":%u,\"queued\":%zu,"
		   "\"oldest_wait_ms\":%lld,\"p50_wait_ms\":%u,\"longest_wait_ms\":%lld,"
		   "\"granted\":%llu,\"throttled\":%llu}",
		   bucket_facts[action_facts[a].bucket].name, action_facts[a].weight, q->len,
		   (long long)oldest, median_wait(q), (long long)q->longest_wait,
		   (unsigned long long)q->granted, (unsigned long long)q->throttled);
}

void ec2_sched_dump(const struct ec2_sched *s, struct buf *out)
{
	buf_printf(out, "\"in_flight\":%u,\"down\":%s,\"buckets\":{", s->in_flight,
		   is_down(s) ? "true" : "false");
	for (int i = 0; i < BUCKET_COUNT; i++) {
		buf_printf(out, "%s\"%s\":", i ? "," : "", bucket_facts[i].name);
		dump_bucket(&s->buckets[i], out);
	}
	buf_adds(out, "},\"queues\":{");
	for (int a = 0; a < EC2_ACTION_COUNT; a++) {
		buf_printf(out, "%s\"%s\":", a ? "," : "",
			   ec2_action_name((enum ec2_action)a));
		dump_queue(s, (enum ec2_action)a, out);
	}
	buf_adds(out, "}");
}
