/* Every number of a result under one path, for budgets, summaries, tables and
 * comparisons:
 *
 *   makespan_s, cpu_per_lifecycle_ms, …       result.tbl.h and metrics.tbl.h
 *   rpc.NAME.{calls,failed,retries,timeouts}
 *   rpc.NAME.{response,service,over_ec2}.{p50,p90,p99,p999,max,mean}    in ms
 *   rpc.NAME.attempts.{mean,max}
 *   ec2.ACTION.{calls,per_lifecycle,throttled_share,errors}
 *   {lifecycle,driver_lag,generator_lag}.{p50,…}                        in ms
 *
 * Several runs give the least, the median and the greatest of each. */
#ifndef BENCH_METRICS_H
#define BENCH_METRICS_H

#include "base/buf.h"
#include "base/err.h"
#include "bench/result.h"

struct metric {
	char *path;
	char *label;		/* for people, without its group */
	const char *unit;
	enum bench_better better;
	size_t n;		/* runs in which it is known; 0: not measured */
	double *values;		/* of those, sorted */
};

struct metrics {
	struct metric *items;	/* in a fixed order: figures, derived, RPCs, … */
	size_t n;
	size_t cap;
};

/* Of all runs of the result. The caller releases. */
void metrics_of(const struct bench_result *r, struct metrics *ret);
void metrics_fini(struct metrics *m);

/* NULL: there is no such metric. */
const struct metric *metrics_find(const struct metrics *m, const char *path);
struct fig metric_min(const struct metric *m);
struct fig metric_median(const struct metric *m);	/* mean of the two in the middle */
struct fig metric_max(const struct metric *m);
/* Median of the metric of that path; unknown if there is none. */
struct fig metrics_median(const struct metrics *m, const char *path);

/* Its name for people outside of its group: "CreateVolume response p99". */
void metric_title(struct buf *b, const struct metric *m);
/* "204 s (202 s - 208 s)": the median, and in brackets the least and the greatest
 * where they differ. "-" for NULL or when not measured. */
void metric_text(struct buf *b, const struct metric *m);
/* One of those a short report shows; the rest is detail. */
bool metric_is_main(const struct metric *m);

/* "rpc.CreateVolume.response.p99<=2000" or ">=" is added to the budgets of r.
 * INVALID_ARGUMENT names what is wrong; whether the metric exists shows only when
 * the run has ended. */
int metrics_parse_budget(struct bench_result *r, const char *text, struct err *err);

enum budget_state { BUDGET_MET, BUDGET_MISSED, BUDGET_UNKNOWN };

/* Judged by the median over runs. *ret is that. */
enum budget_state metrics_judge(const struct metrics *m, const struct bench_budget *budget,
				struct fig *ret);

#endif
