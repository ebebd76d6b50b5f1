#include "h2/conn.h"

#include <sys/socket.h>

#include "base/log.h"
#include "h2/session.h"
#include "reactor/sock.h"

#define GREETING_UNIX_MS 60000	/* until the client's SETTINGS */
#define GREETING_TCP_MS 20000
#define PING_WAIT_MS 5000	/* for the answer that ends the first part of a drain: an
				   honest client on a loaded machine may need a second */
#define LINGER_MS 1000		/* for the client to close once all is said */

/*   greeting -> open -> draining -> closed
 *   any state -> closed: all is said, EOF, broken socket, cut */
enum conn_state { CONN_GREETING, CONN_OPEN, CONN_DRAINING, CONN_CLOSED };

struct h2_conn {
	struct list link;
	struct h2_host *host;
	struct sock *sock;
	struct h2_session *session;	/* NULL once closed */
	struct task flush;
	struct timer timer;		/* the state's time limit */
	enum conn_state state;
	bool tcp;
	bool blocked;			/* the peer does not read */
	void (*on_gone)(void *ctx, struct h2_conn *c);
	void *ctx;
};

static void conn_set_state(struct h2_conn *c, enum conn_state next)
{
	static const char *const names[] = {
		"greeting", "open", "draining", "closed",
	};

	log_trace(AREA_H2, "connection %p: %s -> %s", (void *)c, names[c->state], names[next]);
	c->state = next;
}

struct list *h2_conn_link(struct h2_conn *c)
{
	return &c->link;
}

struct h2_conn *h2_conn_of(struct list *link)
{
	return container_of(link, struct h2_conn, link);
}

static void conn_close(struct h2_conn *c, const char *why, int flush_ms)
{
	if (c->state == CONN_CLOSED)
		return;
	conn_set_state(c, CONN_CLOSED);
	timer_disarm(&c->timer);
	h2_session_free(c->session, why);
	c->session = NULL;
	reactor_cancel_task(&c->flush);
	sock_close(c->sock, flush_ms);
}

static void flush_now(struct h2_conn *c)
{
	if (c->state == CONN_CLOSED || c->blocked)
		return;
	h2_session_flush(c->session);
	reactor_cancel_task(&c->flush);
	/* The client closes first, so that nothing it has not read yet is lost;
	 * one that does not is cut off. */
	if (h2_session_done(c->session))
		conn_close(c, "the server has ended the connection", LINGER_MS);
}

static void on_flush(struct task *t)
{
	flush_now(container_of(t, struct h2_conn, flush));
}

/* ---- the session's side ---- */

/* A peer that does not read is not read from either: then nothing it can make
 * us say (acknowledgements, resets) piles up. */
static bool io_write(void *ctx, const void *p, size_t n)
{
	struct h2_conn *c = ctx;

	if (sock_write(c->sock, p, n))
		return true;
	if (!c->blocked) {
		c->blocked = true;
		sock_pause(c->sock, true);
	}
	return false;
}

static void io_wants_flush(void *ctx)
{
	struct h2_conn *c = ctx;

	if (c->state != CONN_CLOSED)
		reactor_defer(c->host->reactor, &c->flush);
}

static const struct h2_session_io session_io = {
	.write = io_write,
	.wants_flush = io_wants_flush,
};

/* ---- the socket's side ---- */

static void on_data(void *ctx, const void *p, size_t n)
{
	struct h2_conn *c = ctx;

	if (c->state == CONN_CLOSED)
		return;
	h2_session_input(c->session, p, n);
	if (c->state == CONN_GREETING && h2_session_greeted(c->session)) {
		conn_set_state(c, CONN_OPEN);
		timer_disarm(&c->timer);
	}
	flush_now(c);
}

static void on_eof(void *ctx, const struct err *err)
{
	struct h2_conn *c = ctx;
	auto_free char *why = NULL;

	if (err && err_is_set(err))
		why = xasprintf("connection lost: %s", err_msg(err));
	conn_close(c, why ? why : "connection closed by the client", 0);
}

static void on_drained(void *ctx)
{
	struct h2_conn *c = ctx;

	if (c->state == CONN_CLOSED || !c->blocked)
		return;
	c->blocked = false;
	sock_pause(c->sock, false);
	flush_now(c);
}

static void on_closed(void *ctx)
{
	struct h2_conn *c = ctx;

	if (c->on_gone)
		c->on_gone(c->ctx, c);
	free(c);
}

static const struct sock_handler sock_handler = {
	.data = on_data,
	.eof = on_eof,
	.drained = on_drained,
	.closed = on_closed,
};

static void on_timer(struct timer *t)
{
	struct h2_conn *c = container_of(t, struct h2_conn, timer);

	switch (c->state) {
	case CONN_GREETING:
		log_info(AREA_H2, "closing a connection: no HTTP/2 preface in time");
		conn_close(c, "no HTTP/2 preface in time", 0);
		break;
	case CONN_DRAINING:
		h2_session_drain_now(c->session);
		break;
	case CONN_OPEN:
	case CONN_CLOSED:
		break;
	}
}

/* ---- life ---- */

static bool is_tcp(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	return getsockname(fd, (struct sockaddr *)&ss, &len) == 0 && ss.ss_family != AF_UNIX;
}

struct h2_conn *h2_conn_new(struct h2_host *host, int fd,
			    void (*on_gone)(void *ctx, struct h2_conn *c), void *ctx)
{
	struct h2_conn *c = xcalloc(1, sizeof(*c));
	int on = 1;

	c->host = host;
	c->on_gone = on_gone;
	c->ctx = ctx;
	c->flush.run = on_flush;
	c->tcp = is_tcp(fd);
	if (c->tcp)	/* finds peers that went away without a word */
		setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	c->sock = sock_new(host->reactor, fd, &sock_handler, c);
	c->session = h2_session_new(host, c->tcp, &session_io, c);
	timer_init(&c->timer, host->reactor, on_timer);
	timer_arm(&c->timer, c->tcp ? GREETING_TCP_MS : GREETING_UNIX_MS);
	flush_now(c);	/* clients wait for our SETTINGS before they speak */
	return c;
}

void h2_conn_drain(struct h2_conn *c)
{
	if (c->state != CONN_OPEN && c->state != CONN_GREETING)
		return;
	conn_set_state(c, CONN_DRAINING);
	h2_session_drain(c->session);
	timer_arm(&c->timer, PING_WAIT_MS);
}

void h2_conn_finish(struct h2_conn *c, const struct err *err)
{
	if (c->state == CONN_CLOSED)
		return;
	h2_session_fail_calls(c->session, err);
	h2_session_drain_now(c->session);
	flush_now(c);
	conn_close(c, err_msg(err), LINGER_MS);
}

void h2_conn_cut(struct h2_conn *c)
{
	c->on_gone = NULL;
	list_del(&c->link);
	conn_close(c, "the server has closed the connection", 0);
}
