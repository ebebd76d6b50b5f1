/* The in-process transport: latency, faults as the seam names them, cancels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/sim_transport.h"

struct fixture {
	struct reactor *r;
	struct sim_model *m;
	struct sim_transport *t;
	struct ec2_request req;
	struct ec2_exchange x;
	bool ended;
};

static struct fixture *current;

static void on_end(struct op *op)
{
	(void)op;
	current->ended = true;
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct sim_config c;

	sim_config_default(&c);
	for (int a = 0; a < EC2_ACTION_COUNT; a++)
		c.latency[a] = (struct sim_delay){ 300, 300, 300, 300 };
	c.bucket_scale = 0;
	f->r = reactor_new_virtual(1700000000000);
	f->m = sim_model_new(&c, NULL);
	f->t = sim_transport_new(f->r, f->m);
	f->req = (struct ec2_request){ .action = EC2_CREATE_VOLUME, .create_volume = {
		.availability_zone = "us-east-1a", .size = 1, .volume_type = "gp3" } };
	current = f;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	op_fini(&f->x.op);
	sim_transport_free(f->t);
	sim_model_free(f->m);
	reactor_free(f->r);
	free(f);
	return 0;
}

static void send(struct fixture *f)
{
	f->ended = false;
	ec2_exchange_init(&f->x, sim_transport_ec2(f->t), &f->req);
	op_start(&f->x.op, on_end);
}

static bool one(void *ctx, const struct sim_volume_info *v)
{
	(void)v;
	++*(int *)ctx;
	return true;
}

static int volumes(struct fixture *f)
{
	int n = 0;

	sim_model_each_volume(f->m, one, &n);
	return n;
}

static void answers_after_the_latency(void **state)
{
	struct fixture *f = *state;

	send(f);
	reactor_advance(f->r, 299);
	assert_false(f->ended);
	assert_int_equal(volumes(f), 1);	/* it took effect on arrival */
	reactor_advance(f->r, 1);
	assert_true(f->ended);
	assert_false(op_failed(&f->x.op));
	assert_int_equal(f->x.fault, EC2_FAULT_NONE);
	assert_int_equal(f->x.http_status, 200);
	assert_string_equal(f->x.resp.volume.status, "creating");
}

static void exchanges_are_used_again(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 3; i++) {
		send(f);
		reactor_advance(f->r, 300);
		assert_true(f->ended);
		assert_non_null(f->x.resp.volume.volume_id);
	}
	assert_int_equal(volumes(f), 3);
}

static void faults_map_to_the_seam(void **state)
{
	static const struct { enum sim_fault_kind kind; enum ec2_fault fault; int status;
			      const char *reason; int made; } rows[] = {
		{ SIM_FAULT_THROTTLE, EC2_FAULT_THROTTLED, 503, "RequestLimitExceeded", 0 },
		{ SIM_FAULT_ERROR, EC2_FAULT_UNKNOWN, 500, "InternalError", 0 },
		{ SIM_FAULT_ERROR_AFTER, EC2_FAULT_UNKNOWN, 500, "InternalError", 1 },
		{ SIM_FAULT_UNAVAILABLE, EC2_FAULT_UNKNOWN, 503, "Unavailable", 0 },
		{ SIM_FAULT_AUTH, EC2_FAULT_AUTH, 401, "AuthFailure", 0 },
		{ SIM_FAULT_EXPIRED, EC2_FAULT_AUTH, 400, "RequestExpired", 0 },
		{ SIM_FAULT_DENIED, EC2_FAULT_REFUSED, 403, "UnauthorizedOperation", 0 },
		{ SIM_FAULT_VOLUME_LIMIT, EC2_FAULT_REFUSED, 400, "VolumeLimitExceeded", 0 },
		{ SIM_FAULT_RESET_BEFORE, EC2_FAULT_UNKNOWN, 0, "", 0 },
		{ SIM_FAULT_RESET_AFTER, EC2_FAULT_UNKNOWN, 0, "", 1 },
		{ SIM_FAULT_TRUNCATED, EC2_FAULT_UNKNOWN, 200, "", 1 },
		{ SIM_FAULT_MALFORMED, EC2_FAULT_UNKNOWN, 200, "", 1 },
		{ SIM_FAULT_HTML, EC2_FAULT_UNKNOWN, 503, "", 0 },
		{ SIM_FAULT_EMPTY, EC2_FAULT_UNKNOWN, 500, "", 0 },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int before = volumes(f);

		sim_model_clear_faults(f->m);
		sim_model_add_fault(f->m, &(struct sim_fault){ .kind = rows[i].kind,
				    .action = SIM_ANY_ACTION }, NULL);
		send(f);
		reactor_advance(f->r, 300);
		assert_true(f->ended);
		assert_true(op_failed(&f->x.op));
		assert_int_equal(f->x.fault, rows[i].fault);
		assert_int_equal(f->x.http_status, rows[i].status);
		assert_string_equal(cstr_or(f->x.op.err.reason, ""), rows[i].reason);
		assert_int_equal(volumes(f) - before, rows[i].made);
		if (*rows[i].reason)
			assert_non_null(strstr(err_msg(&f->x.op.err), "(request id "));
	}
}

static void a_hang_ends_by_the_timeout(void **state)
{
	struct fixture *f = *state;

	sim_transport_set_timeout(f->t, 5000);
	sim_model_add_fault(f->m, &(struct sim_fault){ .kind = SIM_FAULT_HANG_AFTER,
			    .action = SIM_ANY_ACTION }, NULL);
	send(f);
	reactor_advance(f->r, 4999);
	assert_false(f->ended);
	reactor_advance(f->r, 1);
	assert_true(f->ended);
	assert_int_equal(f->x.fault, EC2_FAULT_UNKNOWN);
	assert_int_equal(volumes(f), 1);
}

static void an_unreachable_ec2_is_not_asked(void **state)
{
	struct fixture *f = *state;

	sim_transport_set_reachable(f->t, false);
	send(f);
	reactor_settle(f->r);
	assert_true(f->ended);
	assert_int_equal(f->x.fault, EC2_FAULT_NOT_SENT);
	assert_int_equal(sim_model_counters(f->m, EC2_CREATE_VOLUME)->calls, 0);
	sim_transport_set_reachable(f->t, true);
	send(f);
	reactor_advance(f->r, 300);
	assert_false(op_failed(&f->x.op));
}

static void a_cancel_on_the_wire_leaves_it_open(void **state)
{
	struct fixture *f = *state;

	send(f);
	reactor_advance(f->r, 100);
	op_cancel(&f->x.op, GRPC_CANCELLED, "test");
	assert_false(f->ended);		/* ends are queued */
	reactor_settle(f->r);
	assert_true(f->ended);
	assert_int_equal(f->x.op.err.code, GRPC_CANCELLED);
	assert_int_equal(f->x.fault, EC2_FAULT_UNKNOWN);
	assert_int_equal(volumes(f), 1);
	reactor_advance(f->r, 1000);
}

static const struct sim_delay second = { 1000, 1000, 1000, 1000 };

static void a_call_in_transit_has_no_effect_yet(void **state)
{
	struct fixture *f = *state;

	sim_transport_set_transit(f->t, &second, 1);
	send(f);
	reactor_advance(f->r, 999);
	assert_int_equal(volumes(f), 0);
	reactor_advance(f->r, 1);
	assert_int_equal(volumes(f), 1);
	reactor_advance(f->r, 299);
	assert_false(f->ended);
	reactor_advance(f->r, 1);
	assert_true(f->ended);
	assert_false(op_failed(&f->x.op));
}

/* The client dies; what it sent still arrives, once. */
static void a_call_in_transit_outlives_its_client(void **state)
{
	struct fixture *f = *state;
	char zone[] = "us-east-1a";

	f->req.create_volume.availability_zone = zone;
	sim_transport_set_transit(f->t, &second, 1);
	send(f);
	reactor_advance(f->r, 500);
	op_cancel(&f->x.op, GRPC_CANCELLED, "test");
	reactor_settle(f->r);
	assert_true(f->ended);
	assert_int_equal(sim_transport_orphans(f->t), 1);
	op_fini(&f->x.op);
	memset(zone, 'x', sizeof(zone) - 1);	/* the request's memory is gone */
	reactor_advance(f->r, 499);
	assert_int_equal(volumes(f), 0);
	reactor_advance(f->r, 1);
	assert_int_equal(volumes(f), 1);
	assert_int_equal(sim_transport_orphans(f->t), 0);
	reactor_advance(f->r, 5000);
	assert_int_equal(volumes(f), 1);
}

static void a_call_in_transit_may_be_lost_with_the_world(void **state)
{
	struct fixture *f = *state;

	sim_transport_set_transit(f->t, &second, 1);
	send(f);
	reactor_advance(f->r, 500);
	op_cancel(&f->x.op, GRPC_CANCELLED, "test");
	reactor_settle(f->r);
	assert_int_equal(sim_transport_orphans(f->t), 1);	/* freed by teardown */
}

static void a_cancel_before_the_start_sends_nothing(void **state)
{
	struct fixture *f = *state;

	send(f);
	op_cancel(&f->x.op, GRPC_CANCELLED, "test");
	reactor_settle(f->r);
	assert_true(f->ended);
	assert_int_equal(f->x.fault, EC2_FAULT_NOT_SENT);
	assert_int_equal(volumes(f), 0);
}

static void deadlines_hold(void **state)
{
	struct fixture *f = *state;

	send(f);
	op_set_deadline(&f->x.op, 50);
	reactor_advance(f->r, 50);
	assert_true(f->ended);
	assert_int_equal(f->x.op.err.code, GRPC_DEADLINE_EXCEEDED);
}

/* Thousands at once, a third of them cancelled while they wait. */
static void many_at_once(void **state)
{
	enum { N = 3000 };
	struct fixture *f = *state;
	struct ec2_exchange *x = xcalloc(N, sizeof(*x));
	int good = 0;

	for (int i = 0; i < N; i++) {
		ec2_exchange_init(&x[i], sim_transport_ec2(f->t), &f->req);
		op_start(&x[i].op, NULL);
	}
	reactor_advance(f->r, 100);
	for (int i = 0; i < N; i += 3)
		op_cancel(&x[i].op, GRPC_CANCELLED, "test");
	reactor_advance(f->r, 300);
	for (int i = 0; i < N; i++) {
		assert_true(op_ended(&x[i].op));
		good += !op_failed(&x[i].op);
		op_fini(&x[i].op);
	}
	assert_int_equal(good, 2000);
	assert_int_equal(volumes(f), N);
	free(x);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(answers_after_the_latency),
		TEST(exchanges_are_used_again),
		TEST(faults_map_to_the_seam),
		TEST(a_hang_ends_by_the_timeout),
		TEST(an_unreachable_ec2_is_not_asked),
		TEST(a_cancel_on_the_wire_leaves_it_open),
		TEST(a_call_in_transit_has_no_effect_yet),
		TEST(a_call_in_transit_outlives_its_client),
		TEST(a_call_in_transit_may_be_lost_with_the_world),
		TEST(a_cancel_before_the_start_sends_nothing),
		TEST(deadlines_hold),
		TEST(many_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
