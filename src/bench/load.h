/* The scenarios: each begins on the loop and sets b->over when its load has ended,
 * early when b->stopping. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "bench/bench.h"

struct load {
	/* Begins; b->began_us is set. */
	void (*begin)(struct bench *b);
	/* Time to stop: nothing new, what waits ends. */
	void (*stop)(struct bench *b);
	/* After an early end: removes what is left; sets b->over again. May be NULL. */
	void (*tidy)(struct bench *b);
	/* After the end, with the loop free: what needs all times of EC2. May be NULL. */
	void (*finish)(struct bench *b, const struct ec2_times *t);
	void (*release)(struct bench *b);	/* may be NULL */
};

extern const struct load load_lives, load_flood, load_idle;

/* The path of an RPC that a flood can send; NULL: not one of them. */
const char *flood_path(const char *rpc);

/* ---- arrivals, for the scenarios that have them ---- */

/* When something is to begin: N at a time, or as they arrive. */
struct arrivals {
	struct bench *bench;
	struct timer timer;
	int64_t next_us;	/* open loop: when the next one is due, since the begin */
	uint64_t begun, ended;
	bool closed;		/* no more will come */
	void (*arrive)(struct bench *b, int64_t intended_us);
};
void arrivals_begin(struct arrivals *a, struct bench *b,
		    void (*arrive)(struct bench *b, int64_t intended_us));
/* One has ended; true when that was the last. */
bool arrivals_ended(struct arrivals *a);
void arrivals_stop(struct arrivals *a);

#endif
