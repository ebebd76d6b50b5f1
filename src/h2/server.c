#include "h2/server.h"

#include <sys/socket.h>

#include "base/log.h"
#include "h2/conn.h"
#include "h2/host.h"
#include "reactor/listener.h"

struct listening {
	struct list link;
	struct listener *listener;
	char *address;
};

struct grpc_server {
	struct h2_host host;
	struct list listeners;
	struct list conns;
	size_t n_conns;
	struct timer drain_end;
	struct task drained;
	bool draining;
	void (*on_drained)(void *ctx);
	void *drain_ctx;
};

static void on_drain_end(struct timer *t);
static void tell_drained(struct task *t);

struct grpc_server *grpc_server_new(struct reactor *r, const struct grpc_server_options *opt)
{
	struct grpc_server *s = xcalloc(1, sizeof(*s));

	h2_host_init(&s->host, r, opt);
	list_init(&s->listeners);
	list_init(&s->conns);
	timer_init(&s->drain_end, r, on_drain_end);
	s->drained.run = tell_drained;
	return s;
}

void grpc_server_add(struct grpc_server *s, const struct rpc_method *methods, size_t n)
{
	h2_host_add(&s->host, methods, n);
}

/* ---- connections ---- */

static void maybe_drained(struct grpc_server *s)
{
	if (s->draining && list_empty(&s->conns))
		reactor_defer(s->host.reactor, &s->drained);
}

static void on_gone(void *ctx, struct h2_conn *c)
{
	struct grpc_server *s = ctx;

	list_del(h2_conn_link(c));
	s->n_conns--;
	maybe_drained(s);
}

static void log_peer(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (!log_enabled(AREA_H2, LOG_LEVEL_TRACE) ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return;
	log_trace(AREA_H2, "connection from pid %d, uid %u, gid %u", (int)cred.pid,
		  cred.uid, cred.gid);
}

static void on_accept(void *ctx, int fd)
{
	struct grpc_server *s = ctx;
	struct h2_conn *c;

	if (s->n_conns >= s->host.opt.max_connections) {
		log_warn(AREA_H2, "connection refused: %zu are open, the limit is %zu",
			 s->n_conns, s->host.opt.max_connections);
		close(fd);
		return;
	}
	log_peer(fd);
	c = h2_conn_new(&s->host, fd, on_gone, s);
	list_add_tail(&s->conns, h2_conn_link(c));
	s->n_conns++;
}

int grpc_server_listen(struct grpc_server *s, const char *endpoint, struct err *err)
{
	struct listener_options opt = { .mode = s->host.opt.socket_mode };
	struct listener *l = listener_new(s->host.reactor, endpoint, &opt, on_accept, s, err);
	struct listening *entry;

	if (!l)
		return -1;
	entry = xcalloc(1, sizeof(*entry));
	entry->listener = l;
	entry->address = xstrdup(listener_address(l));
	list_add_tail(&s->listeners, &entry->link);
	return 0;
}

const char *grpc_server_address(const struct grpc_server *s, size_t i)
{
	list_for_each(l, &s->listeners)
		if (i-- == 0)
			return list_entry(l, struct listening, link)->address;
	return NULL;
}

void grpc_server_each_service(const struct grpc_server *s,
			      void (*each)(void *ctx, const char *name), void *ctx)
{
	struct map_iter it = {0};
	const char *name;
	void *value;

	while (map_next(&s->host.services, &it, &name, &value))
		if (value == H2_LISTED)
			each(ctx, name);
}

size_t grpc_server_calls(const struct grpc_server *s)
{
	return s->host.open;
}

size_t grpc_server_connections(const struct grpc_server *s)
{
	return s->n_conns;
}

/* ---- the end ---- */

static void stop_listening(struct grpc_server *s)
{
	list_for_each_safe(l, &s->listeners) {
		struct listening *entry = list_entry(l, struct listening, link);

		list_del(l);
		listener_close(entry->listener);
		free(entry->address);
		free(entry);
	}
}

static void tell_drained(struct task *t)
{
	struct grpc_server *s = container_of(t, struct grpc_server, drained);

	timer_disarm(&s->drain_end);
	s->draining = false;
	s->on_drained(s->drain_ctx);	/* may free s */
}

static void on_drain_end(struct timer *t)
{
	struct grpc_server *s = container_of(t, struct grpc_server, drain_end);
	struct err err = {0};

	err_set(&err, GRPC_UNAVAILABLE, "the server is shutting down");
	list_for_each_safe(l, &s->conns)
		h2_conn_finish(h2_conn_of(l), &err);
	err_fini(&err);
}

void grpc_server_drain(struct grpc_server *s, int64_t drain_ms,
		       void (*on_drained)(void *ctx), void *ctx)
{
	s->draining = true;
	s->on_drained = on_drained;
	s->drain_ctx = ctx;
	stop_listening(s);
	list_for_each_safe(l, &s->conns)
		h2_conn_drain(h2_conn_of(l));
	timer_arm(&s->drain_end, drain_ms);
	maybe_drained(s);
}

void grpc_server_free(struct grpc_server *s)
{
	if (!s)
		return;
	stop_listening(s);
	timer_disarm(&s->drain_end);
	reactor_cancel_task(&s->drained);
	list_for_each_safe(l, &s->conns)
		h2_conn_cut(h2_conn_of(l));
	h2_host_fini(&s->host);
	free(s);
}
