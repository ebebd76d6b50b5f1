/* The EC2 model's record of when operations were asked for and done. */
#include "sim_fixture.h"

struct seen {
	struct sim_time v[8];
	size_t n;
};

static bool collect(void *ctx, const struct sim_time *t)
{
	struct seen *s = ctx;

	s->v[s->n++] = *t;
	return s->n < 8;
}

static struct seen times_after(const struct fixture *f, uint64_t after)
{
	struct seen s = { .n = 0 };

	sim_model_each_time(f->m, after, collect, &s);
	return s;
}

static void assert_time(const struct sim_time *t, enum sim_timed kind, int64_t asked,
			int64_t done, const char *end)
{
	assert_int_equal(t->kind, kind);
	assert_int_equal(t->asked_at, asked);
	assert_int_equal(t->done_at, done);
	if (end)
		assert_string_equal(t->end, end);
	else
		assert_null(t->end);
}

static void a_life(void **state)
{
	struct fixture *f = *state;
	struct seen s;

	make_available(f);				/* 0 .. 1500 */
	assert_string_equal(attach(f, f->id, NODE, "/dev/xvdba"), "");
	assert_int_not_equal(f->a.latency_ms, 0);
	s = times_after(f, 0);
	assert_int_equal(s.n, 2);
	assert_time(&s.v[1], SIM_TIMED_ATTACH, 1500, INT64_MAX, NULL);
	assert_int_equal(s.v[1].api_ms, f->a.latency_ms);
	pass(f, 2500);					/* attached at 3500 */
	assert_string_equal(detach(f, f->id, NODE), "");
	pass(f, 2500);					/* detached at 6500 */
	assert_string_equal(delete_volume(f, f->id), "");
	pass(f, 100000);				/* deleted at 7500 */
	s = times_after(f, 0);
	assert_int_equal(s.n, 4);
	assert_time(&s.v[0], SIM_TIMED_CREATE, 0, 1500, "available");
	assert_time(&s.v[1], SIM_TIMED_ATTACH, 1500, 3500, "attached");
	assert_time(&s.v[2], SIM_TIMED_DETACH, 4000, 6500, "detached");
	assert_time(&s.v[3], SIM_TIMED_DELETE, 6500, 7500, "deleted");
	assert_null(s.v[0].instance_id);
	assert_string_equal(s.v[2].instance_id, NODE);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(s.v[i].n, i + 1);
		assert_string_equal(s.v[i].volume_id, f->id);
	}
	assert_int_equal(times_after(f, 3).n, 1);
	assert_int_equal(times_after(f, 99).n, 0);
}

static void refusals_and_repeats_are_no_operations(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(create_plain(f, "token"), "");
	assert_string_equal(create_plain(f, "token"), "");
	assert_string_equal(delete_volume(f, f->id), "IncorrectState");
	assert_string_equal(attach(f, f->id, NODE, "/dev/xvdba"), "IncorrectState");
	assert_int_equal(times_after(f, 0).n, 1);
}

static void other_ends(void **state)
{
	struct fixture *f = *state;
	struct seen s;

	add_fault(f, &(struct sim_fault){ .kind = SIM_FAULT_CREATE_ERROR,
					  .action = SIM_ANY_ACTION, .count = 1 });
	add_fault(f, &(struct sim_fault){ .kind = SIM_FAULT_CREATE_VANISH,
					  .action = SIM_ANY_ACTION, .skip = 0, .count = 1 });
	create_plain(f, NULL);
	create_plain(f, NULL);
	pass(f, 1500);
	create_plain(f, NULL);
	pass(f, 1500);
	assert_string_equal(attach(f, f->id, NODE, "/dev/xvdba"), "");
	pass(f, 10);
	assert_int_equal(sim_model_set_instance_state(f->m, f->now, NODE, "terminated", NULL), 0);
	s = times_after(f, 0);
	assert_int_equal(s.n, 5);
	assert_time(&s.v[0], SIM_TIMED_CREATE, 0, 1500, "error");
	assert_time(&s.v[1], SIM_TIMED_CREATE, 0, 1500, "deleted");
	assert_time(&s.v[3], SIM_TIMED_ATTACH, 3000, 3010, "detached");
	assert_time(&s.v[4], SIM_TIMED_DELETE, 3010, INT64_MAX, NULL);	/* its root volume */
	assert_int_equal(s.v[4].api_ms, 0);
}

static void a_reset_forgets(void **state)
{
	struct fixture *f = *state;

	make_available(f);
	create_plain(f, NULL);
	sim_model_reset(f->m, f->now);
	assert_int_equal(times_after(f, 0).n, 0);
	make_available(f);
	assert_int_equal(times_after(f, 0).n, 1);
	assert_int_equal(times_after(f, 0).v[0].n, 3);
	assert_time(&times_after(f, 0).v[0], SIM_TIMED_CREATE, 1500, 3000, "available");
}

struct span {
	uint64_t first, last, n;
};

static bool measure(void *ctx, const struct sim_time *t)
{
	struct span *s = ctx;

	if (!s->n++)
		s->first = t->n;
	s->last = t->n;
	return true;
}

/* An operation that outlives its record ends without writing to another's. */
static void the_oldest_go(void **state)
{
	struct fixture *f = *state;
	struct sim_config c;
	struct span s = { 0 };

	sim_config_instant(&c);
	c.keep_ms = 0;
	use_model(f, &c);
	create_plain(f, NULL);
	pass(f, 0);
	add_fault(f, &(struct sim_fault){ .kind = SIM_FAULT_ATTACH_STUCK,
					  .action = SIM_ANY_ACTION, .count = 1 });
	assert_string_equal(attach(f, f->id, NODE, "/dev/xvdba"), "");
	for (unsigned int i = 0; i < SIM_TIMES_MAX / 2; i++) {
		char id[32];

		memcpy(id, f->id, sizeof(id));
		create_plain(f, NULL);
		pass(f, 0);
		delete_volume(f, f->id);
		pass(f, 0);
		memcpy(f->id, id, sizeof(id));
	}
	sim_model_each_time(f->m, 0, measure, &s);
	assert_int_equal(s.first, 3);
	assert_int_equal(s.last, SIM_TIMES_MAX + 2);
	assert_int_equal(s.n, SIM_TIMES_MAX);
	assert_string_equal(detach(f, f->id, NODE), "");
	pass(f, 0);
	s.n = 0;
	sim_model_each_time(f->m, SIM_TIMES_MAX, measure, &s);
	assert_int_equal(s.n, 3);
	assert_int_equal(s.last, sim_model_times_last(f->m));
	assert_time(&times_after(f, SIM_TIMES_MAX + 1).v[0], SIM_TIMED_DELETE, 0, 0, "deleted");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_life),
		TEST(refusals_and_repeats_are_no_operations),
		TEST(other_ends),
		TEST(a_reset_forgets),
		TEST(the_oldest_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
