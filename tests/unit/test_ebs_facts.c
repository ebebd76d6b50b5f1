/* The parts of src/ebs without I/O: names, types, hints, pace. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "ebs/impl.h"
#include "ebs/pace.h"
#include "ebs/volume_types.h"

#define NODE "i-0123456789abcdef0"

/* ---- device names ---- */

static void names_come_in_order_of_preference(void **state)
{
	static const struct { unsigned int i; const char *name; } want[] = {
		{ 0, "/dev/xvdaa" }, { 25, "/dev/xvdaz" }, { 26, "/dev/xvdba" },
		{ 51, "/dev/xvdbz" }, { 52, "/dev/xvdda" }, { 75, "/dev/xvddx" },
		{ 76, "/dev/xvdb" }, { 100, "/dev/xvdz" }, { 101, "/dev/sdb" },
		{ 125, "/dev/sdz" }, { 126, "/dev/sda2" }, { 127, "" }, { 100000, "" },
	};
	char name[DEVICE_NAME_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		device_name(want[i].i, name);
		assert_string_equal(name, want[i].name);
	}
}

static void sd_and_xvd_are_one_device(void **state)
{
	(void)state;
	assert_true(device_names_equal("/dev/sdf", "/dev/xvdf"));
	assert_true(device_names_equal("xvdf", "/dev/sdf"));
	assert_false(device_names_equal("/dev/sdf", "/dev/sdg"));
	assert_false(device_names_equal("/dev/xvdaa", "/dev/xvda"));
	assert_false(device_names_equal(NULL, "/dev/xvda"));
}

static const char *volume(unsigned int i)
{
	static char id[8][24];
	static unsigned int at;

	at = (at + 1) % 8;
	snprintf(id[at], sizeof(id[at]), "vol-%017x", i);
	return id[at];
}

static void a_name_just_freed_rests(void **state)
{
	struct device_names d;

	(void)state;
	device_names_init(&d);
	assert_string_equal(device_names_reserve(&d, NODE, volume(1), 0), "/dev/xvdaa");
	assert_string_equal(device_names_reserve(&d, NODE, volume(2), 0), "/dev/xvdab");
	device_names_release(&d, NODE, volume(1));
	assert_string_equal(device_names_reserve(&d, NODE, volume(3), 0), "/dev/xvdac");
	assert_null(device_names_find(&d, NODE, volume(1)));
	assert_string_equal(device_names_find(&d, NODE, volume(2)), "/dev/xvdab");
	device_names_fini(&d);
}

static void names_in_use_and_bad_ones_are_passed_over(void **state)
{
	struct ec2_block_device used[] = {
		{ .device_name = "/dev/xvda", .volume_id = "vol-00000000" },
		{ .device_name = "/dev/xvdaa", .volume_id = "vol-00000001" },
		{ .device_name = "/dev/xvdab" },	/* an instance store disk */
	};
	struct ec2_instance in = { .block_devices = { used, 3 } };
	struct device_names d;

	(void)state;
	device_names_init(&d);
	assert_false(device_names_known(&d, NODE, 0));
	device_names_learn(&d, NODE, &in, 0);
	assert_true(device_names_known(&d, NODE, 0));
	device_names_bad(&d, NODE, "/dev/xvdac", 0);
	assert_string_equal(device_names_reserve(&d, NODE, volume(5), 0), "/dev/xvdad");
	assert_string_equal(device_names_find(&d, NODE, "vol-00000001"), "/dev/xvdaa");
	assert_false(device_names_known(&d, NODE, 31 * 60 * 1000));
	device_names_fini(&d);
}

static void all_127_names_can_be_used_twins_and_bad_ones_last(void **state)
{
	struct device_names d;
	const char *name;

	(void)state;
	device_names_init(&d);
	device_names_bad(&d, NODE, "/dev/xvdaa", 0);
	for (unsigned int i = 0; i < DEVICE_NAMES; i++) {
		name = device_names_reserve(&d, NODE, volume(i), 0);
		assert_non_null(name);
		if (i == 0)
			assert_string_equal(name, "/dev/xvdab");
		if (i == 51)	/* 51 of the first 52, then the next series */
			assert_string_equal(name, "/dev/xvdda");
		if (i == 75)
			assert_string_equal(name, "/dev/xvdb");
		if (i == DEVICE_NAMES - 1)
			assert_string_equal(name, "/dev/xvdaa");
	}
	assert_null(device_names_reserve(&d, NODE, volume(500), 0));
	device_names_fini(&d);
}

static void a_late_mapping_does_not_undo_what_we_know(void **state)
{
	struct ec2_block_device old = { .device_name = "/dev/xvdaa",
					.volume_id = "vol-0000000a" };
	struct ec2_instance in = { .block_devices = { &old, 1 } };
	struct device_names d;

	(void)state;
	device_names_init(&d);
	device_names_learn(&d, NODE, &in, 100000);
	device_names_reserve(&d, NODE, volume(1), 200000);
	device_names_set(&d, NODE, volume(2), "/dev/xvdba", 200000);
	in.block_devices.n = 0;
	device_names_learn(&d, NODE, &in, 200001);
	assert_null(device_names_find(&d, NODE, "vol-0000000a"));
	assert_non_null(device_names_find(&d, NODE, volume(1)));
	assert_non_null(device_names_find(&d, NODE, volume(2)));
	device_names_learn(&d, NODE, &in, 300000);
	assert_non_null(device_names_find(&d, NODE, volume(1)));	/* held */
	assert_null(device_names_find(&d, NODE, volume(2)));
	device_names_fini(&d);
}

/* ---- volume types ---- */

static void iops_are_capped_as_the_table_says(void **state)
{
	static const struct {
		const char *type;
		int64_t gib, iops;
		bool raise;
		int64_t want;
	} rows[] = {
		{ "io1", 4, 4, false, 4 },
		{ "io1", 4, 4, true, 100 },
		{ "io1", 4, 40000, false, 200 },
		{ "io1", 4000, 40000000, false, 64000 },
		{ "io1", 1, 40000, false, 40000 },
		{ "io2", 4, 40000, false, 4000 },
		{ "io2", 1000, 300000, false, 256000 },
		{ "gp3", 1, 5000, false, 5000 },
		{ "gp3", 6, 5000, false, 3000 },
		{ "gp3", 10, 100, true, 3000 },
		{ "gp3", 10, 100, false, 100 },
		{ "gp3", 200, 90000, false, 80000 },
		{ "GP3", 200, 90000, false, 80000 },
		{ "gp2", 100, 300, false, 300 },
		{ "new1", 100, 300, true, 300 },
		{ "io2", 100, 0, true, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(volume_type_cap_iops(volume_type_find(rows[i].type),
						      rows[i].gib, rows[i].iops,
						      rows[i].raise, 0), rows[i].want);
	assert_int_equal(volume_type_cap_iops(volume_type_find("gp3"), 200, 90000, false,
					      16000), 16000);
}

static void the_maximum_is_read_from_the_refusal(void **state)
{
	(void)state;
	assert_int_equal(volume_type_max_in_text("Volume iops of 200000 is too high; maximum is 80000."), 80000);
	assert_int_equal(volume_type_max_in_text("volume IOPS of 9 is Too High; MAXIMUM IS 16000"), 16000);
	assert_int_equal(volume_type_max_in_text("at most 64 TiB, 256K IOPS and 1000:1"), 256000);
	assert_int_equal(volume_type_max_in_text("the parameter iops is not supported"), 0);
	assert_int_equal(volume_type_max_in_text("Volume iops of 1 is too high; maximum is x"), 0);
	assert_int_equal(volume_type_max_in_text("K IOPS"), 0);
	assert_int_equal(volume_type_max_in_text(""), 0);
}

/* ---- hints, ids, tokens ---- */

static void hints_expire_and_are_bounded(void **state)
{
	struct memo m;
	char key[16];

	(void)state;
	memo_init(&m, 100, 1000);
	memo_put(&m, "a", "1", 0);
	assert_string_equal(memo_get(&m, "a", 1000), "1");
	assert_int_equal(memo_age(&m, "a", 400), 400);
	assert_null(memo_get(&m, "a", 1001));
	assert_true(memo_age(&m, "a", 1001) == INT64_MAX);
	memo_put(&m, "a", "2", 2000);
	assert_string_equal(memo_get(&m, "a", 2000), "2");
	for (int i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		memo_put(&m, key, key, 2001);
	}
	assert_int_equal(m.n, 100);
	assert_null(memo_get(&m, "a", 2001));
	assert_string_equal(memo_get(&m, "k999", 2001), "k999");
	memo_del(&m, "k999");
	memo_del(&m, "k999");
	assert_null(memo_get(&m, "k999", 2001));
	memo_fini(&m);
}

static void ids_have_a_shape(void **state)
{
	(void)state;
	assert_true(ebs_is_volume_id("vol-0123456789abcdef0"));
	assert_true(ebs_is_volume_id("vol-01234567"));
	assert_false(ebs_is_volume_id("vol-0123456"));
	assert_false(ebs_is_volume_id("vol-0123456789ABCDEF0"));
	assert_false(ebs_is_volume_id("vol-0123456789abcdef01"));
	assert_false(ebs_is_volume_id("i-0123456789abcdef0"));
	assert_false(ebs_is_volume_id(""));
	assert_false(ebs_is_volume_id(NULL));
	assert_true(ebs_is_instance_id("i-0123456789abcdef0"));
	assert_false(ebs_is_instance_id("fake-node"));
}

static void client_tokens_are_those_of_the_go_driver(void **state)
{
	struct arena a = { 0 };

	(void)state;
	assert_string_equal(ebs_digest(&a, "test-vol-client-token"),
		"6a1b29bd7c5c5541d9d6baa2938e954fc5739dc77e97facf23590bd13f8582c2");
	assert_string_equal(ebs_digest(&a, "test-vol-client-token-2"),
		"21465f5586388bb8804d0cec2df13c00f9a975c8cddec4bc35e964cdce59015b");
	arena_fini(&a);
}

/* ---- pace ---- */

static void the_first_look_is_learned(void **state)
{
	struct pace p;
	int64_t first, now = 0;

	(void)state;
	pace_init(&p, 0);
	/* Ends after exactly 4 s: the first look moves close to it. */
	for (int i = 0; i < 400; i++) {
		now += 1000;
		first = (int64_t)p.first[TRANSITION_ATTACHING];
		if (first >= 4000)
			pace_learn(&p, TRANSITION_ATTACHING, first, 1, now);
		else
			pace_learn(&p, TRANSITION_ATTACHING, 4000, 2, now);
	}
	assert_in_range(first, 3300, 4050);
	assert_in_range((int64_t)p.typical[TRANSITION_ATTACHING], 3600, 4400);
	/* And back when they get quicker. */
	for (int i = 0; i < 100; i++)
		pace_learn(&p, TRANSITION_ATTACHING, (int64_t)p.first[TRANSITION_ATTACHING], 1,
			   now += 1000);
	assert_in_range((int64_t)p.first[TRANSITION_ATTACHING], 50, 200);
}

/* Five hundred that began together and end in order of age teach no more than
 * the time they take allows: the first look of the next stays where ends begin. */
static void a_crowd_is_few_lessons(void **state)
{
	struct pace p;

	(void)state;
	pace_init(&p, 0);
	for (int i = 0; i < 500; i++)
		pace_learn(&p, TRANSITION_DETACHING, 1700 + 10 * i, 3, 60000 + 10 * i);
	assert_in_range((int64_t)p.first[TRANSITION_DETACHING], 1500, 1600);
	for (int i = 0; i < 50; i++)
		pace_learn(&p, TRANSITION_DETACHING, 1500, 1, 70000);
	assert_in_range((int64_t)p.first[TRANSITION_DETACHING], 1200, 1300);
}

static void old_ones_are_looked_at_seldom(void **state)
{
	struct pace p;

	(void)state;
	pace_init(&p, 0);
	assert_int_equal(pace_interval(&p, TRANSITION_ATTACHING, 1000), 200);
	assert_in_range(pace_interval(&p, TRANSITION_ATTACHING, 12000), 380, 400);
	assert_int_equal(pace_interval(&p, TRANSITION_ATTACHING, 600000), 5000);
}

static void many_operations_pay_for_their_calls(void **state)
{
	struct pace p;
	int64_t now = 0;
	unsigned int calls = 0;

	(void)state;
	pace_init(&p, 0);
	pace_set_load(&p, 1000, 0);
	/* Five begin a second, each takes two: ten are always under way. */
	for (int i = 0; i < 1000; i++) {
		pace_begin(&p, TRANSITION_ATTACHING, now);
		if (i >= 10)
			p.active--;
		for (int64_t end = now + 200; now < end; now += 10) {
			pace_set_load(&p, 1000, now);
			if (pace_wait(&p, now, 10) > 0)
				continue;
			pace_spend(&p, now, false);
			calls++;
		}
	}
	/* One each 1.5 s without credit, and what was saved up. */
	assert_in_range(calls, 130, 140);
}

static void a_few_are_looked_at_whenever_due(void **state)
{
	struct pace p;

	(void)state;
	pace_init(&p, 0);
	pace_set_load(&p, 1, 0);
	pace_begin(&p, TRANSITION_ATTACHING, 0);
	for (int64_t now = 1000; now < 100000; now += 200) {
		assert_int_equal(pace_wait(&p, now, 10), 0);
		pace_spend(&p, now, false);
	}
	/* But never faster than half of what the bucket gives. */
	assert_int_equal(pace_wait(&p, 100000, 2), 800);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_come_in_order_of_preference),
		cmocka_unit_test(sd_and_xvd_are_one_device),
		cmocka_unit_test(a_name_just_freed_rests),
		cmocka_unit_test(names_in_use_and_bad_ones_are_passed_over),
		cmocka_unit_test(all_127_names_can_be_used_twins_and_bad_ones_last),
		cmocka_unit_test(a_late_mapping_does_not_undo_what_we_know),
		cmocka_unit_test(iops_are_capped_as_the_table_says),
		cmocka_unit_test(the_maximum_is_read_from_the_refusal),
		cmocka_unit_test(hints_expire_and_are_bounded),
		cmocka_unit_test(ids_have_a_shape),
		cmocka_unit_test(client_tokens_are_those_of_the_go_driver),
		cmocka_unit_test(the_first_look_is_learned),
		cmocka_unit_test(a_crowd_is_few_lessons),
		cmocka_unit_test(old_ones_are_looked_at_seldom),
		cmocka_unit_test(many_operations_pay_for_their_calls),
		cmocka_unit_test(a_few_are_looked_at_whenever_due),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
