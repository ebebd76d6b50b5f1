#include "bench/metrics.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

/* ---- what follows from what ---- */

static struct fig ratio(struct fig a, struct fig b)
{
	return a.known && b.known && b.v > 0 ? fig_of(a.v / b.v) : (struct fig){ 0 };
}

static struct fig times(struct fig a, double by)
{
	a.v *= by;
	return a;
}

static struct fig done(const struct bench_run *r)
{
	return r->figures[BENCH_lifecycles_done];
}

static struct fig of_makespan_over_optimum(const struct bench_run *r)
{
	return ratio(r->figures[BENCH_makespan_s], r->figures[BENCH_optimum_s]);
}

static struct fig of_lifecycles_per_s(const struct bench_run *r)
{
	return ratio(done(r), r->figures[BENCH_makespan_s]);
}

/* Children are counted where they are known: those of a driver without any are 0. */
static struct fig of_cpu_s(const struct bench_run *r)
{
	struct fig user = r->figures[BENCH_cpu_user_s], sys = r->figures[BENCH_cpu_system_s];

	if (!user.known || !sys.known)
		return (struct fig){ 0 };
	return fig_of(user.v + sys.v + r->figures[BENCH_cpu_children_s].v);
}

static struct fig of_cpu_per_lifecycle_ms(const struct bench_run *r)
{
	return times(ratio(of_cpu_s(r), done(r)), 1000);
}

static struct fig of_cpu_share(const struct bench_run *r)
{
	return times(ratio(of_cpu_s(r), r->figures[BENCH_duration_s]), 100);
}

static struct fig of_rss_per_operation(const struct bench_run *r)
{
	struct fig peak = r->figures[BENCH_rss_peak], idle = r->figures[BENCH_rss_idle];

	if (!peak.known || !idle.known)
		return (struct fig){ 0 };
	return ratio(fig_of(fmax(peak.v - idle.v, 0)), r->figures[BENCH_in_flight_max]);
}

/* Sums over the RPCs; unknown when none was made. */
static struct fig sum_rpcs(const struct bench_run *r, uint64_t (*of)(const struct bench_rpc *))
{
	double sum = 0;

	for (size_t i = 0; i < r->nrpcs; i++)
		sum += (double)of(r->rpcs[i]);
	return r->nrpcs ? fig_of(sum) : (struct fig){ 0 };
}

static uint64_t attempts_of(const struct bench_rpc *rpc)
{
	uint64_t n = 0;

	for (size_t i = 0; i < BENCH_CODES; i++)
		n += rpc->codes[i];
	return n;
}

static uint64_t retries_of(const struct bench_rpc *rpc)
{
	return rpc->retries;
}

static uint64_t timeouts_of(const struct bench_rpc *rpc)
{
	return rpc->timeouts;
}

static uint64_t failed_of(const struct bench_rpc *rpc)
{
	return rpc->failed;
}

static struct fig of_rpcs(const struct bench_run *r)
{
	return sum_rpcs(r, attempts_of);
}

static struct fig of_rpcs_per_s(const struct bench_run *r)
{
	return ratio(of_rpcs(r), r->figures[BENCH_duration_s]);
}

static struct fig of_rpcs_per_cpu_s(const struct bench_run *r)
{
	return ratio(of_rpcs(r), of_cpu_s(r));
}

static struct fig of_rpc_retries(const struct bench_run *r)
{
	return sum_rpcs(r, retries_of);
}

static struct fig of_rpc_timeouts(const struct bench_run *r)
{
	return sum_rpcs(r, timeouts_of);
}

static struct fig of_rpc_failed(const struct bench_run *r)
{
	return sum_rpcs(r, failed_of);
}

enum { MUTATING = 1, DESCRIBE = 2, ALL = 3 };

struct ec2_sums {
	double calls, throttled, errors;
};

static struct ec2_sums sum_actions(const struct bench_run *r, int which)
{
	struct ec2_sums s = { 0 };

	for (size_t i = 0; i < r->nactions; i++) {
		const struct bench_action *a = &r->actions[i];

		if (!(which & (bench_action_mutates(a->name) ? MUTATING : DESCRIBE)))
			continue;
		s.calls += (double)a->calls;
		s.throttled += (double)a->throttled;
		s.errors += (double)a->errors;
	}
	return s;
}

static struct fig if_ec2(const struct bench_run *r, double v)
{
	return r->ec2_known ? fig_of(v) : (struct fig){ 0 };
}

static struct fig of_ec2_calls(const struct bench_run *r)
{
	return if_ec2(r, sum_actions(r, ALL).calls);
}

static struct fig of_ec2_calls_per_lifecycle(const struct bench_run *r)
{
	return ratio(of_ec2_calls(r), done(r));
}

static struct fig of_ec2_mutating_per_lifecycle(const struct bench_run *r)
{
	return ratio(if_ec2(r, sum_actions(r, MUTATING).calls), done(r));
}

static struct fig of_ec2_describe_per_lifecycle(const struct bench_run *r)
{
	return ratio(if_ec2(r, sum_actions(r, DESCRIBE).calls), done(r));
}

static struct fig of_ec2_errors(const struct bench_run *r)
{
	return if_ec2(r, sum_actions(r, ALL).errors);
}

static struct fig of_throttled_share(const struct bench_run *r)
{
	struct ec2_sums s = sum_actions(r, MUTATING);

	return times(ratio(if_ec2(r, s.throttled), if_ec2(r, s.calls)), 100);
}

static struct fig of_leaks(const struct bench_run *r)
{
	return r->leaks_known ? fig_of((double)r->nleaks) : (struct fig){ 0 };
}

/* ---- the list ---- */

/* What a metric is, and what one run says of it. */
struct sample {
	const char *label, *unit;
	enum bench_better better;
	struct fig value;
};

static struct metric *metric_new(struct metrics *m, char *path, const struct sample *s)
{
	struct metric *x;

	if (m->n == m->cap) {
		m->cap = m->cap ? 2 * m->cap : 128;
		m->items = xrealloc(m->items, m->cap * sizeof(*m->items));
	}
	x = &m->items[m->n++];
	*x = (struct metric){ .path = path, .label = xstrdup(s->label), .unit = s->unit,
			      .better = s->better };
	return x;
}

static struct metric *find(const struct metrics *m, const char *path)
{
	for (size_t i = 0; i < m->n; i++) {
		if (strcmp(m->items[i].path, path) == 0)
			return &m->items[i];
	}
	return NULL;
}

static void put(struct metrics *m, const struct sample *s, const char *fmt, ...) PRINTF_LIKE(3, 4);

static void put(struct metrics *m, const struct sample *s, const char *fmt, ...)
{
	struct metric *x;
	char *path = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&path, fmt, ap) < 0)
		abort();
	va_end(ap);
	x = find(m, path);
	if (x)
		free(path);
	else
		x = metric_new(m, path, s);
	if (!s->value.known || !isfinite(s->value.v))
		return;
	x->values = xrealloc(x->values, (x->n + 1) * sizeof(*x->values));
	x->values[x->n++] = s->value.v;
}

static void put_figures(struct metrics *m, const struct bench_run *r)
{
	for (size_t i = 0; i < BENCH_FIGURES; i++) {
		const struct bench_figure_facts *f = &bench_figure_facts[i];
		struct sample s = { f->label, f->unit, f->better, r->figures[i] };

		put(m, &s, "%s", f->name);
	}
}

static void put_derived(struct metrics *m, const struct bench_run *r)
{
	struct sample s;

#define DERIVED(id, label_, unit_, better_) \
	s = (struct sample){ label_, unit_, BENCH_##better_, of_##id(r) }; \
	put(m, &s, "%s", #id);
#include "bench/metrics.tbl.h"
#undef DERIVED
}

static const struct {
	const char *name;
	double q;
} quantiles[] = {
	{ "p50", 0.5 }, { "p90", 0.9 }, { "p99", 0.99 }, { "p999", 0.999 }, { "max", 1 },
};

static struct fig quantile_ms(const struct hist *h, double q)
{
	return h->count ? fig_of((double)hist_quantile(h, q) / 1000) : (struct fig){ 0 };
}

static void put_times(struct metrics *m, const struct hist *h, const char *prefix)
{
	struct sample s = { "mean", "ms", BENCH_LOWER, { 0 } };

	for (size_t i = 0; i < ARRAY_SIZE(quantiles); i++) {
		s.label = quantiles[i].name;
		s.value = quantile_ms(h, quantiles[i].q);
		put(m, &s, "%s.%s", prefix, quantiles[i].name);
	}
	s.label = "mean";
	s.value = h->count ? fig_of(hist_mean(h) / 1000) : (struct fig){ 0 };
	put(m, &s, "%s.mean", prefix);
}

static void put_count(struct metrics *m, const char *prefix, const char *what, uint64_t v,
		      enum bench_better better)
{
	struct sample s = { what, "", better, fig_of((double)v) };

	put(m, &s, "%s.%s", prefix, what);
}

static void put_rpc_times(struct metrics *m, const struct bench_rpc *rpc)
{
	auto_free char *response = xasprintf("rpc.%s.response", rpc->name);
	auto_free char *service = xasprintf("rpc.%s.service", rpc->name);
	auto_free char *over_ec2 = xasprintf("rpc.%s.over_ec2", rpc->name);

	put_times(m, &rpc->response, response);
	put_times(m, &rpc->service, service);
	put_times(m, &rpc->over_ec2, over_ec2);
}

static void put_rpc(struct metrics *m, const struct bench_rpc *rpc)
{
	auto_free char *prefix = xasprintf("rpc.%s", rpc->name);
	const struct hist *a = &rpc->attempts;
	struct sample s = { "mean", "", BENCH_LOWER, { 0 } };

	put_count(m, prefix, "calls", rpc->response.count, BENCH_NEITHER);
	put_count(m, prefix, "failed", rpc->failed, BENCH_LOWER);
	put_count(m, prefix, "retries", rpc->retries, BENCH_LOWER);
	put_count(m, prefix, "timeouts", rpc->timeouts, BENCH_LOWER);
	put_rpc_times(m, rpc);
	s.value = a->count ? fig_of(hist_mean(a)) : (struct fig){ 0 };
	put(m, &s, "%s.attempts.mean", prefix);
	s.label = "max";
	s.value = a->count ? fig_of((double)a->max) : (struct fig){ 0 };
	put(m, &s, "%s.attempts.max", prefix);
}

static void put_action(struct metrics *m, const struct bench_run *r, const struct bench_action *a)
{
	auto_free char *prefix = xasprintf("ec2.%s", a->name);
	struct fig calls = fig_of((double)a->calls);
	struct sample per = { "per_lifecycle", "", BENCH_LOWER, ratio(calls, done(r)) };
	struct sample share = { "throttled_share", "%", BENCH_LOWER,
				times(ratio(fig_of((double)a->throttled), calls), 100) };

	put_count(m, prefix, "calls", a->calls, BENCH_LOWER);
	put(m, &per, "%s.per_lifecycle", prefix);
	put(m, &share, "%s.throttled_share", prefix);
	put_count(m, prefix, "errors", a->errors, BENCH_LOWER);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void put_run(struct metrics *m, const struct bench_run *r)
{
	put_figures(m, r);
	put_derived(m, r);
	put_times(m, &r->lifecycle, "lifecycle");
	put_times(m, &r->driver_lag, "driver_lag");
	put_times(m, &r->generator_lag, "generator_lag");
	for (size_t i = 0; i < r->nrpcs; i++)
		put_rpc(m, r->rpcs[i]);
	for (size_t i = 0; i < r->nactions; i++)
		put_action(m, r, &r->actions[i]);
}

void metrics_of(const struct bench_result *r, struct metrics *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < r->nruns; i++)
		put_run(ret, r->runs[i]);
	for (size_t i = 0; i < ret->n; i++) {
		if (ret->items[i].n)
			qsort(ret->items[i].values, ret->items[i].n, sizeof(double), by_value);
	}
}

void metrics_fini(struct metrics *m)
{
	for (size_t i = 0; i < m->n; i++) {
		free(m->items[i].path);
		free(m->items[i].label);
		free(m->items[i].values);
	}
	free(m->items);
	memset(m, 0, sizeof(*m));
}

const struct metric *metrics_find(const struct metrics *m, const char *path)
{
	return find(m, path);
}

struct fig metric_min(const struct metric *m)
{
	return m->n ? fig_of(m->values[0]) : (struct fig){ 0 };
}

struct fig metric_median(const struct metric *m)
{
	if (m->n == 0)
		return (struct fig){ 0 };
	return fig_of(m->values[(m->n - 1) / 2] / 2 + m->values[m->n / 2] / 2);
}

struct fig metric_max(const struct metric *m)
{
	return m->n ? fig_of(m->values[m->n - 1]) : (struct fig){ 0 };
}

struct fig metrics_median(const struct metrics *m, const char *path)
{
	const struct metric *x = find(m, path);

	return x ? metric_median(x) : (struct fig){ 0 };
}
