/* What people read of a benchmark: numbers, cells, the table, comparisons. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
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
		{ 0.2245, "%", "0.225 %" }, { 1.0206, "x", "1.02x" }, { 1000000, "", "1000000" },
		{ 4.009, "", "4.01" }, { 33.333, "/s", "33.3/s" }, { 1e300, "", "1e+300" },
		{ -5, "ms", "-5 ms" }, { 1e-9, "", "0.000000001" },
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_bytes_are_replaced),
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
	};

	return cmocka_run_group_tests_name("bench_text", tests, NULL, NULL);
}
