/* The EC2 transport against a server of the test's own that checks signatures
 * and misbehaves on demand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "aws/ec2_encode.h"
#include "aws/ec2_http.h"
#include "aws/ec2_query.h"
#include "base/mem.h"
#include "net/http1.h"

#define HOLD_MAX 4

enum mood {
	ANSWER, RESET, HANG, CUT_XML, CUT_BODY, HTML_503, EMPTY_500, NOT_XML_200, EMPTY_200,
	REDIRECT, SAY,
};

struct fixture {
	struct reactor *r;
	struct http *http;
	struct http1_server *server;
	struct endpoint endpoint;
	struct creds *creds;
	struct ec2_transport *t;

	enum mood mood;
	int say_status;		/* SAY */
	const char *say_code, *say_message, *say_header, *say_value;
	int64_t date_offset_ms;	/* the server's clock */
	bool check_clock;	/* refuse what is 5 minutes off */

	unsigned int requests;
	char user_agent[512], token[64], body[2048];
	bool signature_good;
	struct http1_request *held[HOLD_MAX];
	size_t n_held;
};

/* ---- server ---- */

static int64_t server_clock(const struct fixture *f)
{
	return reactor_wall(f->r) + f->date_offset_ms;
}

static void add_date(struct http1_request *req, const struct fixture *f)
{
	time_t t = (time_t)(server_clock(f) / 1000);
	char text[64];
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	http1_add_header(req, "Date", text);
}

/* Signs what has come in once more, with the secret. */
static bool check_signature(const struct http1_request *req)
{
	static const struct sigv4_keys keys = { "AKIDTEST", "secret", NULL };
	struct sigv4_header headers[] = {
		{ "Host", http1_header(req, "Host") },
		{ "Content-Type", http1_header(req, "Content-Type") },
		{ "X-Amz-Date", http1_header(req, "X-Amz-Date") },
		{ "X-Amz-Security-Token", http1_header(req, "X-Amz-Security-Token") },
	};
	struct sigv4_request want = { req->method, req->path, NULL, headers,
				      headers[3].value ? 4 : 3, req->body, false };
	struct sigv4 *s = sigv4_new("us-west-2", "ec2");
	struct buf auth;
	bool good;

	buf_init(&auth, 4096);
	assert_int_equal(sigv4_sign(s, &keys, &want, headers[2].value, &auth, NULL), 0);
	good = cstr_eq(buf_cstr(&auth), http1_header(req, "Authorization"));
	buf_fini(&auth);
	sigv4_free(s);
	return good;
}

static void reply_error(struct http1_request *req, int status, const char *code,
			const char *message)
{
	struct buf b;

	buf_init(&b, 4096);
	ec2_encode_error(code, message, "req-e", &b);
	http1_reply(req, status, EC2_XML_TYPE, buf_view(&b));
	buf_fini(&b);
}

static void reply_well(struct http1_request *req, size_t cut)
{
	struct ec2_volume v = { .volume_id = "vol-1", .status = "available" };
	struct ec2_response resp = { .action = EC2_DESCRIBE_VOLUMES, .request_id = "req-1" };
	struct buf b;

	resp.volumes.v = &v;
	resp.volumes.n = 1;
	buf_init(&b, 4096);
	ec2_encode_response(&resp, &b);
	http1_reply(req, 200, EC2_XML_TYPE, str_n(b.data, b.len - cut));
	buf_fini(&b);
}

static bool clock_is_off(struct fixture *f, const struct http1_request *req)
{
	struct tm tm = { 0 };
	int64_t off;

	assert_non_null(strptime(http1_header(req, "X-Amz-Date"), "%Y%m%dT%H%M%SZ", &tm));
	off = (int64_t)timegm(&tm) * 1000 - server_clock(f);
	return f->check_clock && (off > 300000 || off < -300000);
}

static void note(struct fixture *f, const struct http1_request *req)
{
	f->requests++;
	f->signature_good = check_signature(req);
	snprintf(f->user_agent, sizeof(f->user_agent), "%s", http1_header(req, "User-Agent"));
	snprintf(f->token, sizeof(f->token), "%s",
		 cstr_or(http1_header(req, "X-Amz-Security-Token"), ""));
	snprintf(f->body, sizeof(f->body), "%.*s", STR(req->body));
	assert_int_equal(strlen(http1_header(req, "amz-sdk-invocation-id")), 36);
}

static void serve(struct http1_request *req)
{
	struct fixture *f = req->ctx;

	note(f, req);
	add_date(req, f);
	if (clock_is_off(f, req)) {
		reply_error(req, 400, "RequestExpired", "Request has expired.");
		return;
	}
	switch (f->mood) {
	case ANSWER:
		reply_well(req, 0);
		break;
	case RESET:
		http1_abort(req);
		break;
	case HANG:
		assert_true(f->n_held < HOLD_MAX);
		f->held[f->n_held++] = req;
		break;
	case CUT_XML:
		reply_well(req, 30);
		break;
	case CUT_BODY:
		http1_add_header(req, "Content-Encoding", "x");
		reply_well(req, 1);
		break;
	case HTML_503:
		http1_reply(req, 503, "text/html", str_c("<html>\n<h1>Busy</h1></html>"));
		break;
	case EMPTY_500:
		http1_reply(req, 500, NULL, str_c(""));
		break;
	case NOT_XML_200:
		http1_reply(req, 200, "text/html", str_c("<html>login</html>"));
		break;
	case EMPTY_200:
		http1_reply(req, 200, NULL, str_c(""));
		break;
	case REDIRECT:
		http1_add_header(req, "Location", "http://127.0.0.1:1/");
		http1_reply(req, 302, NULL, str_c("moved"));
		break;
	case SAY:
		if (f->say_header)
			http1_add_header(req, f->say_header, f->say_value);
		reply_error(req, f->say_status, f->say_code, f->say_message);
		break;
	}
}

/* ---- fixture ---- */

static void set_endpoint(struct fixture *f, const char *url)
{
	struct aws_profiles *p = aws_profiles_load();
	struct err err = { 0 };

	endpoint_fini(&f->endpoint);
	setenv("AWS_EC2_ENDPOINT", url, 1);
	assert_int_equal(endpoint_resolve(&f->endpoint, "ec2", "us-west-2", p, &err), 0);
	aws_profiles_free(p);
}

static void open_transport(struct fixture *f, int64_t total_ms)
{
	struct ec2_http_options opt = {
		.reactor = f->r, .http = f->http, .creds = f->creds,
		.endpoint = &f->endpoint, .version = "1.2.3", .user_agent_extra = "my cluster",
		.describe_ms = total_ms, .total_ms = total_ms,
	};

	ec2_http_free(f->t);
	f->t = ec2_http_new(&opt);
}

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	char url[64];

	setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent", 1);
	setenv("AWS_CONFIG_FILE", "/nonexistent", 1);
	setenv("AWS_ACCESS_KEY_ID", "AKIDTEST", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
	unsetenv("AWS_SESSION_TOKEN");
	unsetenv("AWS_PROFILE");
	unsetenv("AWS_DISABLE_CLOCK_SKEW_CORRECTION");
	unsetenv("AWS_SDK_UA_APP_ID");
	f->r = reactor_new();
	f->http = http_new(f->r, NULL);
	f->server = http1_server_new(f->r, NULL, serve, f);
	assert_int_equal(http1_server_listen(f->server, "tcp://127.0.0.1:0", NULL), 0);
	snprintf(url, sizeof(url), "http://%s",
		 http1_server_address(f->server, 0) + strlen("tcp://"));
	set_endpoint(f, url);
	f->creds = creds_new(f->r, NULL);
	open_transport(f, 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < f->n_held; i++)
		http1_abort(f->held[i]);
	ec2_http_free(f->t);
	creds_free(f->creds);
	http_free(f->http);
	http1_server_free(f->server);
	endpoint_fini(&f->endpoint);
	reactor_free(f->r);
	free(f);
	return 0;
}

static bool done;

static void on_end(struct op *op)
{
	done = true;
}

static void attempt(struct fixture *f, struct ec2_exchange *x, enum ec2_action action)
{
	static struct ec2_request req;

	memset(&req, 0, sizeof(req));
	req.action = action;
	if (action == EC2_ATTACH_VOLUME)
		req.attach_volume.volume_id = "vol-1";
	ec2_exchange_init(x, f->t, &req);
	done = false;
	op_start(&x->op, on_end);
	assert_true(reactor_run_until(f->r, &done, 20000));
}

static void assert_fault(struct fixture *f, enum ec2_fault fault, const char *reason,
			 const char *words)
{
	struct ec2_exchange x = { 0 };

	attempt(f, &x, EC2_DESCRIBE_VOLUMES);
	assert_true(op_failed(&x.op));
	if (x.fault != fault || !cstr_eq(x.op.err.reason, reason) ||
	    !strstr(err_msg(&x.op.err), words))
		fail_msg("fault %d, reason %s: %s", x.fault, cstr_or(x.op.err.reason, "-"),
			 err_msg(&x.op.err));
	op_fini(&x.op);
}

static void assert_works(struct fixture *f)
{
	struct ec2_exchange x = { 0 };

	attempt(f, &x, EC2_DESCRIBE_VOLUMES);
	if (op_failed(&x.op))
		fail_msg("%s", err_msg(&x.op.err));
	assert_int_equal(x.fault, EC2_FAULT_NONE);
	assert_int_equal(x.http_status, 200);
	assert_string_equal(x.resp.request_id, "req-1");
	assert_int_equal(x.resp.volumes.n, 1);
	assert_string_equal(x.resp.volumes.v[0].volume_id, "vol-1");
	op_fini(&x.op);
}

static void say(struct fixture *f, int status, const char *code, const char *message)
{
	f->mood = SAY;
	f->say_status = status;
	f->say_code = code;
	f->say_message = message;
}

/* ---- tests ---- */

static void a_call_is_signed_sent_and_understood(void **state)
{
	struct fixture *f = *state;

	assert_works(f);
	assert_true(f->signature_good);
	assert_string_equal(f->body, "Action=DescribeVolumes&Version=2016-11-15");
	assert_string_equal(f->token, "");
	assert_non_null(strstr(f->user_agent, "ebs-csid/1.2.3 ua/2.1 os/linux lang/c md/openssl#3"));
	assert_non_null(strstr(f->user_agent, " exec-env/ebs-csid-1.2.3-my-cluster api/ec2#"));
	assert_non_null(strstr(f->user_agent, " m/N,g"));
}

static void a_session_token_is_sent_and_signed(void **state)
{
	struct fixture *f = *state;

	setenv("AWS_SESSION_TOKEN", "tok/en+=", 1);
	assert_works(f);
	assert_true(f->signature_good);
	assert_string_equal(f->token, "tok/en+=");
}

static void credentials_cannot_smuggle_headers(void **state)
{
	struct fixture *f = *state;

	setenv("AWS_SESSION_TOKEN", "t\r\nEvil: 1", 1);
	assert_fault(f, EC2_FAULT_AUTH, "", "line break");
	assert_int_equal(f->requests, 0);
}

static void without_credentials_nothing_is_sent(void **state)
{
	struct fixture *f = *state;

	unsetenv("AWS_ACCESS_KEY_ID");
	assert_fault(f, EC2_FAULT_AUTH, "", "no AWS credentials: environment: AWS_ACCESS_KEY_ID");
	assert_int_equal(f->requests, 0);
}

static void refusals_carry_code_text_and_id(void **state)
{
	struct fixture *f = *state;

	say(f, 400, "InvalidVolume.NotFound", "The volume 'vol-1' does not exist.");
	assert_fault(f, EC2_FAULT_REFUSED, "InvalidVolume.NotFound",
		     "The volume 'vol-1' does not exist. (request id req-e)");
	say(f, 403, "UnauthorizedOperation", "not you");
	assert_fault(f, EC2_FAULT_REFUSED, "UnauthorizedOperation", "not you");
	say(f, 500, "InsufficientVolumeCapacity", "no room");
	assert_fault(f, EC2_FAULT_REFUSED, "InsufficientVolumeCapacity", "no room");
}

static void throttles_tell_how_long_to_wait(void **state)
{
	static const struct {
		const char *name, *value;
		int64_t ms;
	} cases[] = {
		{ NULL, NULL, 0 }, { "Retry-After", "7", 7000 },
		{ "x-amz-retry-after", "1500", 1500 }, { "x-amz-retry-after", "-1", 0 },
		{ "Retry-After", "Thu, 01 Jan 2026 00:00:00 GMT", 0 },
		{ "Retry-After", "99999999999999999999", 0 },
	};
	struct fixture *f = *state;

	say(f, 503, "RequestLimitExceeded", "Request limit exceeded.");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ec2_exchange x = { 0 };

		f->say_header = cases[i].name;
		f->say_value = cases[i].value;
		attempt(f, &x, EC2_DESCRIBE_VOLUMES);
		assert_int_equal(x.fault, EC2_FAULT_THROTTLED);
		assert_int_equal(x.http_status, 503);
		assert_int_equal(x.retry_after_ms, cases[i].ms);
		op_fini(&x.op);
	}
}

static void broken_answers_are_of_unknown_effect(void **state)
{
	static const struct {
		enum mood mood;
		const char *words;
	} cases[] = {
		{ RESET, "127.0.0.1" }, { CUT_XML, "cannot be read" }, { CUT_BODY, "cannot be read" },
		{ HTML_503, "HTTP 503 from 127.0.0.1" }, { HTML_503, "<h1>Busy</h1>" },
		{ EMPTY_500, "HTTP 500" }, { NOT_XML_200, "<html>" },
		{ EMPTY_200, "cannot be read" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		f->mood = cases[i].mood;
		assert_fault(f, EC2_FAULT_UNKNOWN, "", cases[i].words);
	}
	f->mood = ANSWER;
	assert_works(f);
}

static void redirects_are_not_followed(void **state)
{
	struct fixture *f = *state;

	f->mood = REDIRECT;
	assert_fault(f, EC2_FAULT_REFUSED, "", "HTTP 302");
}

static void a_hanging_server_is_given_up(void **state)
{
	struct fixture *f = *state;

	open_transport(f, 100);
	f->mood = HANG;
	assert_fault(f, EC2_FAULT_UNKNOWN, "", "127.0.0.1");
}

static void an_unreachable_server_has_seen_nothing(void **state)
{
	struct fixture *f = *state;

	set_endpoint(f, "http://127.0.0.1:1");
	open_transport(f, 0);
	assert_fault(f, EC2_FAULT_NOT_SENT, "", "127.0.0.1:1");
}

static void a_call_can_be_cancelled(void **state)
{
	static const struct ec2_request req = { .action = EC2_DESCRIBE_VOLUMES };
	struct fixture *f = *state;
	struct ec2_exchange x = { 0 };

	f->mood = HANG;
	ec2_exchange_init(&x, f->t, &req);
	done = false;
	op_start(&x.op, on_end);
	for (int i = 0; i < 100 && !f->n_held; i++)
		reactor_advance(f->r, 10);
	op_cancel(&x.op, GRPC_CANCELLED, "enough");
	assert_true(reactor_run_until(f->r, &done, 1000));
	assert_int_equal(x.op.err.code, GRPC_CANCELLED);
	op_fini(&x.op);
}

static void all_actions_share_the_connections(void **state)
{
	struct fixture *f = *state;
	struct ec2_exchange x = { 0 };
	size_t before;

	assert_works(f);
	before = http_connections_opened(f->http);
	assert_works(f);
	say(f, 400, "VolumeInUse", "x");
	attempt(f, &x, EC2_ATTACH_VOLUME);
	assert_int_equal(http_connections_opened(f->http), before);
	op_fini(&x.op);
}

static void refused_credentials_are_read_anew(void **state)
{
	struct fixture *f = *state;

	assert_works(f);
	say(f, 401, "AuthFailure", "AWS was not able to validate the provided access credentials");
	assert_fault(f, EC2_FAULT_AUTH, "AuthFailure", "not able to validate");
	say(f, 400, "ExpiredToken", "old");
	assert_fault(f, EC2_FAULT_AUTH, "ExpiredToken", "old");
}

static void a_wrong_clock_is_corrected(void **state)
{
	struct fixture *f = *state;
	int64_t skew;

	f->check_clock = true;
	f->date_offset_ms = -3600000;
	assert_fault(f, EC2_FAULT_SKEW, "RequestExpired", "expired");
	skew = ec2_http_skew(f->t);
	assert_in_range(skew + 3600000 + 5000, 0, 10000);
	assert_works(f);
	assert_true(f->signature_good);
	f->date_offset_ms = 0;		/* and back, when ours has been set right */
	assert_fault(f, EC2_FAULT_SKEW, "RequestExpired", "expired");
	assert_works(f);
}

/* The same refusals with a clock that agrees are about the credentials. */
static void a_small_skew_is_no_excuse(void **state)
{
	struct fixture *f = *state;

	f->date_offset_ms = 120000;
	say(f, 400, "RequestExpired", "x");
	assert_fault(f, EC2_FAULT_AUTH, "RequestExpired", "x");
}

static void the_correction_can_be_switched_off(void **state)
{
	struct fixture *f = *state;

	setenv("AWS_DISABLE_CLOCK_SKEW_CORRECTION", "true", 1);
	open_transport(f, 0);
	f->check_clock = true;
	f->date_offset_ms = 3600000;
	assert_fault(f, EC2_FAULT_AUTH, "RequestExpired", "expired");
	assert_int_equal(ec2_http_skew(f->t), 0);
}

static void a_request_that_is_too_long_is_not_sent(void **state)
{
	static char token[EC2_QUERY_MAX];
	struct ec2_request req = { .action = EC2_DESCRIBE_VOLUMES };
	struct fixture *f = *state;
	struct ec2_exchange x = { 0 };

	memset(token, 'x', sizeof(token) - 1);
	req.describe_volumes.next_token = token;
	ec2_exchange_init(&x, f->t, &req);
	done = false;
	op_start(&x.op, on_end);
	assert_true(reactor_run_until(f->r, &done, 1000));
	assert_int_equal(x.fault, EC2_FAULT_REFUSED);
	assert_int_equal(f->requests, 0);
	op_fini(&x.op);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_call_is_signed_sent_and_understood),
		TEST(a_session_token_is_sent_and_signed),
		TEST(credentials_cannot_smuggle_headers),
		TEST(without_credentials_nothing_is_sent),
		TEST(refusals_carry_code_text_and_id),
		TEST(throttles_tell_how_long_to_wait),
		TEST(broken_answers_are_of_unknown_effect),
		TEST(redirects_are_not_followed),
		TEST(a_hanging_server_is_given_up),
		TEST(an_unreachable_server_has_seen_nothing),
		TEST(a_call_can_be_cancelled),
		TEST(all_actions_share_the_connections),
		TEST(refused_credentials_are_read_anew),
		TEST(a_wrong_clock_is_corrected),
		TEST(a_small_skew_is_no_excuse),
		TEST(the_correction_can_be_switched_off),
		TEST(a_request_that_is_too_long_is_not_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
