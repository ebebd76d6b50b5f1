#include "net/http1.h"

#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "net/http1_internal.h"
#include "reactor/listener.h"
#include "reactor/sock.h"
#include "reactor/timer.h"

#define AHEAD_MAX (64u << 10)	/* bytes read beyond a request that is worked on */
#define LAST_WORDS_MS 2000	/* for a peer to take an error answer */

/* ---- closing ---- */

/* The handler that still works on the request keeps it. */
static void lose_peer(struct http1_conn *c)
{
	struct request *q = c->req;

	c->req = NULL;
	q->pub.conn = NULL;
	if (q->pub.on_gone)
		q->pub.on_gone(&q->pub);	/* may free q */
}

static void conn_close(struct http1_conn *c, int flush_ms)
{
	bool handling = c->state == HANDLING;

	if (c->state == CLOSED)
		return;
	c->state = CLOSED;
	timer_disarm(&c->timer);
	reactor_cancel_task(&c->resume);
	list_del(&c->link);
	c->server->count--;
	c->server = NULL;
	sock_close(c->sock, flush_ms);
	if (handling && c->req)
		lose_peer(c);
}

static void on_closed(void *ctx)
{
	struct http1_conn *c = ctx;

	request_free(c->req);
	buf_fini(&c->ahead);
	free(c);
}

void conn_abort(struct http1_conn *c)
{
	struct linger reset = { .l_onoff = 1, .l_linger = 0 };

	(void)setsockopt(sock_fd(c->sock), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	c->state = IDLE;	/* the request is answered, in its way */
	conn_close(c, 0);
}

static void on_eof(void *ctx, const struct err *err)
{
	conn_close(ctx, err_is_set(err) ? 0 : LAST_WORDS_MS);
}

/* ---- answers ---- */

static const char *date_now(struct http1_server *s)
{
	int64_t sec = reactor_wall(s->reactor) / 1000;
	time_t t = (time_t)sec;
	struct tm tm;

	if (sec != s->date_sec && gmtime_r(&t, &tm)) {
		s->date_sec = sec;
		strftime(s->date, sizeof(s->date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	}
	return s->date;
}

static void make_head(struct http1_conn *c, const struct request *q, int status,
		      const char *type, size_t body_len)
{
	struct buf *out = &c->server->out;

	buf_reset(out);
	buf_printf(out, "HTTP/1.1 %d %s\r\n", status, http1_status_text(status));
	if (!q || !q->dated)
		buf_printf(out, "Date: %s\r\n", date_now(c->server));
	if (type)
		buf_printf(out, "Content-Type: %s\r\n", type);
	if (status != 204 && status != 304 && status >= 200)
		buf_printf(out, "Content-Length: %zu\r\n", body_len);
	if (!c->keep_alive)
		buf_adds(out, "Connection: close\r\n");
	else if (c->parser.http_minor == 0)
		buf_adds(out, "Connection: keep-alive\r\n");
	if (q)
		buf_add(out, buf_cstr(&q->extra), q->extra.len);
	buf_adds(out, "\r\n");
}

/* True while the peer keeps up. Small bodies go out with the head at once. */
static bool send_answer(struct http1_conn *c, bool no_body, struct str body)
{
	struct buf *out = &c->server->out;

	if (no_body)
		return sock_write(c->sock, out->data, out->len);
	if (body.n < 4096) {
		buf_add(out, body.p, body.n);
		return sock_write(c->sock, out->data, out->len);
	}
	sock_write(c->sock, out->data, out->len);
	return sock_write(c->sock, body.p, body.n);
}

static void become_idle(struct http1_conn *c, bool keeps_up)
{
	c->state = keeps_up ? IDLE : BLOCKED;
	timer_arm(&c->timer, c->server->opt.idle_ms);
	/* In the handler's call the loop of feed() goes on by itself. */
	if (keeps_up && !c->in_handler)
		reactor_defer(c->reactor, &c->resume);
}

void conn_answer(struct http1_conn *c, struct request *q, int status, const char *type,
		 struct str body)
{
	bool no_body = q->head || status == 204 || status == 304;
	bool keeps_up;

	make_head(c, q, status, type, body.n);
	keeps_up = send_answer(c, no_body, body);
	request_reset(q);
	if (c->keep_alive) {
		become_idle(c, keeps_up);
		return;
	}
	c->state = IDLE;
	conn_close(c, sock_queued(c->sock) ? (int)c->server->opt.idle_ms : LAST_WORDS_MS);
}

/* An answer of our own before a handler saw anything, and the end. */
static void refuse(struct http1_conn *c, int status)
{
	struct buf text;

	buf_init(&text, 256);
	buf_printf(&text, "%s\n", http1_status_text(status));
	c->keep_alive = false;
	make_head(c, NULL, status, "text/plain; charset=utf-8", text.len);
	send_answer(c, false, buf_view(&text));
	buf_fini(&text);
	conn_close(c, LAST_WORDS_MS);
}

/* ---- input ---- */

static void deliver(struct http1_conn *c)
{
	struct http1_request *req = &c->req->pub;

	timer_disarm(&c->timer);
	c->state = HANDLING;
	req->body = buf_view(&c->req->body);
	req->reactor = c->reactor;
	req->conn = c;
	req->ctx = c->server->ctx;
	c->in_handler = true;
	c->server->handle(req);
	c->in_handler = false;
}

static void refuse_broken(struct http1_conn *c)
{
	enum http_errno why = HTTP_PARSER_ERRNO(&c->parser);

	if (why == HPE_HEADER_OVERFLOW)
		c->refuse = 431;
	refuse(c, c->refuse ? c->refuse : 400);
}

static bool takes_input(const struct http1_conn *c)
{
	return c->state == IDLE || c->state == RECEIVING;
}

/* One read beyond the mark is the most that can come. */
static void put_by(struct http1_conn *c, const char *p, size_t n)
{
	buf_add(&c->ahead, p, n);
	if (c->ahead.len >= AHEAD_MAX)
		sock_pause(c->sock, true);
}

static void feed(struct http1_conn *c, const char *p, size_t n)
{
	while (n > 0 && takes_input(c)) {
		size_t used = http_parser_execute(&c->parser, &conn_parser_settings, p, n);
		enum http_errno why = HTTP_PARSER_ERRNO(&c->parser);

		if (why == HPE_PAUSED) {
			http_parser_pause(&c->parser, 0);
			deliver(c);
		} else if (why != HPE_OK) {
			refuse_broken(c);
			return;
		}
		p += used;
		n -= used;
	}
	if (n > 0 && c->state != CLOSED)
		put_by(c, p, n);
}

static void on_data(void *ctx, const void *p, size_t n)
{
	struct http1_conn *c = ctx;

	if (c->ahead.len)
		put_by(c, p, n);	/* its turn comes after what waits */
	else
		feed(c, p, n);
}

static void on_resume(struct task *t)
{
	struct http1_conn *c = container_of(t, struct http1_conn, resume);
	struct buf ahead = c->ahead;

	buf_init(&c->ahead, ahead.max);
	sock_pause(c->sock, false);
	feed(c, ahead.data, ahead.len);
	buf_fini(&ahead);
}

static void on_drained(void *ctx)
{
	struct http1_conn *c = ctx;

	if (c->state != BLOCKED)
		return;
	c->state = IDLE;
	reactor_defer(c->reactor, &c->resume);
}

static void on_timeout(struct timer *t)
{
	struct http1_conn *c = container_of(t, struct http1_conn, timer);

	if (c->state == RECEIVING)
		refuse(c, 408);
	else
		conn_close(c, 0);
}

static const struct sock_handler sock_handler = {
	.data = on_data,
	.eof = on_eof,
	.drained = on_drained,
	.closed = on_closed,
};

/* ---- server ---- */

static void turn_away(int fd)
{
	static const char full[] = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 21\r\n"
				   "Connection: close\r\n\r\ntoo many connections\n";

	(void)!send(fd, full, sizeof(full) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

static void on_accept(void *ctx, int fd)
{
	struct http1_server *s = ctx;
	struct http1_conn *c;

	if (s->count >= s->opt.max_connections) {
		turn_away(fd);
		return;
	}
	c = xcalloc(1, sizeof(*c));
	c->server = s;
	c->reactor = s->reactor;
	c->resume.run = on_resume;
	buf_init(&c->ahead, AHEAD_MAX + (64u << 10));
	http_parser_init(&c->parser, HTTP_REQUEST);
	c->parser.data = c;
	timer_init(&c->timer, s->reactor, on_timeout);
	timer_arm(&c->timer, s->opt.idle_ms);
	list_add_tail(&s->conns, &c->link);
	s->count++;
	c->sock = sock_new(s->reactor, fd, &sock_handler, c);
}

struct http1_server *http1_server_new(struct reactor *r, const struct http1_server_options *opt,
				      http1_handler *handle, void *ctx)
{
	struct http1_server *s = xcalloc(1, sizeof(*s));

	s->reactor = r;
	s->handle = handle;
	s->ctx = ctx;
	if (opt)
		s->opt = *opt;
	if (!s->opt.max_body)
		s->opt.max_body = 1u << 20;
	if (!s->opt.max_connections)
		s->opt.max_connections = 1024;
	if (!s->opt.request_ms)
		s->opt.request_ms = 10000;
	if (!s->opt.idle_ms)
		s->opt.idle_ms = 60000;
	list_init(&s->conns);
	buf_init(&s->out, 1u << 20);
	http_parser_set_max_header_size(HTTP1_HEAD_MAX);
	return s;
}

int http1_server_listen(struct http1_server *s, const char *endpoint, struct err *err)
{
	struct listener_options opt = { .mode = s->opt.socket_mode };
	struct listener *l;

	if (s->listener_count == LISTENERS_MAX)
		return err_set(err, GRPC_RESOURCE_EXHAUSTED,
			       "%s: no more than %d endpoints for HTTP", endpoint, LISTENERS_MAX);
	l = listener_new(s->reactor, endpoint, &opt, on_accept, s, err);
	if (!l)
		return -1;
	s->listeners[s->listener_count++] = l;
	return 0;
}

const char *http1_server_address(const struct http1_server *s, size_t i)
{
	return i < s->listener_count ? listener_address(s->listeners[i]) : NULL;
}

size_t http1_server_connections(const struct http1_server *s)
{
	return s->count;
}

void http1_server_free(struct http1_server *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->listener_count; i++)
		listener_close(s->listeners[i]);
	while (!list_empty(&s->conns))
		conn_close(list_entry(s->conns.next, struct http1_conn, link), 0);
	buf_fini(&s->out);
	free(s);
}
