/* The adaptive retry mode of the AWS SDKs (a cubic of the time since the last
 * refusal, smoothed sending rate) behind the interface of ec2_bucket.h, with our
 * queue in place of its unordered sleepers. For comparison only
 * (tests/load/laws.c). Fields are used so: prior_rate, the rate at the last
 * refusal; prior_burst, the measured sending rate. */
#include "aws/ec2_bucket.h"

#include <math.h>
#include <string.h>

#define SMOOTH 0.8
#define BETA 0.7
#define SCALE 0.4
#define RATE_MIN 0.5

void ec2_bucket_init(struct ec2_bucket *b, double burst, double rate, int64_t now)
{
	(void)burst;
	memset(b, 0, sizeof(*b));
	b->rate = rate;
	b->burst = 1;
	b->at = b->at_event = b->full_at = now;
	b->latency_ms = 200;
}

static void refill(struct ec2_bucket *b, int64_t now)
{
	b->level = fmin(b->level + b->rate * (double)(now - b->at) / 1000, b->burst);
	b->at = now;
}

/* Without a refusal yet there is no limit. */
int64_t ec2_bucket_wait(struct ec2_bucket *b, int64_t now)
{
	refill(b, now);
	if (!b->throttled_once || b->level >= 1)
		return 0;
	return (int64_t)((1 - b->level) / b->rate * 1000) + 1;
}

void ec2_bucket_draw(struct ec2_bucket *b, struct ec2_draw *d, int64_t now)
{
	refill(b, now);
	b->level -= b->throttled_once;
	d->sent_at = now;
	b->in_flight++;
}

/* By half seconds. */
static void measure(struct ec2_bucket *b, int64_t now)
{
	int64_t slot = now - now % 500;

	b->number++;
	if (slot <= b->full_at)
		return;
	b->prior_burst = SMOOTH * (double)b->number * 1000 / (double)(slot - b->full_at) +
			 (1 - SMOOTH) * b->prior_burst;
	b->number = 0;
	b->full_at = slot;
}

static void set_rate(struct ec2_bucket *b, double rate, int64_t now)
{
	refill(b, now);
	b->rate = fmax(fmin(rate, 2 * b->prior_burst), RATE_MIN);
	b->burst = fmax(b->rate, 1);
	b->level = fmin(b->level, b->burst);
}

void ec2_bucket_answered(struct ec2_bucket *b, const struct ec2_draw *d, int64_t now)
{
	double s = (double)(now - b->at_event) / 1000;

	b->in_flight--;
	b->latency_ms += ((double)(now - d->sent_at) - b->latency_ms) / 8;
	measure(b, now);
	if (b->throttled_once)
		set_rate(b, SCALE * pow(s - cbrt(b->prior_rate * (1 - BETA) / SCALE), 3) +
			 b->prior_rate, now);
}

void ec2_bucket_throttled(struct ec2_bucket *b, const struct ec2_draw *d, int64_t now)
{
	(void)d;
	b->in_flight--;
	measure(b, now);
	b->prior_rate = b->throttled_once ? fmin(b->prior_burst, b->rate) : b->prior_burst;
	b->at_event = now;
	b->throttled_once = true;
	set_rate(b, BETA * b->prior_rate, now);
}

void ec2_bucket_unsent(struct ec2_bucket *b, const struct ec2_draw *d)
{
	(void)d;
	b->in_flight--;
}
