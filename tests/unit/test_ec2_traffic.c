/* The scheduler beside a perfect queue that sees EC2's bucket: what it loses is
 * bounded for each kind of traffic. tests/load/laws prints the same figures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/load/traffic_plans.h"

#define SEEDS 3

static void print(const char *line)
{
	print_message("# %s\n", line);
}

/* The most a result may be; 0: not asked. */
struct bounds {
	double throttled;	/* share */
	double time;		/* over the perfect queue's */
	double ratio;		/* of a call's wait to its wait there */
	double added_s;
	double wasted;		/* tokens */
	double rate_low, rate_high;
	double settle_s;
};

static void hold(const struct traffic_plan *plan, uint64_t seed, const struct bounds *most)
{
	struct traffic_result r;

	traffic_run(plan, seed, &r);
	assert_true(r.finished);
	traffic_print(plan, &r, print);
	assert_true(r.throttled <= most->throttled * r.sent);
	assert_true(r.seconds <= most->time * r.best_seconds);
	if (most->ratio > 0)
		assert_true(r.worst_ratio <= most->ratio);
	if (most->added_s > 0)
		assert_true(r.added_s <= most->added_s);
	if (most->wasted > 0)
		assert_true(r.wasted <= most->wasted);
	if (most->rate_high > 0)
		assert_true(r.rate_low >= most->rate_low && r.rate_high <= most->rate_high);
	if (most->settle_s > 0)
		assert_true(r.settle_s >= 0 && r.settle_s <= most->settle_s);
	free(r.dump);
}

static void hold_each(enum traffic_plan_id id, const struct bounds *most)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		hold(&traffic_plans[id], seed, most);
}

/* First come, first served: no call waits 1.1 times what it would in the perfect
 * queue; the learned rate does not swing; no token runs over. */
static void crowds_at_once(void **state)
{
	static const struct bounds b = { .throttled = .01, .time = 1.01, .ratio = 1.1,
		.added_s = 5, .wasted = 2, .rate_low = 4.9, .rate_high = 5.1 };

	(void)state;
	hold_each(PLAN_5000_AT_ONCE, &b);
	hold_each(PLAN_5000_MIXED, &b);
}

static void a_flow_below_the_rate_is_neither_refused_nor_held(void **state)
{
	(void)state;
	hold_each(PLAN_BELOW, &(struct bounds){ .throttled = 1e-9, .time = 1.001, .ratio = 1.001,
						.added_s = 0.5, .wasted = 1 });
}

static void a_flow_above_the_rate_gets_all_of_it(void **state)
{
	(void)state;
	hold_each(PLAN_ABOVE, &(struct bounds){ .throttled = .01, .time = 1.01, .ratio = 1.1,
						.added_s = 5, .wasted = 2,
						.rate_low = 4.9, .rate_high = 5.1 });
}

static void an_empty_bucket_costs_few_refusals(void **state)
{
	(void)state;
	hold_each(PLAN_EMPTY, &(struct bounds){ .throttled = .015, .time = 1.02, .ratio = 1.1,
						.added_s = 5, .wasted = 5 });
}

/* Half of the bucket while the other one draws, all of it within a minute after. */
static void another_client_takes_half_and_stops(void **state)
{
	(void)state;
	hold_each(PLAN_OTHER, &(struct bounds){ .throttled = .01, .time = 1.05, .ratio = 1.1,
						.added_s = 45, .wasted = 110,
						.rate_low = 2.3, .rate_high = 2.8 });
}

/* Found after two hundred calls at the old rate and some seconds, wherever between
 * two searches the change comes. */
static void limits_raised_tenfold_are_found(void **state)
{
	struct traffic_plan plan = traffic_plans[PLAN_TENFOLD];

	(void)state;
	for (int64_t at = 200; at < 280; at += 9) {
		plan.change_s = at;
		hold(&plan, (uint64_t)at, &(struct bounds){ .throttled = .012, .time = 1.12,
							    .added_s = 48, .settle_s = 48 });
	}
}

static void raised_limits_are_found_at_the_first_crowd(void **state)
{
	(void)state;
	hold_each(PLAN_RAISED, &(struct bounds){ .throttled = .01, .time = 1.02, .ratio = 1.1,
						 .added_s = 8, .wasted = 60,
						 .rate_low = 47, .rate_high = 53 });
}

static void cut_limits_are_obeyed(void **state)
{
	(void)state;
	hold_each(PLAN_CUT, &(struct bounds){ .throttled = .015, .time = 1.02, .ratio = 1.1,
					      .added_s = 10, .wasted = 2 });
}

/* The pool of 64 connections is the limit, 350 ms a call on average: 183/s. */
static void without_a_bucket_the_pool_is_used(void **state)
{
	struct traffic_result r;

	(void)state;
	traffic_run(&traffic_plans[PLAN_NO_BUCKET], 1, &r);
	assert_true(r.finished && r.throttled == 0);
	assert_true(r.seconds <= 1.1 * 5000 / 183);
	free(r.dump);
}

/* The number behind the first "key": after `section` in the dump. */
static double told(const char *dump, const char *section, const char *key)
{
	char quoted[64];
	const char *at = strstr(dump, section);

	snprintf(quoted, sizeof(quoted), "\"%s\":", key);
	at = at ? strstr(at, quoted) : NULL;
	assert_non_null(at);
	return strtod(at + strlen(quoted), NULL);
}

/* Half of 5,000 calls are through, all asked for at once. */
static void what_is_learned_is_told(void **state)
{
	struct traffic_result r;
	const char *bucket = "\"MUTATING\":{", *queue = "\"AttachVolume\":{\"bucket\":\"MUTATING\"";

	(void)state;
	traffic_run(&traffic_plans[PLAN_5000_AT_ONCE], 1, &r);
	assert_non_null(r.dump);
	assert_true(told(r.dump, bucket, "rate") > 4.9 && told(r.dump, bucket, "rate") < 5.1);
	assert_true(told(r.dump, bucket, "burst") > 45 && told(r.dump, bucket, "burst") < 60);
	assert_true(told(r.dump, bucket, "level") < 2);
	assert_true(told(r.dump, bucket, "calls_to_next_search") <= 200);
	assert_in_range(told(r.dump, queue, "queued"), 2480, 2500);
	assert_in_range(told(r.dump, queue, "granted"), 2500, 2540);
	assert_in_range(told(r.dump, queue, "throttled"), 1, 25);
	/* 490 s have passed, and the last 64 calls were granted in 13 of them. */
	assert_in_range(told(r.dump, queue, "oldest_wait_ms"), 485000, 495000);
	assert_in_range(told(r.dump, queue, "p50_wait_ms"), 480000, 490000);
	assert_in_range(told(r.dump, queue, "longest_wait_ms"), 485000, 495000);
	free(r.dump);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crowds_at_once),
		cmocka_unit_test(a_flow_below_the_rate_is_neither_refused_nor_held),
		cmocka_unit_test(a_flow_above_the_rate_gets_all_of_it),
		cmocka_unit_test(an_empty_bucket_costs_few_refusals),
		cmocka_unit_test(another_client_takes_half_and_stops),
		cmocka_unit_test(limits_raised_tenfold_are_found),
		cmocka_unit_test(raised_limits_are_found_at_the_first_crowd),
		cmocka_unit_test(cut_limits_are_obeyed),
		cmocka_unit_test(without_a_bucket_the_pool_is_used),
		cmocka_unit_test(what_is_learned_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
