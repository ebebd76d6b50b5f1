#include "bench/plots.h"

#include <math.h>
#include <string.h>

#include "base/encode.h"
#include "base/mem.h"
#include "bench/svg.h"
#include "bench/text.h"

/* ---- figures ---- */

static void open_figure(struct buf *out, const char *title)
{
	buf_adds(out, "<figure><figcaption>");
	encode_xml(out, str_c(title));
	buf_adds(out, "</figcaption><div class=\"plot\">\n");
}

static void open_legend(struct buf *out)
{
	buf_adds(out, "</div><ul class=\"legend\">");
}

static void legend_item(struct buf *out, size_t series, const char *name)
{
	buf_printf(out, "<li><i class=\"s%zu%s\"></i>", series % SVG_COLOURS,
		   series / SVG_COLOURS % 2 ? " dash" : "");
	encode_xml(out, str_c(name));
	buf_adds(out, "</li>");
}

static void close_figure(struct buf *out)
{
	buf_adds(out, "</ul></figure>\n");
}

/* ---- percentiles ---- */

/* The unit in which the greatest value has one to four places before the point. */
struct unit {
	const char *title;
	double us;
};

static struct unit time_unit(double max_us)
{
	if (max_us >= 2e6)
		return (struct unit){ "time, s", 1e6 };
	if (max_us >= 2e3)
		return (struct unit){ "time, ms", 1e3 };
	return (struct unit){ "time, microseconds", 1 };
}

struct extent {
	double most;	/* samples in the longest */
	double max;	/* us */
	double least;	/* smallest median above 0 */
};

static struct extent extent_of(const struct plot_hist *series, size_t n)
{
	struct extent e = { 0, 0, INFINITY };

	for (size_t i = 0; i < n; i++) {
		const struct hist *h = series[i].hist;
		double median = (double)hist_quantile(h, 0.5);

		if (h->count == 0)
			continue;
		e.most = fmax(e.most, (double)h->count);
		e.max = fmax(e.max, (double)h->max);
		if (median > 0)
			e.least = fmin(e.least, median);
	}
	return e;
}

static void describe_hist(struct buf *b, const struct plot_hist *p)
{
	static const double at[] = { 0.5, 0.99, 1 };
	static const char *const names[] = { "p50", "p99", "max" };

	buf_printf(b, "%s%s:", b->len ? "; " : "", p->name);
	for (size_t i = 0; i < ARRAY_SIZE(at); i++) {
		buf_printf(b, " %s ", names[i]);
		text_number(b, fig_of((double)hist_quantile(p->hist, at[i]) / 1000), "ms");
	}
}

/* From the least value at 0 % up to the greatest at the last sample. */
static void percentile_line(struct svg *s, size_t series, const struct hist *h, double us)
{
	double count = (double)h->count, left;
	uint64_t seen = 0;

	svg_line(s, series);
	svg_point(s, 1, (double)h->min / us);
	for (size_t b = hist_next(h, 0); b < HIST_BUCKETS; b = hist_next(h, b + 1)) {
		uint64_t high = hist_bucket_high(b);

		seen += hist_bucket_count(h, b);
		left = count - (double)seen;	/* samples above */
		svg_point(s, count / fmax(left, 1), (double)(high < h->max ? high : h->max) / us);
	}
	svg_line_end(s);
}

static void draw_percentiles(struct buf *out, const char *title, const char *description,
			     const struct plot_hist *series, size_t n)
{
	struct extent e = extent_of(series, n);
	struct unit unit = time_unit(e.max);
	struct svg_axis x = { .scale = SVG_QUANTILE, .title = "share of the samples below",
			      .tight = true };
	struct svg_axis y = { .title = unit.title };
	struct svg s;

	if (e.max > 200 * e.least)	/* else the small ones lie on the axis */
		y.scale = SVG_LOG;
	svg_fit(&x, 1, fmax(e.most, 10));
	svg_fit(&y, e.least / unit.us / 2, e.max / unit.us);
	svg_open(&s, out, title, description, &x, &y);
	for (size_t i = 0; i < n; i++) {
		if (series[i].hist->count)
			percentile_line(&s, i, series[i].hist, unit.us);
	}
	svg_close(&s);
}

void plot_percentiles(struct buf *out, const char *title, const struct plot_hist *series, size_t n)
{
	struct buf description;

	buf_init(&description, 1u << 20);
	for (size_t i = 0; i < n; i++) {
		if (series[i].hist->count)
			describe_hist(&description, &series[i]);
	}
	if (description.len) {
		open_figure(out, title);
		draw_percentiles(out, title, buf_cstr(&description), series, n);
		open_legend(out);
		for (size_t i = 0; i < n; i++) {
			if (series[i].hist->count)
				legend_item(out, i, series[i].name);
		}
		close_figure(out);
	}
	buf_fini(&description);
}

/* ---- timelines ---- */

/* One plot's columns, values scaled for people; unknown ones are NaN. */
struct track {
	const char *names[TIMELINE_COLUMNS_MAX];
	double (*values)[TIMELINE_POINTS];
	double at[TIMELINE_POINTS];
	size_t n, points;
	const char *time_title;
};

static void track_times(struct track *tr, const struct timeline *t)
{
	double s = (double)t->step_ms / 1000, end = s * (double)t->points;
	double unit = end > 14400 ? 3600 : end > 600 ? 60 : 1;

	tr->points = t->points;
	tr->time_title = unit == 1 ? "time since the start, s" :
			 unit == 60 ? "time since the start, min" : "time since the start, h";
	for (size_t i = 0; i < t->points; i++)
		tr->at[i] = ((double)i + 0.5) * s / unit;
}

/* Samples come less often than a young timeline has points: what lies between two
 * that are this near is drawn as a straight line, a longer silence as a gap. */
#define BRIDGE_MS 2000

static void bridge(double *v, size_t n, size_t longest)
{
	size_t last = n;	/* the known one before */

	for (size_t i = 0; i < n; i++) {
		if (isnan(v[i]))
			continue;
		for (size_t k = last + 1; last < n && i - last <= longest && k < i; k++)
			v[k] = v[last] + (v[i] - v[last]) * (double)(k - last) / (double)(i - last);
		last = i;
	}
}

static void track_init(struct track *tr, const struct timeline *t, enum timeline_plot plot)
{
	tr->n = 0;
	tr->values = xcalloc(TIMELINE_COLUMNS_MAX, sizeof(*tr->values));
	track_times(tr, t);
	for (size_t c = 0; c < t->ncolumns; c++) {
		if (t->columns[c]->plot != plot)
			continue;
		tr->names[tr->n] = t->columns[c]->name;
		for (size_t i = 0; i < t->points; i++) {
			double v;

			tr->values[tr->n][i] = timeline_value(t, c, i, &v) ?
				v / timeline_facts[plot].scale : NAN;
		}
		bridge(tr->values[tr->n], tr->points, (size_t)(BRIDGE_MS / t->step_ms));
		tr->n++;
	}
}

static void value_range(const double *v, size_t n, double *min, double *max)
{
	for (size_t i = 0; i < n; i++) {	/* fmin and fmax pass over NaN */
		*min = fmin(*min, v[i]);
		*max = fmax(*max, v[i]);
	}
}

static void describe_track(struct buf *b, const struct track *tr, const char *unit)
{
	for (size_t c = 0; c < tr->n; c++) {
		double min = INFINITY, max = -INFINITY;

		value_range(tr->values[c], tr->points, &min, &max);
		if (min > max)
			continue;
		buf_printf(b, "%s%s: from ", b->len ? "; " : "", tr->names[c]);
		text_plain(b, min, 3);
		buf_adds(b, " to ");
		text_plain(b, max, 3);
		buf_printf(b, " %s", unit);
	}
}

static void draw_lines(struct svg *s, const struct track *tr)
{
	for (size_t c = 0; c < tr->n; c++) {
		svg_line(s, c);
		for (size_t i = 0; i < tr->points; i++) {
			if (isnan(tr->values[c][i]))
				svg_gap(s);
			else
				svg_point(s, tr->at[i], tr->values[c][i]);
		}
		svg_line_end(s);
	}
}

/* Each column stands on the sum of those before it; unknown counts as nothing. */
static void draw_stack(struct svg *s, struct track *tr)
{
	double low[TIMELINE_POINTS] = { 0 };

	for (size_t c = 0; c < tr->n; c++) {
		double *high = tr->values[c];

		for (size_t i = 0; i < tr->points; i++)
			high[i] = low[i] + (isnan(high[i]) ? 0 : fmax(high[i], 0));
		svg_area(s, c, tr->at, low, high, tr->points);
		memcpy(low, high, sizeof(low));
	}
}

static double stack_height(const struct track *tr)
{
	double most = 0, sum;

	for (size_t i = 0; i < tr->points; i++) {
		sum = 0;
		for (size_t c = 0; c < tr->n; c++)
			sum += isnan(tr->values[c][i]) ? 0 : fmax(tr->values[c][i], 0);
		most = fmax(most, sum);
	}
	return most;
}

static void draw_track(struct buf *out, struct track *tr, enum timeline_plot plot,
		       const char *description)
{
	const struct timeline_facts *f = &timeline_facts[plot];
	struct svg_axis x = { .title = tr->time_title, .tight = true };
	struct svg_axis y = { .title = f->unit };
	double min = 0, max = 0;
	struct svg s;

	for (size_t c = 0; c < tr->n; c++)
		value_range(tr->values[c], tr->points, &min, &max);
	if (plot == TIMELINE_states)
		max = stack_height(tr);
	svg_fit(&x, 0, tr->at[tr->points - 1] + tr->at[0]);
	svg_fit(&y, min, max);
	svg_open(&s, out, f->title, description, &x, &y);
	if (plot == TIMELINE_states)
		draw_stack(&s, tr);
	else
		draw_lines(&s, tr);
	svg_close(&s);
}

void plot_timeline(struct buf *out, const struct timeline *t, enum timeline_plot plot)
{
	struct buf description;
	struct track tr;

	if (!timeline_has(t, plot))
		return;
	track_init(&tr, t, plot);
	buf_init(&description, 1u << 20);
	describe_track(&description, &tr, timeline_facts[plot].unit);
	if (description.len) {
		open_figure(out, timeline_facts[plot].title);
		draw_track(out, &tr, plot, buf_cstr(&description));
		open_legend(out);
		for (size_t c = 0; c < tr.n; c++)
			legend_item(out, c, tr.names[c]);
		close_figure(out);
	}
	buf_fini(&description);
	free(tr.values);
}

/* ---- actions ---- */

#define BARS_MAX 40

static char *bar_text(const struct bench_action *a)
{
	return a->throttled ? xasprintf("%llu (%llu throttled)", (unsigned long long)a->calls,
					(unsigned long long)a->throttled)
			    : xasprintf("%llu", (unsigned long long)a->calls);
}

void plot_actions(struct buf *out, const struct bench_run *run)
{
	static const char title[] = "EC2 calls by action";
	size_t n = run->nactions < BARS_MAX ? run->nactions : BARS_MAX;
	char *texts[BARS_MAX];
	struct svg_bar bars[BARS_MAX];
	struct buf description;

	if (n == 0)
		return;
	buf_init(&description, 1u << 20);
	for (size_t i = 0; i < n; i++) {
		const struct bench_action *a = &run->actions[i];

		texts[i] = bar_text(a);
		bars[i] = (struct svg_bar){ a->name, texts[i], (double)a->calls,
					    (double)a->throttled };
		buf_printf(&description, "%s%s: %s", i ? "; " : "", a->name, texts[i]);
	}
	open_figure(out, title);
	svg_bars(out, title, buf_cstr(&description), "calls; the set-off part was throttled", bars, n);
	open_legend(out);
	buf_adds(out, "<li><i class=\"s0\"></i>accepted</li><li><i class=\"warn\"></i>throttled</li>");
	close_figure(out);
	for (size_t i = 0; i < n; i++)
		free(texts[i]);
	buf_fini(&description);
}
