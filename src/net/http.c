#include "net/http.h"

#include <string.h>
#include <strings.h>

#include "net/http_internal.h"

#define HEADERS_MAX (64u << 10)
#define CONNECT_MS 5000
#define TOTAL_MS 30000
#define RESPONSE_MAX (4u << 20)

/* exchange_start -> [resolve] -> exchange_queue -> on the wire -> ended
 *
 * The time-out runs over all of it. */

/* ---- errors ---- */

/* The URL without its query, which may hold signatures. */
static struct str bare_url(const struct http_exchange *x)
{
	return str_n(x->url, strcspn(x->url, "?#"));
}

static void set_fault(struct http_exchange *x)
{
	x->fault = x->sent ? HTTP_FAULT_UNKNOWN : HTTP_FAULT_NOT_SENT;
}

static void fail(struct http_exchange *x, enum grpc_code code, const char *why)
{
	set_fault(x);
	op_err(&x->op, code, "%s %.*s: %s", x->method, STR(bare_url(x)), why);
}

static enum grpc_code code_of(CURLcode rc)
{
	switch (rc) {
	case CURLE_OPERATION_TIMEDOUT:
		return GRPC_DEADLINE_EXCEEDED;
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
		return GRPC_INVALID_ARGUMENT;
	default:
		return GRPC_UNAVAILABLE;
	}
}

void exchange_through(struct http_exchange *x, CURLcode rc, const char *why)
{
	timer_disarm(&x->timer);
	list_del(&x->queued);	/* it may be doomed as well */
	if (x->op.cancelled) {
		set_fault(x);	/* from inside on_body; the cancel's words stay */
	} else if (err_is_set(&x->body_err)) {
		fail(x, x->body_err.code, err_msg(&x->body_err));
	} else if (rc != CURLE_OK) {
		/* An answer that is not HTTP counts as a broken one. */
		fail(x, x->sent && rc == CURLE_UNSUPPORTED_PROTOCOL ? GRPC_UNAVAILABLE
								    : code_of(rc), why);
	} else if (!x->head_whole) {
		/* libcurl takes a connection that ends there for an answer. */
		fail(x, GRPC_UNAVAILABLE, "the answer ends within its headers");
	}
	op_finish(&x->op);
}

/* ---- waiting for a connection ---- */

static void on_pump(struct task *t)
{
	struct http *h = container_of(t, struct http, pump);
	struct list *l;

	while ((l = list_pop(&h->doomed))) {
		struct http_exchange *x = list_entry(l, struct http_exchange, queued);

		if (x->wire)
			wire_stop(x);
		set_fault(x);
		op_finish(&x->op);
	}
	while (h->active < h->max_active && (l = list_pop(&h->waiting))) {
		struct http_exchange *x = list_entry(l, struct http_exchange, queued);
		struct err err = { 0 };

		if (wire_start(x, &err) < 0) {
			fail(x, err.code, err_msg(&err));
			err_fini(&err);
			op_finish(&x->op);
		}
	}
}

static void on_timeout(struct timer *t)
{
	struct http_exchange *x = container_of(t, struct http_exchange, timer);
	const char *where = !x->wire ? "no free connection"
			  : x->sent ? "no (whole) answer" : "no connection";
	char why[96];

	(void)snprintf(why, sizeof(why), "%s within %lld ms", where, (long long)x->total_ms);
	if (x->wire)
		wire_stop(x);
	list_del(&x->queued);
	fail(x, GRPC_DEADLINE_EXCEEDED, why);
	op_finish(&x->op);
}

static enum op_verdict exchange_queue(struct op *op)
{
	struct http_exchange *x = container_of(op, struct http_exchange, op);
	int64_t left = op->started + x->total_ms - reactor_now(op->reactor);

	if (op_failed(&x->resolve.op)) {
		x->fault = HTTP_FAULT_NOT_SENT;
		return op_fail_as(op, &x->resolve.op, "%s %.*s", x->method, STR(bare_url(x)));
	}
	timer_arm(&x->timer, left);
	list_add_tail(&x->http->waiting, &x->queued);
	reactor_defer(op->reactor, &x->http->pump);
	return OP_PENDING;
}

/* ---- where to ---- */

static bool part(CURLU *u, CURLUPart what, unsigned int flags, char **ret)
{
	*ret = NULL;
	return curl_url_get(u, what, ret, flags) == CURLUE_OK;
}

/* Host and port of a URL into x: what is to be looked up. */
static int read_url(const char *url, char **scheme, char **host, int *port)
{
	CURLU *u = curl_url();
	char *s = NULL, *h = NULL, *p = NULL;
	int rc = -1;

	if (curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    part(u, CURLUPART_SCHEME, 0, &s) && part(u, CURLUPART_HOST, 0, &h) &&
	    part(u, CURLUPART_PORT, CURLU_DEFAULT_PORT, &p)) {
		*scheme = xstrdup(s);
		*host = xstrdup(h);
		*port = atoi(p);	/* libcurl has checked it */
		rc = 0;
	}
	curl_free(s);
	curl_free(h);
	curl_free(p);
	curl_url_cleanup(u);
	return rc;
}

/* Other letters would be changed on the way to the look-up (IDN). */
static bool is_plain(const char *host)
{
	for (; *host; host++) {
		if (*host <= ' ' || *host > '~')
			return false;
	}
	return true;
}

static int use_proxy(struct http_exchange *x, struct err *err)
{
	auto_free char *scheme = NULL;
	char *host = NULL;

	/* socks4 and socks5 would make libcurl look the target up by itself. */
	if (read_url(x->proxy, &scheme, &host, &x->port) < 0 || !is_plain(host) ||
	    (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0 &&
	     strcmp(scheme, "socks5h") != 0)) {
		free(host);
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "a proxy must be http://host:port, https:// or socks5h://: see "
			       "http_proxy, https_proxy and all_proxy");
	}
	free(x->host);
	x->host = host;
	return 0;
}

static int find_target(struct http_exchange *x, struct err *err)
{
	auto_free char *scheme = NULL;

	if (read_url(x->url, &scheme, &x->host, &x->port) < 0 ||
	    (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0) || !is_plain(x->host))
		return err_set(err, GRPC_INVALID_ARGUMENT, "not a valid http:// or https:// URL");
	if (!(x->flags & HTTP_NO_PROXY))
		x->proxy = proxy_for(&x->http->proxy, scheme, x->host);
	return x->proxy ? use_proxy(x, err) : 0;
}

static enum op_verdict exchange_start(struct op *op)
{
	struct http_exchange *x = container_of(op, struct http_exchange, op);
	struct err err = { 0 };

	x->fault = HTTP_FAULT_NOT_SENT;	/* until more is known */
	if (find_target(x, &err) < 0) {
		err_prefix(&err, "%s %.*s", x->method, STR(bare_url(x)));
		return op_fail_err(op, &err);
	}
	buf_init(&x->response, x->max_response);
	resolve_init(&x->resolve, x->http->resolver, x->host);
	return op_await(op, &x->resolve.op, exchange_queue);
}

/* ---- the operation ---- */

static void exchange_stop(struct op *op)
{
	struct http_exchange *x = container_of(op, struct http_exchange, op);
	struct http *h = x->http;

	timer_disarm(&x->timer);
	list_del(&x->queued);
	if (x->wire && h->in_curl) {
		list_add_tail(&h->doomed, &x->queued);
		reactor_defer(h->reactor, &h->pump);
		return;
	}
	if (x->wire)
		wire_stop(x);
	set_fault(x);
	op_finish(op);
}

static void exchange_end(struct op *op)
{
	struct http_exchange *x = container_of(op, struct http_exchange, op);

	if (!err_is_set(&op->err))
		x->fault = HTTP_FAULT_NONE;
}

static void exchange_fini(struct op *op)
{
	struct http_exchange *x = container_of(op, struct http_exchange, op);

	curl_slist_free_all(x->request_headers);
	x->request_headers = NULL;
	buf_fini(&x->response_headers);
	buf_fini(&x->response);
	err_fini(&x->body_err);
	free(x->host);
	x->host = NULL;
}

static void exchange_describe(const struct op *op, struct buf *out)
{
	const struct http_exchange *x = container_of(op, struct http_exchange, op);

	buf_printf(out, "%s %.*s%s%s", x->method, STR(bare_url(x)),
		   x->sent ? " sent" : x->wire ? " connecting" : "",
		   x->flags & HTTP_FRESH_CONNECTION ? " fresh" : "");
}

static const struct op_class exchange_class = {
	.name = "http",
	.stop = exchange_stop,
	.end = exchange_end,
	.fini = exchange_fini,
	.describe = exchange_describe,
};

void http_exchange_init(struct http_exchange *x, struct http *h, const char *method,
			const char *url)
{
	op_fini(&x->op);
	memset(x, 0, sizeof(*x));
	op_init(&x->op, &exchange_class, h->reactor, exchange_start);
	x->http = h;
	x->method = method;
	x->url = url;
	x->connect_ms = CONNECT_MS;
	x->total_ms = TOTAL_MS;
	x->max_response = RESPONSE_MAX;
	buf_init(&x->response_headers, HEADERS_MAX);
	list_init(&x->queued);
	timer_init(&x->timer, h->reactor, on_timeout);
	/* libcurl would hold larger bodies back until a 100 comes, and send them
	 * again after a 417. */
	x->request_headers = curl_slist_append(NULL, "Expect:");
}

int http_exchange_add_header(struct http_exchange *x, const char *name, const char *value)
{
	auto_free char *line = NULL;

	if (strpbrk(name, "\r\n:;") || strpbrk(value, "\r\n"))
		return -1;
	/* "name;" is libcurl's form of an empty value. */
	line = *value ? xasprintf("%s: %s", name, value) : xasprintf("%s;", name);
	x->request_headers = curl_slist_append(x->request_headers, line);
	return 0;
}

const char *http_exchange_header(const struct http_exchange *x, const char *name)
{
	const char *p = buf_cstr(&x->response_headers);
	const char *end = p + x->response_headers.len;
	size_t n = strlen(name);

	for (; p < end; p += strlen(p) + 1) {
		if (strncasecmp(p, name, n) == 0 && p[n] == ':')
			return p + n + 1 + strspn(p + n + 1, " \t");
	}
	return NULL;
}

/* ---- the client ---- */

static char *ca_bundle(const struct http_options *opt)
{
	const char *file = opt && opt->ca_bundle ? opt->ca_bundle : getenv("AWS_CA_BUNDLE");

	return cstr_empty(file) ? NULL : xstrdup(file);
}

struct http *http_new(struct reactor *r, const struct http_options *opt)
{
	struct http *h = xcalloc(1, sizeof(*h));

	h->reactor = r;
	h->max_active = opt && opt->max_connections ? opt->max_connections : 64;
	h->ca_bundle = ca_bundle(opt);
	h->user_agent = xstrdup(opt ? opt->user_agent : NULL);
	list_init(&h->waiting);
	list_init(&h->doomed);
	h->pump.run = on_pump;
	proxy_settings_load(&h->proxy);
	h->resolver = resolver_new(r, opt ? &opt->dns : NULL);
	if (wire_multi_open(h) < 0)
		abort();	/* out of memory, or a libcurl that cannot start */
	return h;
}

void http_free(struct http *h)
{
	if (!h)
		return;
	reactor_cancel_task(&h->pump);
	wire_multi_close(h);
	resolver_free(h->resolver);
	proxy_settings_fini(&h->proxy);
	free(h->ca_bundle);
	free(h->user_agent);
	free(h);
}

size_t http_connections_opened(const struct http *h)
{
	return h->opened;
}
