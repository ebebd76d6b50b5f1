/* Log-linear histogram of whole numbers, in the manner of HdrHistogram: exact
 * below 256, above that 128 buckets to each power of two, so that a quantile is
 * at most 1/128 too high. Minimum, maximum and sum are exact. Two histograms
 * add up without loss. Memory grows with the largest value: 60 KiB at most. */
#ifndef BENCH_HIST_H
#define BENCH_HIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Larger values are recorded as this one; whole numbers up to here survive a
 * trip through a double. */
#define HIST_MAX (UINT64_C(1) << 53)

/* A zeroed histogram is one that was not measured. */
struct hist {
	bool measured;		/* true with count == 0: looked, and saw nothing */
	uint64_t count;
	uint64_t sum;		/* stops at INT64_MAX */
	uint64_t min, max;	/* meaningful when count > 0 */
	uint64_t *buckets;
	size_t cap;		/* buckets allocated */
};

void hist_start(struct hist *h);	/* says: measured, nothing seen so far */
void hist_fini(struct hist *h);		/* zeroed again */
void hist_record(struct hist *h, uint64_t value);
void hist_record_n(struct hist *h, uint64_t value, uint64_t n);
/* Adds what `from` holds; measured when either was. */
void hist_merge(struct hist *h, const struct hist *from);

/* The value that a share q (0..1) of the samples does not exceed: the upper end
 * of the bucket, never beyond max; q = 0 gives min, q = 1 max. 0 when empty. */
uint64_t hist_quantile(const struct hist *h, double q);
double hist_mean(const struct hist *h);		/* 0 when empty */
uint64_t hist_count_above(const struct hist *h, uint64_t value);

/* ---- the buckets, for files and plots ---- */

#define HIST_BUCKETS (256 + 45 * 128 + 1)	/* up to the one of HIST_MAX */

size_t hist_bucket_of(uint64_t value);
uint64_t hist_bucket_low(size_t bucket);
uint64_t hist_bucket_high(size_t bucket);	/* last value in it */
/* First bucket in use at or after `from`; HIST_BUCKETS when there is none. */
size_t hist_next(const struct hist *h, size_t from);
uint64_t hist_bucket_count(const struct hist *h, size_t bucket);
/* For reading files: puts n samples into a bucket without touching count, sum,
 * min or max, which the file says by itself. */
void hist_put_bucket(struct hist *h, size_t bucket, uint64_t n);

#endif
