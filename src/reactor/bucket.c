#include "reactor/bucket.h"

#include <math.h>

/* Levels are sums of fractions; a token short by this much is there. */
#define EPSILON 1e-9

static void refill(struct bucket *b, int64_t now)
{
	if (now > b->at)
		b->level = fmin(b->burst, b->level + (double)(now - b->at) / 1000 * b->rate);
	b->at = now;
}

void bucket_init(struct bucket *b, double burst, double rate, int64_t now)
{
	*b = (struct bucket){ .level = burst, .burst = burst, .rate = rate, .at = now };
}

double bucket_level(struct bucket *b, int64_t now)
{
	refill(b, now);
	return b->level;
}

bool bucket_take(struct bucket *b, double n, int64_t now)
{
	refill(b, now);
	if (b->level + EPSILON < n)
		return false;
	b->level -= n;
	return true;
}

int64_t bucket_wait(struct bucket *b, double n, int64_t now)
{
	double ms;

	refill(b, now);
	if (b->level + EPSILON >= n)
		return 0;
	if (n > b->burst || b->rate <= 0)
		return INT64_MAX;
	ms = ceil((n - EPSILON - b->level) / b->rate * 1000);
	return ms < 1 ? 1 : (int64_t)ms;
}

void bucket_set(struct bucket *b, double burst, double rate, int64_t now)
{
	refill(b, now);
	b->burst = burst;
	b->rate = rate;
	b->level = fmin(b->level, burst);
}
