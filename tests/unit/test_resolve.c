/* Names by c-ares, against a name server of ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "../lib/fake_dns.h"
#include "net/resolve.h"

struct fixture {
	struct reactor *r;
	struct resolver *rs;
	struct fake_dns dns;
	struct resolver_options opt;
};

static int running;
static bool none_running;

static void on_end(struct op *op)
{
	none_running = --running == 0;
}

static void start(struct fixture *f, struct resolve *rv, const char *host)
{
	resolve_init(rv, f->rs, host);
	running++;
	none_running = false;
	op_start(&rv->op, on_end);
}

static void wait(struct fixture *f)
{
	assert_true(reactor_run_until(f->r, &none_running, 20000));
}

static void look_up(struct fixture *f, struct resolve *rv, const char *host)
{
	start(f, rv, host);
	wait(f);
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	f->r = reactor_new();
	fake_dns_start(&f->dns, f->r);
	f->opt = (struct resolver_options){ .servers = f->dns.address, .timeout_ms = 50,
					    .tries = 2, .min_ttl_ms = 20 };
	f->rs = resolver_new(f->r, &f->opt);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	resolver_free(f->rs);
	fake_dns_stop(&f->dns);
	reactor_free(f->r);
	free(f);
	return 0;
}

static void literals_need_no_server(void **state)
{
	static const char *const hosts[] = { "10.1.2.3", "::1", "[fd00:ec2::254]", "localhost" };
	static const char *const addrs[] = { "10.1.2.3", "::1", "fd00:ec2::254", "127.0.0.1" };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		struct resolve rv = { 0 };

		look_up(f, &rv, hosts[i]);
		assert_false(op_failed(&rv.op));
		assert_string_equal(rv.addrs[0], addrs[i]);
		op_fini(&rv.op);
	}
	assert_int_equal(f->dns.queries, 0);
	assert_false(resolve_is_local("10.1.2.3.example"));
	assert_false(resolve_is_local(""));
}

static void many_share_one_query_and_its_answer_is_kept(void **state)
{
	struct fixture *f = *state;
	struct resolve rv[20] = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(rv); i++)
		start(f, &rv[i], "good.test");
	wait(f);
	for (size_t i = 0; i < ARRAY_SIZE(rv); i++) {
		assert_false(op_failed(&rv[i].op));
		assert_int_equal(rv[i].count, 1);
		assert_string_equal(rv[i].addrs[0], "127.0.0.1");
		op_fini(&rv[i].op);
	}
	look_up(f, &rv[0], "good.test");
	assert_int_equal(rv[0].count, 1);
	op_fini(&rv[0].op);
	assert_int_equal(f->dns.queries, 1);
}

static void absent_names_are_not_found(void **state)
{
	struct fixture *f = *state;
	struct resolve rv = { 0 };

	look_up(f, &rv, "absent.test");
	assert_int_equal(rv.op.err.code, GRPC_NOT_FOUND);
	assert_non_null(strstr(err_msg(&rv.op.err), "absent.test"));
	op_fini(&rv.op);
}

static void silence_and_failure_are_unavailable_soon(void **state)
{
	struct fixture *f = *state;
	struct resolve rv = { 0 };
	int64_t began = reactor_now(f->r);

	look_up(f, &rv, "silent.test");
	assert_int_equal(rv.op.err.code, GRPC_UNAVAILABLE);
	op_fini(&rv.op);
	look_up(f, &rv, "broken.test");
	assert_int_equal(rv.op.err.code, GRPC_UNAVAILABLE);
	op_fini(&rv.op);
	/* c-ares' own time-outs would make it 75 s. */
	assert_true(reactor_now(f->r) - began < 10000);
}

static void an_old_address_is_better_than_none(void **state)
{
	struct fixture *f = *state;
	struct resolve rv = { 0 };

	look_up(f, &rv, "brief.test");
	assert_int_equal(rv.count, 1);
	op_fini(&rv.op);
	f->dns.mute = true;
	reactor_advance(f->r, 21);	/* the least we keep an answer */
	look_up(f, &rv, "brief.test");
	assert_false(op_failed(&rv.op));
	assert_string_equal(rv.addrs[0], "127.0.0.1");
	assert_true(f->dns.queries > 1);
	op_fini(&rv.op);
}

static void a_cancel_leaves_the_others(void **state)
{
	struct fixture *f = *state;
	struct resolve a = { 0 }, b = { 0 };

	start(f, &a, "good.test");
	start(f, &b, "good.test");
	reactor_advance(f->r, 0);
	op_cancel(&a.op, GRPC_CANCELLED, "no more wanted");
	wait(f);
	assert_int_equal(b.count, 1);
	assert_true(op_failed(&a.op) || a.count == 1);
	op_fini(&a.op);
	op_fini(&b.op);
}

static void a_silent_query_can_be_cancelled_and_outlived(void **state)
{
	struct fixture *f = *state;
	struct resolve rv = { 0 };

	start(f, &rv, "silent.test");
	while (f->dns.queries == 0)
		reactor_advance(f->r, 1);
	op_cancel(&rv.op, GRPC_CANCELLED, "no more wanted");
	wait(f);
	assert_int_equal(rv.op.err.code, GRPC_CANCELLED);
	op_fini(&rv.op);
	/* teardown frees the resolver under the query */
}

static void bad_server_lists_are_reported(void **state)
{
	struct fixture *f = *state;
	struct resolve rv = { 0 };

	resolver_free(f->rs);
	f->opt.servers = "not an address";
	f->rs = resolver_new(f->r, &f->opt);
	for (int i = 0; i < 2; i++) {
		look_up(f, &rv, "good.test");
		assert_int_equal(rv.op.err.code, GRPC_INVALID_ARGUMENT);
		op_fini(&rv.op);
	}
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(literals_need_no_server),
		TEST(many_share_one_query_and_its_answer_is_kept),
		TEST(absent_names_are_not_found),
		TEST(silence_and_failure_are_unavailable_soon),
		TEST(an_old_address_is_better_than_none),
		TEST(a_cancel_leaves_the_others),
		TEST(a_silent_query_can_be_cancelled_and_outlived),
		TEST(bad_server_lists_are_reported),
	};

	return cmocka_run_group_tests_name("resolve", tests, NULL, NULL);
}
