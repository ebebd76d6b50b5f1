#include "reactor/reactor.h"

#include <assert.h>
#include <time.h>
#include <uv.h>

#include "base/mem.h"
#include "reactor/internal.h"
#include "reactor/timer.h"

#define FAREWELL_MS 2000	/* longer than sockets linger */

struct reactor {
	struct list queue;	/* tasks */
	struct list roots;	/* operation trees */
	struct heap timers;
	uint64_t seq;
	int64_t wall_shift;
	bool is_virtual;
	int64_t now;		/* virtual ms */

	/* Real only. */
	uv_loop_t loop;
	uv_prepare_t prepare;
	uv_check_t check;
	uv_idle_t idle;		/* keeps poll from blocking while tasks are queued */
	uv_timer_t timer;
	const bool *until;	/* reactor_run_until waits for it; else NULL */
	int64_t turn_us, idle_us;	/* clock and time asleep at the last on_prepare */
	int64_t lag_us;
	uint64_t turns[REACTOR_TURNS];
	int open_handles;
};

static bool timer_before(const struct heap_node *a, const struct heap_node *b)
{
	const struct timer *x = container_of(a, struct timer, node);
	const struct timer *y = container_of(b, struct timer, node);

	return x->at != y->at ? x->at < y->at : x->seq < y->seq;
}

static struct timer *first_timer(const struct reactor *r)
{
	struct heap_node *n = heap_top(&r->timers);

	return n ? container_of(n, struct timer, node) : NULL;
}

/* Runs what was queued before the call and what that queues, up to a bound, so
 * that a task that always queues another cannot keep sockets from being read. */
static void drain(struct reactor *r)
{
	int budget = r->is_virtual ? INT32_MAX : 10000;
	struct list *l;

	while (budget-- > 0 && (l = list_pop(&r->queue))) {
		struct task *t = list_entry(l, struct task, link);

		t->run(t);
	}
}

static void fire_due(struct reactor *r)
{
	int64_t now = reactor_now(r);
	struct timer *t;

	while ((t = first_timer(r)) && t->at <= now) {
		timer_disarm(t);
		t->fire(t);
	}
}

/* ---- real time ---- */

static void on_timer(uv_timer_t *h);

static void rearm(struct reactor *r)
{
	struct timer *t = first_timer(r);
	int64_t wait;

	if (!t) {
		uv_timer_stop(&r->timer);
		return;
	}
	wait = t->at - (int64_t)uv_now(&r->loop);
	uv_timer_start(&r->timer, on_timer, wait > 0 ? (uint64_t)wait : 0, 0);
}

static void on_timer(uv_timer_t *h)
{
	struct reactor *r = h->data;

	fire_due(r);
	rearm(r);
}

static void on_idle(uv_idle_t *h)
{
	(void)h;
}

static unsigned int turn_class(int64_t us)
{
	unsigned int bits, i;

	if (us < 4)
		return us > 0 ? (unsigned int)us : 0;
	bits = 63 - (unsigned int)__builtin_clzll((unsigned long long)us);
	i = 4 * (bits - 1) + (unsigned int)(us >> (bits - 2) & 3);
	return i < REACTOR_TURNS ? i : REACTOR_TURNS - 1;
}

/* From one sleep to the next: timers, the run queue and what the sockets brought. */
static void measure(struct reactor *r)
{
	int64_t now = (int64_t)(uv_hrtime() / 1000);
	int64_t idle = (int64_t)(uv_metrics_idle_time(&r->loop) / 1000);
	int64_t took = (now - r->turn_us) - (idle - r->idle_us);

	if (r->turn_us)
		r->turns[turn_class(took)]++;
	if (r->turn_us && took > r->lag_us)
		r->lag_us = took;
	r->turn_us = now;
	r->idle_us = idle;
}

/* Last thing before the loop sleeps: nothing may stay queued, and what
 * reactor_run_until waits for may have come about just now. */
static void on_prepare(uv_prepare_t *h)
{
	struct reactor *r = h->data;

	drain(r);
	rearm(r);
	if (list_empty(&r->queue) && !(r->until && *r->until))
		uv_idle_stop(&r->idle);
	else
		uv_idle_start(&r->idle, on_idle);
	measure(r);
}

/* Just after the poll: ends of what the sockets brought go on at once. */
static void on_check(uv_check_t *h)
{
	struct reactor *r = h->data;

	drain(r);
}

static void open_handle(struct reactor *r, uv_handle_t *h, bool start)
{
	h->data = r;
	r->open_handles++;
	if (start && h->type == UV_PREPARE)
		uv_prepare_start(&r->prepare, on_prepare);
	if (start && h->type == UV_CHECK)
		uv_check_start(&r->check, on_check);
	uv_unref(h);
}

static struct reactor *common_new(void)
{
	struct reactor *r = xcalloc(1, sizeof(*r));

	list_init(&r->queue);
	list_init(&r->roots);
	heap_init(&r->timers, timer_before);
	return r;
}

struct reactor *reactor_new(void)
{
	struct reactor *r = common_new();

	if (uv_loop_init(&r->loop) < 0 ||
	    uv_loop_configure(&r->loop, UV_METRICS_IDLE_TIME) < 0)
		abort();
	r->loop.data = r;
	uv_prepare_init(&r->loop, &r->prepare);
	uv_check_init(&r->loop, &r->check);
	uv_idle_init(&r->loop, &r->idle);
	uv_timer_init(&r->loop, &r->timer);
	open_handle(r, (uv_handle_t *)&r->prepare, true);
	open_handle(r, (uv_handle_t *)&r->check, true);
	open_handle(r, (uv_handle_t *)&r->idle, false);
	open_handle(r, (uv_handle_t *)&r->timer, false);
	/* Pending timers are work to wait for; the other three are not. */
	uv_ref((uv_handle_t *)&r->timer);
	return r;
}

struct reactor *reactor_new_virtual(int64_t start_wall_ms)
{
	struct reactor *r = common_new();

	r->is_virtual = true;
	r->wall_shift = start_wall_ms;
	return r;
}

static void on_closed(uv_handle_t *h)
{
	struct reactor *r = h->data;

	r->open_handles--;
}

static void count_foreign(uv_handle_t *h, void *n)
{
	const struct reactor *r = h->loop->data;

	if (h->data != r)
		++*(int *)n;
}

static int foreign_handles(struct reactor *r)
{
	int n = 0;

	uv_walk(&r->loop, count_foreign, &n);
	return n;
}

static void on_farewell(struct timer *t)
{
	uv_stop(&t->reactor->loop);
}

/* Sockets that are being closed linger for what their peer has not read yet; each
 * has a limit of its own. */
static void let_closes_end(struct reactor *r)
{
	int64_t end = reactor_now(r) + FAREWELL_MS;
	struct timer alarm;

	timer_init(&alarm, r, on_farewell);
	timer_arm(&alarm, FAREWELL_MS);
	while (foreign_handles(r) > 0 && reactor_now(r) < end)
		uv_run(&r->loop, UV_RUN_ONCE);
	timer_disarm(&alarm);
}

void reactor_free(struct reactor *r)
{
	if (!r)
		return;
	if (!r->is_virtual) {
		let_closes_end(r);
		uv_close((uv_handle_t *)&r->prepare, on_closed);
		uv_close((uv_handle_t *)&r->check, on_closed);
		uv_close((uv_handle_t *)&r->idle, on_closed);
		uv_close((uv_handle_t *)&r->timer, on_closed);
		while (r->open_handles > 0)
			uv_run(&r->loop, UV_RUN_NOWAIT);
		/* Closes begun by others (sockets) get their callbacks too. */
		uv_run(&r->loop, UV_RUN_NOWAIT);
		drain(r);
		if (uv_loop_close(&r->loop) < 0)
			abort();	/* a handle was left open: a leak */
	}
	assert(list_empty(&r->queue));
	heap_fini(&r->timers);
	free(r);
}

bool reactor_is_virtual(const struct reactor *r)
{
	return r->is_virtual;
}

struct uv_loop_s *reactor_uv(struct reactor *r)
{
	return r->is_virtual ? NULL : &r->loop;
}

/* ---- clocks ---- */

int64_t reactor_now(const struct reactor *r)
{
	return r->is_virtual ? r->now : (int64_t)uv_now(&r->loop);
}

int64_t reactor_now_us(const struct reactor *r)
{
	return r->is_virtual ? r->now * 1000 : (int64_t)(uv_hrtime() / 1000);
}

int64_t reactor_wall(const struct reactor *r)
{
	struct timespec ts;

	if (r->is_virtual)
		return r->now + r->wall_shift;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000 + r->wall_shift;
}

void reactor_shift_wall(struct reactor *r, int64_t delta_ms)
{
	r->wall_shift += delta_ms;
}

int64_t reactor_lag_us(struct reactor *r)
{
	int64_t lag = r->lag_us;

	r->lag_us = 0;
	return lag;
}

uint64_t reactor_turns(const struct reactor *r, unsigned int i)
{
	return r->turns[i];
}

int64_t reactor_turn_us(unsigned int i)
{
	return i < 4 ? (int64_t)i : (int64_t)(4 + i % 4) << (i / 4 - 1);
}

/* ---- queue, timers, roots ---- */

void reactor_defer(struct reactor *r, struct task *t)
{
	if (!list_linked(&t->link))
		list_add_tail(&r->queue, &t->link);
}

void reactor_cancel_task(struct task *t)
{
	list_del(&t->link);
}

void reactor_timer_add(struct reactor *r, struct timer *t)
{
	heap_push(&r->timers, &t->node);
	if (!r->is_virtual && heap_top(&r->timers) == &t->node)
		rearm(r);
}

void reactor_timer_del(struct reactor *r, struct timer *t)
{
	heap_remove(&r->timers, &t->node);
}

uint64_t reactor_next_seq(struct reactor *r)
{
	return r->seq++;
}

struct list *reactor_roots(const struct reactor *r)
{
	return (struct list *)&r->roots;
}

/* ---- running ---- */

void reactor_run(struct reactor *r)
{
	assert(!r->is_virtual);
	uv_run(&r->loop, UV_RUN_DEFAULT);
}

void reactor_stop(struct reactor *r)
{
	uv_stop(&r->loop);
}

void reactor_settle(struct reactor *r)
{
	assert(r->is_virtual);
	drain(r);
}

bool reactor_step(struct reactor *r, int64_t limit_ms)
{
	struct timer *t;

	drain(r);
	t = first_timer(r);
	if (!t || t->at > r->now + limit_ms)
		return false;
	if (t->at > r->now)
		r->now = t->at;
	timer_disarm(t);
	t->fire(t);
	drain(r);
	return true;
}

struct alarm {
	struct timer timer;
	bool rung;
};

/* Timers run before the loop sleeps: without a word it would sleep on. */
static void on_alarm(struct timer *t)
{
	container_of(t, struct alarm, timer)->rung = true;
	if (!t->reactor->is_virtual)
		uv_stop(&t->reactor->loop);
}

bool reactor_run_until(struct reactor *r, const bool *done, int64_t ms)
{
	struct alarm a = { .rung = false };

	timer_init(&a.timer, r, on_alarm);
	timer_arm(&a.timer, ms);
	r->until = done;
	r->turn_us = 0;		/* time between two runs is not ours */
	while (!*done && !a.rung) {
		if (r->is_virtual)
			reactor_step(r, ms);
		else
			uv_run(&r->loop, UV_RUN_ONCE);
	}
	r->until = NULL;
	timer_disarm(&a.timer);
	return *done;
}

void reactor_advance(struct reactor *r, int64_t ms)
{
	int64_t until = r->now + ms;
	bool never = false;

	if (!r->is_virtual) {
		reactor_run_until(r, &never, ms);
		return;
	}
	while (reactor_step(r, until - r->now))
		;
	r->now = until;
}
