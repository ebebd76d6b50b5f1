/* The daemon's end of the helper: start, datagrams both ways, death.
 *
 * A helper that died is started again at once (but not more than once a second)
 * as long as this process may do so: it holds CAP_SYS_ADMIN. After privileges
 * were dropped it does not, and a helper without them is of no use: then the
 * owner is told (on_helper_lost) and should end, so that its supervisor starts
 * both anew. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "base/log.h"
#include "block/internal.h"

#define PROGRAM "ebs-csid-helper"
#define HELPER_FD 3
#define SOCKET_BYTES (4 << 20)
#define RESTART_MS 1000
#define REAP_MS 50

/* ---- start ---- */

static char *find_program(const char *path)
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	char *beside;

	if (path)
		return xstrdup(path);
	if (n > 0) {
		exe[n] = '\0';
		*strrchr(exe, '/') = '\0';
		beside = xasprintf("%s/" PROGRAM, exe);
		if (access(beside, X_OK) == 0)
			return beside;
		free(beside);
	}
	return xstrdup(PKGLIBEXECDIR "/" PROGRAM);
}

/* In the new process. report is closed by a successful exec. */
static void exec_helper(const char *path, int sock, int report)
{
	char *const argv[] = { (char *)(uintptr_t)PROGRAM, NULL };
	char *const env[] = { (char *)(uintptr_t)"PATH=/usr/sbin:/sbin:/usr/bin:/bin", NULL };
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC), e;
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* Both may sit on descriptor 3. */
	report = fcntl(report, F_DUPFD_CLOEXEC, 10);
	sock = fcntl(sock, F_DUPFD_CLOEXEC, 10);
	if (null < 0 || dup2(null, 0) < 0 || dup2(sock, HELPER_FD) < 0)
		_exit(127);
	setsid();	/* signals of the daemon's terminal are not for it */
	execve(path, argv, env);
	e = errno;
	(void)!write(report, &e, sizeof(e));
	_exit(127);
}

static int wait_for_exec(int report, int pid, const char *path, struct err *err)
{
	int e = 0;
	ssize_t n;

	do {
		n = read(report, &e, sizeof(e));
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		return 0;
	waitpid(pid, NULL, 0);
	return err_set_errno(err, e, "start %s", path);
}

static int spawn(struct block_helper *h, struct err *err)
{
	auto_close int report = -1, theirs = -1, report_end = -1;
	int pair[2], pipe_fds[2], size = SOCKET_BYTES;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set_errno(err, errno, "socketpair for %s", h->path);
	h->fd = pair[0];
	theirs = pair[1];
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return err_set_errno(err, errno, "pipe for %s", h->path);
	report = pipe_fds[0];
	report_end = pipe_fds[1];
	fcntl(h->fd, F_SETFL, O_NONBLOCK);
	if (setsockopt(h->fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(h->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	h->pid = fork();
	if (h->pid < 0)
		return err_set_errno(err, errno, "fork for %s", h->path);
	if (h->pid == 0)
		exec_helper(h->path, theirs, report_end);
	close(report_end);
	report_end = -1;
	return wait_for_exec(report, h->pid, h->path, err);
}

struct block_helper *block_helper_start(const char *path, struct err *err)
{
	struct block_helper *h = xcalloc(1, sizeof(*h));

	h->fd = -1;
	h->path = find_program(path);
	if (spawn(h, err) == 0)
		return h;
	h->pid = 0;
	block_helper_free(h);
	return NULL;
}

/* The helper ends by itself once its connection is closed. Its death is waited
 * for only if it comes at once: a running mkfs is let through. */
void block_helper_free(struct block_helper *h)
{
	const struct timespec step = { 0, 2000000 };

	if (!h)
		return;
	if (h->fd >= 0)
		close(h->fd);
	for (int i = 0; h->pid > 0 && i < 50 && waitpid(h->pid, NULL, WNOHANG) == 0; i++)
		nanosleep(&step, NULL);
	free(h->path);
	free(h);
}

int block_helper_pid(const struct block_helper *h)
{
	return h->pid;
}

/* ---- death ---- */

static bool may_restart(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct caps[2] = { { 0 } };

	return syscall(SYS_capget, &head, caps) == 0 &&
	       (caps[0].effective & (1u << CAP_SYS_ADMIN));
}

static void drop_output(struct link *l)
{
	struct list *p;

	while ((p = list_pop(&l->out)))
		free(list_entry(p, struct packet, link));
}

/* Closes without waiting: the timer takes care of the dead process. */
static void disconnect(struct link *l)
{
	watch_close(l->watch);
	l->watch = NULL;
	close(l->helper->fd);
	if (l->dead_pid)
		waitpid(l->dead_pid, NULL, WNOHANG);
	l->dead_pid = l->helper->pid;
	free(l->helper->path);
	free(l->helper);
	l->helper = NULL;
	drop_output(l);
}

static void lose(struct link *l, const char *why)
{
	struct block *b = l->block;
	char *text = xasprintf(PROGRAM " %s, and %s: volumes cannot be mounted or unmounted "
			       "here until ebs-csid is started anew", why, may_restart() ?
			       "it cannot be started again" :
			       "ebs-csid has dropped the privileges to start it again");

	l->lost = true;
	log_error(AREA_BLOCK, "%s", text);
	acts_pump(b);	/* ends what waits */
	if (b->opt.on_helper_lost)
		b->opt.on_helper_lost(b->opt.ctx, text);
	free(text);
}

static void describe_status(int status, char *ret, size_t n)
{
	if (WIFSIGNALED(status))
		snprintf(ret, n, "was ended by signal %d", WTERMSIG(status));
	else
		snprintf(ret, n, "ended with status %d", WEXITSTATUS(status));
}

/* Its descriptors are closed a moment before it can be waited for. */
static bool wait_shortly(int pid, int *status)
{
	const struct timespec step = { 0, 500000 };

	for (int i = 0; i < 20; i++) {
		if (waitpid(pid, status, WNOHANG) == pid)
			return true;
		nanosleep(&step, NULL);
	}
	return false;
}

static void on_death(struct link *l, const char *what)
{
	char why[128];
	int status, pid = l->helper->pid;
	int64_t lived = reactor_now(l->block->reactor) - l->started;

	snprintf(why, sizeof(why), "%s", what);
	disconnect(l);
	if (wait_shortly(pid, &status)) {
		l->dead_pid = 0;
		describe_status(status, why, sizeof(why));
	}
	log_error(AREA_BLOCK, PROGRAM " (pid %d) %s", pid, why);
	acts_on_death(l->block, why);
	if (!may_restart()) {
		lose(l, why);
		return;
	}
	timer_arm(&l->again, lived < RESTART_MS ? RESTART_MS : 0);
}

/* ---- datagrams ---- */

static void on_hello(struct link *l, const struct proto_hello *hello)
{
	if (hello->version != PROTO_VERSION)
		log_error(AREA_BLOCK, "%s speaks version %u of the protocol, this program %d: "
			  "they are of different builds", l->helper->path, hello->version,
			  PROTO_VERSION);
	if (!hello->privileged)
		log_warn(AREA_BLOCK, PROGRAM " has no CAP_SYS_ADMIN: it cannot mount");
	log_info(AREA_BLOCK, PROGRAM " is ready, pid %u", hello->pid);
}

/* False when the connection is no more. */
static bool receive(struct link *l)
{
	static uint8_t p[PROTO_MAX];
	struct err err = { 0 };
	struct proto_msg m;
	int n = proto_recv(l->helper->fd, p);

	if (n == -EAGAIN)
		return false;
	if (n <= 0) {
		on_death(l, n == 0 ? "closed its connection" : strerror(-n));
		return false;
	}
	if (proto_decode(p, (size_t)n, &m, &err) < 0) {
		on_death(l, err_msg(&err));
		err_fini(&err);
		return false;
	}
	if (m.type == PROTO_HELLO)
		on_hello(l, &m.hello);
	else
		acts_on_message(l->block, &m);
	return l->helper != NULL;
}

static void flush(struct link *l)
{
	while (!list_empty(&l->out)) {
		struct packet *p = list_entry(l->out.next, struct packet, link);

		if (proto_send(l->helper->fd, p->data, p->n) == -EAGAIN)
			return;
		list_del(&p->link);
		free(p);
	}
	watch_set(l->watch, WATCH_READ);
}

static void on_ready(void *ctx, int events)
{
	struct link *l = ctx;

	if (events & WATCH_WRITE)
		flush(l);
	while (receive(l))
		;
}

/* A broken connection shows in receive(). */
void link_send(struct link *l, const void *p, size_t n)
{
	struct packet *pkt;

	if (!l->helper)
		return;
	if (list_empty(&l->out) && proto_send(l->helper->fd, p, n) != -EAGAIN)
		return;
	pkt = xmalloc(sizeof(*pkt) + n);
	pkt->n = n;
	memcpy(pkt->data, p, n);
	list_add_tail(&l->out, &pkt->link);
	watch_set(l->watch, WATCH_READ | WATCH_WRITE);
}

void link_send_word(struct link *l, enum proto_type type, uint32_t id)
{
	struct proto_msg m = { .type = type, .word = { id } };
	uint8_t out[16];

	link_send(l, out, proto_encode(&m, out, NULL));
}

/* ---- life ---- */

static void connect_helper(struct link *l, struct block_helper *h)
{
	l->helper = h;
	l->started = reactor_now(l->block->reactor);
	l->watch = watch_new(l->block->reactor, h->fd, WATCH_READ, on_ready, l);
}

/* Waits for a dead helper, then starts the next. */
static void on_again(struct timer *t)
{
	struct link *l = container_of(t, struct link, again);
	struct err err = { 0 };
	struct block_helper *h;

	if (l->dead_pid && waitpid(l->dead_pid, NULL, WNOHANG) == 0) {
		timer_arm(t, REAP_MS);
		return;
	}
	l->dead_pid = 0;
	if (l->helper || l->lost)
		return;
	h = block_helper_start(l->path, &err);
	if (!h) {
		lose(l, err_msg(&err));
		err_fini(&err);
		return;
	}
	connect_helper(l, h);
	acts_pump(l->block);
}

bool link_up(const struct link *l)
{
	return l->helper != NULL;
}

void link_init(struct link *l, struct block *b, struct block_helper *h)
{
	l->block = b;
	list_init(&l->out);
	timer_init(&l->again, b->reactor, on_again);
	l->lost = !h;
	if (!h)
		return;
	l->path = xstrdup(h->path);
	connect_helper(l, h);
}

void link_fini(struct link *l)
{
	timer_disarm(&l->again);
	watch_close(l->watch);
	drop_output(l);
	block_helper_free(l->helper);
	if (l->dead_pid)
		waitpid(l->dead_pid, NULL, WNOHANG);
	free(l->path);
}
