#include "bench/table.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "base/mem.h"
#include "bench/metrics.h"
#include "bench/text.h"

#define INDENT 13	/* of paragraphs below their name */

struct report {
	struct buf *out;
	const struct bench_result *r;
	struct metrics m;
	struct bench_texts rpcs, actions;	/* names in all runs */
};

/* A number in a cell of its own. */
static void cell(struct buf *out, struct fig f, const char *unit, size_t width)
{
	struct buf text;

	buf_init(&text, 1024);
	text_number(&text, f, unit);
	text_right(out, buf_cstr(&text), width);
	buf_fini(&text);
}

static struct fig PRINTF_LIKE(2, 3) median(const struct report *t, const char *fmt, ...)
{
	auto_free char *path = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&path, fmt, ap);
	va_end(ap);
	if (n < 0)
		abort();
	return metrics_median(&t->m, path);
}

/* ---- what was run ---- */

static void texts_line(struct buf *out, const char *name, const struct bench_texts *t)
{
	struct buf line;

	buf_init(&line, 1u << 20);
	for (size_t i = 0; i < t->n; i++)
		buf_printf(&line, "%s%s=%s", i ? " " : "", t->items[i].name, t->items[i].value);
	if (t->n)
		text_paragraph(out, name, INDENT, buf_cstr(&line), TABLE_WIDTH);
	buf_fini(&line);
}

static void partial_line(struct buf *out, const struct bench_run *run, size_t number)
{
	auto_free char *text = NULL;

	if (!run->partial)
		return;
	text = xasprintf("run %zu was cut short: %s", number, run->partial);
	text_paragraph(out, "PARTIAL", INDENT, text, TABLE_WIDTH);
}

void bench_table_head(struct buf *out, const struct bench_result *r)
{
	struct buf line;

	buf_init(&line, 1u << 20);
	buf_printf(&line, "\"%s\", %zu run%s", r->scenario, r->nruns, r->nruns == 1 ? "" : "s");
	if (r->nruns) {
		buf_adds(&line, ", ");
		encode_time(&line, r->runs[0]->started_ms);
	}
	text_paragraph(out, "scenario", INDENT, buf_cstr(&line), TABLE_WIDTH);
	buf_fini(&line);
	for (size_t i = 0; i < r->nruns; i++)
		partial_line(out, r->runs[i], i + 1);
	if (r->driver)
		text_paragraph(out, "driver", INDENT, r->driver, TABLE_WIDTH);
	texts_line(out, "load", &r->parameters);
	texts_line(out, "machine", &r->machine);
	texts_line(out, "versions", &r->versions);
}

/* ---- figures ---- */

static bool is_plain(const struct metric *x)
{
	return !strchr(x->path, '.');
}

static void figure_row(struct report *t, const struct metric *x)
{
	buf_adds(t->out, "  ");
	text_left(t->out, x->label, 34);
	cell(t->out, metric_median(x), x->unit, 14);
	if (t->r->nruns > 1) {
		cell(t->out, metric_min(x), x->unit, 14);
		cell(t->out, metric_max(x), x->unit, 14);
	}
	buf_addc(t->out, '\n');
}

static void figures(struct report *t)
{
	if (t->r->nruns > 1)
		buf_printf(t->out, "\n%-36s%14s%14s%14s\n", "Figures", "median", "least", "greatest");
	else
		buf_adds(t->out, "\nFigures\n");
	for (size_t i = 0; i < t->m.n; i++) {
		if (is_plain(&t->m.items[i]) && t->m.items[i].n)
			figure_row(t, &t->m.items[i]);
	}
}

/* ---- times ---- */

static const char *const quantiles[] = { "p50", "p90", "p99", "p999", "max" };

/* The row of the histogram at `path`, if it holds anything. */
static void times_row(struct report *t, const char *name, const char *what, const char *path)
{
	if (!median(t, "%s.max", path).known)
		return;
	buf_adds(t->out, "  ");
	text_left(t->out, name, 30);
	buf_addc(t->out, ' ');
	text_left(t->out, what, 12);
	for (size_t i = 0; i < ARRAY_SIZE(quantiles); i++)
		cell(t->out, median(t, "%s.%s", path, quantiles[i]), "ms", 11);
	buf_addc(t->out, '\n');
}

static void rpc_times(struct report *t, const char *name)
{
	auto_free char *response = xasprintf("rpc.%s.response", name);
	auto_free char *service = xasprintf("rpc.%s.service", name);
	auto_free char *over_ec2 = xasprintf("rpc.%s.over_ec2", name);

	times_row(t, name, "response", response);
	times_row(t, "", "over EC2", over_ec2);
	times_row(t, "", "service", service);
}

static void times(struct report *t)
{
	buf_printf(t->out, "\n%-33s%-12s%11s%11s%11s%11s%11s\n",
		   t->r->nruns > 1 ? "Times, medians of the runs" : "Times", "", "p50", "p90", "p99",
		   "p99.9", "max");
	for (size_t i = 0; i < t->rpcs.n; i++)
		rpc_times(t, t->rpcs.items[i].name);
	times_row(t, "life cycle", "", "lifecycle");
	times_row(t, "driver", "loop lag", "driver_lag");
	times_row(t, "ebs-csi-bench", "loop lag", "generator_lag");
	text_paragraph(t->out, "response", INDENT, "from when a call was due to its last answer, "
		       "retries and waiting between them included; over EC2: without the time EC2 "
		       "took; service: of each attempt alone", TABLE_WIDTH);
	text_paragraph(t->out, "loop", INDENT, bench_loop_text(t->r->loop), TABLE_WIDTH);
}

/* ---- answers ---- */

/* "OK 1000, Aborted 7" over all runs. */
static void codes_of(struct buf *ret, const struct bench_result *r, const char *name)
{
	uint64_t sum;

	for (size_t c = 0; c < BENCH_CODES; c++) {
		sum = 0;
		for (size_t i = 0; i < r->nruns; i++) {
			const struct bench_rpc *rpc = bench_run_find_rpc(r->runs[i], name);

			sum += rpc ? rpc->codes[c] : 0;
		}
		if (sum)
			buf_printf(ret, "%s%s %llu", ret->len ? ", " : "",
				   grpc_code_name((enum grpc_code)c), (unsigned long long)sum);
	}
}

static void answers_row(struct report *t, const char *name)
{
	struct buf codes;

	buf_init(&codes, 4096);
	codes_of(&codes, t->r, name);
	buf_adds(t->out, "  ");
	text_left(t->out, name, 30);
	cell(t->out, median(t, "rpc.%s.calls", name), "", 10);
	cell(t->out, median(t, "rpc.%s.retries", name), "", 10);
	cell(t->out, median(t, "rpc.%s.timeouts", name), "", 11);
	cell(t->out, median(t, "rpc.%s.failed", name), "", 10);
	buf_addc(t->out, '\n');
	if (codes.len)
		text_paragraph(t->out, t->r->nruns > 1 ? "  all runs" : "  answers", INDENT,
			       buf_cstr(&codes), TABLE_WIDTH);
	buf_fini(&codes);
}

static void answers(struct report *t)
{
	if (t->rpcs.n == 0)
		return;
	buf_printf(t->out, "\n%-32s%10s%10s%11s%10s\n", "RPCs", "calls", "retries", "timed out",
		   "given up");
	for (size_t i = 0; i < t->rpcs.n; i++)
		answers_row(t, t->rpcs.items[i].name);
}

static void ec2(struct report *t)
{
	if (t->actions.n == 0)
		return;
	buf_printf(t->out, "\n%-32s%10s%16s%13s%16s\n", "EC2 calls", "calls", "per life cycle",
		   "throttled", "other errors");
	for (size_t i = 0; i < t->actions.n; i++) {
		const char *name = t->actions.items[i].name;

		buf_adds(t->out, "  ");
		text_left(t->out, name, 30);
		cell(t->out, median(t, "ec2.%s.calls", name), "", 10);
		cell(t->out, median(t, "ec2.%s.per_lifecycle", name), "", 16);
		cell(t->out, median(t, "ec2.%s.throttled_share", name), "%", 13);
		cell(t->out, median(t, "ec2.%s.errors", name), "", 16);
		buf_addc(t->out, '\n');
	}
}

/* ---- what to look at ---- */

static void leaks_of(struct report *t, const struct bench_run *run, size_t number)
{
	size_t named = run->nleaks < BENCH_LEAKS_MAX ? run->nleaks : BENCH_LEAKS_MAX;

	buf_printf(t->out, "\nLEAKS in run %zu: %llu\n", number, (unsigned long long)run->nleaks);
	for (size_t i = 0; i < named; i++)
		text_paragraph(t->out, "", 4, run->leaks[i], TABLE_WIDTH);
	if (run->nleaks > named)
		buf_printf(t->out, "    and %llu more\n", (unsigned long long)(run->nleaks - named));
}

static void leaks(struct report *t)
{
	for (size_t i = 0; i < t->r->nruns; i++) {
		if (t->r->runs[i]->nleaks)
			leaks_of(t, t->r->runs[i], i + 1);
	}
}

static void budget_row(struct report *t, const struct bench_budget *b)
{
	static const char *const states[] = { "met", "MISSED", "unknown" };
	const struct metric *x = metrics_find(&t->m, b->metric);
	const char *unit = x ? x->unit : "";
	struct fig value;
	enum budget_state state = metrics_judge(&t->m, b, &value);

	buf_printf(t->out, "  %-9s", states[state]);
	text_left(t->out, b->metric, 52);
	cell(t->out, value, unit, 14);
	buf_printf(t->out, "  %s", b->at_least ? ">=" : "<=");
	cell(t->out, fig_of(b->limit), unit, 14);
	buf_addc(t->out, '\n');
}

static void budgets(struct report *t)
{
	if (t->r->nbudgets == 0)
		return;
	buf_printf(t->out, "\n%-63s%14s%18s\n", "Budgets", "median", "limit");
	for (size_t i = 0; i < t->r->nbudgets; i++)
		budget_row(t, &t->r->budgets[i]);
}

/* Figures nobody knows, in one line; reasons below. */
static void unmeasured(struct report *t)
{
	struct bench_texts why = { 0 };
	struct buf names;

	buf_init(&names, 1u << 16);
	for (size_t i = 0; i < t->m.n; i++) {
		const struct metric *x = &t->m.items[i];

		if (is_plain(x) && x->n == 0)
			buf_printf(&names, "%s%s", names.len ? "; " : "", x->label);
	}
	for (size_t i = 0; i < t->r->nruns; i++) {
		const struct bench_texts *u = &t->r->runs[i]->unmeasured;

		for (size_t k = 0; k < u->n; k++)
			bench_texts_set(&why, u->items[k].name, u->items[k].value);
	}
	if (names.len || why.n)
		buf_adds(t->out, "\nNot measured\n");
	if (names.len)
		text_paragraph(t->out, "", 4, buf_cstr(&names), TABLE_WIDTH);
	for (size_t i = 0; i < why.n; i++)
		text_paragraph(t->out, why.items[i].name, 26, why.items[i].value, TABLE_WIDTH);
	bench_texts_fini(&why);
	buf_fini(&names);
}

static void notes(struct report *t)
{
	struct bench_texts all = { 0 };

	for (size_t i = 0; i < t->r->nruns; i++) {
		const struct bench_texts *n = &t->r->runs[i]->notes;

		for (size_t k = 0; k < n->n; k++)
			bench_texts_set(&all, n->items[k].name, n->items[k].value);
	}
	if (all.n)
		buf_adds(t->out, "\nNotes\n");
	for (size_t i = 0; i < all.n; i++)
		text_paragraph(t->out, all.items[i].name, 26, all.items[i].value, TABLE_WIDTH);
	bench_texts_fini(&all);
}

void bench_table_write(struct buf *out, const struct bench_result *r)
{
	struct report t = { .out = out, .r = r };

	metrics_of(r, &t.m);
	bench_result_names(r, &t.rpcs, &t.actions);
	buf_adds(out, "ebs-csi-bench\n");
	bench_table_head(out, r);
	if (r->nruns) {
		figures(&t);
		times(&t);
	} else {
		buf_adds(out, "\nNothing was run.\n");
	}
	answers(&t);
	ec2(&t);
	leaks(&t);
	budgets(&t);
	unmeasured(&t);
	notes(&t);
	bench_texts_fini(&t.rpcs);
	bench_texts_fini(&t.actions);
	metrics_fini(&t.m);
}
