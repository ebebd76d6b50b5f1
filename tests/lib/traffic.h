/* EC2 calls by the thousand against one token bucket in virtual time, and beside
 * it a perfect queue: the same calls served by somebody who sees the bucket. What
 * the scheduler loses against it is what a plan's result tells.
 *
 * The bucket is the one that attach and detach share. A call is admitted or
 * refused when it arrives, some way after it was sent. */
#ifndef TESTS_LIB_TRAFFIC_H
#define TESTS_LIB_TRAFFIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct traffic_plan {
	const char *name;
	double burst, rate;	/* of the bucket; burst 0: none */
	unsigned int at_once;	/* calls at time 0, */
	double arrivals;	/* and so many a second (Poisson) */
	int64_t until_s;	/* until then */
	unsigned int detach_percent;	/* of all; the rest attaches */
	double other;		/* another client takes so many tokens a second */
	int64_t other_from_s, other_until_s;
	int64_t change_s;	/* then the bucket changes; 0: never */
	double new_burst, new_rate;
	bool first_empty;	/* the bucket is empty at time 0 */
	int64_t rate_from_s;	/* the learned rate is observed from here on; 0: not */
	int64_t rate_until_s;	/* 0: while calls wait */
};

struct traffic_result {
	unsigned int calls;	/* asked for */
	unsigned int sent, throttled;
	double seconds, best_seconds;	/* to the last admitted; by the perfect queue */
	/* Waits end when EC2 admits the call. */
	double longest_s, best_longest_s;
	double median_s, best_median_s;
	double worst_ratio;	/* of a call's wait to its wait in the perfect queue,
				   a wait of less than TRAFFIC_WAIT_S counting as that */
	double added_s;		/* most that a call waits longer than in the perfect queue */
	double wasted;		/* tokens that ran over while calls waited */
	double rate_low, rate_high;	/* learned, while it was observed */
	double settle_s;	/* after the change, until nine tenths of what the new
				   bucket gives are taken over ten seconds; -1: never */
	bool finished;
	char *dump;		/* /debug/ec2 half way; the caller's */
};

#define TRAFFIC_WAIT_S 20.0

/* Runs it; finished is false when calls are left an hour after the perfect queue
 * was done. */
void traffic_run(const struct traffic_plan *plan, uint64_t seed, struct traffic_result *ret);
void traffic_print(const struct traffic_plan *plan, const struct traffic_result *r,
		   void (*print)(const char *line));

#endif
