/* The loop: one thread, one libuv loop, one run queue, one timer heap. Time is
 * read from here only, so that tests can replace it. */
#ifndef REACTOR_REACTOR_H
#define REACTOR_REACTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

struct reactor;
struct uv_loop_s;

/* A unit of deferred work; plain memory. Run once per reactor_defer, from the
 * run queue, never from inside the call that queued it. */
struct task {
	struct list link;
	void (*run)(struct task *t);
};

/* Real time on a libuv loop of its own. */
struct reactor *reactor_new(void);
/* Virtual time: no libuv loop, clock stands still until reactor_advance().
 * start_wall_ms is the wall clock (ms since 1970) at virtual time 0. */
struct reactor *reactor_new_virtual(int64_t start_wall_ms);
/* Everything on it must be closed or unlinked before. */
void reactor_free(struct reactor *r);

bool reactor_is_virtual(const struct reactor *r);
/* NULL for a virtual one. For the layers that own handles: reactor, net, h2. */
struct uv_loop_s *reactor_uv(struct reactor *r);

int64_t reactor_now(const struct reactor *r);		/* monotonic ms */
int64_t reactor_now_us(const struct reactor *r);	/* monotonic, for measuring */
int64_t reactor_wall(const struct reactor *r);		/* ms since 1970 */
/* Adds to what reactor_wall answers from now on (clock jumps in tests). */
void reactor_shift_wall(struct reactor *r, int64_t delta_ms);

void reactor_defer(struct reactor *r, struct task *t);	/* no-op if queued */
void reactor_cancel_task(struct task *t);		/* no-op if not queued */

/* Real: runs until reactor_stop(). The queue is drained in uv_prepare and in
 * uv_check. Virtual: not allowed. */
void reactor_run(struct reactor *r);
void reactor_stop(struct reactor *r);

/* Virtual: runs tasks and timers in order, with the clock moved to each timer's
 * time, until ms have passed. Real: runs the loop for that long. */
void reactor_advance(struct reactor *r, int64_t ms);
/* Virtual: runs the queued tasks only; the clock stays. */
void reactor_settle(struct reactor *r);
/* Virtual: advances to the next timer, if there is one within limit_ms; false
 * when there was none. */
bool reactor_step(struct reactor *r, int64_t limit_ms);

/* Real: runs the loop until *done or ms have passed; returns *done. For tests
 * and command line tools. Works for a virtual one too. */
bool reactor_run_until(struct reactor *r, const bool *done, int64_t ms);

/* Largest time in us that one iteration's callbacks took since the last call. */
int64_t reactor_lag_us(struct reactor *r);

/* All iterations since the start, by how long their callbacks took: class i holds
 * those of at least reactor_turn_us(i) us, four classes to each power of two. */
#define REACTOR_TURNS 96
uint64_t reactor_turns(const struct reactor *r, unsigned int i);
int64_t reactor_turn_us(unsigned int i);

#endif
