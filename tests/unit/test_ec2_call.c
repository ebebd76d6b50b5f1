/* Calls through the scheduler against token buckets, in virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "aws/ec2.h"
#include "base/mem.h"
#include "tests/lib/fake_ec2.h"

struct fixture {
	struct reactor *r;
	struct fake_ec2 fake;
	struct ec2 *ec2;
	struct ec2_call *calls;
	unsigned int ended, failed;
	int64_t last_end;
	enum ec2_fault fail_with;	/* next fail_times attempts */
	unsigned int fail_times;
	bool lose;
	const char *code;
	/* Somebody else in the account: calls per second, and the bucket. */
	struct fake_bucket mutating, create;
};

static struct fixture *current;

static void handle(struct fake_ec2 *fake, const struct ec2_request *req,
		   struct fake_answer *a)
{
	struct fixture *f = fake->ctx;

	(void)req;
	if (f->fail_times == 0)
		return;
	f->fail_times--;
	a->lost = f->lose;
	a->fault = f->fail_with;
	a->code = f->code;
	a->text = "scripted";
}

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	f->r = reactor_new_virtual(1700000000000);
	fake_ec2_init(&f->fake, f->r);
	f->fake.ctx = f;
	f->fake.handle = handle;
	f->ec2 = ec2_new(f->r, &f->fake.transport);
	fake_bucket_init(&f->mutating, 50, 5);
	fake_bucket_init(&f->create, 100, 5);
	f->fake.bucket[EC2_ATTACH_VOLUME] = &f->mutating;
	f->fake.bucket[EC2_DETACH_VOLUME] = &f->mutating;
	f->fake.bucket[EC2_CREATE_VOLUME] = &f->create;
	f->fake.bucket[EC2_DELETE_VOLUME] = NULL;
	current = f;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	ec2_free(f->ec2);
	reactor_free(f->r);
	free(f->calls);
	free(f);
	return 0;
}

static void on_end(struct op *op)
{
	current->ended++;
	current->failed += op_failed(op);
	current->last_end = reactor_now(op->reactor);
}

static struct ec2_call *start(struct fixture *f, struct ec2_call *call, enum ec2_action a)
{
	ec2_call_init(call, f->ec2, a);
	op_start(&call->op, on_end);
	return call;
}

static void start_many(struct fixture *f, unsigned int n, enum ec2_action a)
{
	f->calls = xcalloc(n, sizeof(*f->calls));
	for (unsigned int i = 0; i < n; i++)
		start(f, &f->calls[i], a);
}

static void finish_many(struct fixture *f, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		op_fini(&f->calls[i].op);
}

/* ---- buckets ---- */

static void run_against_bucket(struct fixture *f, unsigned int n, enum ec2_action a,
			       struct fake_bucket *b, double most_share, double most_time)
{
	double optimum = ((double)n - b->burst) / b->rate;
	double share, time;

	start_many(f, n, a);
	reactor_advance(f->r, (int64_t)(optimum * 2000) + 60000);
	assert_int_equal(f->ended, n);
	assert_int_equal(f->failed, 0);
	share = (double)f->fake.throttled[a] / f->fake.calls[a];
	time = (double)f->last_end / 1000 / (optimum > 1 ? optimum : 1);
	print_message("# %u calls, %.0f + %.0f/s: %.2f %% throttled, %.3f of the optimum\n",
		      n, b->burst, b->rate, share * 100, time);
	assert_true(share <= most_share);
	assert_true(time <= most_time);
	finish_many(f, n);
}

static void default_bucket_5000(void **state)
{
	struct fixture *f = *state;

	run_against_bucket(f, 5000, EC2_ATTACH_VOLUME, &f->mutating, 0.01, 1.05);
}

static void default_bucket_1000(void **state)
{
	struct fixture *f = *state;

	run_against_bucket(f, 1000, EC2_CREATE_VOLUME, &f->create, 0.01, 1.05);
}

static void default_bucket_100_calls_hardly_throttle(void **state)
{
	struct fixture *f = *state;

	run_against_bucket(f, 200, EC2_ATTACH_VOLUME, &f->mutating, 0.025, 1.08);
}

static void limits_raised_tenfold(void **state)
{
	struct fixture *f = *state;

	fake_bucket_init(&f->mutating, 500, 50);
	run_against_bucket(f, 5000, EC2_ATTACH_VOLUME, &f->mutating, 0.03, 1.10);
}

static void limits_raised_twentyfold(void **state)
{
	struct fixture *f = *state;

	fake_bucket_init(&f->mutating, 1000, 100);
	run_against_bucket(f, 10000, EC2_ATTACH_VOLUME, &f->mutating, 0.03, 1.10);
}

static void limits_below_the_published(void **state)
{
	struct fixture *f = *state;

	fake_bucket_init(&f->mutating, 20, 2);
	run_against_bucket(f, 1000, EC2_ATTACH_VOLUME, &f->mutating, 0.03, 1.05);
}

static void limits_raised_while_we_run(void **state)
{
	struct fixture *f = *state;

	start_many(f, 5000, EC2_ATTACH_VOLUME);
	reactor_advance(f->r, 200000);
	assert_in_range(f->ended, 1000, 1060);
	f->mutating.rate = 50;
	f->mutating.burst = 500;
	/* 3,950 more at 50/s, and a minute and a half to find out. */
	reactor_advance(f->r, 79000 + 90000);
	assert_int_equal(f->ended, 5000);
	assert_true(f->fake.throttled[EC2_ATTACH_VOLUME] < 200);
	finish_many(f, 5000);
}

static struct timer other;

/* Half of 5/s, and soon again when refused, as every client does. */
static void other_client_calls(struct timer *t)
{
	static int64_t due;

	due = due ? due : t->at;
	if (fake_bucket_take(&current->mutating, t->at))
		due += 400;
	timer_arm_at(t, due > t->at ? due : t->at + 70);
}

static void another_client_takes_half(void **state)
{
	struct fixture *f = *state;

	start_many(f, 1700, EC2_ATTACH_VOLUME);
	reactor_advance(f->r, 100000);
	assert_in_range(f->ended, 500, 560);
	timer_init(&other, f->r, other_client_calls);
	timer_arm(&other, 0);
	reactor_advance(f->r, 350000);	/* 875 at 2.5/s */
	timer_disarm(&other);
	assert_in_range(f->ended, 500 + 830, 560 + 890);
	print_message("# %u ended, %u throttled\n", f->ended, f->fake.throttled[EC2_ATTACH_VOLUME]);
	assert_true(f->fake.throttled[EC2_ATTACH_VOLUME] < 45);
	reactor_advance(f->r, 110000);
	assert_int_equal(f->ended, 1700);
	finish_many(f, 1700);
}

static void bursts_after_idle_hours_do_not_throttle(void **state)
{
	struct fixture *f = *state;
	unsigned int before;

	start_many(f, 400, EC2_ATTACH_VOLUME);
	reactor_advance(f->r, 100000);
	assert_int_equal(f->ended, 400);
	finish_many(f, 400);
	free(f->calls);
	reactor_advance(f->r, 3600000);
	before = f->fake.throttled[EC2_ATTACH_VOLUME];
	f->ended = 0;
	start_many(f, 200, EC2_ATTACH_VOLUME);
	reactor_advance(f->r, 36000);
	assert_int_equal(f->ended, 200);
	assert_true(f->fake.throttled[EC2_ATTACH_VOLUME] - before <= 4);
	finish_many(f, 200);
}

static void without_buckets_the_pool_is_the_limit(void **state)
{
	struct fixture *f = *state;

	start_many(f, 5000, EC2_DELETE_VOLUME);
	/* 64 at a time at 300 ms each is 213/s. */
	reactor_advance(f->r, 5000 * 1000 / 213 + 5000);
	assert_int_equal(f->ended, 5000);
	assert_int_equal(f->fake.most_in_flight, EC2_IN_FLIGHT_MAX);
	finish_many(f, 5000);
}

/* ---- order ---- */

static void first_come_first_served(void **state)
{
	struct fixture *f = *state;
	unsigned int late = 0;

	f->fake.jitter_ms = 0;
	start_many(f, 300, EC2_ATTACH_VOLUME);
	for (int i = 0; i < 60 && f->ended < 300; i++) {
		reactor_advance(f->r, 1000);
		/* Ended ones are a prefix but for what is under way. */
		for (unsigned int k = 0; k + 40 < f->ended; k++)
			late += op_active(&f->calls[k].op);
	}
	assert_int_equal(f->ended, 300);
	assert_int_equal(late, 0);
	finish_many(f, 300);
}

static void classes_share_a_bucket(void **state)
{
	struct fixture *f = *state;
	struct ec2_call *detach = xcalloc(500, sizeof(*detach));
	unsigned int attached = 0, detached = 0;

	start_many(f, 500, EC2_ATTACH_VOLUME);
	for (int i = 0; i < 500; i++)
		start(f, &detach[i], EC2_DETACH_VOLUME);
	reactor_advance(f->r, 60000);
	for (int i = 0; i < 500; i++) {
		attached += op_ended(&f->calls[i].op);
		detached += op_ended(&detach[i].op);
	}
	assert_in_range(attached + detached, 330, 355);
	assert_in_range(detached * 100 / (attached + detached), 53, 61);	/* 8 : 6 */
	reactor_advance(f->r, 300000);
	assert_int_equal(f->ended, 1000);
	finish_many(f, 500);
	for (int i = 0; i < 500; i++)
		op_fini(&detach[i].op);
	free(detach);
}

/* The whole pool is full of creations, thousands more wait: attach and detach
 * take the next connections that come free. */
static void bulk_creation_holds_nobody_up(void **state)
{
	struct fixture *f = *state;
	struct ec2_call *call = xcalloc(40, sizeof(*call));

	f->fake.bucket[EC2_CREATE_VOLUME] = NULL;
	start_many(f, 5000, EC2_CREATE_VOLUME);
	reactor_advance(f->r, 8000);
	assert_in_range(f->ended, 700, 1600);
	assert_int_equal(f->fake.in_flight, EC2_IN_FLIGHT_MAX);
	for (int i = 0; i < 40; i++)
		start(f, &call[i], i % 2 ? EC2_DETACH_VOLUME : EC2_ATTACH_VOLUME);
	/* 200 to 400 ms for an answer, and the first few open the model's tap. */
	reactor_advance(f->r, 1600);
	for (int i = 0; i < 40; i++)
		assert_true(op_ended(&call[i].op));
	reactor_advance(f->r, 30000);
	assert_int_equal(f->ended, 5040);
	finish_many(f, 5000);
	for (int i = 0; i < 40; i++)
		op_fini(&call[i].op);
	free(call);
}

/* ---- faults ---- */

static void a_lost_attach_is_not_sent_again(void **state)
{
	struct fixture *f = *state;
	struct ec2_call call = { 0 };

	f->lose = true;
	f->fail_times = 1;
	start(f, &call, EC2_ATTACH_VOLUME);
	reactor_advance(f->r, 60000);
	assert_int_equal(f->fake.calls[EC2_ATTACH_VOLUME], 1);
	assert_true(op_failed(&call.op));
	assert_true(call.maybe_done);
	assert_int_equal(call.op.err.code, GRPC_UNAVAILABLE);
	assert_string_equal(err_msg(&call.op.err),
			    "AttachVolume: connection reset (request id req-1)");
	op_fini(&call.op);
}

static void a_lost_create_is_sent_again(void **state)
{
	struct fixture *f = *state;
	struct ec2_call call = { 0 };

	f->lose = true;
	f->fail_times = 2;
	start(f, &call, EC2_CREATE_VOLUME);
	reactor_advance(f->r, 60000);
	assert_int_equal(f->fake.calls[EC2_CREATE_VOLUME], 3);
	assert_false(op_failed(&call.op));
	op_fini(&call.op);
}

static void a_refusal_is_final_and_says_why(void **state)
{
	struct fixture *f = *state;
	struct ec2_call call = { 0 };

	f->fail_times = 1;
	f->fail_with = EC2_FAULT_REFUSED;
	f->code = "VolumeInUse";
	start(f, &call, EC2_DELETE_VOLUME);
	reactor_advance(f->r, 60000);
	assert_int_equal(f->fake.calls[EC2_DELETE_VOLUME], 1);
	assert_true(ec2_call_failed_with(&call, "VolumeInUse"));
	assert_false(call.maybe_done);
	assert_int_equal(call.op.err.code, GRPC_FAILED_PRECONDITION);
	assert_string_equal(err_msg(&call.op.err),
			    "DeleteVolume: VolumeInUse: scripted (request id req-1)");
	op_fini(&call.op);
}

static void credentials_are_tried_twice(void **state)
{
	struct fixture *f = *state;
	struct ec2_call call = { 0 };

	f->fail_times = 100;
	f->fail_with = EC2_FAULT_AUTH;
	f->code = "AuthFailure";
	start(f, &call, EC2_CREATE_VOLUME);
	reactor_advance(f->r, 60000);
	assert_int_equal(f->fake.calls[EC2_CREATE_VOLUME], 2);
	assert_int_equal(call.op.err.code, GRPC_UNAUTHENTICATED);
	op_fini(&call.op);
}

static void no_storm_when_ec2_is_down(void **state)
{
	struct fixture *f = *state;

	f->fail_times = UINT32_MAX;
	f->fail_with = EC2_FAULT_NOT_SENT;
	f->code = "";
	start_many(f, 1000, EC2_CREATE_VOLUME);
	reactor_advance(f->r, 20000);
	assert_int_equal(f->ended, 1000);
	assert_int_equal(f->failed, 1000);
	assert_true(f->fake.calls[EC2_CREATE_VOLUME] < 150);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(f->calls[i].op.err.code, GRPC_UNAVAILABLE);
		assert_non_null(strstr(err_msg(&f->calls[i].op.err), "scripted"));
	}
	finish_many(f, 1000);
	/* And back: the next call is answered. */
	f->fail_times = 0;
	free(f->calls);
	f->ended = f->failed = 0;
	start_many(f, 20, EC2_CREATE_VOLUME);
	reactor_advance(f->r, 5000);
	assert_int_equal(f->ended, 20);
	assert_int_equal(f->failed, 0);
	finish_many(f, 20);
}

/* ---- cancel and deadline at each stage ---- */

static void a_cancelled_call_gives_its_place_back(void **state)
{
	struct fixture *f = *state;

	start_many(f, 100, EC2_ATTACH_VOLUME);
	reactor_settle(f->r);
	for (int i = 60; i < 90; i++)
		op_cancel(&f->calls[i].op, GRPC_CANCELLED, "gone");
	reactor_advance(f->r, 100);
	assert_int_equal(f->failed, 30);
	reactor_advance(f->r, 20000);
	assert_int_equal(f->ended, 100);
	assert_int_equal(f->failed, 30);
	assert_true(f->fake.calls[EC2_ATTACH_VOLUME] <= 75);
	finish_many(f, 100);
}

static void a_mutating_attempt_is_awaited_even_when_cancelled(void **state)
{
	struct fixture *f = *state;
	struct ec2_call call = { 0 };

	f->fake.jitter_ms = 0;
	start(f, &call, EC2_ATTACH_VOLUME);
	reactor_advance(f->r, 50);
	op_cancel(&call.op, GRPC_CANCELLED, "gone");
	reactor_advance(f->r, 100);
	assert_int_equal(f->ended, 0);
	reactor_advance(f->r, 100);
	assert_int_equal(f->ended, 1);
	op_fini(&call.op);

	start(f, &call, EC2_DESCRIBE_VOLUMES);
	reactor_advance(f->r, 50);
	op_cancel(&call.op, GRPC_CANCELLED, "gone");
	reactor_settle(f->r);
	assert_int_equal(f->ended, 2);
	op_fini(&call.op);

	start(f, &call, EC2_ATTACH_VOLUME);
	reactor_advance(f->r, 50);
	op_cancel(&call.op, GRPC_CANCELLED, "gone");
	ec2_stop(f->ec2);
	reactor_settle(f->r);
	assert_int_equal(f->ended, 3);
	op_fini(&call.op);
}

static void cancels_at_any_time_leave_nothing(void **state)
{
	struct fixture *f = *state;

	f->fake.latency_ms = 20;
	for (int64_t ms = 0; ms < 120; ms++) {
		f->calls = xcalloc(100, sizeof(*f->calls));
		f->fail_times = 30;
		f->fail_with = EC2_FAULT_NOT_SENT;
		for (int i = 0; i < 100; i++) {
			start(f, &f->calls[i], (enum ec2_action)(i % EC2_ACTION_COUNT));
			op_set_deadline(&f->calls[i].op, ms + i % 7);
		}
		reactor_advance(f->r, 600);
		assert_int_equal(f->ended, (ms + 1) * 100);
		assert_int_equal(f->fake.in_flight, 0);
		finish_many(f, 100);
		free(f->calls);
		f->calls = NULL;
	}
}

static void the_dump_is_json_of_known_shape(void **state)
{
	struct fixture *f = *state;
	struct buf out;

	buf_init(&out, 1 << 16);
	ec2_dump_json(f->ec2, &out);
	assert_non_null(strstr(buf_cstr(&out), "\"MUTATING\":{\"learned\":false,\"rate\":5.00"));
	assert_non_null(strstr(buf_cstr(&out), "\"AttachVolume\":{\"calls\":0"));
	assert_int_equal(buf_cstr(&out)[out.len - 1], '}');
	buf_fini(&out);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(default_bucket_5000),
		T(default_bucket_1000),
		T(default_bucket_100_calls_hardly_throttle),
		T(limits_raised_tenfold),
		T(limits_raised_twentyfold),
		T(limits_below_the_published),
		T(limits_raised_while_we_run),
		T(another_client_takes_half),
		T(bursts_after_idle_hours_do_not_throttle),
		T(without_buckets_the_pool_is_the_limit),
		T(first_come_first_served),
		T(classes_share_a_bucket),
		T(bulk_creation_holds_nobody_up),
		T(a_lost_attach_is_not_sent_again),
		T(a_lost_create_is_sent_again),
		T(a_refusal_is_final_and_says_why),
		T(credentials_are_tried_twice),
		T(no_storm_when_ec2_is_down),
		T(a_cancelled_call_gives_its_place_back),
		T(a_mutating_attempt_is_awaited_even_when_cancelled),
		T(cancels_at_any_time_leave_nothing),
		T(the_dump_is_json_of_known_shape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
