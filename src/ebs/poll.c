#include "ebs/poll.h"

#include <assert.h>
#include <string.h>

#include "base/defect.h"
#include "base/mem.h"
#include "ebs/poll_impl.h"

#define BATCHES_MAX 4		/* calls that one round may take */
#define OVERLAP_MAX 3		/* rounds under way for transitions */
#define FAILURES_MAX 5		/* calls in a row before a transition gives up */
#define FAILURE_PAUSE_MS 1000

static void run(struct task *task);

static void on_timer(struct timer *t)
{
	struct poller *p = container_of(t, struct poller, timer);

	reactor_defer(p->reactor, &p->task);
}

struct poller *poller_new(struct reactor *r, struct ec2 *ec2, const struct poll_kind *kind)
{
	struct poller *p = xcalloc(1, sizeof(*p));

	p->reactor = r;
	p->ec2 = ec2;
	p->kind = kind;
	p->task.run = run;
	list_init(&p->batches);
	map_init(&p->entries);
	timer_init(&p->timer, r, on_timer);
	pace_init(&p->pace, reactor_now(r));
	return p;
}

void poller_free(struct poller *p)
{
	if (!p)
		return;
	assert(list_empty(&p->batches) && map_count(&p->entries) == 0);
	timer_disarm(&p->timer);
	reactor_cancel_task(&p->task);
	map_fini(&p->entries);
	free(p);
}

void poller_stop(struct poller *p)
{
	p->stopped = true;
	poll_cancel_batches(p);
}

bool poller_idle(const struct poller *p)
{
	return list_empty(&p->batches);
}

void poller_set_load(struct poller *p, size_t operations)
{
	pace_set_load(&p->pace, operations, reactor_now(p->reactor));
}

/* ---- watches ---- */

static struct poll_entry *entry_get(struct poller *p, const char *id)
{
	struct poll_entry *e = map_get(&p->entries, id);

	if (e)
		return e;
	e = xcalloc(1, sizeof(*e));
	e->id = xstrdup(id);
	list_init(&e->watches);
	map_put(&p->entries, id, e);
	return e;
}

static void entry_drop(struct poller *p, struct poll_entry *e)
{
	if (!list_empty(&e->watches))
		return;
	map_del(&p->entries, e->id);
	free(e->id);
	free(e);
}

static void unlink_watch(struct watch *w)
{
	list_del(&w->link);
	if (w->transition != TRANSITION_LOOK)
		w->poller->pace.active--;
}

static enum op_verdict watch_start(struct op *op)
{
	struct watch *w = container_of(op, struct watch, op);
	struct poller *p = w->poller;
	int64_t now = reactor_now(op->reactor);

	if (p->stopped)
		return op_fail(op, GRPC_UNAVAILABLE, "shutting down");
	w->entry = entry_get(p, w->id);
	list_add_tail(&w->entry->watches, &w->link);
	w->since = now;
	w->seq = p->seq;
	w->due = now;
	if (w->transition == TRANSITION_LOOK) {
		p->look_due = true;
		reactor_defer(p->reactor, &p->task);
		return OP_PENDING;
	}
	w->due += pace_begin(&p->pace, w->transition, now);
	if (!timer_armed(&p->timer) || p->timer.at > w->due)
		timer_arm_at(&p->timer, w->due);
	return OP_PENDING;
}

static void watch_stop(struct op *op)
{
	struct watch *w = container_of(op, struct watch, op);

	unlink_watch(w);
	entry_drop(w->poller, w->entry);
	op_finish(op);
}

static void watch_describe(const struct op *op, struct buf *out)
{
	const struct watch *w = container_of(op, struct watch, op);

	buf_printf(out, "%s %s, %u looks", pace_name(w->transition), w->id, w->looks);
}

static const struct op_class watch_class = {
	.name = "watch",
	.stop = watch_stop,
	.describe = watch_describe,
};

void watch_init(struct watch *w, struct poller *p, const char *id,
		enum transition transition, watch_check *check)
{
	op_init(&w->op, &watch_class, p->reactor, watch_start);
	w->poller = p;
	w->id = id;
	w->transition = transition;
	w->check = check;
	w->looks = w->failures = 0;
	list_init(&w->link);
}

/* ---- answers ---- */

static void look_again(struct watch *w, int64_t now)
{
	w->due = now;
	w->poller->look_due = true;
}

static void observe(struct watch *w, const void *item, int64_t asked, int64_t now)
{
	struct pace *pace = &w->poller->pace;
	enum watch_verdict verdict;

	w->asked = asked;
	w->looks++;
	w->failures = 0;
	verdict = w->check(w, item);
	if (verdict == WATCH_ON) {
		if (DEFECT(waiter_forgotten))
			w->due = INT64_MAX;
		else if (w->transition == TRANSITION_LOOK)
			look_again(w, now);
		return;
	}
	if (verdict == WATCH_DONE)
		pace_learn(pace, w->transition, now - w->since, w->looks, now);
	unlink_watch(w);
	op_finish(&w->op);
}

void poll_deliver(struct poller *p, const char *id, const void *item, uint64_t seq,
		  int64_t asked)
{
	struct poll_entry *e = map_get(&p->entries, id);

	if (!e)
		return;
	e->found_in = item ? seq : e->found_in;
	list_for_each_safe(l, &e->watches) {
		struct watch *w = list_entry(l, struct watch, link);

		if (w->seq < seq)
			observe(w, item, asked, reactor_now(p->reactor));
	}
	entry_drop(p, e);
}

/* A call that failed as a whole settles no state question. */
static void fail_watch(struct watch *w, const struct err *err, int64_t now)
{
	if (w->transition != TRANSITION_LOOK && ++w->failures < FAILURES_MAX) {
		w->due = now + FAILURE_PAUSE_MS * (int64_t)w->failures;
		return;
	}
	err_copy(&w->op.err, err);
	unlink_watch(w);
	op_finish(&w->op);
}

void poll_fail_id(struct poller *p, const char *id, uint64_t seq, const struct err *err)
{
	struct poll_entry *e = map_get(&p->entries, id);

	if (!e)
		return;
	list_for_each_safe(l, &e->watches) {
		struct watch *w = list_entry(l, struct watch, link);

		if (w->seq < seq)
			fail_watch(w, err, reactor_now(p->reactor));
	}
	entry_drop(p, e);
}

/* ---- when to ask ---- */

/* What one pass over the table finds. */
struct round {
	const char **ids;	/* due, and what may come along */
	size_t n;
	bool look;		/* somebody waits for an answer now */
	bool moving;		/* a transition is due */
};

static bool entry_due(const struct poll_entry *e, struct round *r, int64_t now)
{
	bool due = false;

	list_for_each(l, &e->watches) {
		const struct watch *w = list_entry(l, struct watch, link);

		/* Nearly due: it costs nothing to ask along. */
		due |= w->due <= now + PACE_GAP_MS / 2;
		if (w->due <= now && w->transition == TRANSITION_LOOK)
			r->look = true;
		else if (w->due <= now)
			r->moving = true;
	}
	return due;
}

static void collect(struct poller *p, struct round *r, int64_t now)
{
	struct map_iter it = { 0 };
	const char *id;
	void *e;

	r->ids = xcalloc(map_count(&p->entries) + 1, sizeof(*r->ids));
	while (map_next(&p->entries, &it, &id, &e))
		if (entry_due(e, r, now))
			r->ids[r->n++] = ((struct poll_entry *)e)->id;
}

/* When the next watch that is not due yet will be. */
static int64_t earliest(const struct poller *p, int64_t now)
{
	struct map_iter it = { 0 };
	int64_t next = INT64_MAX;
	const char *id;
	void *e;

	while (map_next(&p->entries, &it, &id, &e)) {
		list_for_each(l, &((struct poll_entry *)e)->watches) {
			int64_t due = list_entry(l, struct watch, link)->due;

			if (due > now && due < next)
				next = due;
		}
	}
	return next;
}

/* Marks what is being asked: a look waits for the answer, a transition may be
 * asked for again before a slow one is there. */
static void mark_asked(struct poller *p, const struct round *r, int64_t now)
{
	for (size_t i = 0; i < r->n; i++) {
		struct poll_entry *e = map_get(&p->entries, r->ids[i]);

		list_for_each(l, &e->watches) {
			struct watch *w = list_entry(l, struct watch, link);

			if (w->due > now + PACE_GAP_MS / 2)
				continue;
			w->due = INT64_MAX;
			if (w->transition != TRANSITION_LOOK)
				w->due = now + pace_interval(&p->pace, w->transition,
							     now - w->since);
		}
	}
}

static void send(struct poller *p, struct round *r, int64_t now)
{
	size_t max = p->kind->max_ids, n = r->n;

	pace_spend(&p->pace, now, r->look);
	if (r->n > max * BATCHES_MAX)
		r->n = max * BATCHES_MAX;
	p->look_due = r->look && r->n < n;
	mark_asked(p, r, now);
	for (size_t i = 0; i < r->n; i += max)
		poll_start_batch(p, r->ids + i, r->n - i < max ? r->n - i : max, r->look);
}

/* One pass over the table; when the next one is due, or INT64_MAX. */
static int64_t ask_what_is_due(struct poller *p, int64_t now)
{
	int64_t next, wait = 0;
	struct round r = { 0 };

	collect(p, &r, now);
	p->look_due = r.look;
	if (r.look && p->looks == 0) {
		send(p, &r, now);
	} else if (r.moving && p->in_flight < OVERLAP_MAX) {
		wait = pace_wait(&p->pace, now, ec2_rate(p->ec2, p->kind->action));
		if (wait == 0)
			send(p, &r, now);
	}
	free(r.ids);
	p->quiet_until = now + wait;
	next = earliest(p, now);
	return wait > 0 && next > now + wait ? now + wait : next;
}

static void run(struct task *task)
{
	struct poller *p = container_of(task, struct poller, task);
	int64_t now = reactor_now(p->reactor), next = p->quiet_until;

	timer_disarm(&p->timer);
	if (p->stopped)
		return;
	/* Thousands of watches: no pass over them that cannot ask for anything. */
	if (p->look_due || now >= p->quiet_until)
		next = ask_what_is_due(p, now);
	if (next != INT64_MAX)
		timer_arm_at(&p->timer, next);
}

void poller_dump_json(const struct poller *p, struct buf *out)
{
	buf_printf(out, "{\"entries\":%zu,\"in_flight\":%u,\"calls\":%llu,",
		   map_count(&p->entries), p->in_flight, (unsigned long long)p->calls);
	pace_dump(&p->pace, out);
	buf_adds(out, "}");
}
