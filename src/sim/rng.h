/* Seeded random numbers (splitmix64): the same on every machine. */
#ifndef SIM_RNG_H
#define SIM_RNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_rng {
	uint64_t state;
};

uint64_t sim_rng_next(struct sim_rng *r);
uint64_t sim_rng_below(struct sim_rng *r, uint64_t n);	/* 0 .. n-1; n > 0 */
bool sim_rng_chance(struct sim_rng *r, double probability);
/* n lower-case hex digits and a NUL. */
void sim_rng_hex(struct sim_rng *r, char *ret, size_t n);

/* A delay in ms by four points of its distribution, straight lines between:
 * half of the draws lie in min..p50, 49 % in p50..p99, 1 % in p99..max. All
 * equal: a constant. Needs min <= p50 <= p99 <= max. */
struct sim_delay {
	int64_t min, p50, p99, max;
};
int64_t sim_delay_draw(const struct sim_delay *d, double scale, struct sim_rng *r);

/* The same by as many points as are needed, straight lines between: part of the
 * draws (ascending, the first 0, the last 1) that are at most ms (ascending). */
#define SIM_CURVE_POINTS 16
struct sim_point {
	double part;
	int64_t ms;
};
struct sim_curve {
	size_t n;	/* 0: no curve; else at least 2 */
	struct sim_point v[SIM_CURVE_POINTS];
};
int64_t sim_curve_draw(const struct sim_curve *c, double scale, struct sim_rng *r);

#endif
