#include "tests/lib/byte_link.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/mem.h"
#include "net/http1.h"

#define HEADERS_MAX 16

struct http {
	struct reactor *reactor;
	struct sim_front *front;
	struct sim_rng rng;
	bool reachable;
	bool slow;
	struct sim_delay transit;
	struct list requests;	/* of struct wire, sent and not answered */
	size_t orphans;		/* of them: not arrived, the sender gone */
};

struct header {
	char *name, *value;
};

/* One request from its sending to its answer; the exchange may go before. */
struct wire {
	struct http1_request req;
	struct list link;
	struct http *http;
	struct http_exchange *x;	/* NULL: its sender has gone */
	struct timer arrival;
	struct header headers[HEADERS_MAX];
	size_t n_headers;
	char *method, *body;
	bool sent, arrived;
};

/* ---- the server's side ---- */

static struct wire *wire_of(const struct http1_request *req)
{
	return container_of(req, struct wire, req);
}

static void wire_free(struct wire *w)
{
	timer_disarm(&w->arrival);
	list_del(&w->link);
	for (size_t i = 0; i < w->n_headers; i++) {
		free(w->headers[i].name);
		free(w->headers[i].value);
	}
	free(w->method);
	free(w->body);
	free(w);
}

const char *http1_header(const struct http1_request *req, const char *name)
{
	const struct wire *w = wire_of(req);

	for (size_t i = 0; i < w->n_headers; i++)
		if (strcasecmp(w->headers[i].name, name) == 0)
			return w->headers[i].value;
	return NULL;
}

static void answer_header(struct http_exchange *x, const char *name, const char *value)
{
	buf_printf(&x->response_headers, "%s: %s", name, value);
	buf_addc(&x->response_headers, '\0');
}

void http1_add_header(struct http1_request *req, const char *name, const char *value)
{
	if (wire_of(req)->x)
		answer_header(wire_of(req)->x, name, value);
}

static void fail(struct http_exchange *x, enum http_fault fault, enum grpc_code code,
		 const char *text)
{
	x->fault = fault;
	if (!err_is_set(&x->op.err))
		err_set(&x->op.err, code, "%s", text);
}

/* In pieces, cut anywhere. */
static void hand_over(struct wire *w, struct str body)
{
	struct http_exchange *x = w->x;
	struct err err = {0};

	while (body.n && !err_is_set(&err)) {
		size_t n = 1 + sim_rng_below(&w->http->rng, body.n);

		x->on_body(x, str_n(body.p, n), &err);
		body = str_n(body.p + n, body.n - n);
	}
	if (err_is_set(&err)) {
		x->fault = HTTP_FAULT_UNKNOWN;
		err_move(&x->op.err, &err);
	}
}

static void part(struct wire *w)
{
	if (!w->x)
		return;
	timer_disarm(&w->x->timer);
	w->x->wire = NULL;
	w->x = NULL;
}

void http1_reply(struct http1_request *req, int status, const char *type, struct str body)
{
	struct wire *w = wire_of(req);
	struct http_exchange *x = w->x;
	time_t wall = (time_t)((reactor_wall(w->http->reactor) + w->http->front->clock_ms) / 1000);
	char date[64];
	struct tm tm;

	if (x) {
		strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&wall, &tm));
		answer_header(x, "Date", date);
		if (type)
			answer_header(x, "Content-Type", type);
		x->status = status;
		hand_over(w, body);
		part(w);
		op_finish(&x->op);
	}
	wire_free(w);
}

void http1_abort(struct http1_request *req)
{
	struct wire *w = wire_of(req);
	struct http_exchange *x = w->x;

	if (x) {
		fail(x, HTTP_FAULT_UNKNOWN, GRPC_UNAVAILABLE, "connection reset by peer");
		part(w);
		op_finish(&x->op);
	}
	wire_free(w);
}

/* ---- the client's side ---- */

/* The sender goes away: an arrived request loses its peer, one on the way goes on. */
static void leave(struct wire *w)
{
	part(w);
	if (!w->sent)
		wire_free(w);
	else if (!w->arrived)
		w->http->orphans++;
	else if (w->req.on_gone)
		w->req.on_gone(&w->req);
}

static void on_timeout(struct timer *t)
{
	struct http_exchange *x = container_of(t, struct http_exchange, timer);

	fail(x, HTTP_FAULT_UNKNOWN, GRPC_DEADLINE_EXCEEDED, "no answer in time");
	leave(x->wire);
	op_finish(&x->op);
}

static void on_arrival(struct timer *t)
{
	struct wire *w = container_of(t, struct wire, arrival);

	w->arrived = true;
	if (!w->x)
		w->http->orphans--;
	sim_front_handle(w->http->front, &w->req);	/* may have answered already */
}

static void send_request(struct wire *w, struct http_exchange *x)
{
	w->sent = true;
	w->method = xstrdup(x->method);
	w->body = xstrndup(x->body.p, x->body.n);
	w->req = (struct http1_request){ .method = w->method, .target = "/", .path = "/",
					 .body = str_n(w->body, x->body.n),
					 .reactor = w->http->reactor };
	list_add_tail(&w->http->requests, &w->link);
}

static enum op_verdict exchange_start(struct op *op)
{
	struct http_exchange *x = container_of(op, struct http_exchange, op);
	struct wire *w = x->wire;

	if (!w->http->reachable) {
		fail(x, HTTP_FAULT_NOT_SENT, GRPC_UNAVAILABLE, "connection refused");
		return OP_FAILED;
	}
	send_request(w, x);
	timer_arm(&x->timer, x->total_ms);
	if (w->http->slow)
		timer_arm(&w->arrival, sim_delay_draw(&w->http->transit, 1, &w->http->rng));
	else
		timer_arm(&w->arrival, 0);
	return OP_PENDING;
}

static void exchange_stop(struct op *op)
{
	struct http_exchange *x = container_of(op, struct http_exchange, op);

	x->fault = HTTP_FAULT_UNKNOWN;
	leave(x->wire);
	op_finish(op);
}

static void exchange_fini(struct op *op)
{
	struct http_exchange *x = container_of(op, struct http_exchange, op);

	if (x->wire)
		leave(x->wire);
	buf_fini(&x->response_headers);
}

static const struct op_class exchange_class = {
	.name = "http",
	.stop = exchange_stop,
	.fini = exchange_fini,
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
	x->total_ms = 30000;
	buf_init(&x->response_headers, 16 << 10);
	timer_init(&x->timer, h->reactor, on_timeout);
	x->fault = HTTP_FAULT_NOT_SENT;
	x->wire = xcalloc(1, sizeof(*x->wire));
	x->wire->http = h;
	x->wire->x = x;
	timer_init(&x->wire->arrival, h->reactor, on_arrival);
}

int http_exchange_add_header(struct http_exchange *x, const char *name, const char *value)
{
	struct wire *w = x->wire;

	if (strpbrk(name, "\r\n:;") || strpbrk(value, "\r\n"))
		return -1;
	assert(w->n_headers < HEADERS_MAX);
	w->headers[w->n_headers++] = (struct header){ xstrdup(name), xstrdup(value) };
	return 0;
}

const char *http_exchange_header(const struct http_exchange *x, const char *name)
{
	const char *p = buf_cstr(&x->response_headers), *end = p + x->response_headers.len;
	size_t n = strlen(name);

	for (; p < end; p += strlen(p) + 1)
		if (strncasecmp(p, name, n) == 0 && p[n] == ':')
			return p + n + 2;
	return NULL;
}

/* ---- the link ---- */

struct http *byte_link_new(struct reactor *r, struct sim_front *front, uint64_t seed)
{
	struct http *h = xcalloc(1, sizeof(*h));

	h->reactor = r;
	h->front = front;
	h->rng.state = seed;
	h->reachable = true;
	list_init(&h->requests);
	return h;
}

void byte_link_free(struct http *h)
{
	list_for_each_safe(l, &h->requests) {
		struct wire *w = list_entry(l, struct wire, link);

		assert(!w->x);
		if (w->arrived && w->req.on_gone)
			w->req.on_gone(&w->req);	/* which frees it */
		else
			wire_free(w);
	}
	free(h);
}

void byte_link_set_reachable(struct http *h, bool on)
{
	h->reachable = on;
}

void byte_link_set_transit(struct http *h, const struct sim_delay *transit)
{
	h->slow = transit != NULL;
	if (transit)
		h->transit = *transit;
}

size_t byte_link_orphans(const struct http *h)
{
	return h->orphans;
}
