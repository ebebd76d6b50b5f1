/* The poller against a scripted EC2: attribution of errors, merging, paging,
 * failures as a whole, watches that leave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "ebs/poll.h"
#include "tests/lib/fake_ec2.h"

enum naming { NAME_BAD, NAME_ALL, NAME_NONE };

struct fixture {
	struct reactor *r;
	struct fake_ec2 fake;
	struct ec2 *ec2;
	struct poller *p;
	enum naming naming;
	const char *code;	/* of every failure, NULL: NotFound for bad ids */
	unsigned int fail_times;
	size_t page;		/* items a page, 0: all */
	size_t most_ids;
	const char *status;	/* of all volumes */
	unsigned int ended;
};

static struct fixture *current;

static bool is_bad(const char *id)
{
	return strstr(id, "bad") != NULL;
}

static void refuse(struct fixture *f, const struct ec2_strings *ids, struct fake_answer *a)
{
	struct buf text;

	buf_init(&text, 1 << 20);
	buf_adds(&text, "The volumes '");
	for (size_t i = 0; i < ids->n; i++)
		if (f->naming == NAME_ALL || (f->naming == NAME_BAD && is_bad(ids->v[i])))
			buf_printf(&text, "%s, ", ids->v[i]);
	buf_adds(&text, "' do not exist.");
	fake_fail(a, "InvalidVolume.NotFound",
		  arena_str(&a->resp->arena, buf_cstr(&text)));
	buf_fini(&text);
}

static void answer(struct fixture *f, const struct ec2_describe_volumes *rq,
		   struct fake_answer *a)
{
	struct ec2_volumes *vs = &a->resp->volumes;
	struct arena *arena = &a->resp->arena;
	size_t from = rq->next_token ? strtoul(rq->next_token, NULL, 10) : 0;
	size_t n = rq->volume_ids.n - from;

	if (f->page && n > f->page) {
		n = f->page;
		vs->next_token = arena_printf(arena, "%zu", from + n);
	}
	vs->v = arena_array(arena, n, sizeof(*vs->v));
	vs->n = n;
	for (size_t i = 0; i < n; i++) {
		vs->v[i].volume_id = arena_str(arena, rq->volume_ids.v[from + i]);
		vs->v[i].status = f->status;
	}
}

static void handle(struct fake_ec2 *fake, const struct ec2_request *req, struct fake_answer *a)
{
	struct fixture *f = fake->ctx;
	const struct ec2_describe_volumes *rq = &req->describe_volumes;

	if (rq->volume_ids.n > f->most_ids)
		f->most_ids = rq->volume_ids.n;
	if (f->fail_times > 0) {
		f->fail_times--;
		fake_fail(a, f->code, "as ordered");
		return;
	}
	for (size_t i = 0; i < rq->volume_ids.n; i++) {
		if (!is_bad(rq->volume_ids.v[i]))
			continue;
		refuse(f, &rq->volume_ids, a);
		return;
	}
	answer(f, rq, a);
}

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	f->r = reactor_new_virtual(1700000000000);
	fake_ec2_init(&f->fake, f->r);
	f->fake.ctx = f;
	f->fake.handle = handle;
	f->ec2 = ec2_new(f->r, &f->fake.transport);
	f->p = poller_new(f->r, f->ec2, &poll_volumes);
	f->status = "available";
	current = f;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	poller_stop(f->p);
	reactor_settle(f->r);
	assert_true(poller_idle(f->p));
	poller_free(f->p);
	ec2_free(f->ec2);
	reactor_free(f->r);
	free(f);
	return 0;
}

static enum watch_verdict check_there(struct watch *w, const void *item)
{
	if (item)
		return WATCH_DONE;
	op_err(&w->op, GRPC_NOT_FOUND, "%s", w->id);
	return WATCH_FAILED;
}

static enum watch_verdict check_available(struct watch *w, const void *item)
{
	const struct ec2_volume *v = item;

	(void)w;
	return v && cstr_eq(v->status, "available") ? WATCH_DONE : WATCH_ON;
}

static void on_end(struct op *op)
{
	(void)op;
	current->ended++;
}

struct many {
	struct watch *w;
	char (*id)[32];
	size_t n;
};

static struct many look(struct fixture *f, size_t n, size_t bad_every)
{
	struct many m = { xcalloc(n, sizeof(*m.w)), xcalloc(n, sizeof(*m.id)), n };

	for (size_t i = 0; i < n; i++) {
		snprintf(m.id[i], sizeof(m.id[i]), bad_every && i % bad_every == 2 ?
			 "vol-bad%05zu" : "vol-%08zu", i);
		watch_init(&m.w[i], f->p, m.id[i], TRANSITION_LOOK, check_there);
		op_start(&m.w[i].op, on_end);
	}
	return m;
}

static void finish(struct many *m)
{
	for (size_t i = 0; i < m->n; i++)
		op_fini(&m->w[i].op);
	free(m->w);
	free(m->id);
}

static void judge(struct fixture *f, enum naming naming, size_t n, size_t bad_every,
		  unsigned int most_calls)
{
	struct many m;

	f->naming = naming;
	m = look(f, n, bad_every);
	reactor_advance(f->r, 60000);
	assert_int_equal(f->ended, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(op_failed(&m.w[i].op), is_bad(m.id[i]));
	assert_true(f->fake.calls[EC2_DESCRIBE_VOLUMES] <= most_calls);
	finish(&m);
}

static void ids_that_are_named_are_set_apart(void **state)
{
	judge(*state, NAME_BAD, 300, 100, 1 + 2 + 6);
}

static void when_all_are_named_halves_are_asked(void **state)
{
	judge(*state, NAME_ALL, 64, 64, 1 + 2 * 6);
}

static void when_none_is_named_halves_are_asked(void **state)
{
	judge(*state, NAME_NONE, 64, 32, 1 + 2 * 2 * 6);
}

static void lists_are_cut_at_500(void **state)
{
	struct fixture *f = *state;
	struct many m = look(f, 1800, 0);

	reactor_advance(f->r, 5000);
	assert_int_equal(f->ended, 1800);
	assert_int_equal(f->fake.calls[EC2_DESCRIBE_VOLUMES], 4);
	assert_int_equal(f->most_ids, 500);
	finish(&m);
}

static void pages_are_followed(void **state)
{
	struct fixture *f = *state;
	struct many m;

	f->page = 30;
	m = look(f, 100, 0);
	reactor_advance(f->r, 10000);
	assert_int_equal(f->ended, 100);
	for (size_t i = 0; i < 100; i++)
		assert_false(op_failed(&m.w[i].op));
	assert_int_equal(f->fake.calls[EC2_DESCRIBE_VOLUMES], 4);
	finish(&m);
}

static void the_first_goes_out_at_once_and_the_rest_are_merged(void **state)
{
	struct fixture *f = *state;
	struct many a, b;

	f->fake.jitter_ms = 0;
	a = look(f, 1, 0);
	reactor_advance(f->r, 50);
	assert_int_equal(f->fake.calls[EC2_DESCRIBE_VOLUMES], 1);
	b = look(f, 20, 0);
	reactor_advance(f->r, 149);
	assert_int_equal(f->fake.calls[EC2_DESCRIBE_VOLUMES], 1);
	reactor_advance(f->r, 10);
	assert_int_equal(f->ended, 1);	/* what was asked before b began is no answer to it */
	assert_int_equal(f->fake.calls[EC2_DESCRIBE_VOLUMES], 2);
	reactor_advance(f->r, 250);
	assert_int_equal(f->ended, 21);
	finish(&a);
	finish(&b);
}

static void a_failure_as_a_whole_settles_no_state(void **state)
{
	struct fixture *f = *state;
	struct watch w = { 0 };
	struct many m;

	f->code = "UnauthorizedOperation";
	f->fail_times = 3;
	watch_init(&w, f->p, "vol-00000001", TRANSITION_CREATING, check_available);
	op_start(&w.op, on_end);
	m = look(f, 2, 0);
	reactor_advance(f->r, 1000);
	assert_int_equal(f->ended, 2);	/* those who look now are told */
	assert_int_equal(m.w[0].op.err.code, GRPC_INTERNAL);
	reactor_advance(f->r, 30000);
	assert_int_equal(f->ended, 3);
	assert_false(op_failed(&w.op));
	op_fini(&w.op);
	/* For good: in the end it says why. */
	f->fail_times = 1000;
	watch_init(&w, f->p, "vol-00000001", TRANSITION_CREATING, check_available);
	op_start(&w.op, on_end);
	reactor_advance(f->r, 60000);
	assert_true(err_reason_is(&w.op.err, "UnauthorizedOperation"));
	op_fini(&w.op);
	finish(&m);
}

static void watches_may_leave_at_any_time(void **state)
{
	struct fixture *f = *state;

	f->status = "creating";
	for (int64_t ms = 0; ms < 2000; ms += 20) {
		struct watch w[3];

		memset(w, 0, sizeof(w));
		for (int i = 0; i < 3; i++) {
			watch_init(&w[i], f->p, "vol-00000001", TRANSITION_CREATING,
				   check_available);
			op_start(&w[i].op, on_end);
		}
		reactor_advance(f->r, ms);
		for (int i = 0; i < 3; i++)
			op_cancel(&w[i].op, GRPC_CANCELLED, "gone");
		reactor_settle(f->r);
		for (int i = 0; i < 3; i++)
			assert_true(op_ended(&w[i].op));
		for (int i = 0; i < 3; i++)
			op_fini(&w[i].op);
	}
}

static void nothing_is_asked_when_nobody_waits(void **state)
{
	struct fixture *f = *state;
	struct many m = look(f, 5, 0);
	unsigned int before;

	reactor_advance(f->r, 5000);
	before = f->fake.calls[EC2_DESCRIBE_VOLUMES];
	reactor_advance(f->r, 3600000);
	assert_int_equal(f->fake.calls[EC2_DESCRIBE_VOLUMES], before);
	finish(&m);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(ids_that_are_named_are_set_apart),
		T(when_all_are_named_halves_are_asked),
		T(when_none_is_named_halves_are_asked),
		T(lists_are_cut_at_500),
		T(pages_are_followed),
		T(the_first_goes_out_at_once_and_the_rest_are_merged),
		T(a_failure_as_a_whole_settles_no_state),
		T(watches_may_leave_at_any_time),
		T(nothing_is_asked_when_nobody_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
