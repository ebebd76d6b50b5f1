/* What op.h promises, one promise a test, in virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "reactor/op.h"

/* An op driven by a script of one letter a step:
 *   n next   j await kid[0]   b spawn both kids and join   p pending leaf
 *   s spawn kid[0], then next   S/U shield on/off, then next   d done   f fail
 *   e end as kid[0] did */
struct act {
	struct op op;
	const char *script;
	struct act *kid[2];
	int steps, stops, ends;
	bool slow;		/* a stop only notes the wish */
};

static char journal[256];

static void note(const struct act *a, const char *what)
{
	size_t n = strlen(journal);

	snprintf(journal + n, sizeof(journal) - n, "%s%s%s", n ? " " : "", a->op.step_name, what);
}

static enum op_verdict act_step(struct op *op)
{
	struct act *a = container_of(op, struct act, op);

	a->steps++;
	switch (*a->script++) {
	case 'n':
		return op_next_named(op, act_step, op->step_name);
	case 'j':
		return op_await_named(op, &a->kid[0]->op, act_step, op->step_name);
	case 'b':
		op_spawn(op, &a->kid[0]->op);
		op_spawn(op, &a->kid[1]->op);
		return op_join_named(op, act_step, op->step_name);
	case 's':
		op_spawn(op, &a->kid[0]->op);
		return op_next_named(op, act_step, op->step_name);
	case 'S':
		op_shield(op, true);
		return op_next_named(op, act_step, op->step_name);
	case 'U':
		op_shield(op, false);
		return op_next_named(op, act_step, op->step_name);
	case 'p':
		return OP_PENDING;
	case 'f':
		return op_fail(op, GRPC_NOT_FOUND, "%s failed", op->step_name);
	case 'e':
		return op_failed(&a->kid[0]->op) ? op_fail_as(op, &a->kid[0]->op, "of %d", 1)
						 : OP_DONE;
	default:
		return OP_DONE;
	}
}

static void act_stop(struct op *op)
{
	struct act *a = container_of(op, struct act, op);

	a->stops++;
	note(a, "-stop");
	if (!a->slow)
		op_finish(op);
}

static void act_end(struct op *op)
{
	struct act *a = container_of(op, struct act, op);

	a->ends++;
	note(a, err_is_set(&op->err) ? "-failed" : "-ended");
}

static void act_describe(const struct op *op, struct buf *out)
{
	buf_adds(out, "\"quoted\"");
}

static const struct op_class act_class = {
	.name = "act", .stop = act_stop, .end = act_end, .describe = act_describe,
};

struct fixture {
	struct reactor *r;
	struct act root, a, b;
	bool over;
};

static void on_over(struct op *op)
{
	struct act *a = container_of(op, struct act, op);

	container_of(a, struct fixture, root)->over = true;
}

static void prepare(struct fixture *f, struct act *a, const char *name, const char *script)
{
	op_init_named(&a->op, &act_class, f->r, act_step, name);
	a->script = script;
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	f->r = reactor_new_virtual(1000000);
	f->root.kid[0] = &f->a;
	f->root.kid[1] = &f->b;
	journal[0] = '\0';
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	op_fini(&f->root.op);
	op_fini(&f->a.op);
	op_fini(&f->b.op);
	reactor_free(f->r);
	free(f);
	return 0;
}

static void start(struct fixture *f, const char *root, const char *a, const char *b)
{
	prepare(f, &f->root, "root", root);
	prepare(f, &f->a, "a", a);
	prepare(f, &f->b, "b", b);
	op_start(&f->root.op, on_over);
}

static void the_starter_returns_first(void **state)
{
	struct fixture *f = *state;

	start(f, "nnd", "", "");
	assert_int_equal(f->root.steps, 0);
	assert_true(op_active(&f->root.op));
	reactor_settle(f->r);
	assert_true(f->over);
	assert_int_equal(f->root.steps, 3);
	assert_true(op_ended(&f->root.op) && !op_failed(&f->root.op));
}

static void children_end_before_the_next_step(void **state)
{
	struct fixture *f = *state;

	start(f, "bd", "nnd", "pd");
	reactor_settle(f->r);
	assert_int_equal(f->root.steps, 1);
	assert_string_equal(journal, "a-ended");
	op_finish(&f->b.op);
	assert_string_equal(journal, "a-ended");	/* queued, not called */
	reactor_settle(f->r);
	assert_string_equal(journal, "a-ended b-ended root-ended");
}

static void errors_go_up_with_prefixes(void **state)
{
	struct fixture *f = *state;

	start(f, "je", "f", "");
	reactor_settle(f->r);
	assert_int_equal(f->root.op.err.code, GRPC_NOT_FOUND);
	assert_string_equal(err_msg(&f->root.op.err), "of 1: a failed");
}

static void the_first_error_wins(void **state)
{
	struct fixture *f = *state;

	start(f, "p", "", "");
	reactor_settle(f->r);
	op_err(&f->root.op, GRPC_ABORTED, "first");
	op_err(&f->root.op, GRPC_INTERNAL, "second");
	op_cancel(&f->root.op, GRPC_CANCELLED, "third");
	reactor_settle(f->r);
	assert_int_equal(f->root.op.err.code, GRPC_ABORTED);
}

static void an_end_takes_running_children_along(void **state)
{
	struct fixture *f = *state;

	f->a.slow = true;
	start(f, "snd", "p", "");
	reactor_settle(f->r);
	assert_string_equal(journal, "a-stop");
	assert_false(f->over);			/* it waits for the slow one */
	op_finish(&f->a.op);
	reactor_settle(f->r);
	assert_string_equal(journal, "a-stop a-failed root-ended");
	assert_int_equal(f->a.op.err.code, GRPC_CANCELLED);
	assert_false(op_failed(&f->root.op));
}

static void a_cancel_runs_from_the_leaves_up(void **state)
{
	struct fixture *f = *state;

	start(f, "bd", "p", "p");
	reactor_settle(f->r);
	op_cancel(&f->root.op, GRPC_ABORTED, "enough");
	op_cancel(&f->root.op, GRPC_INTERNAL, "again");
	assert_false(f->over);
	reactor_settle(f->r);
	assert_string_equal(journal, "a-stop b-stop a-failed b-failed root-failed");
	assert_int_equal(f->root.op.err.code, GRPC_ABORTED);
	assert_string_equal(err_msg(&f->b.op.err), "enough");
	assert_int_equal(f->root.steps, 1);
}

static void a_cancel_before_the_first_turn(void **state)
{
	struct fixture *f = *state;

	start(f, "nd", "", "");
	op_cancel(&f->root.op, GRPC_CANCELLED, "never mind");
	reactor_settle(f->r);
	assert_true(f->over);
	assert_int_equal(f->root.steps, 0);
	assert_int_equal(f->root.op.err.code, GRPC_CANCELLED);
}

static void a_cancel_after_the_end_is_nothing(void **state)
{
	struct fixture *f = *state;

	op_cancel(&f->root.op, GRPC_CANCELLED, "not started");
	start(f, "d", "", "");
	reactor_settle(f->r);
	op_cancel(&f->root.op, GRPC_CANCELLED, "too late");
	reactor_settle(f->r);
	assert_false(op_failed(&f->root.op));
	assert_int_equal(f->root.ends, 1);
}

static void a_shield_lets_the_work_finish(void **state)
{
	struct fixture *f = *state;

	start(f, "Sjd", "pd", "");
	reactor_settle(f->r);
	op_cancel(&f->root.op, GRPC_CANCELLED, "no");
	reactor_settle(f->r);
	assert_int_equal(f->a.stops, 0);
	op_finish(&f->a.op);
	reactor_settle(f->r);
	assert_true(f->over);
	assert_false(op_failed(&f->root.op));
}

static void a_lifted_shield_lets_the_cancel_through(void **state)
{
	struct fixture *f = *state;

	start(f, "SjUnnd", "pd", "");
	reactor_settle(f->r);
	op_cancel(&f->root.op, GRPC_ABORTED, "no");
	op_finish(&f->a.op);
	reactor_settle(f->r);
	assert_int_equal(f->root.op.err.code, GRPC_ABORTED);
	assert_int_equal(f->root.steps, 3);	/* S, j, U; no more */
}

static void a_deadline_bounds_the_tree_and_says_where(void **state)
{
	struct fixture *f = *state;

	start(f, "jd", "p", "");
	op_set_deadline(&f->root.op, 1000);
	reactor_advance(f->r, 400);
	assert_int_equal(op_time_left(&f->a.op), 600);
	op_set_deadline(&f->a.op, 5000);
	assert_int_equal(op_time_left(&f->a.op), 600);	/* the nearest counts */
	reactor_advance(f->r, 599);
	assert_false(f->over);
	reactor_advance(f->r, 1);
	assert_true(f->over);
	assert_int_equal(f->root.op.err.code, GRPC_DEADLINE_EXCEEDED);
	assert_string_equal(err_msg(&f->root.op.err),
			    "deadline exceeded after 1000 ms, in act/act \"quoted\"");
	assert_int_equal(f->a.op.err.code, GRPC_DEADLINE_EXCEEDED);
}

static void a_deadline_that_has_passed(void **state)
{
	struct fixture *f = *state;

	start(f, "p", "", "");
	op_set_deadline(&f->root.op, -5);
	reactor_advance(f->r, 0);
	assert_int_equal(f->root.op.err.code, GRPC_DEADLINE_EXCEEDED);
	assert_int_equal(op_time_left(&f->root.op), INT64_MAX);
}

static void a_child_can_fail_by_its_own_deadline(void **state)
{
	struct fixture *f = *state;

	start(f, "jd", "p", "");
	reactor_settle(f->r);
	op_set_deadline(&f->a.op, 10);
	reactor_advance(f->r, 10);
	assert_int_equal(f->a.op.err.code, GRPC_DEADLINE_EXCEEDED);
	assert_true(f->over && !op_failed(&f->root.op));
}

static void gates_open_before_and_after(void **state)
{
	struct fixture *f = *state;
	struct op_gate early = { 0 }, late = { 0 };

	op_gate_init(&early, f->r, "early");
	op_gate_init(&late, f->r, "late");
	op_gate_open(&early);
	op_start(&early.op, NULL);
	op_start(&late.op, NULL);
	reactor_settle(f->r);
	assert_true(op_ended(&early.op));
	assert_true(op_active(&late.op));
	op_gate_open(&late);
	op_gate_open(&late);
	assert_true(op_active(&late.op));	/* the end is queued */
	reactor_settle(f->r);
	assert_true(op_ended(&late.op));
	op_fini(&early.op);
	op_fini(&late.op);
}

static void sleeps_last_as_long_as_said(void **state)
{
	struct fixture *f = *state;
	struct op_sleep s = { 0 };

	for (int i = 0; i < 3; i++) {	/* op_init on an ended one is enough */
		op_sleep_init(&s, f->r, 100);
		op_start(&s.op, NULL);
		reactor_advance(f->r, 99);
		assert_true(op_active(&s.op));
		reactor_advance(f->r, 1);
		assert_true(op_ended(&s.op));
	}
	op_fini(&s.op);
}

static void trees_are_dumped(void **state)
{
	struct fixture *f = *state;
	struct buf out;
	json_t *j;

	start(f, "Sbd", "pd", "pd");
	op_set_deadline(&f->root.op, 500);
	reactor_advance(f->r, 20);
	assert_int_equal(op_count(f->r), 3);
	buf_init(&out, 1u << 16);
	op_dump_text(f->r, &out);
	assert_string_equal(buf_cstr(&out),
		"act root waiting 20ms left=480ms shielded \"quoted\"\n"
		"  act a waiting 20ms \"quoted\"\n"
		"  act b waiting 20ms \"quoted\"\n");
	buf_reset(&out);
	op_dump_json(f->r, &out);
	j = json_parse(buf_view(&out), NULL);
	assert_non_null(j);
	assert_int_equal(json_array_size(json_object_get(json_array_get(j, 0), "children")), 2);
	json_decref(j);
	buf_fini(&out);
	op_finish(&f->a.op);
	op_finish(&f->b.op);
	reactor_settle(f->r);
	assert_int_equal(op_count(f->r), 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(the_starter_returns_first),
		TEST(children_end_before_the_next_step),
		TEST(errors_go_up_with_prefixes),
		TEST(the_first_error_wins),
		TEST(an_end_takes_running_children_along),
		TEST(a_cancel_runs_from_the_leaves_up),
		TEST(a_cancel_before_the_first_turn),
		TEST(a_cancel_after_the_end_is_nothing),
		TEST(a_shield_lets_the_work_finish),
		TEST(a_lifted_shield_lets_the_cancel_through),
		TEST(a_deadline_bounds_the_tree_and_says_where),
		TEST(a_deadline_that_has_passed),
		TEST(a_child_can_fail_by_its_own_deadline),
		TEST(gates_open_before_and_after),
		TEST(sleeps_last_as_long_as_said),
		TEST(trees_are_dumped),
	};

	return cmocka_run_group_tests_name("op", tests, NULL, NULL);
}
