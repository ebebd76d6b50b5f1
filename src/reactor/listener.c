#include "reactor/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/log.h"
#include "reactor/internal.h"
#include "reactor/timer.h"
#include "reactor/watch.h"

#define ACCEPTS_PER_TURN 64
#define PAUSE_MS 100		/* when not even the reserve helps */
#define COMPLAIN_MS 10000

struct listener {
	struct reactor *reactor;
	void (*on_accept)(void *ctx, int fd);
	void *ctx;
	char *address;
	struct watch *watch;
	struct task bury;
	struct timer resume;
	int64_t complained;	/* reactor_now() of the last warning, 0 = never */
	int fd;
	int reserve;		/* given up to accept and drop when descriptors run out */
	char *path;		/* of a unix socket made here, else NULL */
	dev_t dev;
	ino_t ino;
};

/* ---- unix sockets ---- */

/* 0: nothing there, or a socket nobody listens on. */
static int check_place(const struct sockaddr_un *un, socklen_t len, struct err *err)
{
	auto_close int fd = -1;
	struct stat st;

	if (lstat(un->sun_path, &st) < 0)
		return errno == ENOENT ? 0 : err_set_errno(err, errno, "%s", un->sun_path);
	if (!S_ISSOCK(st.st_mode))
		return err_set(err, GRPC_FAILED_PRECONDITION,
			       "%s exists and is not a socket: remove it or choose another path",
			       un->sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_set_errno(err, errno, "socket");
	if (connect(fd, (const struct sockaddr *)un, len) == 0 || errno == EAGAIN)
		return err_set(err, GRPC_ALREADY_EXISTS,
			       "%s: another process is listening there: stop it or choose "
			       "another path", un->sun_path);
	return errno == ECONNREFUSED || errno == ENOENT
		? 0 : err_set_errno(err, errno, "%s", un->sun_path);
}

/* A short hidden name in the same directory; kubelet's watchers skip those. */
static int temporary_name(const struct sockaddr_un *un, struct sockaddr_un *ret, struct err *err)
{
	int dir = (int)(strrchr(un->sun_path, '/') - un->sun_path);
	int n;

	ret->sun_family = AF_UNIX;
	n = snprintf(ret->sun_path, sizeof(ret->sun_path), "%.*s/.%x", dir, un->sun_path,
		     (unsigned int)getpid());
	if (n >= (int)sizeof(ret->sun_path))
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "%s: the directory's path is too long for a unix socket",
			       un->sun_path);
	return 0;
}

static int bind_private(int fd, const struct sockaddr_un *un)
{
	mode_t mask = umask(0177);
	int rc;

	unlink(un->sun_path);	/* left by a crash of a process with our number */
	rc = bind(fd, (const struct sockaddr *)un, sizeof(*un));
	umask(mask);
	return rc;
}

/* The socket appears under its name only once it listens and has its mode. */
static int publish(struct listener *l, const struct sockaddr_un *un, unsigned int mode,
		   struct err *err)
{
	struct sockaddr_un tmp;
	struct stat st;

	if (temporary_name(un, &tmp, err) < 0)
		return -1;
	if (bind_private(l->fd, &tmp) < 0)
		return err_set_errno(err, errno, "create socket %s", un->sun_path);
	if (chmod(tmp.sun_path, mode) < 0 || listen(l->fd, SOMAXCONN) < 0 ||
	    lstat(tmp.sun_path, &st) < 0 || rename(tmp.sun_path, un->sun_path) < 0) {
		err_set_errno(err, errno, "create socket %s", un->sun_path);
		unlink(tmp.sun_path);
		return -1;
	}
	l->path = xstrdup(un->sun_path);
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	return 0;
}

static int open_unix(struct listener *l, const struct sockaddr_un *un, socklen_t len,
		     unsigned int mode, struct err *err)
{
	if (check_place(un, len, err) < 0)
		return -1;
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		return err_set_errno(err, errno, "socket");
	return publish(l, un, mode ? mode : 0660, err);
}

/* Unless another process has put its own socket there meanwhile. */
static void unlink_own(struct listener *l)
{
	struct stat st;

	if (l->path && lstat(l->path, &st) == 0 && st.st_dev == l->dev && st.st_ino == l->ino)
		unlink(l->path);
}

/* ---- TCP ---- */

static bool is_any6(const struct sockaddr_storage *sa)
{
	return sa->ss_family == AF_INET6 &&
	       IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)sa)->sin6_addr);
}

static int open_tcp(struct listener *l, const char *endpoint, struct sockaddr_storage *sa,
		    socklen_t len, struct err *err)
{
	int one = 1;

	l->fd = socket(sa->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0 && errno == EAFNOSUPPORT && is_any6(sa)) {
		/* No IPv6 here: "any" is then 0.0.0.0; the port stays in place. */
		sa->ss_family = AF_INET;
		((struct sockaddr_in *)sa)->sin_addr.s_addr = INADDR_ANY;
		len = sizeof(struct sockaddr_in);
		l->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	}
	if (l->fd < 0)
		return err_set_errno(err, errno, "socket for %s", endpoint);
	(void)setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(l->fd, (struct sockaddr *)sa, len) < 0 || listen(l->fd, SOMAXCONN) < 0)
		return errno == EADDRINUSE
			? err_set(err, GRPC_ALREADY_EXISTS,
				  "%s: another process is listening there: stop it or choose "
				  "another port", endpoint)
			: err_set_errno(err, errno, "listen on %s", endpoint);
	return 0;
}

/* ---- accept ---- */

static int open_reserve(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Out of descriptors: a waiting connection keeps the listener readable, so it is
 * taken on the reserve's place and dropped. False: wait instead. */
static bool shed_one(struct listener *l)
{
	int64_t now = reactor_now(l->reactor);
	int fd;

	if (!l->complained || now - l->complained >= COMPLAIN_MS) {
		log_error(AREA_REACTOR, "%s: out of file descriptors, connections are dropped: "
			  "raise LimitNOFILE (ulimit -n)", l->address);
		l->complained = now ? now : 1;
	}
	if (l->reserve < 0)
		return false;
	close(l->reserve);
	fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0)
		close(fd);
	l->reserve = open_reserve();
	return fd >= 0;
}

static void on_resume(struct timer *t)
{
	struct listener *l = container_of(t, struct listener, resume);

	if (l->reserve < 0)
		l->reserve = open_reserve();
	watch_set(l->watch, WATCH_READ);
}

static void pause_accepting(struct listener *l)
{
	watch_set(l->watch, 0);
	timer_arm(&l->resume, PAUSE_MS);
}

static void on_ready(void *ctx, int events)
{
	struct listener *l = ctx;

	/* on_accept may close the listener. */
	for (int i = 0; i < ACCEPTS_PER_TURN && l->fd >= 0; i++) {
		int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			l->on_accept(l->ctx, fd);
		} else if (errno == EMFILE || errno == ENFILE) {
			if (!shed_one(l)) {
				pause_accepting(l);
				return;
			}
		} else if (errno == ENOMEM || errno == ENOBUFS) {
			pause_accepting(l);
			return;
		} else if (errno == EAGAIN) {
			return;
		}	/* else that one connection died in the queue */
	}
}

/* ---- both ---- */

static void on_bury(struct task *t)
{
	struct listener *l = container_of(t, struct listener, bury);

	free(l->address);
	free(l->path);
	free(l);
}

void listener_close(struct listener *l)
{
	if (!l || list_linked(&l->bury.link))
		return;
	unlink_own(l);
	timer_disarm(&l->resume);
	watch_close(l->watch);
	if (l->fd >= 0)
		close(l->fd);
	if (l->reserve >= 0)
		close(l->reserve);
	l->fd = l->reserve = -1;
	reactor_defer(l->reactor, &l->bury);
}

const char *listener_address(const struct listener *l)
{
	return l->address;
}

static int open_any(struct listener *l, const char *endpoint,
		    const struct listener_options *opt, struct err *err)
{
	struct sockaddr_storage sa;
	socklen_t len;

	if (endpoint_parse(endpoint, &sa, &len, err) < 0)
		return -1;
	l->fd = activation_take((struct sockaddr *)&sa, len);
	if (l->fd < 0 && (sa.ss_family == AF_UNIX
		? open_unix(l, (struct sockaddr_un *)&sa, len, opt ? opt->mode : 0, err)
		: open_tcp(l, endpoint, &sa, len, err)) < 0)
		return -1;
	if (sa.ss_family != AF_UNIX) {	/* what the kernel made of port 0 */
		len = sizeof(sa);
		getsockname(l->fd, (struct sockaddr *)&sa, &len);
	}
	l->address = endpoint_format((struct sockaddr *)&sa, len);
	return 0;
}

struct listener *listener_new(struct reactor *r, const char *endpoint,
			      const struct listener_options *opt,
			      void (*on_accept)(void *ctx, int fd), void *ctx,
			      struct err *err)
{
	struct listener *l = xcalloc(1, sizeof(*l));

	l->reactor = r;
	l->on_accept = on_accept;
	l->ctx = ctx;
	l->fd = -1;
	l->reserve = open_reserve();
	l->bury.run = on_bury;
	timer_init(&l->resume, r, on_resume);
	if (open_any(l, endpoint, opt, err) < 0) {
		listener_close(l);
		return NULL;
	}
	l->watch = watch_new(r, l->fd, WATCH_READ, on_ready, l);
	return l;
}
