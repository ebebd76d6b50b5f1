#include "bench/html.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "bench/plots.h"
#include "bench/text.h"

struct page {
	struct buf *out;
	const struct bench_result *r;
	const struct bench_run *shown;	/* whose timeline is drawn; NULL: no runs */
	struct metrics m;
	struct bench_texts rpcs, actions;
};

static struct fig PRINTF_LIKE(2, 3) median(const struct page *p, const char *fmt, ...)
{
	auto_free char *path = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&path, fmt, ap);
	va_end(ap);
	if (n < 0)
		abort();
	return metrics_median(&p->m, path);
}

/* The run whose make-span is the median one, else the first. */
static const struct bench_run *typical_run(const struct page *p)
{
	const struct metric *x = metrics_find(&p->m, "makespan_s");

	for (size_t i = 0; x && x->n && i < p->r->nruns; i++) {
		struct fig f = p->r->runs[i]->figures[BENCH_makespan_s];

		if (f.known && f.v == x->values[(x->n - 1) / 2])
			return p->r->runs[i];
	}
	return p->r->nruns ? p->r->runs[0] : NULL;
}

/* ---- what to see at once ---- */

static void card(struct page *p, const char *path)
{
	const struct metric *x = metrics_find(&p->m, path);
	struct buf b;

	if (!x || x->n == 0)
		return;
	buf_init(&b, 512);
	text_number(&b, metric_median(x), x->unit);
	buf_adds(p->out, "<div class=\"card\">");
	page_cell(p->out, "b", NULL, buf_cstr(&b));
	page_cell(p->out, "span", NULL, x->label);
	buf_adds(p->out, "</div>");
	buf_fini(&b);
}

static void cards(struct page *p)
{
	static const char *const paths[] = {
		"lifecycles_done", "makespan_s", "makespan_over_optimum", "cpu_per_lifecycle_ms",
		"rpcs_per_s", "ec2_calls_per_lifecycle", "throttled_share", "rss_idle", "rss_peak",
		"rss_per_operation", "threads_max", "leaks",
	};

	buf_adds(p->out, "<div class=\"cards\">");
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		card(p, paths[i]);
	buf_adds(p->out, "</div>\n");
}

static void warnings(struct page *p)
{
	for (size_t i = 0; i < p->r->nruns; i++) {
		const struct bench_run *run = p->r->runs[i];
		auto_free char *partial = xasprintf("Run %zu was cut short:", i + 1);
		auto_free char *leaks = xasprintf("Run %zu leaked %llu:", i + 1,
						  (unsigned long long)run->nleaks);

		if (run->partial)
			page_warning(p->out, partial, run->partial);
		if (run->nleaks)
			page_warning(p->out, leaks, run->leaks[0]);
	}
	if (p->r->nruns == 0)
		page_warning(p->out, "Nothing was run.", "");
}

static void budget_row(struct page *p, const struct bench_budget *b)
{
	static const char *const states[] = { "met", "missed", "unknown" };
	static const char *const classes[] = { "n good", "n bad", "n soft" };
	const struct metric *x = metrics_find(&p->m, b->metric);
	const char *unit = x ? x->unit : "";
	struct fig value;
	enum budget_state state = metrics_judge(&p->m, b, &value);

	buf_adds(p->out, "<tr>");
	page_cell(p->out, "td", NULL, b->metric);
	page_cell(p->out, "td", classes[state], states[state]);
	page_number(p->out, value, unit);
	page_cell(p->out, "td", "n", b->at_least ? "at least" : "at most");
	page_number(p->out, fig_of(b->limit), unit);
	buf_adds(p->out, "</tr>\n");
}

static void budgets(struct page *p)
{
	static const char *const columns[] = { "budget", "state", "median", "", "limit" };

	if (p->r->nbudgets == 0)
		return;
	page_heading(p->out, "Budgets");
	page_table(p->out, columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < p->r->nbudgets; i++)
		budget_row(p, &p->r->budgets[i]);
	page_table_end(p->out);
	page_section_end(p->out);
}

/* ---- times ---- */

static const char *const quantiles[] = { "p50", "p90", "p99", "p999", "max" };

static void times_row(struct page *p, const char *name, const char *what, const char *path)
{
	if (!median(p, "%s.max", path).known)
		return;
	buf_adds(p->out, "<tr>");
	page_cell(p->out, "td", NULL, name);
	page_cell(p->out, "td", "n", what);
	for (size_t i = 0; i < ARRAY_SIZE(quantiles); i++)
		page_number(p->out, median(p, "%s.%s", path, quantiles[i]), "ms");
	buf_adds(p->out, "</tr>\n");
}

static void rpc_times(struct page *p, const char *name)
{
	auto_free char *response = xasprintf("rpc.%s.response", name);
	auto_free char *service = xasprintf("rpc.%s.service", name);
	auto_free char *over_ec2 = xasprintf("rpc.%s.over_ec2", name);

	times_row(p, name, "response", response);
	times_row(p, name, "over EC2", over_ec2);
	times_row(p, name, "service", service);
}

enum which { RESPONSE, OVER_EC2 };

/* One plot of all RPCs, runs added up. */
static void rpc_plot(struct page *p, const char *title, enum which which)
{
	size_t n = p->rpcs.n < PLOT_SERIES_MAX ? p->rpcs.n : PLOT_SERIES_MAX;
	struct hist all[PLOT_SERIES_MAX] = { { 0 } };
	struct plot_hist series[PLOT_SERIES_MAX] = { { 0 } };

	for (size_t i = 0; i < n; i++) {
		series[i] = (struct plot_hist){ p->rpcs.items[i].name, &all[i] };
		for (size_t k = 0; k < p->r->nruns; k++) {
			const struct bench_rpc *rpc = bench_run_find_rpc(p->r->runs[k],
									 series[i].name);

			if (rpc)
				hist_merge(&all[i], which == RESPONSE ? &rpc->response
								      : &rpc->over_ec2);
		}
	}
	plot_percentiles(p->out, title, series, n);
	for (size_t i = 0; i < n; i++)
		hist_fini(&all[i]);
}

static void lag_plot(struct page *p)
{
	struct hist driver = { 0 }, generator = { 0 };
	struct plot_hist series[] = { { "driver", &driver }, { "ebs-csi-bench", &generator } };

	for (size_t i = 0; i < p->r->nruns; i++) {
		hist_merge(&driver, &p->r->runs[i]->driver_lag);
		hist_merge(&generator, &p->r->runs[i]->generator_lag);
	}
	plot_percentiles(p->out, "Loop lag", series, 2);
	hist_fini(&driver);
	hist_fini(&generator);
}

static void times(struct page *p)
{
	static const char *const columns[] = { "RPC", "time", "p50", "p90", "p99", "p99.9", "max" };

	page_heading(p->out, p->r->nruns > 1 ? "Times (medians of the runs; plots of all)" : "Times");
	rpc_plot(p, "Response time: from when a call was due to its last answer", RESPONSE);
	rpc_plot(p, "Response time over EC2's own", OVER_EC2);
	page_table(p->out, columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < p->rpcs.n; i++)
		rpc_times(p, p->rpcs.items[i].name);
	times_row(p, "life cycle", "", "lifecycle");
	times_row(p, "driver", "loop lag", "driver_lag");
	times_row(p, "ebs-csi-bench", "loop lag", "generator_lag");
	page_table_end(p->out);
	lag_plot(p);
	page_section_end(p->out);
}

/* ---- counts ---- */

static void codes_cell(struct page *p, const char *name)
{
	struct buf b;
	uint64_t sum;

	buf_init(&b, 4096);
	for (size_t c = 0; c < BENCH_CODES; c++) {
		sum = 0;
		for (size_t i = 0; i < p->r->nruns; i++) {
			const struct bench_rpc *rpc = bench_run_find_rpc(p->r->runs[i], name);

			sum += rpc ? rpc->codes[c] : 0;
		}
		if (sum)
			buf_printf(&b, "%s%s %llu", b.len ? ", " : "",
				   grpc_code_name((enum grpc_code)c), (unsigned long long)sum);
	}
	page_cell(p->out, "td", "n", buf_cstr(&b));
	buf_fini(&b);
}

static void answers(struct page *p)
{
	static const char *const columns[] = { "RPC", "calls", "retries", "timed out", "given up",
					       "answers, all runs" };
	static const char *const names[] = { "calls", "retries", "timeouts", "failed" };

	if (p->rpcs.n == 0)
		return;
	page_heading(p->out, "RPCs");
	page_table(p->out, columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < p->rpcs.n; i++) {
		const char *name = p->rpcs.items[i].name;

		buf_adds(p->out, "<tr>");
		page_cell(p->out, "td", NULL, name);
		for (size_t k = 0; k < ARRAY_SIZE(names); k++)
			page_number(p->out, median(p, "rpc.%s.%s", name, names[k]), "");
		codes_cell(p, name);
		buf_adds(p->out, "</tr>\n");
	}
	page_table_end(p->out);
	page_section_end(p->out);
}

static void ec2(struct page *p)
{
	static const char *const columns[] = { "action", "calls", "per life cycle", "throttled",
					       "other errors" };

	if (p->actions.n == 0)
		return;
	page_heading(p->out, "EC2 calls");
	plot_actions(p->out, p->shown);
	page_table(p->out, columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < p->actions.n; i++) {
		const char *name = p->actions.items[i].name;

		buf_adds(p->out, "<tr>");
		page_cell(p->out, "td", NULL, name);
		page_number(p->out, median(p, "ec2.%s.calls", name), "");
		page_number(p->out, median(p, "ec2.%s.per_lifecycle", name), "");
		page_number(p->out, median(p, "ec2.%s.throttled_share", name), "%");
		page_number(p->out, median(p, "ec2.%s.errors", name), "");
		buf_adds(p->out, "</tr>\n");
	}
	page_table_end(p->out);
	page_section_end(p->out);
}

static bool any_plot(const struct timeline *t)
{
	for (int i = 0; i < TIMELINE_PLOTS; i++) {
		if (timeline_has(t, (enum timeline_plot)i))
			return true;
	}
	return false;
}

static void timeline(struct page *p)
{
	if (!p->shown || !any_plot(&p->shown->timeline))
		return;
	page_heading(p->out, p->r->nruns > 1 ? "Over time (the run with the median make-span)"
					     : "Over time");
	for (int i = 0; i < TIMELINE_PLOTS; i++)
		plot_timeline(p->out, &p->shown->timeline, (enum timeline_plot)i);
	page_section_end(p->out);
}

static void figures(struct page *p)
{
	static const char *const columns[] = { "figure", "median", "least", "greatest" };

	page_heading(p->out, "All figures");
	page_table(p->out, columns, p->r->nruns > 1 ? 4 : 2);
	for (size_t i = 0; i < p->m.n; i++) {
		const struct metric *x = &p->m.items[i];

		if (strchr(x->path, '.'))
			continue;
		buf_adds(p->out, "<tr>");
		page_cell(p->out, "td", NULL, x->label);
		page_number(p->out, metric_median(x), x->unit);
		if (p->r->nruns > 1) {
			page_number(p->out, metric_min(x), x->unit);
			page_number(p->out, metric_max(x), x->unit);
		}
		buf_adds(p->out, "</tr>\n");
	}
	page_table_end(p->out);
	buf_adds(p->out, "<p class=\"soft\">- : not measured</p>\n");
	page_section_end(p->out);
}

static void texts(struct page *p, const char *heading, const struct bench_texts *t)
{
	if (t->n == 0)
		return;
	page_heading(p->out, heading);
	buf_adds(p->out, "<dl>");
	for (size_t i = 0; i < t->n; i++) {
		page_cell(p->out, "dt", NULL, t->items[i].name);
		page_cell(p->out, "dd", NULL, t->items[i].value);
	}
	buf_adds(p->out, "</dl>\n");
	page_section_end(p->out);
}

static void remarks(struct page *p)
{
	struct bench_texts why = { 0 }, notes = { 0 };

	for (size_t i = 0; i < p->r->nruns; i++) {
		const struct bench_run *run = p->r->runs[i];

		for (size_t k = 0; k < run->unmeasured.n; k++)
			bench_texts_set(&why, run->unmeasured.items[k].name,
					run->unmeasured.items[k].value);
		for (size_t k = 0; k < run->notes.n; k++)
			bench_texts_set(&notes, run->notes.items[k].name, run->notes.items[k].value);
	}
	texts(p, "Not measured, and why", &why);
	texts(p, "Notes", &notes);
	bench_texts_fini(&why);
	bench_texts_fini(&notes);
}

/* ---- the page ---- */

static void head(struct page *p)
{
	auto_free char *title = xasprintf("ebs-csi-bench: %s", p->r->scenario);

	page_open(p->out, title);
	page_cell(p->out, "h1", NULL, title);
	page_about(p->out, p->r);
}

void html_result(struct buf *out, const struct bench_result *r)
{
	struct page p = { .out = out, .r = r };

	metrics_of(r, &p.m);
	bench_result_names(r, &p.rpcs, &p.actions);
	p.shown = typical_run(&p);
	head(&p);
	warnings(&p);
	cards(&p);
	budgets(&p);
	if (r->nruns)
		times(&p);
	answers(&p);
	ec2(&p);
	timeline(&p);
	figures(&p);
	remarks(&p);
	page_close(out);
	bench_texts_fini(&p.rpcs);
	bench_texts_fini(&p.actions);
	metrics_fini(&p.m);
}
