/* When work begins: so many at a time, or at its own times whatever the driver does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "bench/load.h"

#define SEEN_MAX 4096

static struct {
	size_t n;
	int64_t intended_us[SEEN_MAX], began_us[SEEN_MAX];
} seen;

struct fixture {
	struct bench_options o;
	struct bench b;
	struct arrivals a;
};

static void on_arrive(struct bench *b, int64_t intended_us)
{
	assert_true(seen.n < SEEN_MAX);
	seen.intended_us[seen.n] = intended_us - b->began_us;
	seen.began_us[seen.n++] = reactor_now_us(b->reactor) - b->began_us;
}

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	memset(&seen, 0, sizeof(seen));
	f->b.opt = &f->o;
	f->b.reactor = reactor_new_virtual(0);
	f->b.result = bench_result_new("arrivals");
	f->b.run = bench_result_add_run(f->b.result, 0);
	f->b.draw.state = 1;
	reactor_advance(f->b.reactor, 1);
	f->b.began_us = reactor_now_us(f->b.reactor);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	arrivals_stop(&f->a);
	reactor_free(f->b.reactor);
	bench_result_free(f->b.result);
	free(f);
	return 0;
}

static void open_loop(struct fixture *f, double rate)
{
	f->o.open = true;
	f->o.rate = (struct rate){ .from = rate, .to = rate };
	arrivals_begin(&f->a, &f->b, on_arrive);
}

static void a_closed_loop_keeps_its_number(void **state)
{
	struct fixture *f = *state;

	f->o.in_flight = 3;
	f->o.count = 5;
	arrivals_begin(&f->a, &f->b, on_arrive);
	assert_int_equal(seen.n, 3);
	reactor_advance(f->b.reactor, 60000);
	assert_int_equal(seen.n, 3);	/* nobody comes while the driver stalls */
	assert_false(arrivals_ended(&f->a));
	assert_int_equal(seen.n, 4);
	assert_int_equal(seen.intended_us[3], 60000000);	/* due only now */
	assert_false(arrivals_ended(&f->a));
	assert_int_equal(seen.n, 5);
	assert_false(arrivals_ended(&f->a));
	assert_false(arrivals_ended(&f->a));
	assert_true(arrivals_ended(&f->a));	/* the last */
	assert_int_equal(seen.n, 5);
	assert_true(f->b.run->figures[BENCH_in_flight_max].v == 3);
}

static void an_open_loop_does_not_wait(void **state)
{
	struct fixture *f = *state;

	open_loop(f, 50);
	reactor_advance(f->b.reactor, 20000);	/* nothing ever ends */
	assert_in_range(seen.n, 900, 1100);
	assert_int_equal(f->b.under_way, seen.n);
	for (size_t i = 1; i < seen.n; i++)
		assert_true(seen.intended_us[i] >= seen.intended_us[i - 1]);
}

/* What begins late because the generator was busy counts from when it was due. */
static void lateness_is_not_forgotten(void **state)
{
	struct fixture *f = *state;
	int64_t last;

	open_loop(f, 1000);
	reactor_advance(f->b.reactor, 1000);
	for (size_t i = 0; i < seen.n; i++) {
		assert_true(seen.began_us[i] >= seen.intended_us[i]);
		assert_true(seen.began_us[i] - seen.intended_us[i] <= 1000);
	}
	last = seen.intended_us[seen.n - 1];
	assert_true(fabs((double)seen.n - 1000) < 120);
	assert_true(last > 950000);	/* the schedule does not slip by the rounding of timers */
}

static void an_open_loop_ends_with_its_count(void **state)
{
	struct fixture *f = *state;

	f->o.count = 10;
	open_loop(f, 100);
	reactor_advance(f->b.reactor, 10000);
	assert_int_equal(seen.n, 10);
	for (int i = 0; i < 9; i++)
		assert_false(arrivals_ended(&f->a));
	assert_true(arrivals_ended(&f->a));
}

static void an_open_loop_ends_with_its_time(void **state)
{
	struct fixture *f = *state;

	f->o.for_ms = 2000;
	open_loop(f, 10);
	reactor_advance(f->b.reactor, 60000);
	assert_in_range(seen.n, 8, 34);
	assert_true(seen.began_us[seen.n - 1] <= 2000000);
	while (f->a.ended + 1 < seen.n)
		assert_false(arrivals_ended(&f->a));
	assert_true(arrivals_ended(&f->a));
}

static void nobody_arrives_after_a_stop(void **state)
{
	struct fixture *f = *state;
	size_t before;

	open_loop(f, 100);
	reactor_advance(f->b.reactor, 500);
	before = seen.n;
	arrivals_stop(&f->a);
	reactor_advance(f->b.reactor, 5000);
	assert_int_equal(seen.n, before);
	assert_false(f->b.over);	/* some are under way */
}

static void the_same_seed_gives_the_same_times(void **state)
{
	struct fixture *f = *state;
	int64_t first[50];

	open_loop(f, 20);
	reactor_advance(f->b.reactor, 10000);
	assert_true(seen.n >= 50);
	memcpy(first, seen.intended_us, sizeof(first));
	arrivals_stop(&f->a);
	memset(&seen, 0, sizeof(seen));
	f->b.draw.state = 1;
	f->b.began_us = reactor_now_us(f->b.reactor);
	arrivals_begin(&f->a, &f->b, on_arrive);
	reactor_advance(f->b.reactor, 10000);
	assert_memory_equal(first, seen.intended_us, sizeof(first));
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_closed_loop_keeps_its_number),  TEST(an_open_loop_does_not_wait),
		TEST(lateness_is_not_forgotten),       TEST(an_open_loop_ends_with_its_count),
		TEST(an_open_loop_ends_with_its_time), TEST(nobody_arrives_after_a_stop),
		TEST(the_same_seed_gives_the_same_times),
	};

	return cmocka_run_group_tests_name("bench_arrivals", tests, NULL, NULL);
}
