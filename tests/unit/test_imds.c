/* The metadata client against a server of the test's own, over real sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "aws/imds.h"
#include "base/mem.h"
#include "net/http1.h"

#define HOLD_MAX 8

struct fixture {
	struct reactor *r;
	struct http *http;
	struct http1_server *server;
	struct imds *imds;
	char url[64];

	/* How the server behaves. */
	int token_status;	/* 0 = 200 */
	const char *token_text;	/* instead of a token */
	const char *token_ttl;	/* in the answer; NULL: none */
	int fail_next;		/* GETs answered with 500 first */
	bool hang;
	bool no_outpost_no_zone_id;
	const char *document;

	/* What it saw. */
	unsigned int puts, gets, without_token;
	unsigned int valid;	/* number of the token it accepts */
	struct http1_request *held[HOLD_MAX];
	size_t n_held;
};

static const char document[] =
	"{\n  \"accountId\" : \"123456789012\",\n  \"instanceId\" : \"i-0123456789abcdef0\",\n"
	"  \"instanceType\" : \"m5.large\",\n  \"region\" : \"us-west-2\",\n"
	"  \"availabilityZone\" : \"us-west-2a\"\n}\n";

/* ---- server ---- */

static void put_token(struct http1_request *req, struct fixture *f)
{
	char text[32];

	f->puts++;
	assert_string_equal(http1_header(req, "x-aws-ec2-metadata-token-ttl-seconds"), "21600");
	assert_null(http1_header(req, "x-forwarded-for"));
	if (f->token_status) {
		http1_fail(req, f->token_status, "no token");
		return;
	}
	f->valid++;
	snprintf(text, sizeof(text), "token-%u==", f->valid);
	if (f->token_ttl)
		http1_add_header(req, "X-aws-ec2-metadata-token-ttl-seconds", f->token_ttl);
	http1_reply(req, 200, "text/plain", str_c(f->token_text ? f->token_text : text));
}

static void get_item(struct http1_request *req, struct fixture *f)
{
	static const struct {
		const char *path, *text;
	} items[] = {
		{ "/latest/meta-data/network/interfaces/macs",
		  "02:00:00:00:00:01/\n02:00:00:00:00:02/\nnonsense/" },
		{ "/latest/meta-data/block-device-mapping", "ami\nebs1\nebs2\nroot" },
		{ "/latest/meta-data/x", "value\n" },
		{ "/latest/meta-data/outpost-arn",
		  "arn:aws:outposts:us-west-2:123456789012:outpost/op-1" },
		{ "/latest/meta-data/placement/availability-zone-id", "usw2-az1" },
	};

	if (strcmp(req->path, "/latest/dynamic/instance-identity/document") == 0) {
		http1_reply(req, 200, NULL, str_c(f->document));
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(items); i++) {
		if (strcmp(req->path, items[i].path) != 0 ||
		    (i >= 3 && f->no_outpost_no_zone_id))
			continue;
		http1_reply(req, 200, "text/plain", str_c(items[i].text));
		return;
	}
	http1_fail(req, strcmp(req->path, "/forbidden") == 0 ? 403 : 404, "no such item");
}

static void serve(struct http1_request *req)
{
	struct fixture *f = req->ctx;
	const char *token = http1_header(req, "X-aws-ec2-metadata-token");
	char want[32];

	if (f->hang) {
		assert_true(f->n_held < HOLD_MAX);
		f->held[f->n_held++] = req;
		return;
	}
	if (strcmp(req->method, "PUT") == 0) {
		put_token(req, f);
		return;
	}
	f->gets++;
	f->without_token += token == NULL;
	snprintf(want, sizeof(want), "token-%u==", f->valid);
	if (!token || strcmp(token, want) != 0)
		http1_fail(req, 401, "bad token");
	else if (f->fail_next && f->fail_next--)
		http1_fail(req, 500, "try again");
	else
		get_item(req, f);
}

/* ---- fixture ---- */

static void open_imds(struct fixture *f, const char *endpoint)
{
	struct err err = { 0 };

	imds_free(f->imds);
	setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint, 1);
	f->imds = imds_new(f->r, f->http, &err);
	assert_non_null(f->imds);
}

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	unsetenv("AWS_EC2_METADATA_DISABLED");
	unsetenv("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
	setenv("http_proxy", "http://127.0.0.1:1", 1);	/* must never be used */
	f->r = reactor_new();
	f->http = http_new(f->r, NULL);
	f->server = http1_server_new(f->r, NULL, serve, f);
	assert_int_equal(http1_server_listen(f->server, "tcp://127.0.0.1:0", NULL), 0);
	snprintf(f->url, sizeof(f->url), "http://%s",
		 http1_server_address(f->server, 0) + strlen("tcp://"));
	f->document = document;
	f->token_ttl = "21600";
	open_imds(f, f->url);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < f->n_held; i++)
		http1_abort(f->held[i]);
	imds_free(f->imds);
	http_free(f->http);
	http1_server_free(f->server);
	reactor_free(f->r);
	free(f);
	return 0;
}

static bool done;

static void on_end(struct op *op)
{
	done = true;
}

static void run(struct fixture *f, struct op *op)
{
	done = false;
	op_start(op, on_end);
	assert_true(reactor_run_until(f->r, &done, 20000));
}

/* One GET; the text, or NULL and err. */
static const char *fetch(struct fixture *f, const char *path, struct err *err)
{
	static char text[256];
	struct imds_get g = { 0 };

	imds_get_init(&g, f->imds, path);
	run(f, &g.op);
	snprintf(text, sizeof(text), "%s", buf_cstr(&g.body));
	err_copy(err, &g.op.err);
	op_fini(&g.op);
	return err_is_set(err) ? NULL : text;
}

static void assert_fails(struct fixture *f, const char *path, enum grpc_code code,
			 const char *words)
{
	struct err err = { 0 };

	assert_null(fetch(f, path, &err));
	if (err.code != code || !strstr(err.msg, words))
		fail_msg("%d: %s", err.code, err.msg);
	err_fini(&err);
}

static void assert_value(struct fixture *f)
{
	struct err err = { 0 };
	const char *text = fetch(f, "/latest/meta-data/x", &err);

	if (!text)
		fail_msg("%s", err_msg(&err));
	assert_string_equal(text, "value\n");
}

/* ---- tests ---- */

static void a_token_is_fetched_once(void **state)
{
	struct fixture *f = *state;
	struct imds_get g[20];

	memset(g, 0, sizeof(g));
	for (size_t i = 0; i < ARRAY_SIZE(g); i++) {
		imds_get_init(&g[i], f->imds, "/latest/meta-data/x");
		op_start(&g[i].op, NULL);
	}
	assert_value(f);
	for (size_t i = 0; i < ARRAY_SIZE(g); i++) {
		if (!op_ended(&g[i].op))
			reactor_advance(f->r, 200);
		assert_false(op_failed(&g[i].op));
		op_fini(&g[i].op);
	}
	assert_int_equal(f->puts, 1);
	assert_int_equal(f->without_token, 0);
}

static void a_dead_token_is_replaced(void **state)
{
	struct fixture *f = *state;

	assert_value(f);
	f->valid += 7;		/* the service forgot it */
	assert_value(f);
	assert_int_equal(f->puts, 2);
}

static void a_server_that_never_takes_its_tokens_is_given_up(void **state)
{
	struct fixture *f = *state;

	f->token_text = "another";
	assert_fails(f, "/latest/meta-data/x", GRPC_UNAVAILABLE, "401");
	assert_in_range(f->gets, 2, 4);
}

static void failures_are_repeated_a_few_times(void **state)
{
	struct fixture *f = *state;

	f->fail_next = 2;
	assert_value(f);
	f->fail_next = 9;
	assert_fails(f, "/latest/meta-data/x", GRPC_UNAVAILABLE, "HTTP 500");
}

static void absent_items_are_not_found(void **state)
{
	struct fixture *f = *state;

	assert_fails(f, "/latest/meta-data/none", GRPC_NOT_FOUND, "/latest/meta-data/none");
	assert_int_equal(f->gets, 1);
	assert_fails(f, "/forbidden", GRPC_PERMISSION_DENIED, "forbidden");
}

static void version_1_is_never_used(void **state)
{
	struct fixture *f = *state;
	static const int statuses[] = { 400, 403, 404, 405 };

	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
		f->token_status = statuses[i];
		assert_fails(f, "/latest/meta-data/x", statuses[i] == 403 ?
			     GRPC_PERMISSION_DENIED : GRPC_UNAVAILABLE, "no session token");
	}
	assert_int_equal(f->gets, 0);
	assert_int_equal(f->puts, 4);
}

static void odd_tokens_are_refused(void **state)
{
	struct fixture *f = *state;
	static const char *const odd[] = { "", "a b", "a\r\nEvil: 1" };

	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		f->token_text = odd[i];
		assert_fails(f, "/latest/meta-data/x", GRPC_UNAVAILABLE, "no session token");
	}
	assert_int_equal(f->gets, 0);
}

/* Without a life in the answer, the one asked for. */
static void the_life_of_a_token_may_be_missing(void **state)
{
	struct fixture *f = *state;

	f->token_ttl = NULL;
	assert_value(f);
	assert_value(f);
	assert_int_equal(f->puts, 1);
}

static void a_short_life_is_kept_to(void **state)
{
	struct fixture *f = *state;

	f->token_ttl = "0";
	assert_value(f);
	assert_value(f);
	assert_int_equal(f->puts, 2);
}

static void an_absent_service_is_said_to_be(void **state)
{
	struct fixture *f = *state;

	open_imds(f, "http://127.0.0.1:1");
	assert_fails(f, "/latest/meta-data/x", GRPC_UNAVAILABLE, "hop limit");
}

static void a_hanging_service_is_given_up(void **state)
{
	struct fixture *f = *state;

	f->hang = true;
	assert_fails(f, "/latest/meta-data/x", GRPC_UNAVAILABLE, "HttpPutResponseHopLimit");
	assert_int_equal(f->n_held, 3);
}

static void it_can_be_switched_off(void **state)
{
	struct fixture *f = *state;

	setenv("AWS_EC2_METADATA_DISABLED", "TRUE", 1);
	open_imds(f, f->url);
	assert_true(imds_is_disabled(f->imds));
	assert_fails(f, "/latest/meta-data/x", GRPC_FAILED_PRECONDITION,
		     "AWS_EC2_METADATA_DISABLED");
	assert_int_equal(f->puts, 0);
}

static void addresses_are_checked(void **state)
{
	struct fixture *f = *state;
	static const char *const bad[] = { "169.254.169.254", "https://x", "http://", "http://a b" };
	struct err err = { 0 };
	struct imds *m;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", bad[i], 1);
		assert_null(imds_new(f->r, f->http, &err));
		assert_non_null(strstr(err.msg, "AWS_EC2_METADATA_SERVICE_ENDPOINT"));
	}
	unsetenv("AWS_EC2_METADATA_SERVICE_ENDPOINT");
	setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ipv6", 1);
	m = imds_new(f->r, f->http, &err);
	assert_string_equal(imds_address(m), "http://[fd00:ec2::254]");
	imds_free(m);
	setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv5", 1);
	assert_null(imds_new(f->r, f->http, &err));
	assert_non_null(strstr(err.msg, "_MODE is \"IPv5\""));
	err_fini(&err);
}

static void a_request_can_be_cancelled(void **state)
{
	struct fixture *f = *state;
	struct imds_get g = { 0 };

	f->hang = true;
	imds_get_init(&g, f->imds, "/latest/meta-data/x");
	done = false;
	op_start(&g.op, on_end);
	reactor_advance(f->r, 50);
	op_cancel(&g.op, GRPC_CANCELLED, "enough");
	assert_true(reactor_run_until(f->r, &done, 1000));
	assert_int_equal(g.op.err.code, GRPC_CANCELLED);
	op_fini(&g.op);
	f->hang = false;	/* the token's fetch goes on for the next one */
	assert_value(f);
}

/* ---- what the node asks ---- */

static void a_node_learns_who_it_is(void **state)
{
	struct fixture *f = *state;
	struct imds_instance_info i = { 0 };

	imds_instance_info_init(&i, f->imds);
	run(f, &i.op);
	if (op_failed(&i.op))
		fail_msg("%s", err_msg(&i.op.err));
	assert_string_equal(i.info.instance_id, "i-0123456789abcdef0");
	assert_string_equal(i.info.instance_type, "m5.large");
	assert_string_equal(i.info.region, "us-west-2");
	assert_string_equal(i.info.availability_zone, "us-west-2a");
	assert_string_equal(i.info.availability_zone_id, "usw2-az1");
	assert_string_equal(i.info.account_id, "123456789012");
	assert_string_equal(i.info.outpost_arn,
			    "arn:aws:outposts:us-west-2:123456789012:outpost/op-1");
	assert_int_equal(i.info.interfaces, 2);
	assert_int_equal(i.info.ebs_mappings, 2);
	assert_int_equal(f->puts, 1);
	op_fini(&i.op);
}

static void some_things_may_be_missing(void **state)
{
	struct fixture *f = *state;
	struct imds_instance_info i = { 0 };

	f->no_outpost_no_zone_id = true;
	imds_instance_info_init(&i, f->imds);
	run(f, &i.op);
	assert_false(op_failed(&i.op));
	assert_null(i.info.outpost_arn);
	assert_null(i.info.availability_zone_id);
	op_fini(&i.op);
}

static void an_incomplete_document_is_refused(void **state)
{
	struct fixture *f = *state;
	static const char *const bad[] = { "{}", "[]", "not json", "", "{\"instanceId\":\"i-1\"}" };

	for (size_t k = 0; k < ARRAY_SIZE(bad); k++) {
		struct imds_instance_info i = { 0 };

		f->document = bad[k];
		imds_instance_info_init(&i, f->imds);
		run(f, &i.op);
		assert_true(op_failed(&i.op));
		assert_non_null(strstr(i.op.err.msg, "identity document"));
		op_fini(&i.op);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_token_is_fetched_once),
		TEST(a_dead_token_is_replaced),
		TEST(a_server_that_never_takes_its_tokens_is_given_up),
		TEST(failures_are_repeated_a_few_times),
		TEST(absent_items_are_not_found),
		TEST(version_1_is_never_used),
		TEST(odd_tokens_are_refused),
		TEST(the_life_of_a_token_may_be_missing),
		TEST(a_short_life_is_kept_to),
		TEST(an_absent_service_is_said_to_be),
		TEST(a_hanging_service_is_given_up),
		TEST(it_can_be_switched_off),
		TEST(addresses_are_checked),
		TEST(a_request_can_be_cancelled),
		TEST(a_node_learns_who_it_is),
		TEST(some_things_may_be_missing),
		TEST(an_incomplete_document_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
