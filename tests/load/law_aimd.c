/* Additive increase, multiplicative decrease behind the interface of
 * ec2_bucket.h: what most clients do. For comparison only (tests/load/laws.c).
 * The rate grows by a twentieth of the published one a second while calls wait,
 * and falls by three tenths with a refusal, at most once in a round trip. */
#include "aws/ec2_bucket.h"

#include <math.h>
#include <string.h>

#define GROWTH 0.05	/* of the published rate, a second */
#define CUT 0.7

void ec2_bucket_init(struct ec2_bucket *b, double burst, double rate, int64_t now)
{
	memset(b, 0, sizeof(*b));
	b->prior_rate = b->rate = rate;
	b->burst = b->level = burst;
	b->at = now;
	b->latency_ms = 200;
}

static void refill(struct ec2_bucket *b, int64_t now)
{
	b->level = fmin(b->level + b->rate * (double)(now - b->at) / 1000, b->burst);
	b->at = now;
}

int64_t ec2_bucket_wait(struct ec2_bucket *b, int64_t now)
{
	refill(b, now);
	return b->level >= 1 ? 0 : (int64_t)((1 - b->level) / b->rate * 1000) + 1;
}

void ec2_bucket_draw(struct ec2_bucket *b, struct ec2_draw *d, int64_t now)
{
	refill(b, now);
	b->level -= 1;
	d->sent_at = now;
	d->at_edge = b->level < 1;
	b->in_flight++;
}

void ec2_bucket_answered(struct ec2_bucket *b, const struct ec2_draw *d, int64_t now)
{
	b->in_flight--;
	b->latency_ms += ((double)(now - d->sent_at) - b->latency_ms) / 8;
	if (d->at_edge)		/* so many of these come in a second as the rate says */
		b->rate += GROWTH * b->prior_rate / fmax(b->rate, 1);
}

void ec2_bucket_throttled(struct ec2_bucket *b, const struct ec2_draw *d, int64_t now)
{
	refill(b, now);
	b->in_flight--;
	b->throttled_once = true;
	b->level = fmin(b->level, 0);
	if (d->sent_at < b->at_event)
		return;
	b->at_event = now;
	b->rate = fmax(b->rate * CUT, 0.5);
}

void ec2_bucket_unsent(struct ec2_bucket *b, const struct ec2_draw *d)
{
	(void)d;
	b->in_flight--;
	b->level += 1;
}
