/* Amounts on the command line: times, rates and how they are distributed. */
#ifndef BENCH_AMOUNT_H
#define BENCH_AMOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Random numbers of a run (splitmix64), the same on every machine. */
struct draw {
	uint64_t state;
};
double draw_unit(struct draw *d);	/* 0 <= x < 1 */
double draw_exponential(struct draw *d, double mean);

enum span_kind { SPAN_FIXED, SPAN_UNIFORM, SPAN_EXPONENTIAL };

/* A time in ms as drawn each time it is needed. Zeroed: always 0. */
struct span {
	enum span_kind kind;
	int64_t low, high;	/* fixed: low; exponential: low is the mean */
};
/* "5s"; "1s..10s": evenly between; "exp:5s": exponential with that mean. -1 and
 * INVALID_ARGUMENT that names option and value. */
int span_parse(const char *option, const char *text, struct span *ret, struct err *err);
int64_t span_draw(const struct span *s, struct draw *d);

/* Arrivals a second: constant, or rising (falling) evenly over some time, from
 * then on constant. */
struct rate {
	double from, to;
	int64_t over_ms;	/* 0: constant */
};
/* "12.5" */
int rate_parse(const char *option, const char *text, struct rate *ret, struct err *err);
/* "1..50/60s" */
int rate_parse_ramp(const char *option, const char *text, struct rate *ret, struct err *err);
double rate_at(const struct rate *r, int64_t ms);
/* Us to the next arrival of a Poisson process, at ms since the begin. */
int64_t rate_gap_us(const struct rate *r, int64_t ms, struct draw *d);

#endif
