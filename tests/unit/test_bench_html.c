/* Pages and plots of ebs-csi-bench: well-formed, self-contained, nothing from outside
 * becomes markup, every coordinate is a number in the view box. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <expat.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/parse.h"
#include "bench/html.h"
#include "bench/plots.h"
#include "bench/svg.h"
#include "bench_fixture.h"

/* ---- a page as a parser sees it ---- */

struct seen {
	size_t plots, titles, descriptions, points, rows;
	double width, height;	/* of the drawing we are in; 0 outside */
	bool in_svg;
	const char *complaint;
};

/* A number inside 0..limit. */
static void check_place(struct seen *s, struct str number, double limit)
{
	double v;

	if (parse_double(number, &v) < 0)
		s->complaint = "no number";
	else if (v < 0 || v > limit)
		s->complaint = "outside of the view box";
	s->points++;
}

/* "M1.0 2.0L3.0 4.0Z" */
static void check_path(struct seen *s, const char *d)
{
	while (*d && *d != 'Z') {
		size_t x = strcspn(d + 1, " "), y;

		if (*d != 'M' && *d != 'L') {
			s->complaint = "a path with other commands";
			return;
		}
		check_place(s, str_n(d + 1, x), s->width);
		d += 1 + x;
		d += *d == ' ';
		y = strcspn(d, "MLZ");
		check_place(s, str_n(d, y), s->height);
		d += y;
	}
}

static void check_attribute(struct seen *s, const char *name, const char *value)
{
	if (strcmp(name, "d") == 0)
		check_path(s, value);
	if (strcmp(name, "x") == 0 || strcmp(name, "x1") == 0 || strcmp(name, "x2") == 0 ||
	    strcmp(name, "width") == 0)
		check_place(s, str_c(value), s->width);
	if (strcmp(name, "y") == 0 || strcmp(name, "y1") == 0 || strcmp(name, "y2") == 0 ||
	    strcmp(name, "height") == 0)
		check_place(s, str_c(value), s->height);
}

static void forbid(struct seen *s, const char *element, const char *name, const char *value)
{
	static const char *const elements[] = { "script", "img", "link", "iframe", "object", "use",
						"image", "form", "a" };

	for (size_t i = 0; i < ARRAY_SIZE(elements); i++) {
		if (strcmp(element, elements[i]) == 0)
			s->complaint = "an element that loads or runs something";
	}
	if (name && (strncmp(name, "on", 2) == 0 || strcmp(name, "src") == 0 || strstr(name, "href") ||
		     strcmp(name, "style") == 0 || strstr(value, "url(")))
		s->complaint = "an attribute that loads or runs something";
}

static void on_start(void *arg, const char *element, const char **attributes)
{
	struct seen *s = arg;

	forbid(s, element, NULL, NULL);
	s->rows += strcmp(element, "tr") == 0;
	if (strcmp(element, "svg") == 0) {
		assert_string_equal(attributes[0], "viewBox");
		assert_int_equal(sscanf(attributes[1], "0 0 %lf %lf", &s->width, &s->height), 2);
		s->in_svg = true;
		s->plots++;
	}
	s->titles += s->in_svg && strcmp(element, "title") == 0;
	s->descriptions += s->in_svg && strcmp(element, "desc") == 0;
	for (; *attributes; attributes += 2) {
		forbid(s, element, attributes[0], attributes[1]);
		if (s->in_svg)
			check_attribute(s, attributes[0], attributes[1]);
	}
}

static void on_end(void *arg, const char *element)
{
	struct seen *s = arg;

	if (strcmp(element, "svg") == 0)
		s->in_svg = false;
}

static struct seen parse_page(const struct buf *page)
{
	XML_Parser p = XML_ParserCreate("UTF-8");
	struct seen s = { 0 };

	XML_SetUserData(p, &s);
	XML_SetElementHandler(p, on_start, on_end);
	if (XML_Parse(p, page->data, (int)page->len, 1) != XML_STATUS_OK)
		fail_msg("line %lu: %s", (unsigned long)XML_GetCurrentLineNumber(p),
			 XML_ErrorString(XML_GetErrorCode(p)));
	XML_ParserFree(p);
	if (s.complaint)
		fail_msg("%s", s.complaint);
	assert_int_equal(s.titles, s.plots);	/* each can be read out */
	assert_int_equal(s.descriptions, s.plots);
	assert_null(strstr(page->data, "nan"));
	assert_null(strstr(page->data, "inf<"));
	assert_null(strstr(page->data, "http://"));
	assert_null(strstr(page->data, "https://"));
	return s;
}

static struct seen page_of(struct bench_result *r, struct buf *page)
{
	buf_init(page, 16u << 20);
	html_result(page, r);
	assert_false(page->overflow);
	bench_result_free(r);
	return parse_page(page);
}

static void every_page_is_well_formed_and_safe(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(fixtures); i++) {
		struct buf page;

		page_of(fixtures[i](), &page);
		buf_fini(&page);
	}
}

static void a_full_page_has_all_its_parts(void **state)
{
	static const char *const parts[] = {
		"<h1>ebs-csi-bench: burst</h1>", "Response time: from when a call was due",
		"Response time over EC2&apos;s own", "<figcaption>Loop lag</figcaption>",
		"Volumes by state", "Memory of the driver", "CPU of the driver",
		"Tokens in EC2&apos;s buckets", "EC2 calls by action", "prefers-color-scheme:dark",
		"width=device-width", "default-src 'none'", "coordinated omission is corrected",
	};
	struct buf page;
	struct seen s = page_of(fixture_full(), &page);

	assert_true(s.plots >= 10);
	assert_true(s.points > 2000);
	assert_true(s.rows > 40);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (!strstr(page.data, parts[i]))
			fail_msg("%s is missing", parts[i]);
	}
	assert_null(strstr(page.data, "warning\"><b>"));
	buf_fini(&page);
}

static void a_partial_page_warns(void **state)
{
	struct buf page;

	page_of(fixture_partial(), &page);
	assert_non_null(strstr(page.data, "<b>Run 4 was cut short:</b> the driver ended after"));
	assert_non_null(strstr(page.data, "<b>Run 4 leaked 1:</b> vol-0123"));
	buf_fini(&page);
}

static void what_was_not_measured_is_not_drawn(void **state)
{
	struct buf page;
	struct seen s = page_of(fixture_unmeasured(), &page);

	assert_int_equal(s.plots, 0);
	assert_non_null(strstr(page.data, "<dd>no driver was started and no --pid given</dd>"));
	assert_non_null(strstr(page.data, "<td>leaks</td><td class=\"n\">-</td>"));
	buf_fini(&page);
}

static void one_sample_is_drawn(void **state)
{
	struct buf page;
	struct seen s = page_of(fixture_one_sample(), &page);

	assert_int_equal(s.plots, 2);	/* response; memory */
	assert_true(s.points > 4);
	buf_fini(&page);
}

static void comparisons_are_pages_too(void **state)
{
	static const char *const names[] = { "<a>.json", "b\"&.json" };

	for (size_t i = 0; i < ARRAY_SIZE(fixtures); i++) {
		const struct bench_result *r[] = { fixture_full(), fixtures[i]() };
		struct compare c;
		struct buf page;

		assert_int_equal(compare_init(&c, r, names, 2, true, NULL), 0);
		buf_init(&page, 16u << 20);
		html_compare(&page, &c, true);
		assert_int_equal(parse_page(&page).plots >= 4, 1);
		assert_non_null(strstr(page.data, "&lt;a&gt;.json"));
		buf_fini(&page);
		compare_fini(&c);
		bench_result_free((struct bench_result *)(uintptr_t)r[0]);
		bench_result_free((struct bench_result *)(uintptr_t)r[1]);
	}
}

/* ---- axes ---- */

static void labels_are(const struct svg_axis *a, const char *want)
{
	struct buf b;
	double v;

	buf_init(&b, 4096);
	for (size_t i = 0; svg_tick(a, i, &v); i++) {
		buf_adds(&b, i ? ", " : "");
		svg_tick_label(&b, a, v);
	}
	assert_string_equal(buf_cstr(&b), want);
	buf_fini(&b);
}

static void axes_have_round_ticks(void **state)
{
	static const struct {
		enum svg_scale scale;
		double min, max;
		const char *labels;
	} cases[] = {
		{ SVG_LINEAR, 0, 97, "0, 20, 40, 60, 80, 100" },
		{ SVG_LINEAR, 3, 0.3, "0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3" },
		{ SVG_LINEAR, 0, 0, "0, 0.2, 0.4, 0.6, 0.8, 1" },
		{ SVG_LINEAR, -3, 12, "-5, 0, 5, 10, 15" },
		{ SVG_LINEAR, 0, 7000000, "0, 2000000, 4000000, 6000000, 8000000" },
		{ SVG_LOG, 0.3, 700, "0.1, 1, 10, 100, 1000" },
		{ SVG_LOG, 10, 10, "10, 100" },
		{ SVG_QUANTILE, 0, 10000, "0 %, 90 %, 99 %, 99.9 %, 99.99 %" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct svg_axis a = { .scale = cases[i].scale };

		svg_fit(&a, cases[i].min, cases[i].max);
		labels_are(&a, cases[i].labels);
	}
}

static void a_tight_axis_ends_with_its_values(void **state)
{
	struct svg_axis a = { .scale = SVG_QUANTILE, .tight = true };
	struct svg_axis t = { .tight = true };

	svg_fit(&a, 1, 3000);
	labels_are(&a, "0 %, 90 %, 99 %, 99.9 %");
	assert_true(svg_place(&a, 3000) == 1);
	svg_fit(&t, 0, 204);
	labels_are(&t, "0, 50, 100, 150, 200");
	assert_true(svg_place(&t, 204) == 1);
}

static void places_stay_inside(void **state)
{
	static const double values[] = { 0, 1, -1, 1e300, -1e300, INFINITY, -INFINITY, NAN, 1e-300 };
	static const double ends[][2] = { { 0, 1 }, { 0, 1e308 }, { -1e308, 1e308 }, { NAN, NAN },
					  { 5, 5 }, { 1e-300, 1e-299 } };

	for (int scale = SVG_LINEAR; scale <= SVG_QUANTILE; scale++) {
		for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
			struct svg_axis a = { .scale = (enum svg_scale)scale };
			size_t ticks = 0;
			double v;

			svg_fit(&a, ends[i][0], ends[i][1]);
			while (svg_tick(&a, ticks, &v)) {
				assert_true(isfinite(v));
				assert_true(++ticks < 30);
			}
			assert_true(ticks >= 2);
			for (size_t k = 0; k < ARRAY_SIZE(values); k++) {
				double at = svg_place(&a, values[k]);

				assert_true(at >= 0 && at <= 1);
			}
		}
	}
}

static void places_follow_the_scale(void **state)
{
	struct svg_axis a = { .scale = SVG_LINEAR }, l = { .scale = SVG_LOG };

	svg_fit(&a, 0, 100);
	assert_true(svg_place(&a, 25) == 0.25);
	svg_fit(&l, 1, 10000);
	assert_true(fabs(svg_place(&l, 100) - 0.5) < 1e-12);
}

/* ---- plots ---- */

/* The x of a quantile is where HdrHistogram's plots have it: each nine as wide. */
static void percentiles_end_at_the_last_sample(void **state)
{
	struct plot_hist series = { "x", NULL };
	struct hist h = { 0 };
	struct buf b;
	char *path;

	for (uint64_t v = 1; v <= 100; v++)
		hist_record(&h, v);
	series.hist = &h;
	buf_init(&b, 1u << 20);
	plot_percentiles(&b, "t", &series, 1);
	path = strstr(b.data, " d=\"M");
	assert_non_null(path);
	/* from the least at 0 % (left edge) to the greatest at 99 % (right edge, top) */
	assert_true(strncmp(path, " d=\"M68.0 ", 10) == 0);
	assert_non_null(strstr(path, "L700.0 14.0\"/>"));
	assert_non_null(strstr(b.data, "x: p50 50.0 us p99 99.0 us max 100 us"));
	buf_fini(&b);
	hist_fini(&h);
}

static void stacks_add_up(void **state)
{
	struct timeline t = { 0 };
	struct buf b;

	for (int at = 0; at < 200; at += 100) {
		timeline_put(&t, timeline_column(&t, TIMELINE_states, "a"), at, 30);
		timeline_put(&t, timeline_column(&t, TIMELINE_states, "b"), at, 70);
	}
	buf_init(&b, 1u << 20);
	plot_timeline(&b, &t, TIMELINE_states);
	/* 100 in all is the top of the axis, 254 its foot: 14..254 */
	assert_non_null(strstr(b.data, "area s0\" d=\"M226.0 182.0L542.0 182.0L542.0 254.0L226.0 254.0Z"));
	assert_non_null(strstr(b.data, "area s1\" d=\"M226.0 14.0L542.0 14.0L542.0 182.0L226.0 182.0Z"));
	assert_non_null(strstr(b.data, "a: from 30 to 30 volumes; b: from 70 to 70 volumes"));
	buf_fini(&b);
	timeline_fini(&t);
}

/* The path of the memory plot of one column with the samples given. */
static char *memory_path(const int64_t *at_ms, const double *mib, size_t n)
{
	struct timeline t = { 0 };
	int rss = timeline_column(&t, TIMELINE_memory, "RSS");
	char *path, *copy;
	struct buf b;

	for (size_t i = 0; i < n; i++)
		timeline_put(&t, rss, at_ms[i], mib[i] * 1048576);
	buf_init(&b, 1u << 20);
	plot_timeline(&b, &t, TIMELINE_memory);
	path = strstr(b.data, "line s0\" d=\"");
	assert_non_null(path);
	path += strlen("line s0\" d=\"");
	copy = xstrndup(path, strcspn(path, "\""));
	buf_fini(&b);
	timeline_fini(&t);
	return copy;
}

static void samples_at_intervals_make_a_line(void **state)
{
	static const int64_t at[] = { 0, 400 };
	static const double mib[] = { 0, 1 };
	auto_free char *path = memory_path(at, mib, 2);

	/* five points of 100 ms, three of them in between */
	assert_string_equal(path, "M131.2 254.0L257.6 194.0L384.0 134.0L510.4 74.0L636.8 14.0");
}

static void a_long_silence_leaves_a_gap(void **state)
{
	static const int64_t at[] = { 0, 100, 2300 };
	static const double mib[] = { 1, 1, 1 };
	auto_free char *path = memory_path(at, mib, 3);

	assert_string_equal(path, "M81.2 14.0L107.5 14.0M686.8 14.0L686.8 14.0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_page_is_well_formed_and_safe),
		cmocka_unit_test(a_full_page_has_all_its_parts),
		cmocka_unit_test(a_partial_page_warns),
		cmocka_unit_test(what_was_not_measured_is_not_drawn),
		cmocka_unit_test(one_sample_is_drawn),
		cmocka_unit_test(comparisons_are_pages_too),
		cmocka_unit_test(axes_have_round_ticks),
		cmocka_unit_test(a_tight_axis_ends_with_its_values),
		cmocka_unit_test(places_stay_inside),
		cmocka_unit_test(places_follow_the_scale),
		cmocka_unit_test(percentiles_end_at_the_last_sample),
		cmocka_unit_test(stacks_add_up),
		cmocka_unit_test(samples_at_intervals_make_a_line),
		cmocka_unit_test(a_long_silence_leaves_a_gap),
	};

	return cmocka_run_group_tests_name("bench_html", tests, NULL, NULL);
}
