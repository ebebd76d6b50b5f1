/* What we believe about one of EC2's token buckets, learned from its answers.
 * Arithmetic only: no timers, no I/O. The control law and its reasons are in
 * ec2_sched.h. Times in ms. */
#ifndef AWS_EC2_BUCKET_H
#define AWS_EC2_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

#define EC2_BUCKET_EVENTS 8

/* What the bucket must know of a call again when its answer comes. */
struct ec2_draw {
	int64_t sent_at;
	uint64_t number;	/* successes assumed before it */
	bool at_edge;		/* drawn with (almost) no level */
	bool beyond;		/* drawn without any, to find out */
};

struct ec2_bucket {
	double prior_burst, prior_rate;
	double burst;		/* tokens when full */
	double most_burst;	/* what that was at best */
	double rate;		/* refill, per second */
	double level;		/* tokens there, by our reckoning; below 0: a pause owed */
	int64_t at;		/* when level was reckoned */
	double latency_ms;	/* of an answer, smoothed */
	unsigned int in_flight;
	bool throttled_once;

	/* A search: calls under way beyond the level, how many may be (0: no
	 * search), how many of them were granted, since it was widened too. */
	unsigned int beyond, window, found, window_ok;
	int64_t search_at;
	uint64_t search_number;
	double trust;		/* calls under way while tokens are plenty */

	uint64_t number;	/* draws that were not throttled, so far */
	bool full, kept_full;	/* it is; it was before, and no throttle since */
	int64_t full_at;	/* last time it was full, and `number` then */
	uint64_t full_number;

	/* Throttles that found the bucket empty, oldest first. */
	struct {
		int64_t at;
		uint64_t number;
	} events[EC2_BUCKET_EVENTS];
	unsigned int n_events;
	int64_t at_event;	/* when the last of them was heard of */

	unsigned int at_edge;	/* granted since the last event with (almost) no level */
	unsigned int quiet;	/* after so many of them the edge is searched for */
	double cushion;
};

void ec2_bucket_init(struct ec2_bucket *b, double burst, double rate, int64_t now);
/* Ms until a call may be sent; 0 now, INT64_MAX not before an answer. */
int64_t ec2_bucket_wait(struct ec2_bucket *b, int64_t now);
void ec2_bucket_draw(struct ec2_bucket *b, struct ec2_draw *d, int64_t now);
/* Exactly one of these for each draw. */
void ec2_bucket_answered(struct ec2_bucket *b, const struct ec2_draw *d, int64_t now);
void ec2_bucket_throttled(struct ec2_bucket *b, const struct ec2_draw *d, int64_t now);
void ec2_bucket_unsent(struct ec2_bucket *b, const struct ec2_draw *d);

#endif
