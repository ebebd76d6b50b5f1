#include "ctl/debug.h"

#include <string.h>

#include "reactor/sock.h"

struct get {
	struct buf *answer;	/* head and body */
	struct err *err;
	bool ended, closed;
};

static void on_data(void *ctx, const void *p, size_t n)
{
	struct get *g = ctx;

	buf_add(g->answer, p, n);
}

static void on_eof(void *ctx, const struct err *err)
{
	struct get *g = ctx;

	if (err && err_is_set(err))
		err_copy(g->err, err);
	g->ended = true;
}

static void on_closed(void *ctx)
{
	struct get *g = ctx;

	g->closed = true;
}

/* Cuts the head off; only a 200 is an answer. */
static int take_body(struct buf *answer, const char *target, struct err *err)
{
	const char *text = buf_cstr(answer);
	const char *body = strstr(text, "\r\n\r\n");
	const char *status = strchr(text, ' ');

	if (!body || !status || answer->overflow)
		return err_set(err, GRPC_INTERNAL, "GET %s: no HTTP answer", target);
	if (strncmp(status, " 200", 4))
		return err_set(err, GRPC_INTERNAL, "GET %s: %.*s", target,
			       (int)strcspn(status, "\r"), status + 1);
	buf_consume(answer, (size_t)(body + 4 - text));
	return 0;
}

int ctl_debug_get(struct reactor *r, const char *endpoint, const char *target, int64_t ms,
		  struct buf *ret, struct err *err)
{
	static const struct sock_handler handler = {
		.data = on_data, .eof = on_eof, .closed = on_closed,
	};
	struct get g = { .answer = ret, .err = err };
	struct buf request;
	struct sock *s;
	int fd;

	if (sock_connect(endpoint, &fd, err) < 0)
		return -1;
	s = sock_new(r, fd, &handler, &g);
	buf_init(&request, 4096);
	buf_printf(&request, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
		   target);
	sock_write(s, request.data, request.len);
	buf_fini(&request);
	if (!reactor_run_until(r, &g.ended, ms))
		err_set(err, GRPC_DEADLINE_EXCEEDED, "no answer within %lld ms", (long long)ms);
	sock_close(s, 0);
	reactor_run_until(r, &g.closed, 1000);
	return err_is_set(err) ? -1 : take_body(ret, target, err);
}
