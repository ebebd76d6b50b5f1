/* Histograms, timelines and the model of a benchmark's result. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "bench/result.h"

/* ---- histograms ---- */

static void buckets_cover_all_values_once(void **state)
{
	for (size_t b = 0; b + 1 < HIST_BUCKETS; b++) {
		assert_true(hist_bucket_high(b) + 1 == hist_bucket_low(b + 1));
		assert_int_equal(hist_bucket_of(hist_bucket_low(b)), b);
		assert_int_equal(hist_bucket_of(hist_bucket_high(b)), b);
	}
	assert_int_equal(hist_bucket_of(HIST_MAX), HIST_BUCKETS - 1);
	assert_int_equal(hist_bucket_of(UINT64_MAX), HIST_BUCKETS - 1);
}

static void buckets_are_within_one_percent(void **state)
{
	for (size_t b = 1; b + 1 < HIST_BUCKETS; b++) {
		double low = (double)hist_bucket_low(b), high = (double)hist_bucket_high(b);

		assert_true(high <= low * 1.01);
	}
}

static void quantiles_of_a_known_distribution(void **state)
{
	struct hist h = { 0 };

	for (uint64_t v = 1; v <= 100000; v++)
		hist_record(&h, v);
	assert_int_equal(h.count, 100000);
	assert_int_equal(h.min, 1);
	assert_int_equal(h.max, 100000);
	assert_true(hist_mean(&h) == 50000.5);
	for (double q = 0.001; q < 1; q += 0.001) {
		double want = q * 100000, got = (double)hist_quantile(&h, q);

		assert_true(got >= floor(want) && got <= want * 1.01 + 1);
	}
	assert_int_equal(hist_quantile(&h, 0), 1);
	assert_int_equal(hist_quantile(&h, 1), 100000);
	assert_in_range(hist_count_above(&h, 50000), 49500, 50000);
	hist_fini(&h);
}

static void small_numbers_are_exact(void **state)
{
	struct hist h = { 0 };

	for (uint64_t v = 1; v <= 10; v++)
		hist_record(&h, v);
	assert_int_equal(hist_quantile(&h, 0.5), 5);
	assert_int_equal(hist_quantile(&h, 0.9), 9);
	assert_int_equal(hist_quantile(&h, 0.91), 10);
	hist_fini(&h);
}

static void one_sample_is_every_quantile(void **state)
{
	struct hist h = { 0 };

	hist_record(&h, 123457);
	assert_int_equal(hist_quantile(&h, 0.01), 123457);
	assert_int_equal(hist_quantile(&h, 0.5), 123457);
	assert_int_equal(hist_quantile(&h, 0.999), 123457);
	hist_fini(&h);
}

static void measured_and_empty_are_two_things(void **state)
{
	struct hist h = { 0 };

	assert_false(h.measured);
	hist_start(&h);
	assert_true(h.measured);
	assert_int_equal(h.count, 0);
	assert_int_equal(hist_quantile(&h, 0.5), 0);
	assert_true(hist_mean(&h) == 0);
	hist_fini(&h);
	assert_false(h.measured);
}

static void merging_equals_recording_together(void **state)
{
	struct hist a = { 0 }, b = { 0 }, both = { 0 };

	for (uint64_t v = 1; v < 5000; v += 7) {
		hist_record(v & 1 ? &a : &b, v * v);
		hist_record(&both, v * v);
	}
	hist_merge(&a, &b);
	assert_int_equal(a.count, both.count);
	assert_int_equal(a.sum, both.sum);
	assert_int_equal(a.min, both.min);
	assert_int_equal(a.max, both.max);
	for (size_t i = 0; i < HIST_BUCKETS; i++)
		assert_int_equal(hist_bucket_count(&a, i), hist_bucket_count(&both, i));
	hist_fini(&b);
	hist_merge(&b, &both);	/* into an empty one */
	assert_int_equal(b.min, 1);
	hist_fini(&a);
	hist_fini(&b);
	hist_fini(&both);
}

static void huge_values_do_not_wrap(void **state)
{
	struct hist h = { 0 };

	hist_record(&h, UINT64_MAX);
	hist_record_n(&h, HIST_MAX, UINT64_C(1) << 40);
	assert_true(h.max == HIST_MAX);
	assert_true(h.sum == INT64_MAX);
	assert_true(hist_quantile(&h, 0.5) == HIST_MAX);
	hist_fini(&h);
}

/* ---- timelines ---- */

static double value_at(const struct timeline *t, int column, size_t i)
{
	double v = NAN;

	assert_true(timeline_value(t, (size_t)column, i, &v));
	return v;
}

static void a_point_is_mean_peak_or_rate(void **state)
{
	struct timeline t = { 0 };
	int mean = timeline_column(&t, TIMELINE_states, "attaching");
	int peak = timeline_column(&t, TIMELINE_memory, "rss");
	int rate = timeline_column(&t, TIMELINE_rpcs, "Probe");
	double v;

	for (int i = 0; i < 4; i++) {
		timeline_put(&t, mean, 10 * i, i);
		timeline_put(&t, peak, 10 * i, i == 2 ? 90 : 10);
		timeline_put(&t, rate, 10 * i, 1);
	}
	timeline_reach(&t, 250);
	assert_int_equal(t.points, 3);
	assert_true(value_at(&t, mean, 0) == 1.5);
	assert_true(value_at(&t, peak, 0) == 90);
	assert_true(value_at(&t, rate, 0) == 40);	/* 4 in 100 ms */
	assert_false(timeline_value(&t, (size_t)mean, 1, &v));	/* unknown */
	assert_true(value_at(&t, rate, 1) == 0);	/* known: none */
	timeline_fini(&t);
}

static void a_long_run_halves_the_resolution(void **state)
{
	struct timeline t = { 0 };
	int mean = timeline_column(&t, TIMELINE_cpu, "all");
	int peak = timeline_column(&t, TIMELINE_memory, "rss");
	int rate = timeline_column(&t, TIMELINE_ec2_calls, "AttachVolume");
	int64_t end = 100 * TIMELINE_POINTS * 5;
	double sum = 0;

	for (int64_t at = 0; at < end; at += 50) {
		timeline_put(&t, mean, at, 7);
		timeline_put(&t, peak, at, at == 31250 ? 1000 : 1);
		timeline_put(&t, rate, at, 2);
	}
	assert_int_equal(t.step_ms, 800);
	assert_int_equal(t.points, (end + 799) / 800);
	assert_true(value_at(&t, mean, 0) == 7);
	assert_true(value_at(&t, peak, 31250 / 800) == 1000);
	assert_true(value_at(&t, peak, 31250 / 800 + 1) == 1);
	for (size_t i = 0; i < t.points; i++)
		sum += value_at(&t, rate, i) * (double)t.step_ms / 1000;
	assert_true(fabs(sum - (double)(end / 50 * 2)) < 1);
	timeline_fini(&t);
}

static void columns_have_an_end(void **state)
{
	struct timeline t = { 0 };
	char name[16];

	for (int i = 0; i < TIMELINE_COLUMNS_MAX; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		assert_int_equal(timeline_column(&t, TIMELINE_states, name), i);
	}
	assert_int_equal(timeline_column(&t, TIMELINE_states, "c3"), 3);
	assert_int_equal(timeline_column(&t, TIMELINE_states, "more"), -1);
	timeline_put(&t, -1, 0, 1);
	timeline_put(&t, 0, 0, NAN);
	timeline_put(&t, 0, -5, 3);
	assert_true(value_at(&t, 0, 0) == 3);
	timeline_fini(&t);
}

/* ---- results ---- */

static void names_come_once_and_in_order(void **state)
{
	struct bench_result *r = bench_result_new("churn");
	struct bench_run *run = bench_result_add_run(r, 1000);
	struct bench_rpc *first = bench_run_rpc(run, "CreateVolume");

	for (int i = 0; i < 9; i++) {
		char name[16];

		snprintf(name, sizeof(name), "Rpc%d", i);
		bench_run_rpc(run, name);
		bench_run_action(run, name)->calls = (uint64_t)i;
	}
	assert_ptr_equal(bench_run_rpc(run, "CreateVolume"), first);
	assert_int_equal(run->nrpcs, 10);
	assert_string_equal(run->rpcs[9]->name, "Rpc8");
	assert_null(bench_run_find_rpc(run, "rpc8"));
	assert_int_equal(bench_run_find_action(run, "Rpc7")->calls, 7);
	bench_texts_set(&r->parameters, "n", "1");
	bench_texts_setf(&r->parameters, "n", "%d", 2);
	assert_int_equal(r->parameters.n, 1);
	assert_string_equal(bench_texts_get(&r->parameters, "n"), "2");
	bench_result_free(r);
}

static void figures_are_unknown_until_set(void **state)
{
	struct bench_result *r = bench_result_new("churn");
	struct bench_run *run = bench_result_add_run(r, 1000);

	assert_false(run->figures[BENCH_rss_peak].known);
	bench_run_peak(run, BENCH_rss_peak, 0);
	assert_true(run->figures[BENCH_rss_peak].known);
	bench_run_peak(run, BENCH_rss_peak, 10);
	bench_run_peak(run, BENCH_rss_peak, 5);
	assert_true(run->figures[BENCH_rss_peak].v == 10);
	bench_run_set(run, BENCH_makespan_s, NAN);
	assert_false(run->figures[BENCH_makespan_s].known);
	bench_run_add(run, BENCH_lifecycles_done, 1);
	bench_run_add(run, BENCH_lifecycles_done, 1);
	assert_true(run->figures[BENCH_lifecycles_done].v == 2);
	bench_result_free(r);
}

static void leaks_are_counted_beyond_those_kept(void **state)
{
	struct bench_result *r = bench_result_new("churn");
	struct bench_run *run = bench_result_add_run(r, 1000);

	bench_run_looked_for_leaks(run);
	assert_true(run->leaks_known);
	for (int i = 0; i < BENCH_LEAKS_MAX + 5; i++)
		bench_run_leak(run, "vol-%d", i);
	assert_int_equal(run->nleaks, BENCH_LEAKS_MAX + 5);
	assert_string_equal(run->leaks[BENCH_LEAKS_MAX - 1], "vol-99");
	bench_run_partial(run, "first");
	bench_run_partial(run, "second");
	bench_result_add_run(r, 2000);
	assert_string_equal(bench_result_partial(r), "first");
	bench_result_free(r);
}

static void the_machine_is_named(void **state)
{
	struct bench_result *r = bench_result_new("churn");

	bench_result_this_machine(r);
	assert_true(atoi(bench_texts_get(&r->machine, "cpus")) >= 1);
	assert_true(strncmp(bench_texts_get(&r->machine, "kernel"), "Linux ", 6) == 0);
	bench_result_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buckets_cover_all_values_once),
		cmocka_unit_test(buckets_are_within_one_percent),
		cmocka_unit_test(quantiles_of_a_known_distribution),
		cmocka_unit_test(small_numbers_are_exact),
		cmocka_unit_test(one_sample_is_every_quantile),
		cmocka_unit_test(measured_and_empty_are_two_things),
		cmocka_unit_test(merging_equals_recording_together),
		cmocka_unit_test(huge_values_do_not_wrap),
		cmocka_unit_test(a_point_is_mean_peak_or_rate),
		cmocka_unit_test(a_long_run_halves_the_resolution),
		cmocka_unit_test(columns_have_an_end),
		cmocka_unit_test(names_come_once_and_in_order),
		cmocka_unit_test(figures_are_unknown_until_set),
		cmocka_unit_test(leaks_are_counted_beyond_those_kept),
		cmocka_unit_test(the_machine_is_named),
	};

	return cmocka_run_group_tests_name("bench_result", tests, NULL, NULL);
}
