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
