#include "aws/ec2_http.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>

#include "aws/ec2_decode.h"
#include "aws/ec2_query.h"
#include "aws/retry.h"
#include "aws/sigv4.h"
#include "aws/user_agent.h"
#include "base/encode.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/parse.h"

#define CONTENT_TYPE "application/x-www-form-urlencoded; charset=utf-8"
#define CONNECT_MS 5000
#define DESCRIBE_MS 30000
#define TOTAL_MS 60000
#define AUTHORIZATION_MAX (16u << 10)
#define ERROR_BODY_MAX (64u << 10)
#define ERROR_TEXT_MAX 512	/* of an answer that is no XML */
#define SKEW_TOLERATED_MS (4 * 60 * 1000)
#define ROUND_TRIP_MAX_MS (15 * 60 * 1000)

struct ec2_http {
	struct ec2_transport transport;
	struct ec2_http_options opt;
	char *version, *extra;
	struct sigv4 *signer;
	int64_t skew_ms;
	bool fix_skew;
};

/* One attempt: begin -> have_creds -> answered -> OP_DONE. */
struct attempt {
	struct ec2_http *h;
	struct creds_get creds;
	struct http_exchange http;
	struct buf body;
	struct buf error;	/* what came with another status than 200 */
	struct ec2_decoder *decoder;
	int64_t sent_wall;	/* our clock, uncorrected */
	int64_t sent_at;	/* reactor_now() */
	int64_t skew_used;
};

static struct ec2_exchange *exchange_of(struct op *op)
{
	return container_of(op, struct ec2_exchange, op);
}

static struct attempt *attempt_of(struct op *op)
{
	return exchange_of(op)->impl;
}

static enum op_verdict fail(struct ec2_exchange *x, enum ec2_fault fault, struct err *err)
{
	x->fault = fault;
	return op_fail_err(&x->op, err);
}

/* ---- request ---- */

static op_step have_creds, answered;

static enum op_verdict begin(struct op *op)
{
	struct attempt *a = attempt_of(op);

	creds_get_init(&a->creds, a->h->opt.creds);
	return op_await(op, &a->creds.op, have_creds);
}

static void invocation_id(char ret[37])
{
	unsigned char b[16];

	if (getrandom(b, sizeof(b), GRND_NONBLOCK) != sizeof(b))
		memset(b, 0, sizeof(b));
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	snprintf(ret, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		 b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12],
		 b[13], b[14], b[15]);
}

static int add_signature(struct attempt *a, const struct sigv4_header *headers, size_t n,
			 const char *time, struct err *err)
{
	struct sigv4_request req = {
		.method = "POST",
		.path = a->h->opt.endpoint->path,
		.headers = headers,
		.n_headers = n,
		.body = buf_view(&a->body),
	};
	struct buf auth;
	int rc;

	buf_init(&auth, AUTHORIZATION_MAX);
	rc = sigv4_sign(a->h->signer, &a->creds.result->keys, &req, time, &auth, err);
	if (rc == 0)
		rc = http_exchange_add_header(&a->http, "Authorization", buf_cstr(&auth));
	buf_fini(&auth);
	return rc;
}

/* The headers signed are exactly those sent. */
static int add_headers(struct attempt *a, struct err *err)
{
	const struct aws_creds *creds = a->creds.result;
	char time[SIGV4_TIME_LEN];
	struct sigv4_header headers[] = {
		{ "Host", a->h->opt.endpoint->host },
		{ "Content-Type", CONTENT_TYPE },
		{ "X-Amz-Date", time },
		{ "X-Amz-Security-Token", creds->keys.session_token },
	};
	size_t n = ARRAY_SIZE(headers) - (creds->keys.session_token ? 0 : 1);

	sigv4_time(a->sent_wall + a->skew_used, time);
	for (size_t i = 0; i < n; i++)
		if (http_exchange_add_header(&a->http, headers[i].name, headers[i].value) < 0)
			return err_set(err, GRPC_UNAUTHENTICATED,
				       "the credentials of %s hold a line break", creds->source);
	return add_signature(a, headers, n, time, err);
}

static void add_plain_headers(struct attempt *a)
{
	struct buf agent;
	char id[37];

	buf_init(&agent, 1024);
	user_agent_write(&agent, a->h->version, a->h->extra, a->creds.result->feature,
			 a->h->opt.endpoint->custom);
	http_exchange_add_header(&a->http, "User-Agent", buf_cstr(&agent));
	buf_fini(&agent);
	invocation_id(id);
	http_exchange_add_header(&a->http, "amz-sdk-invocation-id", id);
}

/* Only a good answer is decoded; of another the beginning is kept as text. */
static int on_body(struct http_exchange *http, struct str piece, struct err *err)
{
	struct ec2_exchange *x = http->user;
	struct attempt *a = x->impl;

	if (http->status != 200) {
		size_t room = ERROR_BODY_MAX - a->error.len;

		buf_add(&a->error, piece.p, piece.n < room ? piece.n : room);
		return 0;
	}
	if (!a->decoder)
		a->decoder = ec2_decoder_new(&x->resp, x->req->action);
	return ec2_decoder_feed(a->decoder, piece, err);
}

static bool is_describe(enum ec2_action a)
{
	return strncmp(ec2_action_name(a), "Describe", 8) == 0;
}

static void prepare_http(struct ec2_exchange *x, struct attempt *a)
{
	const struct ec2_http_options *opt = &a->h->opt;

	http_exchange_init(&a->http, opt->http, "POST", opt->endpoint->url);
	a->http.body = buf_view(&a->body);
	/* On a kept connection that turns out dead libcurl sends again by itself.
	 * None of these actions minds: a second AttachVolume or DetachVolume is
	 * refused by the state that the first has made, which is looked into. */
	a->http.connect_ms = CONNECT_MS;
	a->http.total_ms = is_describe(x->req->action) ? opt->describe_ms : opt->total_ms;
	a->http.max_response = EC2_XML_MAX;
	a->http.on_body = on_body;
	a->http.user = x;
}

static enum op_verdict have_creds(struct op *op)
{
	struct ec2_exchange *x = exchange_of(op);
	struct attempt *a = x->impl;
	struct err err = { 0 };

	if (op_failed(&a->creds.op))
		return fail(x, a->creds.op.err.code == GRPC_UNAUTHENTICATED ?
			       EC2_FAULT_AUTH : EC2_FAULT_NOT_SENT, &a->creds.op.err);
	ec2_query_encode(x->req, &a->body);
	if (a->body.overflow) {
		err_set_reason(&err, GRPC_INVALID_ARGUMENT, "InvalidParameterValue",
			       "the request is longer than %u bytes", EC2_QUERY_MAX);
		return fail(x, EC2_FAULT_REFUSED, &err);
	}
	prepare_http(x, a);
	a->skew_used = a->h->skew_ms;
	a->sent_wall = reactor_wall(op->reactor);
	a->sent_at = reactor_now(op->reactor);
	if (add_headers(a, &err) < 0)
		return fail(x, EC2_FAULT_AUTH, &err);
	add_plain_headers(a);
	return op_await(op, &a->http.op, answered);
}

/* ---- clock ---- */

/* "Thu, 15 Jan 2026 12:34:56 GMT"; false when it is not that. */
static bool parse_http_date(const char *text, int64_t *ms)
{
	struct tm tm = { 0 };
	const char *end = text ? strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm) : NULL;

	if (!end || *end)
		return false;
	*ms = (int64_t)timegm(&tm) * 1000;
	return true;
}

/* Difference of the server's clock to ours, from the middle of the exchange. A
 * cached answer (Age) or a very slow one says nothing. */
static void measure_skew(struct attempt *a)
{
	int64_t took = reactor_now(a->h->transport.reactor) - a->sent_at, date;

	if (!a->h->fix_skew || took > ROUND_TRIP_MAX_MS || http_exchange_header(&a->http, "Age") ||
	    !parse_http_date(http_exchange_header(&a->http, "Date"), &date))
		return;
	a->h->skew_ms = date - (a->sent_wall + took / 2);
}

/* The signature was made with a time the server does not accept, and the next
 * one will not be. */
static bool was_skewed(const struct attempt *a, const char *code)
{
	static const char *const codes[] = {
		"AuthFailure", "RequestExpired", "SignatureDoesNotMatch",
		"InvalidSignatureException", "RequestTimeTooSkewed", "AccessDeniedException",
		"InvalidSecurity.RequestHasExpired", "RequestInTheFuture",
	};
	int64_t off = a->skew_used - a->h->skew_ms;

	if (off >= -SKEW_TOLERATED_MS && off <= SKEW_TOLERATED_MS)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (strcmp(code, codes[i]) == 0)
			return true;
	return false;
}

/* ---- answer ---- */

static int64_t asked_to_wait(const struct http_exchange *http)
{
	const char *ms = http_exchange_header(http, "x-amz-retry-after");
	const char *s = http_exchange_header(http, "Retry-After");
	uint64_t n;

	if (ms && parse_u64(str_trim(str_c(ms)), &n) == 0 && n < INT32_MAX)
		return (int64_t)n;
	if (s && parse_u64(str_trim(str_c(s)), &n) == 0 && n < INT32_MAX / 1000)
		return (int64_t)n * 1000;
	return 0;
}

static enum op_verdict not_answered(struct ec2_exchange *x, struct attempt *a)
{
	bool sent = a->http.fault != HTTP_FAULT_NOT_SENT;

	err_prefix(&a->http.op.err, "%s", a->h->opt.endpoint->host);
	return fail(x, sent ? EC2_FAULT_UNKNOWN : EC2_FAULT_NOT_SENT, &a->http.op.err);
}

/* Text of an answer that is no error document: its beginning, on one line. */
static void add_plain_text(struct buf *out, struct str body)
{
	body = str_trim(str_n(body.p, body.n < ERROR_TEXT_MAX ? body.n : ERROR_TEXT_MAX));
	for (size_t i = 0; i < body.n; i++)
		buf_addc(out, (unsigned char)body.p[i] < ' ' ? ' ' : body.p[i]);
}

static enum ec2_fault fault_of(struct attempt *a, const char *code, int status)
{
	enum ec2_fault fault = retry_fault(code, status);

	if (was_skewed(a, code)) {
		log_warn(AREA_AWS, "our clock is off by %lld s by %s: corrected for requests",
			 (long long)(a->h->skew_ms / 1000), a->h->opt.endpoint->host);
		return EC2_FAULT_SKEW;
	}
	if (fault == EC2_FAULT_AUTH)
		creds_refused(a->h->opt.creds, a->creds.result->generation);
	return fault;
}

static enum op_verdict refused(struct ec2_exchange *x, struct attempt *a)
{
	struct arena arena = { 0 };
	struct ec2_error_doc doc = { 0 };
	struct err err = { 0 };
	struct buf text;
	const char *id;

	buf_init(&text, 16 << 10);
	if (ec2_decode_error(buf_view(&a->error), &arena, &doc) == 0) {
		buf_adds(&text, cstr_or(doc.message, "no message"));
	} else {
		buf_printf(&text, "HTTP %d from %s, no EC2 error: ", x->http_status,
			   a->h->opt.endpoint->host);
		add_plain_text(&text, buf_view(&a->error));
	}
	id = cstr_or(doc.request_id, http_exchange_header(&a->http, "x-amzn-requestid"));
	if (!cstr_empty(id))
		buf_printf(&text, " (request id %s)", id);
	x->fault = fault_of(a, cstr_or(doc.code, ""), x->http_status);
	err_set_reason(&err, retry_grpc_code(cstr_or(doc.code, ""), x->fault),
		       cstr_or(doc.code, ""), "%s", buf_cstr(&text));
	buf_fini(&text);
	arena_fini(&arena);
	return op_fail_err(&x->op, &err);
}

static enum op_verdict understood(struct ec2_exchange *x, struct attempt *a)
{
	struct err err = { 0 };

	if (!a->decoder)	/* not one byte */
		a->decoder = ec2_decoder_new(&x->resp, x->req->action);
	if (ec2_decoder_finish(a->decoder, &err) < 0) {
		err.code = GRPC_UNAVAILABLE;
		err_prefix(&err, "answer of %s cannot be read", a->h->opt.endpoint->host);
		return fail(x, EC2_FAULT_UNKNOWN, &err);
	}
	if (!x->resp.request_id)
		x->resp.request_id = arena_str(&x->resp.arena,
					       http_exchange_header(&a->http, "x-amzn-requestid"));
	x->fault = EC2_FAULT_NONE;
	return OP_DONE;
}

static enum op_verdict answered(struct op *op)
{
	struct ec2_exchange *x = exchange_of(op);
	struct attempt *a = x->impl;

	x->http_status = a->http.status;
	if (op_failed(&a->http.op))
		return not_answered(x, a);
	measure_skew(a);
	x->retry_after_ms = asked_to_wait(&a->http);
	return a->http.status == 200 ? understood(x, a) : refused(x, a);
}

/* ---- the op ---- */

/* Cut short: what went out may take effect all the same. */
static void attempt_end(struct op *op)
{
	struct ec2_exchange *x = exchange_of(op);
	struct attempt *a = x->impl;

	if (!op_failed(op) || x->fault != EC2_FAULT_NONE)
		return;
	x->fault = a->body.len == 0 || a->http.fault == HTTP_FAULT_NOT_SENT ?
		   EC2_FAULT_NOT_SENT : EC2_FAULT_UNKNOWN;
}

static void attempt_fini(struct op *op)
{
	struct ec2_exchange *x = exchange_of(op);
	struct attempt *a = x->impl;

	x->impl = NULL;
	ec2_response_fini(&x->resp);
	if (!a)
		return;
	op_fini(&a->http.op);	/* prepared, perhaps never started */
	ec2_decoder_free(a->decoder);
	buf_fini(&a->body);
	buf_fini(&a->error);
	free(a);
}

static void attempt_describe(const struct op *op, struct buf *out)
{
	const struct ec2_exchange *x = container_of(op, struct ec2_exchange, op);

	buf_adds(out, ec2_action_name(x->req->action));
}

static const struct op_class attempt_class = {
	.name = "ec2_http",
	.end = attempt_end,
	.fini = attempt_fini,
	.describe = attempt_describe,
};

static void prepare(struct ec2_transport *t, struct ec2_exchange *x)
{
	struct attempt *a = xcalloc(1, sizeof(*a));

	op_init(&x->op, &attempt_class, t->reactor, begin);
	a->h = container_of(t, struct ec2_http, transport);
	buf_init(&a->body, EC2_QUERY_MAX);
	buf_init(&a->error, ERROR_BODY_MAX);
	x->impl = a;
}

struct ec2_transport *ec2_http_new(const struct ec2_http_options *opt)
{
	struct ec2_http *h = xcalloc(1, sizeof(*h));
	const char *off = getenv("AWS_DISABLE_CLOCK_SKEW_CORRECTION");

	h->opt = *opt;
	h->version = xstrdup(opt->version);
	h->extra = xstrdup(opt->user_agent_extra);
	if (!h->opt.describe_ms)
		h->opt.describe_ms = DESCRIBE_MS;
	if (!h->opt.total_ms)
		h->opt.total_ms = TOTAL_MS;
	h->fix_skew = !off || strcasecmp(off, "true") != 0;
	h->signer = sigv4_new(opt->endpoint->region, "ec2");
	h->transport.prepare = prepare;
	h->transport.reactor = opt->reactor;
	return &h->transport;
}

void ec2_http_free(struct ec2_transport *t)
{
	struct ec2_http *h;

	if (!t)
		return;
	h = container_of(t, struct ec2_http, transport);
	sigv4_free(h->signer);
	free(h->version);
	free(h->extra);
	free(h);
}

int64_t ec2_http_skew(const struct ec2_transport *t)
{
	return container_of(t, struct ec2_http, transport)->skew_ms;
}
