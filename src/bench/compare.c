#include "bench/compare.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "bench/table.h"
#include "bench/text.h"

/* ---- whether they can be compared ---- */

static int check_scenarios(const struct compare *c, struct err *err)
{
	for (size_t i = 1; i < c->n; i++) {
		if (strcmp(c->results[i]->scenario, c->results[0]->scenario) != 0)
			return err_set(err, GRPC_FAILED_PRECONDITION,
				       "%s is of scenario \"%s\", %s of \"%s\": their figures do not "
				       "answer the same question (--force compares them anyway)",
				       c->names[0], c->results[0]->scenario, c->names[i],
				       c->results[i]->scenario);
	}
	return 0;
}

static const char *value_or_none(const struct bench_texts *t, const char *name)
{
	return cstr_or(bench_texts_get(t, name), "(none)");
}

/* One warning for a name whose values differ. */
static void warn_name(struct compare *c, const char *what, size_t i, const char *name,
		      const struct bench_texts *a, const struct bench_texts *b)
{
	const char *x = value_or_none(a, name), *y = value_or_none(b, name);
	auto_free char *key = xasprintf("%s %s", what, name);

	if (strcmp(x, y) != 0 && !bench_texts_get(&c->warnings, key))
		bench_texts_setf(&c->warnings, key, "%s: %s; %s: %s", c->names[0], x, c->names[i], y);
}

static void warn_texts(struct compare *c, const char *what, size_t i, const struct bench_texts *a,
		       const struct bench_texts *b)
{
	for (size_t k = 0; k < a->n; k++)
		warn_name(c, what, i, a->items[k].name, a, b);
	for (size_t k = 0; k < b->n; k++)
		warn_name(c, what, i, b->items[k].name, a, b);
}

static void warn_about(struct compare *c, size_t i)
{
	const struct bench_result *a = c->results[0], *b = c->results[i];

	warn_texts(c, "load", i, &a->parameters, &b->parameters);
	warn_texts(c, "machine", i, &a->machine, &b->machine);
	warn_texts(c, "version of", i, &a->versions, &b->versions);
	if (strcmp(a->scenario, b->scenario) != 0)
		bench_texts_setf(&c->warnings, "scenario", "%s: %s; %s: %s", c->names[0], a->scenario,
				 c->names[i], b->scenario);
	if (a->loop != b->loop)
		bench_texts_setf(&c->warnings, "loop", "%s: %s; %s: %s: their times mean different "
				 "things", c->names[0], bench_loop_name(a->loop), c->names[i],
				 bench_loop_name(b->loop));
}

static void warn_partial(struct compare *c, size_t i)
{
	const char *why = bench_result_partial(c->results[i]);
	auto_free char *key = xasprintf("partial %s", c->names[i]);

	if (why)
		bench_texts_set(&c->warnings, key, why);
}

int compare_init(struct compare *ret, const struct bench_result *const *results,
		 const char *const *names, size_t n, bool force, struct err *err)
{
	*ret = (struct compare){ .results = results, .names = names, .n = n };
	if (n < 2)
		return err_set(err, GRPC_INVALID_ARGUMENT, "compare needs two results or more");
	if (!force && check_scenarios(ret, err) < 0)
		return -1;
	ret->metrics = xcalloc(n, sizeof(*ret->metrics));
	for (size_t i = 0; i < n; i++) {
		metrics_of(results[i], &ret->metrics[i]);
		warn_partial(ret, i);
		if (i)
			warn_about(ret, i);
	}
	return 0;
}

void compare_fini(struct compare *c)
{
	for (size_t i = 0; c->metrics && i < c->n; i++)
		metrics_fini(&c->metrics[i]);
	free(c->metrics);
	bench_texts_fini(&c->warnings);
}

/* ---- what a difference is worth ---- */

enum compare_mark compare_mark(const struct metric *a, const struct metric *b)
{
	bool lower;

	if (!a || !b || a->n == 0 || b->n == 0 || a->better == BENCH_NEITHER)
		return MARK_NONE;
	if (metric_median(a).v == metric_median(b).v)
		return MARK_EQUAL;
	if (a->n < COMPARE_RUNS || b->n < COMPARE_RUNS)
		return MARK_ONCE;
	if (metric_max(a).v >= metric_min(b).v && metric_max(b).v >= metric_min(a).v)
		return MARK_NOISE;
	lower = metric_median(b).v < metric_median(a).v;
	return lower == (a->better == BENCH_LOWER) ? MARK_BETTER : MARK_WORSE;
}

struct fig compare_ratio(const struct metric *a, const struct metric *b)
{
	if (!a || !b || a->n == 0 || b->n == 0 || metric_median(a).v == 0)
		return (struct fig){ 0 };
	return fig_of(metric_median(b).v / metric_median(a).v);
}

/* ---- rows ---- */

static bool seen_before(const struct compare *c, size_t i, const char *path)
{
	while (i-- > 0) {
		if (metrics_find(&c->metrics[i], path))
			return true;
	}
	return false;
}

static bool fill_row(const struct compare *c, const struct metric *any, struct compare_row *row)
{
	bool measured = false;

	row->any = any;
	for (size_t i = 0; i < c->n; i++) {
		row->of[i] = metrics_find(&c->metrics[i], any->path);
		measured = measured || (row->of[i] && row->of[i]->n);
	}
	return measured;
}

void compare_each(const struct compare *c, bool all,
		  void (*on_row)(const struct compare_row *row, void *arg), void *arg)
{
	struct compare_row row = { .of = xcalloc(c->n, sizeof(struct metric *)) };

	for (size_t i = 0; i < c->n; i++) {
		for (size_t k = 0; k < c->metrics[i].n; k++) {
			const struct metric *m = &c->metrics[i].items[k];

			if ((all || metric_is_main(m)) && !seen_before(c, i, m->path) &&
			    fill_row(c, m, &row))
				on_row(&row, arg);
		}
	}
	free(row.of);
}

/* ---- as text ---- */

#define TITLE_WIDTH 42
#define VALUE_WIDTH 10
#define RATIO_WIDTH 9

struct writer {
	struct buf *out;
	const struct compare *c;
};

static void put_number(struct buf *out, struct fig f, const char *unit, size_t width)
{
	struct buf b;

	buf_init(&b, 512);
	text_number(&b, f, unit);
	text_right(out, buf_cstr(&b), width);
	buf_fini(&b);
}

static void put_row(const struct compare_row *row, void *arg)
{
	static const char marks[] = { ' ', '=', '+', '-', '~', '?' };
	static const char *const better[] = { "", "less", "more" };
	struct writer *w = arg;
	struct buf title;

	buf_init(&title, 1u << 16);
	metric_title(&title, row->any);
	buf_adds(w->out, "  ");
	text_left(w->out, buf_cstr(&title), TITLE_WIDTH - 2);
	buf_printf(w->out, " %-5s", better[row->any->better]);
	for (size_t i = 0; i < w->c->n; i++) {
		struct fig v = row->of[i] ? metric_median(row->of[i]) : (struct fig){ 0 };

		put_number(w->out, v, row->any->unit, VALUE_WIDTH);
		if (i == 0)
			continue;
		put_number(w->out, compare_ratio(row->of[0], row->of[i]), "x", RATIO_WIDTH);
		buf_printf(w->out, " %c", marks[compare_mark(row->of[0], row->of[i])]);
	}
	buf_addc(w->out, '\n');
	buf_fini(&title);
}

static void put_heads(struct writer *w)
{
	for (size_t i = 0; i < w->c->n; i++) {
		buf_printf(w->out, "\n%c = %s\n", (int)('A' + i % 26), w->c->names[i]);
		bench_table_head(w->out, w->c->results[i]);
	}
	if (w->c->warnings.n)
		buf_adds(w->out, "\nThey differ in more than the driver, or are incomplete:\n");
	for (size_t i = 0; i < w->c->warnings.n; i++)
		text_paragraph(w->out, w->c->warnings.items[i].name, 26,
			       w->c->warnings.items[i].value, TABLE_WIDTH);
}

static void put_columns(struct writer *w)
{
	buf_printf(w->out, "\n%-*s %-5s", TITLE_WIDTH, "Medians", "best");
	for (size_t i = 0; i < w->c->n; i++) {
		buf_printf(w->out, "%*c", VALUE_WIDTH, (int)('A' + i % 26));
		if (i)
			buf_printf(w->out, "%*c/A  ", RATIO_WIDTH - 2, (int)('A' + i % 26));
	}
	buf_addc(w->out, '\n');
}

void compare_write(struct buf *out, const struct compare *c, bool all)
{
	struct writer w = { out, c };

	buf_adds(out, "ebs-csi-bench compare\n");
	put_heads(&w);
	put_columns(&w);
	compare_each(c, all, put_row, &w);
	buf_printf(out, "\n  + better, - worse: all runs of one lie beyond all runs of the other (%d "
		   "runs of each at least)\n  ~ the runs overlap: noise   ? too few runs to tell   "
		   "= equal\n", COMPARE_RUNS);
}
