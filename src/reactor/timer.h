/* Timers: plain memory on the reactor's one heap (one uv_timer below it).
 * Disarm, then free. Equal times fire in the order they were armed. */
#ifndef REACTOR_TIMER_H
#define REACTOR_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/heap.h"

struct reactor;

struct timer {
	struct heap_node node;
	struct reactor *reactor;
	int64_t at;	/* reactor_now() at which it fires */
	uint64_t seq;
	void (*fire)(struct timer *t);
};

void timer_init(struct timer *t, struct reactor *r, void (*fire)(struct timer *t));
void timer_arm(struct timer *t, int64_t delay_ms);	/* re-arms; negative = 0 */
void timer_arm_at(struct timer *t, int64_t at);
void timer_disarm(struct timer *t);	/* no-op if idle, also on zeroed memory */
bool timer_armed(const struct timer *t);

#endif
