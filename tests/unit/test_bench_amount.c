/* Times, rates and how they are drawn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "bench/amount.h"

#define DRAWS 200000

static void draws_repeat_and_spread(void **state)
{
	struct draw a = { 7 }, b = { 7 }, c = { 8 };
	double sum = 0, least = 1, most = 0;

	for (int i = 0; i < DRAWS; i++) {
		double x = draw_unit(&a);

		assert_true(x == draw_unit(&b));
		assert_true(x >= 0 && x < 1);
		assert_true(x != draw_unit(&c));
		sum += x;
		least = fmin(least, x);
		most = fmax(most, x);
	}
	assert_true(fabs(sum / DRAWS - 0.5) < 0.005);
	assert_true(least < 0.001 && most > 0.999);
}

static void exponentials_have_their_mean(void **state)
{
	struct draw d = { 3 };
	double sum = 0;
	int beyond = 0;

	for (int i = 0; i < DRAWS; i++) {
		double x = draw_exponential(&d, 4);

		assert_true(x >= 0 && isfinite(x));
		sum += x;
		beyond += x > 8;	/* e^-2 of them */
	}
	assert_true(fabs(sum / DRAWS - 4) < 0.05);
	assert_true(fabs((double)beyond / DRAWS - exp(-2)) < 0.005);
}

static void spans_are_read(void **state)
{
	static const struct {
		const char *text;
		struct span span;
	} cases[] = {
		{ "5s", { SPAN_FIXED, 5000, 0 } },
		{ "0", { SPAN_FIXED, 0, 0 } },
		{ "1.5m", { SPAN_FIXED, 90000, 0 } },
		{ "24h", { SPAN_FIXED, 86400000, 0 } },
		{ "1s..10s", { SPAN_UNIFORM, 1000, 10000 } },
		{ "2s..2s", { SPAN_UNIFORM, 2000, 2000 } },
		{ "exp:500ms", { SPAN_EXPONENTIAL, 500, 0 } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct span s = { 0 };

		assert_int_equal(span_parse("hold", cases[i].text, &s, NULL), 0);
		assert_int_equal(s.kind, cases[i].span.kind);
		assert_int_equal(s.low, cases[i].span.low);
		assert_int_equal(s.high, cases[i].span.high);
	}
}

static void bad_spans_are_named(void **state)
{
	static const char *const bad[] = { "", "5", "-1s", "1s..", "..1s", "10s..1s", "exp:", "exp:x",
					   "25h", "1s...2s", "1s..2s..3s", "EXP:1s", " 1s" };
	struct span s = { SPAN_FIXED, 7, 7 };
	struct err err = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		auto_free char *head = xasprintf("--hold: \"%s\" is not a time such as 5s", bad[i]);

		assert_int_equal(span_parse("hold", bad[i], &s, &err), -1);
		if (strncmp(err_msg(&err), head, strlen(head)) != 0)
			fail_msg("%s: %s", bad[i], err_msg(&err));
		assert_int_equal(s.low, 7);
	}
	err_fini(&err);
}

static void spans_are_drawn(void **state)
{
	struct span fixed = { SPAN_FIXED, 5, 0 }, even = { SPAN_UNIFORM, 10, 12 };
	struct span exponential = { SPAN_EXPONENTIAL, 1000, 0 }, none = { 0 };
	struct draw d = { 1 };
	int seen[3] = { 0 };
	double sum = 0;

	for (int i = 0; i < 30000; i++) {
		int64_t x = span_draw(&even, &d);

		assert_in_range(x, 10, 12);
		seen[x - 10]++;
		sum += (double)span_draw(&exponential, &d);
		assert_int_equal(span_draw(&fixed, &d), 5);
		assert_int_equal(span_draw(&none, &d), 0);
	}
	for (int i = 0; i < 3; i++)
		assert_in_range(seen[i], 9500, 10500);	/* both ends as often */
	assert_true(fabs(sum / 30000 - 1000) < 30);
}

static void rates_are_read(void **state)
{
	struct rate r = { 0 };

	assert_int_equal(rate_parse("rate", "12.5", &r, NULL), 0);
	assert_true(r.from == 12.5 && r.to == 12.5 && r.over_ms == 0);
	assert_int_equal(rate_parse_ramp("ramp", "1..50/60s", &r, NULL), 0);
	assert_true(r.from == 1 && r.to == 50 && r.over_ms == 60000);
	assert_true(rate_at(&r, 0) == 1);
	assert_true(rate_at(&r, 30000) == 25.5);
	assert_true(rate_at(&r, 60000) == 50);
	assert_true(rate_at(&r, 999999) == 50);
	assert_int_equal(rate_parse_ramp("ramp", "50..1/1m", &r, NULL), 0);	/* down */
	assert_true(rate_at(&r, 60001) == 1);
}

static void impossible_rates_are_named(void **state)
{
	static const char *const rates[] = { "", "0", "-1", "nan", "inf", "1e9", "1/s", "5 " };
	static const char *const ramps[] = { "", "5", "1..2", "1..2/", "1..2/0s", "0..5/1m", "1..0/1m",
					     "1/1m..2", "..2/1m", "1../1m", "1..2/1", "1..2/-5s" };
	struct rate r = { 0 };
	struct err err = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
		assert_int_equal(rate_parse("rate", rates[i], &r, &err), -1);
		assert_non_null(strstr(err_msg(&err), "is not a number of arrivals a second"));
	}
	for (size_t i = 0; i < ARRAY_SIZE(ramps); i++) {
		assert_int_equal(rate_parse_ramp("ramp", ramps[i], &r, &err), -1);
		assert_non_null(strstr(err_msg(&err), "is not a ramp such as 1..50/60s"));
	}
	err_fini(&err);
}

/* Arrivals in each of ten stretches of a ramp, over many repeats. */
static void count_arrivals(const struct rate *r, int64_t until_ms, double *counts, int repeats)
{
	struct draw d = { 11 };

	memset(counts, 0, 10 * sizeof(*counts));
	for (int i = 0; i < repeats; i++) {
		for (int64_t us = rate_gap_us(r, 0, &d); us < until_ms * 1000;
		     us += rate_gap_us(r, us / 1000, &d))
			counts[us * 10 / (until_ms * 1000)]++;
	}
	for (int i = 0; i < 10; i++)
		counts[i] /= repeats;
}

static void arrivals_are_poisson_at_their_rate(void **state)
{
	struct rate steady = { 20, 20, 0 };
	struct draw d = { 5 };
	double sum = 0, squares = 0, mean;
	double counts[10];

	for (int i = 0; i < DRAWS; i++) {
		double s = (double)rate_gap_us(&steady, 0, &d) / 1e6;

		sum += s;
		squares += s * s;
	}
	mean = sum / DRAWS;
	assert_true(fabs(mean - 0.05) < 0.0005);
	/* deviation equals mean: exponential gaps */
	assert_true(fabs(sqrt(squares / DRAWS - mean * mean) / mean - 1) < 0.02);
	count_arrivals(&steady, 10000, counts, 200);
	for (int i = 0; i < 10; i++)
		assert_true(fabs(counts[i] - 20) < 1.5);
}

static void a_ramp_follows_its_line(void **state)
{
	static const struct rate ramps[] = { { 1, 50, 60000 }, { 0.01, 100, 60000 }, { 50, 1, 60000 } };
	double counts[10], want;

	for (size_t k = 0; k < ARRAY_SIZE(ramps); k++) {
		count_arrivals(&ramps[k], 60000, counts, 100);
		for (int i = 0; i < 10; i++) {
			want = 6 * rate_at(&ramps[k], 6000 * i + 3000);
			if (fabs(counts[i] - want) > 0.05 * want + 2)
				fail_msg("%g..%g: %g arrivals in stretch %d, expected %g",
					 ramps[k].from, ramps[k].to, counts[i], i, want);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(draws_repeat_and_spread),
		cmocka_unit_test(exponentials_have_their_mean),
		cmocka_unit_test(spans_are_read),
		cmocka_unit_test(bad_spans_are_named),
		cmocka_unit_test(spans_are_drawn),
		cmocka_unit_test(rates_are_read),
		cmocka_unit_test(impossible_rates_are_named),
		cmocka_unit_test(arrivals_are_poisson_at_their_rate),
		cmocka_unit_test(a_ramp_follows_its_line),
	};

	return cmocka_run_group_tests_name("bench_amount", tests, NULL, NULL);
}
