#include "bench/html.h"

#include <string.h>

#include "base/mem.h"
#include "bench/plots.h"

/* ---- plots: one for each RPC, a line for each result ---- */

static void rpc_plot(struct buf *out, const struct compare *c, const char *name)
{
	auto_free char *title = xasprintf("%s: response time", name);
	size_t n = c->n < PLOT_SERIES_MAX ? c->n : PLOT_SERIES_MAX;
	struct hist all[PLOT_SERIES_MAX] = { { 0 } };
	struct plot_hist series[PLOT_SERIES_MAX] = { { 0 } };

	for (size_t i = 0; i < n; i++) {
		series[i] = (struct plot_hist){ c->names[i], &all[i] };
		for (size_t k = 0; k < c->results[i]->nruns; k++) {
			const struct bench_rpc *rpc = bench_run_find_rpc(c->results[i]->runs[k], name);

			if (rpc)
				hist_merge(&all[i], &rpc->response);
		}
	}
	plot_percentiles(out, title, series, n);
	for (size_t i = 0; i < n; i++)
		hist_fini(&all[i]);
}

static void plots(struct buf *out, const struct compare *c)
{
	struct bench_texts rpcs = { 0 }, actions = { 0 };

	for (size_t i = 0; i < c->n; i++)
		bench_result_names(c->results[i], &rpcs, &actions);
	if (rpcs.n)
		page_heading(out, "Response times");
	for (size_t i = 0; i < rpcs.n; i++)
		rpc_plot(out, c, rpcs.items[i].name);
	if (rpcs.n)
		page_section_end(out);
	bench_texts_fini(&rpcs);
	bench_texts_fini(&actions);
}

/* ---- the table ---- */

struct rows {
	struct buf *out;
	const struct compare *c;
};

static void value_cell(struct buf *out, const struct metric *m)
{
	struct buf b;

	buf_init(&b, 2048);
	metric_text(&b, m);
	page_cell(out, "td", "n", buf_cstr(&b));
	buf_fini(&b);
}

static void put_row(const struct compare_row *row, void *arg)
{
	static const char *const words[] = { "", "equal", "better", "worse", "noise", "too few runs" };
	static const char *const classes[] = { "soft", "soft", "good", "bad", "soft", "soft" };
	static const char *const better[] = { "", "less", "more" };
	struct rows *r = arg;
	struct buf title;

	buf_init(&title, 1u << 16);
	metric_title(&title, row->any);
	buf_adds(r->out, "<tr>");
	page_cell(r->out, "td", NULL, buf_cstr(&title));
	page_cell(r->out, "td", "n", better[row->any->better]);
	for (size_t i = 0; i < r->c->n; i++) {
		enum compare_mark mark = compare_mark(row->of[0], row->of[i]);

		value_cell(r->out, row->of[i]);
		if (i == 0)
			continue;
		page_number(r->out, compare_ratio(row->of[0], row->of[i]), "x");
		page_cell(r->out, "td", classes[mark], words[mark]);
	}
	buf_adds(r->out, "</tr>\n");
	buf_fini(&title);
}

static void table(struct buf *out, const struct compare *c, bool all)
{
	struct rows rows = { out, c };

	page_heading(out, "Figures: median (least - greatest)");
	buf_adds(out, "<div class=\"scroll\"><table><thead><tr><th>figure</th><th class=\"n\">best</th>");
	for (size_t i = 0; i < c->n; i++) {
		page_cell(out, "th", "n", c->names[i]);
		if (i)
			buf_adds(out, "<th class=\"n\">ratio</th><th></th>");
	}
	buf_adds(out, "</tr></thead><tbody>\n");
	compare_each(c, all, put_row, &rows);
	page_table_end(out);
	buf_printf(out, "<p class=\"soft\">The ratio is to the first. Better or worse: all runs of one "
		   "lie beyond all runs of the other, %d runs of each at least. Noise: the runs "
		   "overlap.</p>\n", COMPARE_RUNS);
	page_section_end(out);
}

void html_compare(struct buf *out, const struct compare *c, bool all)
{
	page_open(out, "ebs-csi-bench compare");
	page_cell(out, "h1", NULL, "ebs-csi-bench compare");
	for (size_t i = 0; i < c->warnings.n; i++)
		page_warning(out, c->warnings.items[i].name, c->warnings.items[i].value);
	table(out, c, all);
	plots(out, c);
	for (size_t i = 0; i < c->n; i++) {
		page_heading(out, c->names[i]);
		page_about(out, c->results[i]);
		page_section_end(out);
	}
	page_close(out);
}
