/* EC2 calls as bytes, from the real client to the simulator's real front, against
 * the same calls at the typed seam. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aws/ec2_encode.h"
#include "aws/ec2_http.h"
#include "base/str.h"
#include "sim/sim_transport.h"
#include "sim/world.h"
#include "tests/lib/byte_link.h"

#define WALL INT64_C(1700000000000)

/* A client with an EC2 of its own. */
struct side {
	struct reactor *r;
	struct sim_model *m;
	struct sim_transport *typed;	/* either */
	struct sim_world world;		/* or */
	struct sim_front front;
	struct http *http;
	struct creds *creds;
	struct ec2_transport *t;
	struct ec2_exchange x;
	char volume[32];
	const char *node;
	struct buf answer;
};

struct fixture {
	struct side typed, bytes;
};

static struct endpoint endpoint = {
	.url = (char *)"http://ec2.test/", .host = (char *)"ec2.test", .path = (char *)"/",
	.region = (char *)"us-east-1", .source = (char *)"the test", .custom = true,
};

static void open_side(struct side *s, uint64_t seed)
{
	struct sim_instance_spec spec = { .zone = "us-east-1a" };
	struct sim_config c;

	sim_config_default(&c);
	c.seed = seed;
	c.epoch_ms = WALL;
	s->r = reactor_new_virtual(WALL);
	s->m = sim_model_new(&c, NULL);
	s->node = sim_model_add_instance(s->m, 0, &spec, NULL);
	buf_init(&s->answer, 1 << 20);
}

static void open_bytes(struct side *s)
{
	struct ec2_http_options opt = { .reactor = s->r, .endpoint = &endpoint,
					.version = "1" };

	sim_world_init(&s->world, s->r, s->m);
	s->front.world = &s->world;
	s->front.auth = (struct sim_auth){ .access_key = "AKIDTEST", .secret_key = "secret",
					   .region = "us-east-1" };
	s->http = byte_link_new(s->r, &s->front, 1);
	s->creds = creds_new(s->r, NULL);
	opt.http = s->http;
	opt.creds = s->creds;
	s->t = ec2_http_new(&opt);
}

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent", 1);
	setenv("AWS_CONFIG_FILE", "/nonexistent", 1);
	setenv("AWS_ACCESS_KEY_ID", "AKIDTEST", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
	unsetenv("AWS_SESSION_TOKEN");
	unsetenv("AWS_DISABLE_CLOCK_SKEW_CORRECTION");
	open_side(&f->typed, 1);
	f->typed.typed = sim_transport_new(f->typed.r, f->typed.m);
	f->typed.t = sim_transport_ec2(f->typed.typed);
	open_side(&f->bytes, 1);
	open_bytes(&f->bytes);
	*state = f;
	return 0;
}

static void close_side(struct side *s)
{
	op_fini(&s->x.op);
	if (s->typed) {
		sim_transport_free(s->typed);
	} else {
		ec2_http_free(s->t);
		creds_free(s->creds);
		byte_link_free(s->http);
		sim_world_fini(&s->world);
	}
	sim_model_free(s->m);
	reactor_free(s->r);
	buf_fini(&s->answer);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	close_side(&f->typed);
	close_side(&f->bytes);
	free(f);
	return 0;
}

static void send(struct side *s, const struct ec2_request *req)
{
	ec2_exchange_init(&s->x, s->t, req);
	op_start(&s->x.op, NULL);
}

/* To the end, and what it said as text. */
static void call(struct side *s, const struct ec2_request *req)
{
	send(s, req);
	reactor_advance(s->r, 70000);
	assert_true(op_ended(&s->x.op));
	buf_reset(&s->answer);
	buf_printf(&s->answer, "%d %d %s ", (int)s->x.fault, s->x.http_status,
		   cstr_or(s->x.op.err.reason, ""));
	if (!op_failed(&s->x.op))
		ec2_encode_response(&s->x.resp, &s->answer);
}

static void make_request(struct side *s, unsigned int kind, struct ec2_request *req)
{
	static const char *ids[1];

	*req = (struct ec2_request){0};
	switch (kind) {
	case 0:
		req->action = EC2_CREATE_VOLUME;
		req->create_volume.availability_zone = "us-east-1a";
		req->create_volume.size = 8;
		req->create_volume.volume_type = "gp3";
		return;
	case 1:
		req->action = EC2_ATTACH_VOLUME;
		req->attach_volume.volume_id = s->volume;
		req->attach_volume.instance_id = s->node;
		req->attach_volume.device = "/dev/xvdaa";
		return;
	case 2:
		req->action = EC2_DETACH_VOLUME;
		req->detach_volume.volume_id = s->volume;
		req->detach_volume.instance_id = s->node;
		return;
	case 3:
		req->action = EC2_DELETE_VOLUME;
		req->delete_volume.volume_id = s->volume;
		return;
	default:
		req->action = EC2_DESCRIBE_VOLUMES;
		ids[0] = s->volume;
		req->describe_volumes.volume_ids.v = (void *)ids;
		req->describe_volumes.volume_ids.n = *s->volume ? 1 : 0;
	}
}

static void do_one(struct side *s, unsigned int kind)
{
	struct ec2_request req;

	make_request(s, kind, &req);
	call(s, &req);
	if (kind == 0 && !op_failed(&s->x.op))
		snprintf(s->volume, sizeof(s->volume), "%s", s->x.resp.volume.volume_id);
}

/* Whatever the answer, good, refused, broken or none: both paths make the same
 * of it. */
static void both_paths_agree(void **state)
{
	struct fixture *f = *state;
	struct sim_rng rng = { 7 };
	int good = 0;

	for (int k = 0; k < SIM_FAULT_COUNT; k++) {
		struct sim_fault fault = { .kind = (enum sim_fault_kind)k, .probability = 0.03,
					   .action = SIM_ANY_ACTION, .delay_ms = 1000 };

		if (k == SIM_FAULT_ATTACH_STUCK || k == SIM_FAULT_DETACH_STUCK)
			continue;
		assert_int_equal(sim_model_add_fault(f->typed.m, &fault, NULL), 0);
		assert_int_equal(sim_model_add_fault(f->bytes.m, &fault, NULL), 0);
	}
	for (int i = 0; i < 2000; i++) {
		unsigned int kind = (unsigned int)sim_rng_below(&rng, 5);

		do_one(&f->typed, kind);
		do_one(&f->bytes, kind);
		assert_string_equal(buf_cstr(&f->typed.answer), buf_cstr(&f->bytes.answer));
		good += !op_failed(&f->bytes.x.op);
	}
	assert_true(good > 300);
	assert_int_equal(sim_model_trace(f->typed.m), sim_model_trace(f->bytes.m));
}

static void a_clock_that_jumps_is_corrected(void **state)
{
	struct fixture *f = *state;
	struct side *s = &f->bytes;

	do_one(s, 0);
	assert_false(op_failed(&s->x.op));
	reactor_shift_wall(s->r, 3600000);
	s->front.clock_ms -= 3600000;
	do_one(s, 4);
	assert_int_equal(s->x.fault, EC2_FAULT_SKEW);
	do_one(s, 4);
	assert_false(op_failed(&s->x.op));
}

static void changed_keys_are_fetched_again(void **state)
{
	struct fixture *f = *state;
	struct side *s = &f->bytes;

	s->front.auth.secret_key = "another";
	do_one(s, 0);
	assert_int_equal(s->x.fault, EC2_FAULT_AUTH);
	assert_string_equal(s->x.op.err.reason, "AuthFailure");
	setenv("AWS_SECRET_ACCESS_KEY", "another", 1);
	do_one(s, 0);
	do_one(s, 0);
	assert_false(op_failed(&s->x.op));
}

static bool one(void *ctx, const struct sim_volume_info *v)
{
	if (!v->root)
		++*(int *)ctx;
	return true;
}

static int volumes(struct side *s)
{
	int n = 0;

	sim_model_each_volume(s->m, one, &n);
	return n;
}

static void a_request_on_the_way_outlives_its_sender(void **state)
{
	static const struct sim_delay second = { 1000, 1000, 1000, 1000 };
	struct fixture *f = *state;
	struct side *s = &f->bytes;
	struct ec2_request req;

	make_request(s, 0, &req);
	byte_link_set_transit(s->http, &second);
	send(s, &req);
	reactor_advance(s->r, 500);
	op_cancel(&s->x.op, GRPC_CANCELLED, "test");
	reactor_settle(s->r);
	assert_true(op_ended(&s->x.op));
	assert_int_equal(s->x.fault, EC2_FAULT_UNKNOWN);
	assert_int_equal(byte_link_orphans(s->http), 1);
	assert_int_equal(volumes(s), 0);
	reactor_advance(s->r, 500);
	assert_int_equal(volumes(s), 1);
	assert_int_equal(byte_link_orphans(s->http), 0);
}

static void an_unreachable_ec2_was_not_asked(void **state)
{
	struct fixture *f = *state;
	struct side *s = &f->bytes;

	byte_link_set_reachable(s->http, false);
	do_one(s, 0);
	assert_int_equal(s->x.fault, EC2_FAULT_NOT_SENT);
	assert_int_equal(volumes(s), 0);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(both_paths_agree),
		TEST(a_clock_that_jumps_is_corrected),
		TEST(changed_keys_are_fetched_again),
		TEST(a_request_on_the_way_outlives_its_sender),
		TEST(an_unreachable_ec2_was_not_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
