/* The plots of a report, each a <figure> with its legend; nothing where there is
 * nothing to draw. */
#ifndef BENCH_PLOTS_H
#define BENCH_PLOTS_H

#include "base/buf.h"
#include "bench/result.h"

#define PLOT_SERIES_MAX 64

struct plot_hist {
	const char *name;
	const struct hist *hist;	/* us */
};

/* Time over quantile, the quantile as HdrHistogram users know it: an axis where each
 * nine takes the same room. */
void plot_percentiles(struct buf *out, const char *title, const struct plot_hist *series,
		      size_t n);

/* One plot of a run's timeline: volumes by state stacked, the others as lines. */
void plot_timeline(struct buf *out, const struct timeline *t, enum timeline_plot plot);

/* EC2 calls by action; the throttled part set off. */
void plot_actions(struct buf *out, const struct bench_run *run);

#endif
