/* What the node knows about itself: sources in their order, one asking for all
 * who want to know, what is known stays known. IMDS is a fake. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "csi/metadata.h"

/* ---- the fake ---- */

static struct {
	struct reactor *reactor;
	enum grpc_code fail;
	int64_t delay_ms;
	const char *macs;
	unsigned int asked, asked_macs;
} fake;
static struct op_sleep pauses[32];
static size_t next_pause;

static const struct op_class fake_class = { .name = "fake IMDS" };

static enum op_verdict pause_then(struct op *op, op_step *next)
{
	struct op_sleep *s = &pauses[next_pause++ % ARRAY_SIZE(pauses)];

	op_sleep_init(s, fake.reactor, fake.delay_ms);
	return op_await(op, &s->op, next);
}

static enum op_verdict info_end(struct op *op)
{
	struct imds_instance_info *i = container_of(op, struct imds_instance_info, op);

	if (fake.fail)
		return op_fail(op, fake.fail, "the fake does not answer");
	i->info = (struct imds_info){
		.instance_id = "i-0123456789abcdef0",
		.instance_type = "m5d.large",
		.region = "us-east-1",
		.availability_zone = "us-east-1a",
		.interfaces = 3,
		.ebs_mappings = 2,
	};
	return OP_DONE;
}

static enum op_verdict info_begin(struct op *op)
{
	fake.asked++;
	return pause_then(op, info_end);
}

void imds_instance_info_init(struct imds_instance_info *i, struct imds *m)
{
	op_init(&i->op, &fake_class, fake.reactor, info_begin);
	i->imds = m;
}

static void get_fini(struct op *op)
{
	buf_fini(&container_of(op, struct imds_get, op)->body);
}

static const struct op_class get_class = { .name = "fake GET", .fini = get_fini };

static enum op_verdict get_end(struct op *op)
{
	struct imds_get *g = container_of(op, struct imds_get, op);

	assert_string_equal(g->path, "/latest/meta-data/network/interfaces/macs");
	if (fake.fail)
		return op_fail(op, fake.fail, "the fake does not answer");
	buf_adds(&g->body, fake.macs);
	return OP_DONE;
}

static enum op_verdict get_begin(struct op *op)
{
	fake.asked_macs++;
	return pause_then(op, get_end);
}

void imds_get_init(struct imds_get *g, struct imds *m, const char *path)
{
	op_init(&g->op, &get_class, fake.reactor, get_begin);
	g->imds = m;
	g->path = path;
	buf_init(&g->body, 4096);
}

/* ---- fixture ---- */

struct fixture {
	struct metadata *m;
};

static void set_env(bool on)
{
	static const char *const pairs[][2] = {
		{ "AWS_INSTANCE_ID", "i-00000000" },
		{ "AWS_INSTANCE_TYPE", "t3.large" },
		{ "AWS_AVAILABILITY_ZONE", "eu-west-1c" },
	};

	unsetenv("CSI_NODE_NAME");
	unsetenv("AWS_OUTPOST_ARN");
	unsetenv("AWS_EC2_METADATA_DISABLED");
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		on ? setenv(pairs[i][0], pairs[i][1], 1) : unsetenv(pairs[i][0]);
}

static void make(struct fixture *f, const char *sources)
{
	struct err err = {0};

	metadata_free(f->m);
	/* The fake never looks at it. */
	f->m = metadata_new(fake.reactor, (struct imds *)(void *)&fake, sources, &err);
	if (!f->m)
		fail_msg("%s", err_msg(&err));
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	memset(&fake, 0, sizeof(fake));
	fake.reactor = reactor_new_virtual(1700000000000);
	set_env(false);
	make(f, NULL);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	metadata_free(f->m);
	for (size_t i = 0; i < ARRAY_SIZE(pauses); i++)
		op_fini(&pauses[i].op);
	memset(pauses, 0, sizeof(pauses));
	reactor_free(fake.reactor);
	free(f);
	return 0;
}

/* Its end stays in op; the caller releases with op_fini. */
static void ask(struct fixture *f, struct metadata_get *g)
{
	metadata_get_init(g, f->m);
	op_start(&g->op, NULL);
}

static void expect(struct fixture *f, enum grpc_code code, const char *text)
{
	struct metadata_get g;

	memset(&g, 0, sizeof(g));
	ask(f, &g);
	reactor_advance(fake.reactor, fake.delay_ms);
	assert_true(op_ended(&g.op));
	if (g.op.err.code != code)
		fail_msg("code %d: %s", (int)g.op.err.code, err_msg(&g.op.err));
	if (text && !strstr(err_msg(&g.op.err), text))
		fail_msg("\"%s\" is not in \"%s\"", text, err_msg(&g.op.err));
	op_fini(&g.op);
}

/* ---- tests ---- */

static void imds_comes_first(void **state)
{
	struct fixture *f = *state;
	const struct metadata_info *i;

	set_env(true);
	expect(f, GRPC_OK, NULL);
	i = metadata_info(f->m);
	assert_string_equal(i->instance_id, "i-0123456789abcdef0");
	assert_string_equal(i->instance_type, "m5d.large");
	assert_string_equal(i->zone, "us-east-1a");
	assert_null(i->outpost_arn);
	assert_int_equal(i->interfaces, 3);
	assert_int_equal(i->volumes, 2);
}

static void the_environment_stands_in(void **state)
{
	struct fixture *f = *state;

	set_env(true);
	setenv("AWS_OUTPOST_ARN", "arn:aws:outposts:r:1:outpost/op-1", 1);
	fake.fail = GRPC_UNAVAILABLE;
	expect(f, GRPC_OK, NULL);
	assert_string_equal(metadata_info(f->m)->instance_id, "i-00000000");
	assert_string_equal(metadata_info(f->m)->outpost_arn,
			    "arn:aws:outposts:r:1:outpost/op-1");
	assert_int_equal(metadata_info(f->m)->interfaces, 1);
	fake.fail = GRPC_OK;
	reactor_advance(fake.reactor, 60000);
	expect(f, GRPC_OK, NULL);	/* the source does not change any more */
	assert_int_equal(fake.asked, 1);
	assert_int_equal(fake.asked_macs, 0);
}

static void the_order_is_the_users(void **state)
{
	struct fixture *f = *state;

	set_env(true);
	make(f, "env, imds");
	expect(f, GRPC_OK, NULL);
	assert_int_equal(fake.asked, 0);
	assert_string_equal(metadata_info(f->m)->zone, "eu-west-1c");
}

static void none_works_and_each_says_why(void **state)
{
	struct fixture *f = *state;

	fake.fail = GRPC_UNAVAILABLE;
	expect(f, GRPC_UNAVAILABLE, "imds: the fake does not answer; environment: not set: "
				    "AWS_INSTANCE_ID");
	expect(f, GRPC_UNAVAILABLE, "imds: the fake");	/* from memory */
	assert_int_equal(fake.asked, 1);
	reactor_advance(fake.reactor, METADATA_FAILED_MS);
	fake.fail = GRPC_OK;
	expect(f, GRPC_OK, NULL);
	assert_int_equal(fake.asked, 2);
}

static void imds_can_be_off(void **state)
{
	struct fixture *f = *state;

	setenv("AWS_EC2_METADATA_DISABLED", "TRUE", 1);
	make(f, NULL);
	expect(f, GRPC_UNAVAILABLE, "AWS_EC2_METADATA_DISABLED is true");
	unsetenv("AWS_EC2_METADATA_DISABLED");
	setenv("CSI_NODE_NAME", "hyperpod-44b2ay-i-0b6b", 1);
	setenv("AWS_INSTANCE_TYPE", "m5.large", 1);
	setenv("AWS_AVAILABILITY_ZONE", "z", 1);
	make(f, NULL);
	expect(f, GRPC_OK, NULL);
	assert_string_equal(metadata_info(f->m)->instance_id, "hyperpod-44b2ay-i-0b6b");
	assert_int_equal(fake.asked, 0);
}

static void all_who_want_to_know_share_one_asking(void **state)
{
	struct fixture *f = *state;
	struct metadata_get g[5];

	memset(g, 0, sizeof(g));
	fake.delay_ms = 1000;
	for (size_t i = 0; i < ARRAY_SIZE(g); i++)
		ask(f, &g[i]);
	reactor_advance(fake.reactor, 1000);
	for (size_t i = 0; i < ARRAY_SIZE(g); i++) {
		assert_true(op_ended(&g[i].op));
		assert_false(op_failed(&g[i].op));
		op_fini(&g[i].op);
	}
	assert_int_equal(fake.asked, 1);
}

static void a_failure_is_shared_too(void **state)
{
	struct fixture *f = *state;
	struct metadata_get g[3];

	memset(g, 0, sizeof(g));
	fake.delay_ms = 1000;
	fake.fail = GRPC_UNAVAILABLE;
	for (size_t i = 0; i < ARRAY_SIZE(g); i++)
		ask(f, &g[i]);
	reactor_advance(fake.reactor, 1000);
	for (size_t i = 0; i < ARRAY_SIZE(g); i++) {
		assert_int_equal(g[i].op.err.code, GRPC_UNAVAILABLE);
		op_fini(&g[i].op);
	}
	assert_int_equal(fake.asked, 1);
}

static void another_asks_when_the_first_has_left(void **state)
{
	struct fixture *f = *state;
	struct metadata_get g[2];

	memset(g, 0, sizeof(g));
	fake.delay_ms = 1000;
	ask(f, &g[0]);
	ask(f, &g[1]);
	reactor_advance(fake.reactor, 500);
	op_cancel(&g[0].op, GRPC_CANCELLED, "gone");
	reactor_advance(fake.reactor, 1000);
	assert_int_equal(g[0].op.err.code, GRPC_CANCELLED);
	assert_true(op_ended(&g[1].op));
	assert_false(op_failed(&g[1].op));
	assert_int_equal(fake.asked, 2);
	op_fini(&g[0].op);
	op_fini(&g[1].op);
}

static void one_that_waits_may_leave(void **state)
{
	struct fixture *f = *state;
	struct metadata_get g[2];

	memset(g, 0, sizeof(g));
	fake.delay_ms = 1000;
	ask(f, &g[0]);
	ask(f, &g[1]);
	reactor_advance(fake.reactor, 500);
	op_cancel(&g[1].op, GRPC_CANCELLED, "gone");
	reactor_advance(fake.reactor, 500);
	assert_int_equal(g[1].op.err.code, GRPC_CANCELLED);
	assert_false(op_failed(&g[0].op));
	op_fini(&g[0].op);
	op_fini(&g[1].op);
}

static void interfaces_are_counted_again(void **state)
{
	struct fixture *f = *state;

	expect(f, GRPC_OK, NULL);
	fake.macs = "0e:49:61:0f:c3:11/\n0e:49:61:0f:c3:12/\nnonsense\n";
	expect(f, GRPC_OK, NULL);
	assert_int_equal(fake.asked_macs, 0);	/* still fresh */
	reactor_advance(fake.reactor, METADATA_FRESH_MS);
	expect(f, GRPC_OK, NULL);
	assert_int_equal(metadata_info(f->m)->interfaces, 2);
	reactor_advance(fake.reactor, METADATA_FRESH_MS);
	fake.fail = GRPC_UNAVAILABLE;
	expect(f, GRPC_OK, NULL);	/* what is known stays known */
	assert_int_equal(metadata_info(f->m)->interfaces, 2);
	assert_string_equal(metadata_info(f->m)->zone, "us-east-1a");
	assert_int_equal(fake.asked, 1);
}

static void addresses_are_counted(void **state)
{
	static const struct {
		const char *text;
		int64_t n;
	} rows[] = {
		{ "", 0 }, { "0e:49:61:0f:c3:11/", 1 }, { "0e-49-61-0f-c3-11", 1 },
		{ "0e:49:61:0f:c3:11/\r\n0E:49:61:0F:C3:12/\n", 2 },
		{ "0e:49:61:0f:c3/", 0 }, { "0g:49:61:0f:c3:11/", 0 },
		{ "<html>404</html>", 0 }, { "0e:49:61:0f:c3:11:22/", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(metadata_count_macs(str_c(rows[i].text)), rows[i].n);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(imds_comes_first),
		T(the_environment_stands_in),
		T(the_order_is_the_users),
		T(none_works_and_each_says_why),
		T(imds_can_be_off),
		T(all_who_want_to_know_share_one_asking),
		T(a_failure_is_shared_too),
		T(another_asks_when_the_first_has_left),
		T(one_that_waits_may_leave),
		T(interfaces_are_counted_again),
		T(addresses_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
