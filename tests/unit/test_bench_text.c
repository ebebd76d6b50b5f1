/* What people read of a benchmark: numbers, cells, the table, comparisons. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "bench/compare.h"
#include "bench/markdown.h"
#include "bench/table.h"
#include "bench/text.h"
#include "bench_fixture.h"

/* ---- texts ---- */

static void bad_bytes_are_replaced(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "plain", "plain" },
		{ "\x1b[31m", "\xef\xbf\xbd[31m" },
		{ "a\nb\tc", "a\xef\xbf\xbd" "b\xef\xbf\xbd" "c" },
		{ "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ "\xff", "\xef\xbf\xbd" },
		{ "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd" },		/* overlong */
		{ "\xe0\x80\xaf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },	/* surrogate */
		{ "\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd" },		/* cut */
		{ "\xc2\x9b", "\xef\xbf\xbd\xef\xbf\xbd" },		/* CSI of C1 */
		{ "", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *clean = bench_clean(cases[i].in);

		assert_string_equal(clean, cases[i].out);
	}
	assert_null(bench_clean(NULL));
}

static void values_keep_their_lines(void **state)
{
	auto_free char *lines = bench_clean_lines("one\n\ttwo\n\n"), *none = bench_clean_lines("\n");

	assert_string_equal(lines, "one\n\xef\xbf\xbdtwo");
	assert_string_equal(none, "");
	assert_null(bench_clean_lines(NULL));
}

static void numbers_have_units(void **state)
{
	static const struct {
		double v;
		const char *unit, *text;
	} cases[] = {
		{ 0, "ms", "0" }, { 0.0071, "ms", "7.10 us" }, { 12.34, "ms", "12.3 ms" },
		{ 999.6, "ms", "1.00 s" }, { 2041.5, "ms", "2.04 s" }, { 123456, "ms", "123 s" },
		{ 204.125, "s", "204 s" }, { 0.5, "s", "500 ms" }, { 100, "bytes", "100 B" },
		{ 12058624, "bytes", "11.5 MiB" }, { 5e9, "bytes", "4.66 GiB" },
		{ 0.2245, "%", "0.225 %" }, { 1.0206, "x", "1.02x" }, { 1, "x", "1.00x" },
		{ 20971520, "bytes", "20.0 MiB" },
		{ 3, "ms", "3.00 ms" }, { 1000000, "", "1000000" },
		{ 4.009, "", "4.01" }, { 33.333, "/s", "33.3/s" }, { 1e300, "", "1e+300" },
		{ -5, "ms", "-5.00 ms" }, { 1e-9, "", "0.000000001" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf b;

		buf_init(&b, 512);
		text_number(&b, fig_of(cases[i].v), cases[i].unit);
		assert_string_equal(buf_cstr(&b), cases[i].text);
		buf_fini(&b);
	}
}

static void the_unknown_is_a_dash(void **state)
{
	struct buf b;

	buf_init(&b, 16);
	text_number(&b, (struct fig){ 0 }, "bytes");
	assert_string_equal(buf_cstr(&b), "-");
	buf_fini(&b);
}

static void cells_count_characters(void **state)
{
	struct buf b;

	buf_init(&b, 256);
	text_left(&b, "\xc3\xa9t\xc3\xa9", 5);
	buf_addc(&b, '|');
	text_right(&b, "\xc3\xa9", 3);
	buf_addc(&b, '|');
	text_left(&b, "a long name", 7);
	buf_addc(&b, '|');
	text_right(&b, "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", 4);
	assert_string_equal(buf_cstr(&b), "\xc3\xa9t\xc3\xa9  |  \xc3\xa9|a lo...|\xc3\xa9...");
	buf_fini(&b);
}

static void paragraphs_wrap(void **state)
{
	struct buf b;

	buf_init(&b, 256);
	text_paragraph(&b, "load", 8, "one two three abcdefghijklmnopqrst", 16);
	assert_string_equal(buf_cstr(&b), "  load  one two\n"
					  "        three\n"
					  "        abcdefgh\n"
					  "        ijklmnop\n"
					  "        qrst\n");
	buf_reset(&b);
	text_paragraph(&b, "none", 8, "", 16);
	assert_string_equal(buf_cstr(&b), "  none  \n");
	buf_reset(&b);
	text_paragraph(&b, "said", 8, "one two three\n\n  four", 16);
	assert_string_equal(buf_cstr(&b), "  said  one two\n        three\n        \n"
					  "          four\n");
	buf_fini(&b);
}

/* ---- the table ---- */

static char *table_of(struct bench_result *r)
{
	struct buf b;

	buf_init(&b, 1u << 20);
	bench_table_write(&b, r);
	assert_false(b.overflow);
	bench_result_free(r);
	return buf_take(&b);
}

static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in:\n%s", part, text);
}

static void assert_narrow(const char *text)
{
	struct str rest = str_c(text);

	while (rest.p && rest.n) {
		struct str line = str_cut(&rest, '\n');
		auto_free char *copy = xstrndup(line.p, line.n);

		if (text_columns(copy) > TABLE_WIDTH)
			fail_msg("%zu columns: %s", text_columns(copy), copy);
	}
}

static void tables_are_narrow_and_finite(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(fixtures); i++) {
		auto_free char *text = table_of(fixtures[i]());

		assert_narrow(text);
		assert_null(strstr(text, "nan"));
		assert_null(strstr(text, "inf "));
		for (const char *p = text; *p; p++)
			assert_true(*p == '\n' || (unsigned char)*p >= 0x20);
	}
}

static void a_full_table_says_it_all(void **state)
{
	auto_free char *text = table_of(fixture_full());

	has(text, "\"burst\", 3 runs, 2026-01-02T03:04:06.678Z");
	has(text, "volumes=1000 workers=100 profile=default-buckets");
	has(text, "  loop       open loop: response times count from");
	has(text, "median         least      greatest\n");
	has(text, "make-span                                  204 s         202 s         208 s\n");
	has(text, "make-span over optimum                     1.02x         1.01x         1.04x\n");
	has(text, "AttachVolume                        1006            1.01      0.596 %");
	has(text, "all runs OK 3000, DeadlineExceeded 9, Aborted 21\n");
	has(text, "  MISSED   makespan_over_optimum");
	has(text, "  met      rpc.ControllerPublishVolume.over_ec2.p50");
	has(text, "  unknown  driver_lag.p98");
	has(text, "Not measured\n    arrivals offered; start to first");
	assert_null(strstr(text, "PARTIAL"));
	assert_null(strstr(text, "LEAKS"));
}

static void a_partial_result_says_why(void **state)
{
	auto_free char *text = table_of(fixture_partial());

	has(text, "  PARTIAL    run 4 was cut short: the driver ended after 12.3 s with signal 11");
	has(text, "LEAKS in run 4: 1\n    vol-0123: in EC2, unknown to CSI\n");
}

static void what_was_not_measured_has_reasons(void **state)
{
	auto_free char *text = table_of(fixture_unmeasured());

	has(text, "  memory                  no driver was started and no --pid given\n");
	has(text, "throttled");	/* named among what is not measured … */
	assert_null(strstr(text, "0 %"));	/* … and not as none */
	assert_null(strstr(text, "leaks                                        0"));
}

static void nothing_run_is_said(void **state)
{
	auto_free char *text = table_of(fixture_no_runs());

	has(text, "\"nothing\", 0 runs\n");
	has(text, "Nothing was run.\n");
}

static void many_leaks_are_cut(void **state)
{
	auto_free char *text = table_of(fixture_huge());

	has(text, "LEAKS in run 1: 1000\n");
	has(text, "    vol-99\n    and 900 more\n");
}

/* ---- comparisons ---- */

/* A result whose make-span and rate were found in three runs. */
static struct bench_result *spans(const double *span, const double *wanted, size_t n)
{
	struct bench_result *r = bench_result_new("burst");

	for (size_t i = 0; i < n; i++) {
		struct bench_run *run = bench_result_add_run(r, FIXTURE_STARTED);

		bench_run_set(run, BENCH_makespan_s, span[i]);
		bench_run_set(run, BENCH_lifecycles_wanted, 5 + (double)i);
		bench_run_set(run, BENCH_lifecycles_done, wanted[i]);
	}
	return r;
}

static enum compare_mark mark_of(const struct metrics m[2], const char *path)
{
	return compare_mark(metrics_find(&m[0], path), metrics_find(&m[1], path));
}

static void differences_have_a_direction(void **state)
{
	static const double slow[] = { 10, 11, 12 }, fast[] = { 7, 8, 9.9 }, mixed[] = { 9, 10.5, 8 };
	const struct {
		const double *a, *b;
		size_t n;
		enum compare_mark span, done;
	} cases[] = {
		{ slow, fast, 3, MARK_BETTER, MARK_WORSE },	/* less is better; more is */
		{ fast, slow, 3, MARK_WORSE, MARK_BETTER },
		{ slow, mixed, 3, MARK_NOISE, MARK_NOISE },
		{ slow, slow, 3, MARK_EQUAL, MARK_EQUAL },
		{ slow, fast, 2, MARK_ONCE, MARK_ONCE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct bench_result *a = spans(cases[i].a, cases[i].a, cases[i].n);
		struct bench_result *b = spans(cases[i].b, cases[i].b, cases[i].n);
		struct metrics m[2];

		metrics_of(a, &m[0]);
		metrics_of(b, &m[1]);
		assert_int_equal(mark_of(m, "makespan_s"), cases[i].span);
		assert_int_equal(mark_of(m, "lifecycles_done"), cases[i].done);
		assert_int_equal(mark_of(m, "lifecycles_wanted"), MARK_NONE);
		assert_int_equal(mark_of(m, "rss_peak"), MARK_NONE);
		assert_int_equal(mark_of(m, "no.such"), MARK_NONE);
		metrics_fini(&m[0]);
		metrics_fini(&m[1]);
		bench_result_free(a);
		bench_result_free(b);
	}
}

static void ratios_are_to_the_first(void **state)
{
	static const double two[] = { 2 }, three[] = { 3 }, zero[] = { 0 };
	struct bench_result *a = spans(two, zero, 1), *b = spans(three, two, 1);
	struct metrics m[2];
	struct fig f;

	metrics_of(a, &m[0]);
	metrics_of(b, &m[1]);
	f = compare_ratio(metrics_find(&m[0], "makespan_s"), metrics_find(&m[1], "makespan_s"));
	assert_true(f.known && f.v == 1.5);
	f = compare_ratio(metrics_find(&m[0], "lifecycles_done"),
			  metrics_find(&m[1], "lifecycles_done"));
	assert_false(f.known);	/* of nothing there is no ratio */
	metrics_fini(&m[0]);
	metrics_fini(&m[1]);
	bench_result_free(a);
	bench_result_free(b);
}

static char *compared(struct bench_result *const *r, size_t n, bool force, bool all,
		      struct err *err)
{
	static const char *const names[] = { "a.json", "b.json", "c.json" };
	struct compare c;
	struct buf b;
	int rc = compare_init(&c, (const struct bench_result *const *)r, names, n, force, err);

	buf_init(&b, 1u << 20);
	if (rc == 0)
		compare_write(&b, &c, all);
	compare_fini(&c);
	return buf_take(&b);
}

static void different_scenarios_are_refused(void **state)
{
	struct bench_result *r[] = { fixture_full(), fixture_one_sample() };
	struct err err = { 0 };
	auto_free char *none = compared(r, 2, false, false, &err);
	auto_free char *forced = NULL;

	assert_string_equal(none, "");
	assert_int_equal(err.code, GRPC_FAILED_PRECONDITION);
	has(err_msg(&err), "a.json is of scenario \"burst\", b.json of \"single\"");
	has(err_msg(&err), "--force");
	err_fini(&err);
	forced = compared(r, 2, true, false, &err);
	has(forced, "scenario                a.json: burst; b.json: single");
	has(forced, "loop                    a.json: open; b.json: closed: their times");
	free(compared(r, 1, false, false, &err));
	has(err_msg(&err), "two results or more");
	err_fini(&err);
	bench_result_free(r[0]);
	bench_result_free(r[1]);
}

static void differences_of_the_machine_are_told(void **state)
{
	struct bench_result *r[] = { fixture_full(), fixture_partial(), fixture_full() };
	auto_free char *text = NULL;

	bench_texts_set(&r[1]->machine, "cpus", "64");
	bench_texts_set(&r[1]->parameters, "churn", "yes");
	bench_texts_set(&r[2]->versions, "ebs-csi-bench", "9");
	text = compared(r, 3, false, true, NULL);
	assert_narrow(text);
	has(text, "partial b.json          the driver ended");
	has(text, "machine cpus            a.json: 2; b.json: 64");
	has(text, "load churn              a.json: (none); b.json: yes");
	has(text, "version of ebs-csi-b... a.json: 0.4; c.json: 9");
	has(text, "make-span                                less      204 s     204 s    1.00x =");
	for (size_t i = 0; i < ARRAY_SIZE(r); i++)
		bench_result_free(r[i]);
}

static void all_pairs_of_results_compare(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(fixtures); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(fixtures); k++) {
			struct bench_result *r[] = { fixtures[i](), fixtures[k]() };
			auto_free char *text = compared(r, 2, true, true, NULL);

			assert_narrow(text);
			assert_null(strstr(text, "nan"));
			assert_null(strstr(text, "inf "));
			bench_result_free(r[0]);
			bench_result_free(r[1]);
		}
	}
}

/* ---- markdown ---- */

static void markdown_rows_are_those_asked_for(void **state)
{
	static const char *const paths[] = { "makespan_s", "leaks" }, *const names[] = { "our|s", "b" };
	static const char *const wrong[] = { "makespan" };
	struct bench_result *r[] = { fixture_full(), fixture_unmeasured() };
	const struct bench_result *const *rs = (const struct bench_result *const *)r;
	struct err err = { 0 };
	struct buf b;

	buf_init(&b, 1u << 20);
	assert_int_equal(markdown_write(&b, rs, names, 2, paths, 2, &err), 0);
	has(buf_cstr(&b), "| figure | our\\|s | b |\n| --- | --- | --- |\n"
			  "| make-span | 204 s (202 s - 208 s) | - |\n| leaks | 0 | - |\n\n"
			  "- our\\|s: burst, 3 runs, 2026-01-02T03:04:06.678Z; load volumes 1000,");
	assert_int_equal(markdown_write(&b, rs, names, 2, wrong, 1, &err), -1);
	has(err_msg(&err), "no result has a metric \"makespan\"");
	err_fini(&err);
	buf_fini(&b);
	bench_result_free(r[0]);
	bench_result_free(r[1]);
}

static void markdown_keeps_hostile_names_in_their_cells(void **state)
{
	static const char *const names[] = { "<b>" };
	struct bench_result *r = fixture_hostile();
	const struct bench_result *rs = r;
	struct buf b;

	buf_init(&b, 1u << 20);
	assert_int_equal(markdown_write(&b, &rs, names, 1, NULL, 0, NULL), 0);
	assert_null(strstr(buf_cstr(&b), " <"));
	has(buf_cstr(&b), "\\</script\\>");
	buf_fini(&b);
	bench_result_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_bytes_are_replaced),
		cmocka_unit_test(values_keep_their_lines),
		cmocka_unit_test(numbers_have_units),
		cmocka_unit_test(the_unknown_is_a_dash),
		cmocka_unit_test(cells_count_characters),
		cmocka_unit_test(paragraphs_wrap),
		cmocka_unit_test(tables_are_narrow_and_finite),
		cmocka_unit_test(a_full_table_says_it_all),
		cmocka_unit_test(a_partial_result_says_why),
		cmocka_unit_test(what_was_not_measured_has_reasons),
		cmocka_unit_test(nothing_run_is_said),
		cmocka_unit_test(many_leaks_are_cut),
		cmocka_unit_test(differences_have_a_direction),
		cmocka_unit_test(ratios_are_to_the_first),
		cmocka_unit_test(different_scenarios_are_refused),
		cmocka_unit_test(differences_of_the_machine_are_told),
		cmocka_unit_test(all_pairs_of_results_compare),
		cmocka_unit_test(markdown_rows_are_those_asked_for),
		cmocka_unit_test(markdown_keeps_hostile_names_in_their_cells),
	};

	return cmocka_run_group_tests_name("bench_text", tests, NULL, NULL);
}
