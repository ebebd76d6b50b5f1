#include "net/resolve.h"

#include <ares.h>
#include <arpa/inet.h>
#include <netdb.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/map.h"
#include "reactor/watch.h"

#define TTL_MAX_MS 300000
#define FAILED_TTL_MS 1000	/* for the many that ask at the same moment */
#define STALE_MAX_MS 86400000
#define NAMES_MAX 256		/* kept in the table */

/* One name: the answer it had last, and who waits for the next one. */
struct name {
	struct resolver *resolver;
	char *host;
	struct list waiters;	/* struct resolve.waiter */
	bool asking;
	int64_t answered;	/* reactor_now() of the last good answer */
	int64_t expires;
	size_t count;		/* 0: no good answer yet */
	char addrs[RESOLVE_ADDRS_MAX][RESOLVE_ADDR_LEN];
	struct err err;		/* of the last try, if that failed */
};

/* c-ares opens a few sockets; we watch them for it. */
struct dns_sock {
	struct list link;
	struct resolver *resolver;
	int fd;
	struct watch *watch;
};

struct resolver {
	struct reactor *reactor;
	struct resolver_options opt;
	ares_channel channel;	/* NULL before the first query */
	struct timespec conf_mtime;	/* of resolv.conf when it was read */
	struct map names;
	struct list socks;
	struct timer timer;
	size_t asking;
	bool closing;
};

/* ---- the loop for c-ares ---- */

static void rearm(struct resolver *rs)
{
	struct timeval tv, *next = ares_timeout(rs->channel, NULL, &tv);

	if (next && rs->asking)
		timer_arm(&rs->timer, next->tv_sec * 1000 + (next->tv_usec + 999) / 1000);
	else
		timer_disarm(&rs->timer);
}

static void on_timer(struct timer *t)
{
	struct resolver *rs = container_of(t, struct resolver, timer);

	ares_process_fd(rs->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	rearm(rs);
}

static void on_ready(void *ctx, int events)
{
	struct dns_sock *d = ctx;
	struct resolver *rs = d->resolver;
	int fd = d->fd;

	ares_process_fd(rs->channel, events & WATCH_READ ? fd : ARES_SOCKET_BAD,
			events & WATCH_WRITE ? fd : ARES_SOCKET_BAD);	/* may free d */
	rearm(rs);
}

static struct dns_sock *find_sock(struct resolver *rs, int fd)
{
	list_for_each(l, &rs->socks) {
		struct dns_sock *d = list_entry(l, struct dns_sock, link);

		if (d->fd == fd)
			return d;
	}
	return NULL;
}

static void forget_sock(struct dns_sock *d)
{
	watch_close(d->watch);
	list_del(&d->link);
	free(d);
}

static void on_sock_state(void *ctx, ares_socket_t fd, int readable, int writable)
{
	struct resolver *rs = ctx;
	struct dns_sock *d = find_sock(rs, fd);
	int events = (readable ? WATCH_READ : 0) | (writable ? WATCH_WRITE : 0);

	if (!events) {
		if (d)
			forget_sock(d);
		return;
	}
	if (d) {
		watch_set(d->watch, events);
		return;
	}
	d = xcalloc(1, sizeof(*d));
	d->resolver = rs;
	d->fd = fd;
	d->watch = watch_new(rs->reactor, fd, events, on_ready, d);
	list_add_tail(&rs->socks, &d->link);
}

/* ---- the channel ---- */

static struct timespec conf_mtime(void)
{
	struct stat st;

	if (stat("/etc/resolv.conf", &st) < 0)
		return (struct timespec){ 0, 0 };
	return st.st_mtim;
}

static void channel_close(struct resolver *rs)
{
	if (rs->channel)
		ares_destroy(rs->channel);
	rs->channel = NULL;
}

static int channel_open(struct resolver *rs, struct err *err)
{
	struct ares_options o = {
		.timeout = rs->opt.timeout_ms ? rs->opt.timeout_ms : 1000,
		.tries = rs->opt.tries ? rs->opt.tries : 2,
		/* A name with a dot is tried as it is first: Kubernetes' ndots:5
		 * would cost an endpoint of AWS four failing queries. */
		.ndots = 1,
		.sock_state_cb = on_sock_state,
		.sock_state_cb_data = rs,
	};
	int rc;

	rs->conf_mtime = conf_mtime();
	rc = ares_init_options(&rs->channel, &o, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
			       ARES_OPT_NDOTS | ARES_OPT_SOCK_STATE_CB);
	if (rc != ARES_SUCCESS) {
		rs->channel = NULL;
		return err_set(err, GRPC_UNAVAILABLE, "name look-up cannot start: %s",
			       ares_strerror(rc));
	}
	rc = rs->opt.servers ? ares_set_servers_ports_csv(rs->channel, rs->opt.servers)
			     : ARES_SUCCESS;
	if (rc == ARES_SUCCESS)
		return 0;
	channel_close(rs);
	return err_set(err, GRPC_INVALID_ARGUMENT, "name servers \"%s\": %s",
		       rs->opt.servers, ares_strerror(rc));
}

/* A daemon may start before the network has written its resolv.conf. */
static int channel_refresh(struct resolver *rs, struct err *err)
{
	struct timespec now = conf_mtime();

	if (rs->channel && !rs->asking &&
	    (now.tv_sec != rs->conf_mtime.tv_sec || now.tv_nsec != rs->conf_mtime.tv_nsec))
		channel_close(rs);
	return rs->channel ? 0 : channel_open(rs, err);
}

/* ---- answers ---- */

static void keep_address(struct name *n, const struct ares_addrinfo_node *node)
{
	const void *addr;

	if (n->count == RESOLVE_ADDRS_MAX)
		return;
	if (node->ai_family == AF_INET)
		addr = &((const struct sockaddr_in *)(void *)node->ai_addr)->sin_addr;
	else if (node->ai_family == AF_INET6)
		addr = &((const struct sockaddr_in6 *)(void *)node->ai_addr)->sin6_addr;
	else
		return;
	if (inet_ntop(node->ai_family, addr, n->addrs[n->count], RESOLVE_ADDR_LEN))
		n->count++;
}

static void keep_answer(struct name *n, const struct ares_addrinfo *answer)
{
	const struct resolver *rs = n->resolver;
	int64_t min = rs->opt.min_ttl_ms ? rs->opt.min_ttl_ms : 5000;
	int64_t now = reactor_now(rs->reactor);
	int64_t ttl = TTL_MAX_MS;

	n->count = 0;
	for (struct ares_addrinfo_node *node = answer->nodes; node; node = node->ai_next) {
		keep_address(n, node);
		if (node->ai_ttl * (int64_t)1000 < ttl)
			ttl = node->ai_ttl * (int64_t)1000;
	}
	n->answered = now;
	n->expires = now + (ttl < min ? min : ttl);
	err_fini(&n->err);
}

static void keep_failure(struct name *n, int status)
{
	int64_t now = reactor_now(n->resolver->reactor);
	bool absent = status == ARES_ENOTFOUND || status == ARES_ENODATA ||
		      status == ARES_EBADNAME;

	n->expires = now + FAILED_TTL_MS;
	if (n->count && !absent && now - n->answered < STALE_MAX_MS) {
		log_warn(AREA_NET, "no name server answers for %s (%s): its address of %lld s ago "
			 "is used", n->host, ares_strerror(status),
			 (long long)(now - n->answered) / 1000);
		return;
	}
	n->count = 0;
	err_set(&n->err, absent ? GRPC_NOT_FOUND : GRPC_UNAVAILABLE, "look up %s: %s", n->host,
		absent ? "no such name" : ares_strerror(status));
}

static void copy_answer(const struct name *n, struct resolve *rv)
{
	memcpy(rv->addrs, n->addrs, sizeof(rv->addrs));
	rv->count = n->count;
	if (n->count == 0)
		err_copy(&rv->op.err, &n->err);
}

static void wake_waiters(struct name *n)
{
	struct list *l;

	while ((l = list_pop(&n->waiters))) {
		struct resolve *rv = list_entry(l, struct resolve, waiter);

		copy_answer(n, rv);
		op_finish(&rv->op);
	}
}

static void on_answer(void *ctx, int status, int timeouts, struct ares_addrinfo *answer)
{
	struct name *n = ctx;

	n->asking = false;
	n->resolver->asking--;
	if (status == ARES_SUCCESS && answer && answer->nodes)
		keep_answer(n, answer);
	else if (!n->resolver->closing)
		keep_failure(n, status == ARES_SUCCESS ? ARES_ENODATA : status);
	if (answer)
		ares_freeaddrinfo(answer);
	wake_waiters(n);
}

/* ---- names ---- */

static void name_free(struct name *n)
{
	err_fini(&n->err);
	free(n->host);
	free(n);
}

/* The oldest that nobody waits for goes when the table is full. */
static void make_room(struct resolver *rs)
{
	struct map_iter it = { 0 };
	const char *host;
	void *v;

	if (map_count(&rs->names) < NAMES_MAX)
		return;
	while (map_next(&rs->names, &it, &host, &v)) {
		struct name *n = v;

		if (!n->asking) {
			map_del(&rs->names, host);
			name_free(n);
			return;
		}
	}
}

static struct name *name_of(struct resolver *rs, const char *host)
{
	struct name *n = map_get(&rs->names, host);

	if (n)
		return n;
	make_room(rs);
	n = xcalloc(1, sizeof(*n));
	n->resolver = rs;
	n->host = xstrdup(host);
	list_init(&n->waiters);
	map_put(&rs->names, host, n);
	return n;
}

static void ask(struct name *n)
{
	struct ares_addrinfo_hints hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct resolver *rs = n->resolver;

	n->asking = true;
	rs->asking++;
	ares_getaddrinfo(rs->channel, n->host, NULL, &hints, on_answer, n);
	rearm(rs);	/* it may be through already */
}

/* ---- the operation ---- */

static bool literal(const char *host, char ret[RESOLVE_ADDR_LEN])
{
	unsigned char addr[sizeof(struct in6_addr)];
	size_t n = strlen(host);
	char text[RESOLVE_ADDR_LEN];

	if (n >= 2 && host[0] == '[' && host[n - 1] == ']') {
		host++;
		n -= 2;
	}
	if (n == 0 || n >= sizeof(text))
		return false;
	memcpy(text, host, n);
	text[n] = '\0';
	if (inet_pton(AF_INET, text, addr) != 1 && inet_pton(AF_INET6, text, addr) != 1)
		return false;
	memcpy(ret, text, n + 1);
	return true;
}

bool resolve_is_local(const char *host)
{
	char addr[RESOLVE_ADDR_LEN];

	return strcasecmp(host, "localhost") == 0 || literal(host, addr);
}

static bool answer_locally(struct resolve *rv)
{
	if (strcasecmp(rv->host, "localhost") == 0) {
		memcpy(rv->addrs[0], "127.0.0.1", sizeof("127.0.0.1"));
		memcpy(rv->addrs[1], "::1", sizeof("::1"));
		rv->count = 2;
		return true;
	}
	if (!literal(rv->host, rv->addrs[0]))
		return false;
	rv->count = 1;
	return true;
}

static enum op_verdict resolve_start(struct op *op)
{
	struct resolve *rv = container_of(op, struct resolve, op);
	struct resolver *rs = rv->resolver;
	struct err err = { 0 };
	struct name *n;

	if (answer_locally(rv))
		return OP_DONE;
	n = name_of(rs, rv->host);
	if (!n->asking && n->expires > reactor_now(op->reactor)) {
		copy_answer(n, rv);
		return err_is_set(&op->err) ? OP_FAILED : OP_DONE;
	}
	if (!n->asking && channel_refresh(rs, &err) < 0)
		return op_fail_err(op, &err);
	list_add_tail(&n->waiters, &rv->waiter);
	if (!n->asking)
		ask(n);
	return OP_PENDING;
}

/* The query goes on: its answer is of use to the next one who asks. */
static void resolve_stop(struct op *op)
{
	list_del(&container_of(op, struct resolve, op)->waiter);
	op_finish(op);
}

static void resolve_describe(const struct op *op, struct buf *out)
{
	buf_adds(out, container_of(op, struct resolve, op)->host);
}

static const struct op_class resolve_class = {
	.name = "resolve",
	.stop = resolve_stop,
	.describe = resolve_describe,
};

void resolve_init(struct resolve *rv, struct resolver *rs, const char *host)
{
	op_init(&rv->op, &resolve_class, rs->reactor, resolve_start);
	rv->resolver = rs;
	rv->host = host;
	rv->count = 0;
	list_init(&rv->waiter);
}

struct resolver *resolver_new(struct reactor *r, const struct resolver_options *opt)
{
	struct resolver *rs = xcalloc(1, sizeof(*rs));

	rs->reactor = r;
	if (opt)
		rs->opt = *opt;
	map_init(&rs->names);
	list_init(&rs->socks);
	timer_init(&rs->timer, r, on_timer);
	return rs;
}

void resolver_free(struct resolver *rs)
{
	struct map_iter it = { 0 };
	void *n;

	if (!rs)
		return;
	rs->closing = true;
	timer_disarm(&rs->timer);
	channel_close(rs);
	while (!list_empty(&rs->socks))
		forget_sock(list_entry(rs->socks.next, struct dns_sock, link));
	while (map_next(&rs->names, &it, NULL, &n))
		name_free(n);
	map_fini(&rs->names);
	free(rs);
}
