#include "bench/load.h"

/* An open loop knows when each arrival was due, whatever the driver does: response
 * times count from there, so that a stall is charged to all who came meanwhile
 * (coordinated omission). In a closed loop nobody comes while the driver stalls. */

static bool may_begin(struct arrivals *a)
{
	const struct bench_options *o = a->bench->opt;

	if ((o->count && a->begun >= o->count) ||
	    (o->for_ms && bench_ms(a->bench) >= o->for_ms) || a->bench->stopping)
		a->closed = true;
	return !a->closed;
}

static void begin_one(struct arrivals *a, int64_t intended_us)
{
	struct bench *b = a->bench;

	a->begun++;
	b->under_way++;
	bench_run_peak(b->run, BENCH_in_flight_max, (double)b->under_way);
	a->arrive(b, intended_us);
}

static void fill(struct arrivals *a)
{
	while (a->begun - a->ended < a->bench->opt->in_flight && may_begin(a))
		begin_one(a, reactor_now_us(a->bench->reactor));
}

static void arm_next(struct arrivals *a)
{
	struct bench *b = a->bench;
	int64_t now = reactor_now_us(b->reactor) - b->began_us;

	a->next_us += rate_gap_us(&b->opt->rate, a->next_us / 1000, &b->draw);
	timer_arm(&a->timer, a->next_us > now ? (a->next_us - now + 999) / 1000 : 0);
}

static void on_due(struct timer *t)
{
	struct arrivals *a = container_of(t, struct arrivals, timer);
	struct bench *b = a->bench;

	if (!may_begin(a)) {
		b->over |= a->begun == a->ended;
		return;
	}
	begin_one(a, b->began_us + a->next_us);
	arm_next(a);
}

void arrivals_begin(struct arrivals *a, struct bench *b,
		    void (*arrive)(struct bench *b, int64_t intended_us))
{
	*a = (struct arrivals){ .bench = b, .arrive = arrive };
	timer_init(&a->timer, b->reactor, on_due);
	if (b->opt->open)
		arm_next(a);
	else
		fill(a);
}

bool arrivals_ended(struct arrivals *a)
{
	a->ended++;
	a->bench->under_way--;
	if (!a->bench->opt->open)
		fill(a);
	return a->begun == a->ended && !may_begin(a);
}

void arrivals_stop(struct arrivals *a)
{
	timer_disarm(&a->timer);
	a->closed = true;
	a->bench->over |= a->begun == a->ended;
}
