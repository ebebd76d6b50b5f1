#include "reactor/timer.h"

#include <string.h>

#include "reactor/internal.h"
#include "reactor/reactor.h"

void timer_init(struct timer *t, struct reactor *r, void (*fire)(struct timer *t))
{
	memset(t, 0, sizeof(*t));
	t->reactor = r;
	t->fire = fire;
}

void timer_arm(struct timer *t, int64_t delay_ms)
{
	int64_t now = reactor_now(t->reactor);

	if (delay_ms < 0)
		delay_ms = 0;
	timer_arm_at(t, delay_ms > INT64_MAX - now ? INT64_MAX : now + delay_ms);
}

void timer_arm_at(struct timer *t, int64_t at)
{
	timer_disarm(t);
	t->at = at;
	t->seq = reactor_next_seq(t->reactor);
	reactor_timer_add(t->reactor, t);
}

void timer_disarm(struct timer *t)
{
	if (timer_armed(t))
		reactor_timer_del(t->reactor, t);
}

bool timer_armed(const struct timer *t)
{
	return t->node.pos != 0;
}
