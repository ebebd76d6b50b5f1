#include "aws/imds.h"

#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/parse.h"

#define ADDRESS_IPV4 "http://169.254.169.254"
#define ADDRESS_IPV6 "http://[fd00:ec2::254]"
#define TOKEN_PATH "/latest/api/token"
#define TOKEN_HEADER "X-aws-ec2-metadata-token"
#define TTL_HEADER "X-aws-ec2-metadata-token-ttl-seconds"
#define TTL_SECONDS 21600	/* the most there is */
#define RENEW_EARLY_MS 60000
#define TOKEN_LEN_MAX 4096
#define BODY_MAX (64u << 10)

/* On the instance's own link: what does not answer soon never will. */
#define CONNECT_MS 500
#define TRY_MS 1000
#define TRIES 3
#define PAUSE_MS 100		/* doubled each time */

struct imds {
	struct reactor *reactor;
	struct http *http;
	char *address;
	char *token_url;
	bool disabled;

	/* The token, fetched by one operation for all who wait. */
	char *token;
	int64_t token_until;	/* reactor_now() */
	unsigned int token_seq;
	struct flight flight;
	struct op fetch;
	struct http_exchange put;
	struct op_sleep pause;
	unsigned int tries;
};

/* ---- set-up ---- */

static char *default_address(struct err *err)
{
	const char *mode = getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");

	if (cstr_empty(mode) || strcasecmp(mode, "IPv4") == 0)
		return xstrdup(ADDRESS_IPV4);
	if (strcasecmp(mode, "IPv6") == 0)
		return xstrdup(ADDRESS_IPV6);
	err_set(err, GRPC_INVALID_ARGUMENT,
		"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE is \"%.40s\": say IPv4 or IPv6", mode);
	return NULL;
}

static char *find_address(struct err *err)
{
	const char *url = getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT");
	struct str s = str_c(url);

	if (cstr_empty(url))
		return default_address(err);
	while (str_ends(s, "/"))
		s.n--;
	if (strncasecmp(url, "http://", 7) != 0 || s.n <= 7 || strpbrk(url, " \t\r\n\"<>")) {
		err_set(err, GRPC_INVALID_ARGUMENT,
			"AWS_EC2_METADATA_SERVICE_ENDPOINT is \"%.200s\": a URL like "
			ADDRESS_IPV4 " is needed", url);
		return NULL;
	}
	return xstrndup(s.p, s.n);
}

struct imds *imds_new(struct reactor *r, struct http *h, struct err *err)
{
	const char *off = getenv("AWS_EC2_METADATA_DISABLED");
	char *address = find_address(err);
	struct imds *m;

	if (!address)
		return NULL;
	m = xcalloc(1, sizeof(*m));
	m->reactor = r;
	m->http = h;
	m->address = address;
	m->token_url = xasprintf("%s" TOKEN_PATH, address);
	m->disabled = off && strcasecmp(off, "true") == 0;
	flight_init(&m->flight);
	return m;
}

void imds_free(struct imds *m)
{
	if (!m)
		return;
	op_fini(&m->fetch);
	flight_fini(&m->flight);
	free(m->address);
	free(m->token_url);
	free(m->token);
	free(m);
}

struct reactor *imds_reactor(const struct imds *m)
{
	return m->reactor;
}

bool imds_is_disabled(const struct imds *m)
{
	return m->disabled;
}

const char *imds_address(const struct imds *m)
{
	return m->address;
}

/* ---- the token: fetch_send -> fetch_answered -> OP_DONE; pause -> fetch_send ---- */

static op_step fetch_send, fetch_answered;

static bool token_is_good(const struct imds *m)
{
	return m->token && reactor_now(m->reactor) < m->token_until;
}

static void prepare(struct http_exchange *x, struct imds *m, const char *method,
		    const char *url)
{
	op_fini(&x->op);
	http_exchange_init(x, m->http, method, url);
	x->flags = HTTP_NO_PROXY;
	x->connect_ms = CONNECT_MS;
	x->total_ms = TRY_MS;
	x->max_response = BODY_MAX;
}

static enum op_verdict fetch_send(struct op *op)
{
	struct imds *m = container_of(op, struct imds, fetch);

	prepare(&m->put, m, "PUT", m->token_url);
	http_exchange_add_header(&m->put, TTL_HEADER, "21600");
	return op_await(op, &m->put.op, fetch_answered);
}

static bool worth_a_retry(const struct http_exchange *x)
{
	return op_failed(&x->op) || x->status >= 500 || x->status == 429;
}

static enum op_verdict fetch_unreachable(struct op *op, struct imds *m)
{
	return op_fail(op, GRPC_UNAVAILABLE,
		       "no session token from the instance metadata service at %s: %s. Is this an "
		       "EC2 instance? In a container without the host's network the answer needs "
		       "a hop limit of 2 or more (HttpPutResponseHopLimit)",
		       m->address, err_msg(&m->put.op.err));
}

static enum op_verdict fetch_refused(struct op *op, struct imds *m)
{
	return op_fail(op, m->put.status == 403 ? GRPC_PERMISSION_DENIED : GRPC_UNAVAILABLE,
		       "the instance metadata service at %s gives no session token (HTTP %d to "
		       "PUT " TOKEN_PATH "); version 1 is not used", m->address, m->put.status);
}

static bool is_token(struct str s)
{
	if (!s.n || s.n > TOKEN_LEN_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~')
			return false;
	return true;
}

static void keep_token(struct imds *m, struct str token)
{
	const char *ttl = http_exchange_header(&m->put, TTL_HEADER);
	uint64_t seconds;
	int64_t life;

	if (parse_u64(str_trim(str_c(ttl)), &seconds) < 0 || seconds > TTL_SECONDS)
		seconds = TTL_SECONDS;
	free(m->token);
	m->token = xstrndup(token.p, token.n);
	m->token_seq++;
	life = (int64_t)seconds * 1000;
	/* A minute early, or at half of a life too short for that. */
	m->token_until = reactor_now(m->reactor) +
			 (life > 2 * RENEW_EARLY_MS ? life - RENEW_EARLY_MS : life / 2);
}

static enum op_verdict fetch_answered(struct op *op)
{
	struct imds *m = container_of(op, struct imds, fetch);
	struct str token = str_trim(buf_view(&m->put.response));

	if (worth_a_retry(&m->put) && ++m->tries < TRIES) {
		op_sleep_init(&m->pause, m->reactor, PAUSE_MS << m->tries);
		return op_await(op, &m->pause.op, fetch_send);
	}
	if (op_failed(&m->put.op))
		return fetch_unreachable(op, m);
	if (m->put.status != 200)
		return fetch_refused(op, m);
	if (!is_token(token))
		return op_fail(op, GRPC_UNAVAILABLE, "what %s gives is no session token; is "
			       "something else listening there?", m->token_url);
	keep_token(m, token);
	return OP_DONE;
}

static void fetch_describe(const struct op *op, struct buf *out)
{
	buf_adds(out, container_of(op, struct imds, fetch)->address);
}

static const struct op_class fetch_class = {
	.name = "imds_token",
	.describe = fetch_describe,
};

static void on_fetch_end(struct op *op)
{
	struct imds *m = container_of(op, struct imds, fetch);

	flight_land(&m->flight, &op->err);
}

static void want_token(struct imds *m)
{
	if (op_active(&m->fetch))
		return;
	op_init(&m->fetch, &fetch_class, m->reactor, fetch_send);
	m->tries = 0;
	op_start(&m->fetch, on_fetch_end);
}

/* ---- GET: get_begin [-> get_send] -> get_answered -> OP_DONE
 *	401: the token is dropped, get_begin;  5xx, no answer: pause -> get_begin ---- */

static op_step get_send, get_answered;

static enum op_verdict get_begin(struct op *op)
{
	struct imds_get *g = container_of(op, struct imds_get, op);
	struct imds *m = g->imds;

	if (m->disabled)
		return op_fail(op, GRPC_FAILED_PRECONDITION, "the instance metadata service is "
			       "switched off by AWS_EC2_METADATA_DISABLED");
	if (token_is_good(m))
		return op_next(op, get_send);
	want_token(m);
	flight_wait_init(&g->token, m->reactor, &m->flight, "imds token");
	return op_await(op, &g->token.op, get_send);
}

static enum op_verdict get_send(struct op *op)
{
	struct imds_get *g = container_of(op, struct imds_get, op);

	if (op_failed(&g->token.op))
		return op_fail_as(op, &g->token.op, NULL);
	if (!g->url)
		g->url = xasprintf("%s%s", g->imds->address, g->path);
	prepare(&g->http, g->imds, "GET", g->url);
	http_exchange_add_header(&g->http, TOKEN_HEADER, cstr_or(g->imds->token, ""));
	g->token_seq = g->imds->token_seq;
	return op_await(op, &g->http.op, get_answered);
}

/* Others may have replaced it meanwhile; what is new stays. */
static void drop_token(struct imds *m, unsigned int seq)
{
	if (m->token_seq == seq)
		m->token_until = 0;
}

static enum op_verdict get_failed(struct op *op, struct imds_get *g)
{
	const char *text = err_msg(&g->http.op.err);

	switch (g->http.status) {
	case 0:
		return op_fail(op, GRPC_UNAVAILABLE, "no answer from %s: %s", g->url, text);
	case 403:
		return op_fail(op, GRPC_PERMISSION_DENIED, "%s is forbidden (HTTP 403)", g->url);
	case 404:
		return op_fail(op, GRPC_NOT_FOUND, "%s does not exist (HTTP 404)", g->url);
	default:
		return op_fail(op, GRPC_UNAVAILABLE, "%s answers HTTP %d%s%s", g->url,
			       g->http.status, *text ? ": " : "", text);
	}
}

static enum op_verdict get_answered(struct op *op)
{
	struct imds_get *g = container_of(op, struct imds_get, op);

	if (!op_failed(&g->http.op) && g->http.status == 200) {
		g->body = g->http.response;	/* takes the memory over */
		buf_init(&g->http.response, BODY_MAX);
		return OP_DONE;
	}
	if (g->http.status == 401)
		drop_token(g->imds, g->token_seq);
	else if (!worth_a_retry(&g->http))
		return get_failed(op, g);
	if (++g->tries >= TRIES)
		return get_failed(op, g);
	op_fini(&g->token.op);
	op_sleep_init(&g->pause, op->reactor,
		      g->http.status == 401 ? 0 : PAUSE_MS << g->tries);
	return op_await(op, &g->pause.op, get_begin);
}

static void get_fini(struct op *op)
{
	struct imds_get *g = container_of(op, struct imds_get, op);

	buf_fini(&g->body);
	free(g->url);
	g->url = NULL;
}

static void get_describe(const struct op *op, struct buf *out)
{
	buf_adds(out, container_of(op, struct imds_get, op)->path);
}

static const struct op_class get_class = {
	.name = "imds_get",
	.fini = get_fini,
	.describe = get_describe,
};

void imds_get_init(struct imds_get *g, struct imds *m, const char *path)
{
	op_init(&g->op, &get_class, m->reactor, get_begin);
	g->imds = m;
	g->path = path;
	g->tries = 0;
	buf_init(&g->body, BODY_MAX);
}
