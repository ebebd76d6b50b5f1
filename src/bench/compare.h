/* Results side by side. The first one is what the others are compared with. */
#ifndef BENCH_COMPARE_H
#define BENCH_COMPARE_H

#include "base/buf.h"
#include "base/err.h"
#include "bench/metrics.h"
#include "bench/result.h"

/* What a difference is worth. */
enum compare_mark {
	MARK_NONE,	/* neither direction is better, or one of them is not measured */
	MARK_EQUAL,
	MARK_BETTER,	/* repeated runs do not overlap */
	MARK_WORSE,
	MARK_NOISE,	/* repeated runs overlap */
	MARK_ONCE,	/* fewer than COMPARE_RUNS runs: nobody knows */
};

#define COMPARE_RUNS 3	/* of each, before a difference means something */

struct compare {
	const struct bench_result *const *results;	/* the caller's */
	const char *const *names;			/* the caller's: their files */
	size_t n;
	struct metrics *metrics;	/* one for each result */
	struct bench_texts warnings;	/* what -> how it differs */
};

/* 0, or FAILED_PRECONDITION with the names when scenarios differ and `force` is not
 * set. Needs at least two results. ret refers to the results and names. */
int compare_init(struct compare *ret, const struct bench_result *const *results,
		 const char *const *names, size_t n, bool force, struct err *err);
void compare_fini(struct compare *c);

enum compare_mark compare_mark(const struct metric *a, const struct metric *b);
/* Median of b to that of a; unknown when one is, or a is 0. */
struct fig compare_ratio(const struct metric *a, const struct metric *b);

/* The metrics of all, each once, in the order of the first that has it; with `all`
 * every one somebody measured, else the main ones. Calls on_row with the metric of
 * each result (NULL: it has none). */
struct compare_row {
	const struct metric *any;
	const struct metric **of;	/* n of them */
};
void compare_each(const struct compare *c, bool all,
		  void (*on_row)(const struct compare_row *row, void *arg), void *arg);

/* Appends it as text. */
void compare_write(struct buf *out, const struct compare *c, bool all);

#endif
