#include "reactor/sock.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "reactor/listener.h"
#include "reactor/timer.h"
#include "reactor/watch.h"

/* Life of a socket:
 *
 *   OPEN -> FLUSHING -> LINGERING -> DEAD      sock_close with time to flush
 *     \------------------------------^         sock_close without
 *
 * A broken or ended OPEN socket waits for its owner's sock_close. */
enum sock_state { OPEN, FLUSHING, LINGERING, DEAD };

#define READS_PER_TURN 4		/* so that one peer cannot starve the rest */
#define KEEP_CAPACITY (16u << 10)	/* an idle socket holds no more than this */

struct sock {
	struct reactor *reactor;
	const struct sock_handler *h;
	void *ctx;
	int fd;
	struct watch *watch;
	int watching;		/* WATCH_* */
	enum sock_state state;
	bool paused;		/* by the owner */
	bool read_ended;	/* no more input will come */
	bool broken;		/* no more output can go */
	bool above;		/* sock_write has said so; drained is due */
	struct buf out;
	size_t sent;		/* of out's front */
	struct err why;		/* of the eof that is due */
	struct task report;	/* eof found while writing */
	struct task bury;
	struct timer patience;	/* of a flush */
};

/* All reading happens in one place at a time. */
static char input[64u << 10];

size_t sock_queued(const struct sock *s)
{
	return s->out.len - s->sent;
}

int sock_fd(const struct sock *s)
{
	return s->fd;
}

static void update_watch(struct sock *s)
{
	bool reading = (s->state == OPEN && !s->paused) || s->state == LINGERING;
	int events = (reading && !s->read_ended ? WATCH_READ : 0) |
		     (sock_queued(s) && !s->broken ? WATCH_WRITE : 0);

	if (s->watch && events != s->watching) {
		s->watching = events;
		watch_set(s->watch, events);
	}
}

/* ---- end of life ---- */

static void on_bury(struct task *t)
{
	struct sock *s = container_of(t, struct sock, bury);

	if (s->h->closed)
		s->h->closed(s->ctx);
	buf_fini(&s->out);
	err_fini(&s->why);
	free(s);
}

static void die(struct sock *s)
{
	if (s->state == DEAD)
		return;
	s->state = DEAD;
	timer_disarm(&s->patience);
	reactor_cancel_task(&s->report);
	watch_close(s->watch);
	s->watch = NULL;
	close(s->fd);
	s->fd = -1;
	reactor_defer(s->reactor, &s->bury);
}

static void on_impatient(struct timer *t)
{
	die(container_of(t, struct sock, patience));
}

/* Moves a closing socket on as far as it goes. */
static void wind_down(struct sock *s)
{
	if (s->state == FLUSHING && (s->broken || !sock_queued(s))) {
		s->state = LINGERING;
		if (!s->broken)
			shutdown(s->fd, SHUT_WR);
	}
	if (s->state == LINGERING && (s->broken || s->read_ended))
		die(s);
}

void sock_close(struct sock *s, int flush_ms)
{
	if (s->state != OPEN)
		return;
	reactor_cancel_task(&s->report);
	if (flush_ms <= 0) {
		die(s);
		return;
	}
	s->state = FLUSHING;
	timer_arm(&s->patience, flush_ms);
	wind_down(s);
	update_watch(s);
}

/* ---- failures ---- */

static void on_report(struct task *t)
{
	struct sock *s = container_of(t, struct sock, report);

	s->h->eof(s->ctx, &s->why);
}

/* The socket is of no more use: why = 0 for an orderly end of input. */
static void fail(struct sock *s, int errnum, bool now)
{
	bool first = !s->read_ended;

	s->read_ended = true;
	s->broken |= errnum != 0;
	if (s->broken) {
		buf_fini(&s->out);
		s->sent = 0;
	}
	if (errnum && first)
		err_set_errno(&s->why, errnum, "connection");
	update_watch(s);
	if (!first || s->state != OPEN)
		return;
	if (now)
		s->h->eof(s->ctx, &s->why);
	else
		reactor_defer(s->reactor, &s->report);
}

/* ---- output ---- */

static void sent_all(struct sock *s)
{
	s->sent = 0;
	if (s->out.cap > KEEP_CAPACITY)
		buf_fini(&s->out);
	else
		buf_reset(&s->out);
}

static ssize_t send_some(struct sock *s, const void *p, size_t n)
{
	ssize_t sent;

	do {
		sent = send(s->fd, p, n, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0 && errno == EAGAIN)
		return 0;
	return sent;
}

static void flush(struct sock *s)
{
	ssize_t n = send_some(s, s->out.data + s->sent, sock_queued(s));

	if (n < 0) {
		fail(s, errno, true);
		return;
	}
	s->sent += (size_t)n;
	if (!sock_queued(s))
		sent_all(s);
	if (s->above && sock_queued(s) < SOCK_HIGH_MARK) {
		s->above = false;
		if (s->state == OPEN && s->h->drained)
			s->h->drained(s->ctx);
	}
}

bool sock_write(struct sock *s, const void *p, size_t n)
{
	ssize_t done = 0;

	if (s->state != OPEN || s->broken || n == 0)
		return !s->above;
	if (!sock_queued(s))
		done = send_some(s, p, n);
	if (done < 0) {
		fail(s, errno, false);
		return true;
	}
	if ((size_t)done < n) {
		if (s->sent > KEEP_CAPACITY) {
			buf_consume(&s->out, s->sent);
			s->sent = 0;
		}
		if (buf_add(&s->out, (const char *)p + done, n - (size_t)done) < 0) {
			fail(s, ENOBUFS, false);
			return true;
		}
	}
	s->above = sock_queued(s) >= SOCK_HIGH_MARK;
	update_watch(s);
	return !s->above;
}

/* ---- input ---- */

static bool may_read(const struct sock *s)
{
	return !s->read_ended &&
	       ((s->state == OPEN && !s->paused) || s->state == LINGERING);
}

static void drink(struct sock *s)
{
	for (int i = 0; i < READS_PER_TURN && may_read(s); i++) {
		ssize_t n = recv(s->fd, input, sizeof(input), 0);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			fail(s, n < 0 ? errno : 0, true);
			return;
		}
		if (s->state == OPEN)
			s->h->data(s->ctx, input, (size_t)n);
		if ((size_t)n < sizeof(input))
			return;
	}
}

static void on_ready(void *ctx, int events)
{
	struct sock *s = ctx;

	if ((events & WATCH_WRITE) && sock_queued(s) && !s->broken)
		flush(s);
	if (s->state != DEAD && (events & WATCH_READ))
		drink(s);
	if (s->state == DEAD)
		return;
	wind_down(s);
	update_watch(s);
}

void sock_pause(struct sock *s, bool on)
{
	s->paused = on;
	if (s->state == OPEN)
		update_watch(s);
}

struct sock *sock_new(struct reactor *r, int fd, const struct sock_handler *h, void *ctx)
{
	struct sock *s = xcalloc(1, sizeof(*s));
	int one = 1;

	s->reactor = r;
	s->h = h;
	s->ctx = ctx;
	s->fd = fd;
	buf_init(&s->out, SOCK_QUEUE_MAX);
	s->report.run = on_report;
	s->bury.run = on_bury;
	timer_init(&s->patience, r, on_impatient);
	/* Answers are whole messages; fails on unix sockets, which do not delay. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	s->watch = watch_new(r, fd, 0, on_ready, s);
	if (!s->watch)
		fail(s, EBADF, false);
	update_watch(s);
	return s;
}

int sock_connect(const char *endpoint, int *ret, struct err *err)
{
	struct sockaddr_storage to;
	socklen_t len;
	int fd;

	if (endpoint_parse(endpoint, &to, &len, err) < 0)
		return -1;
	fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_set_errno(err, errno, "socket for %s", endpoint);
	if (connect(fd, (struct sockaddr *)&to, len) < 0 && errno != EINPROGRESS) {
		int why = errno == EAGAIN ? ECONNREFUSED : errno;	/* backlog full */

		close(fd);
		return err_set_errno(err, why, "connect to %s", endpoint);
	}
	*ret = fd;
	return 0;
}
