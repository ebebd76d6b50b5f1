#include "bench/hist.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

/* Value to bucket: below 256 the value itself. Above, with e the place of the
 * highest bit (8 and up), the 7 bits below that one choose among 128. */
#define EXACT 256
#define SUB 128
#define SUB_BITS 7

static unsigned int top_bit(uint64_t v)
{
	return 63u - (unsigned int)__builtin_clzll(v);
}

size_t hist_bucket_of(uint64_t value)
{
	unsigned int e;

	if (value > HIST_MAX)
		value = HIST_MAX;
	if (value < EXACT)
		return (size_t)value;
	e = top_bit(value);
	return EXACT + (size_t)(e - 8) * SUB + ((value >> (e - SUB_BITS)) & (SUB - 1));
}

uint64_t hist_bucket_low(size_t bucket)
{
	unsigned int e;

	if (bucket < EXACT)
		return bucket;
	e = 8 + (unsigned int)((bucket - EXACT) / SUB);
	return (uint64_t)(SUB + (bucket - EXACT) % SUB) << (e - SUB_BITS);
}

uint64_t hist_bucket_high(size_t bucket)
{
	return hist_bucket_low(bucket + 1) - 1;
}

void hist_start(struct hist *h)
{
	h->measured = true;
}

void hist_fini(struct hist *h)
{
	free(h->buckets);
	memset(h, 0, sizeof(*h));
}

static void grow(struct hist *h, size_t bucket)
{
	size_t cap = h->cap ? h->cap : EXACT;

	if (bucket < h->cap)
		return;
	while (cap <= bucket)
		cap += cap / 2;
	if (cap > HIST_BUCKETS)
		cap = HIST_BUCKETS;
	h->buckets = xrealloc(h->buckets, cap * sizeof(*h->buckets));
	memset(h->buckets + h->cap, 0, (cap - h->cap) * sizeof(*h->buckets));
	h->cap = cap;
}

void hist_put_bucket(struct hist *h, size_t bucket, uint64_t n)
{
	if (bucket >= HIST_BUCKETS)
		bucket = HIST_BUCKETS - 1;
	grow(h, bucket);
	h->buckets[bucket] += n;
}

static uint64_t add_up_to_int64(uint64_t a, uint64_t b)
{
	return b > (uint64_t)INT64_MAX - a ? (uint64_t)INT64_MAX : a + b;
}

static void widen(struct hist *h, uint64_t min, uint64_t max)
{
	h->min = h->count && h->min < min ? h->min : min;
	h->max = h->count && h->max > max ? h->max : max;
}

void hist_record_n(struct hist *h, uint64_t value, uint64_t n)
{
	uint64_t total;

	hist_start(h);
	if (n == 0)
		return;
	if (value > HIST_MAX)
		value = HIST_MAX;
	if (__builtin_mul_overflow(value, n, &total) || total > INT64_MAX)
		total = INT64_MAX;
	widen(h, value, value);
	h->count += n;
	h->sum = add_up_to_int64(h->sum, total);
	hist_put_bucket(h, hist_bucket_of(value), n);
}

void hist_record(struct hist *h, uint64_t value)
{
	hist_record_n(h, value, 1);
}

void hist_merge(struct hist *h, const struct hist *from)
{
	h->measured = h->measured || from->measured;
	if (from->count == 0)
		return;
	widen(h, from->min, from->max);
	h->count += from->count;
	h->sum = add_up_to_int64(h->sum, from->sum);
	for (size_t b = hist_next(from, 0); b < HIST_BUCKETS; b = hist_next(from, b + 1))
		hist_put_bucket(h, b, from->buckets[b]);
}

/* How many samples lie at or below the quantile: at least one. */
static uint64_t rank_of(const struct hist *h, double q)
{
	double rank = ceil(q * (double)h->count - 1e-9);

	return rank < 1 ? 1 : (uint64_t)rank;
}

uint64_t hist_quantile(const struct hist *h, double q)
{
	uint64_t rank, seen = 0, high;

	if (h->count == 0)
		return 0;
	if (q <= 0 || q >= 1)
		return q <= 0 ? h->min : h->max;
	rank = rank_of(h, q);
	for (size_t b = hist_next(h, 0); b < HIST_BUCKETS; b = hist_next(h, b + 1)) {
		seen += h->buckets[b];
		if (seen < rank)
			continue;
		high = hist_bucket_high(b);
		return high > h->max ? h->max : high < h->min ? h->min : high;
	}
	return h->max;
}

double hist_mean(const struct hist *h)
{
	return h->count ? (double)h->sum / (double)h->count : 0;
}

uint64_t hist_count_above(const struct hist *h, uint64_t value)
{
	uint64_t n = 0;

	for (size_t b = hist_next(h, hist_bucket_of(value) + 1); b < HIST_BUCKETS;
	     b = hist_next(h, b + 1))
		n += h->buckets[b];
	return n;
}

size_t hist_next(const struct hist *h, size_t from)
{
	while (from < h->cap && h->buckets[from] == 0)
		from++;
	return from < h->cap ? from : HIST_BUCKETS;
}

uint64_t hist_bucket_count(const struct hist *h, size_t bucket)
{
	return bucket < h->cap ? h->buckets[bucket] : 0;
}
