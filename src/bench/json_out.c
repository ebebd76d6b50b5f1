#include "bench/result_json.h"

#include "base/encode.h"
#include "base/mem.h"
#include "bench/json_writer.h"
#include "bench/metrics.h"

static void put_fig(struct json_writer *w, const char *key, struct fig f)
{
	if (f.known)
		jw_number(w, key, f.v);
	else
		jw_null(w, key);
}

static void put_texts(struct json_writer *w, const char *key, const struct bench_texts *t)
{
	jw_open(w, key, '{');
	for (size_t i = 0; i < t->n; i++)
		jw_text(w, t->items[i].name, t->items[i].value);
	jw_close(w, '}');
}

static void put_quantiles(struct json_writer *w, const struct hist *h)
{
	jw_int(w, "p50", hist_quantile(h, 0.5));
	jw_int(w, "p90", hist_quantile(h, 0.9));
	jw_int(w, "p99", hist_quantile(h, 0.99));
	jw_int(w, "p999", hist_quantile(h, 0.999));
}

/* Buckets as [lowest value, samples], so that a reader needs no formula. */
static void put_hist(struct json_writer *w, const char *key, const struct hist *h,
		     const char *unit)
{
	if (!h->measured) {
		jw_null(w, key);
		return;
	}
	jw_open_flat(w, key, '{');
	jw_text(w, "unit", unit);
	jw_int(w, "count", h->count);
	jw_int(w, "sum", h->sum);
	jw_int(w, "min", h->min);
	jw_int(w, "max", h->max);
	put_quantiles(w, h);
	jw_open(w, "buckets", '[');
	for (size_t b = hist_next(h, 0); b < HIST_BUCKETS; b = hist_next(h, b + 1)) {
		jw_open(w, NULL, '[');
		jw_int(w, NULL, hist_bucket_low(b));
		jw_int(w, NULL, hist_bucket_count(h, b));
		jw_close(w, ']');
	}
	jw_close(w, ']');
	jw_close(w, '}');
}

static void put_rpc(struct json_writer *w, const struct bench_rpc *rpc)
{
	jw_open(w, rpc->name, '{');
	put_hist(w, "response", &rpc->response, "us");
	put_hist(w, "service", &rpc->service, "us");
	put_hist(w, "over_ec2", &rpc->over_ec2, "us");
	put_hist(w, "attempts", &rpc->attempts, "");
	jw_open_flat(w, "codes", '{');
	for (size_t c = 0; c < BENCH_CODES; c++) {
		if (rpc->codes[c])
			jw_int(w, grpc_code_name((enum grpc_code)c), rpc->codes[c]);
	}
	jw_close(w, '}');
	jw_int(w, "retries", rpc->retries);
	jw_int(w, "timeouts", rpc->timeouts);
	jw_int(w, "failed", rpc->failed);
	jw_close(w, '}');
}

static void put_ec2(struct json_writer *w, const struct bench_run *run)
{
	if (!run->ec2_known) {
		jw_null(w, "ec2");
		return;
	}
	jw_open(w, "ec2", '{');
	for (size_t i = 0; i < run->nactions; i++) {
		const struct bench_action *a = &run->actions[i];

		jw_open_flat(w, a->name, '{');
		jw_int(w, "calls", a->calls);
		jw_int(w, "throttled", a->throttled);
		jw_int(w, "errors", a->errors);
		jw_close(w, '}');
	}
	jw_close(w, '}');
}

static void put_leaks(struct json_writer *w, const struct bench_run *run)
{
	if (!run->leaks_known) {
		jw_null(w, "leaks");
		return;
	}
	jw_open(w, "leaks", '{');
	jw_int(w, "count", run->nleaks);
	jw_open(w, "named", '[');
	for (size_t i = 0; i < run->nleaks && i < BENCH_LEAKS_MAX; i++)
		jw_text(w, NULL, run->leaks[i]);
	jw_close(w, ']');
	jw_close(w, '}');
}

/* EVENTS are written as sums, not as rates: they read back exactly. */
static void put_column(struct json_writer *w, const struct timeline *t, size_t column)
{
	const struct timeline_column *c = t->columns[column];

	jw_open_flat(w, NULL, '{');
	jw_text(w, "plot", timeline_facts[c->plot].name);
	jw_text(w, "name", c->name);
	jw_open(w, "values", '[');
	for (size_t i = 0; i < t->points; i++) {
		if (c->cells[i].n)
			jw_number(w, NULL, c->cells[i].value);
		else
			jw_null(w, NULL);
	}
	jw_close(w, ']');
	jw_close(w, '}');
}

static void put_timeline(struct json_writer *w, const struct timeline *t)
{
	jw_open(w, "timeline", '{');
	jw_int(w, "step_ms", (uint64_t)t->step_ms);
	jw_int(w, "points", t->points);
	jw_open(w, "columns", '[');
	for (size_t i = 0; i < t->ncolumns; i++)
		put_column(w, t, i);
	jw_close(w, ']');
	jw_close(w, '}');
}

static void put_time(struct json_writer *w, const char *key, int64_t ms)
{
	struct buf b;

	buf_init(&b, 64);
	encode_time(&b, ms);
	jw_text(w, key, buf_cstr(&b));
	buf_fini(&b);
}

static void put_run(struct json_writer *w, const struct bench_run *run)
{
	jw_open(w, NULL, '{');
	put_time(w, "started", run->started_ms);
	jw_text(w, "partial", run->partial);
	jw_open(w, "figures", '{');
	for (size_t i = 0; i < BENCH_FIGURES; i++)
		put_fig(w, bench_figure_facts[i].name, run->figures[i]);
	jw_close(w, '}');
	put_hist(w, "lifecycle", &run->lifecycle, "us");
	put_hist(w, "driver_lag", &run->driver_lag, "us");
	put_hist(w, "generator_lag", &run->generator_lag, "us");
	jw_open(w, "rpcs", '{');
	for (size_t i = 0; i < run->nrpcs; i++)
		put_rpc(w, run->rpcs[i]);
	jw_close(w, '}');
	put_ec2(w, run);
	put_leaks(w, run);
	put_timeline(w, &run->timeline);
	put_texts(w, "unmeasured", &run->unmeasured);
	put_texts(w, "notes", &run->notes);
	jw_close(w, '}');
}

static void put_budgets(struct json_writer *w, const struct bench_result *r,
			const struct metrics *m)
{
	static const char *const states[] = { "met", "missed", "unknown" };

	jw_open(w, "budgets", '[');
	for (size_t i = 0; i < r->nbudgets; i++) {
		const struct bench_budget *b = &r->budgets[i];
		struct fig value;
		enum budget_state state = metrics_judge(m, b, &value);

		jw_open_flat(w, NULL, '{');
		jw_text(w, "metric", b->metric);
		jw_number(w, b->at_least ? "at_least" : "at_most", b->limit);
		put_fig(w, "value", value);
		jw_text(w, "state", states[state]);
		jw_close(w, '}');
	}
	jw_close(w, ']');
}

static void put_summary(struct json_writer *w, const struct metrics *m)
{
	static const char *const better[] = { "neither", "lower", "higher" };

	jw_open(w, "summary", '{');
	for (size_t i = 0; i < m->n; i++) {
		const struct metric *x = &m->items[i];

		jw_open_flat(w, x->path, '{');
		jw_text(w, "unit", x->unit);
		jw_text(w, "better", better[x->better]);
		jw_int(w, "runs", x->n);
		put_fig(w, "min", metric_min(x));
		put_fig(w, "median", metric_median(x));
		put_fig(w, "max", metric_max(x));
		jw_close(w, '}');
	}
	jw_close(w, '}');
}

void bench_json_write(struct buf *out, const struct bench_result *r)
{
	struct json_writer w;
	struct metrics m;

	jw_init(&w, out);
	metrics_of(r, &m);
	jw_open(&w, NULL, '{');
	jw_text(&w, "format", BENCH_FORMAT);
	jw_int(&w, "version", BENCH_FORMAT_VERSION);
	jw_text(&w, "scenario", r->scenario);
	jw_text(&w, "loop", bench_loop_name(r->loop));
	jw_text(&w, "driver", r->driver);
	jw_text(&w, "partial", bench_result_partial(r));
	put_texts(&w, "parameters", &r->parameters);
	put_texts(&w, "machine", &r->machine);
	put_texts(&w, "versions", &r->versions);
	put_budgets(&w, r, &m);
	put_summary(&w, &m);
	jw_open(&w, "runs", '[');
	for (size_t i = 0; i < r->nruns; i++)
		put_run(&w, r->runs[i]);
	jw_close(&w, ']');
	jw_close(&w, '}');
	buf_addc(out, '\n');
	metrics_fini(&m);
}
