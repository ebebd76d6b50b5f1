/* ebs-csid-helper: does what needs privilege or may block for ebs-csid, one child
 * per act. Reads acts from descriptor 3 and answers there; opens nothing else,
 * has no network, holds no state that a restart would miss.
 *
 * A slot's life: RUNNING -> (killed) KILLED -> (does not die) HUNG -> free. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "block/helper.h"

#define DAEMON_FD 3
#define SLOTS 256
#define LIMIT_MAX_MS (3600 * 1000LL)
#define HUNG_AFTER_US (2 * 1000000LL)		/* after KILL */
#define WRITER_LIMIT_US (3600 * 1000000LL)	/* mkfs and fsck */

enum slot_state { SLOT_FREE, SLOT_RUNNING, SLOT_KILLED, SLOT_HUNG };

struct slot {
	enum slot_state state;
	uint32_t id;
	enum proto_kind kind;
	pid_t pid;
	int sock;		/* -1 once the child has closed it */
	bool asking;		/* the child waits for GO or STOP */
	bool writer;		/* mkfs or fsck runs */
	bool stop;		/* the caller has gone */
	int64_t started_us, limit_us, killed_us;
	int64_t own_limit_us;	/* limit_us but for writers */
	uint8_t *end;		/* the child's END, sent on when it is dead */
	size_t end_len;
};

static struct slot slots[SLOTS];
static char (*notes)[HELPER_NOTE];	/* shared with the children */
static int signal_fd;
static bool draining;		/* the daemon has gone */
static uint8_t packet[PROTO_MAX];

static void die(const char *what)
{
	dprintf(2, "ebs-csid-helper: %s: %s\n", what, strerror(errno));
	_exit(1);
}

/* The socket blocks: a daemon that does not read stops its own work only. */
static void tell_daemon(const void *p, size_t n)
{
	if (!draining && proto_send(DAEMON_FD, p, n) < 0)
		draining = true;
}

static void send_msg(const struct proto_msg *m)
{
	uint8_t out[PROTO_MAX];
	size_t n = proto_encode(m, out, NULL);

	if (n)
		tell_daemon(out, n);
}

static struct slot *find_slot(uint32_t id)
{
	for (size_t i = 0; i < SLOTS; i++)
		if (slots[i].state != SLOT_FREE && slots[i].id == id)
			return &slots[i];
	return NULL;
}

static struct slot *free_slot(void)
{
	for (size_t i = 0; i < SLOTS; i++)
		if (slots[i].state == SLOT_FREE)
			return &slots[i];
	return NULL;
}

/* ---- the end of an act ---- */

static void refuse(uint32_t id, enum grpc_code code, const char *text)
{
	send_msg(&(struct proto_msg){
		.type = PROTO_END, .end = { .id = id, .code = code, .text = text } });
}

static void explain_death(const struct slot *s, int status)
{
	char text[512];
	const char *note = notes[s - slots];
	long long ms = (now_us() - s->started_us) / 1000;

	if (s->stop)
		snprintf(text, sizeof(text), "%s was stopped after %lld ms, in: %s",
			 proto_kind_name(s->kind), ms, note);
	else if (s->killed_us)
		snprintf(text, sizeof(text), "%s took too long and was killed after %lld ms, "
			 "in: %s", proto_kind_name(s->kind), ms, note);
	else
		snprintf(text, sizeof(text), "%s: its process ended with %s %d, in: %s",
			 proto_kind_name(s->kind), WIFSIGNALED(status) ? "signal" : "status",
			 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), note);
	refuse(s->id, s->stop ? GRPC_CANCELLED : s->killed_us ? GRPC_DEADLINE_EXCEEDED :
	       GRPC_INTERNAL, text);
}

static void close_sock(struct slot *s)
{
	if (s->sock >= 0)
		close(s->sock);
	s->sock = -1;
}

static void read_child(struct slot *s);

static void finish_slot(struct slot *s, int status)
{
	while (s->sock >= 0)
		read_child(s);	/* what it said before it died */
	if (s->state == SLOT_HUNG)
		send_msg(&(struct proto_msg){ .type = PROTO_GONE, .word = { s->id } });
	else if (s->end)
		tell_daemon(s->end, s->end_len);
	else
		explain_death(s, status);
	free(s->end);
	memset(s, 0, sizeof(*s));
}

static void reap(void)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	while (read(signal_fd, &info, sizeof(info)) > 0)
		;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < SLOTS; i++)
			if (slots[i].state != SLOT_FREE && slots[i].pid == pid)
				finish_slot(&slots[i], status);
}

/* ---- stopping ---- */

/* The whole group: a program that the child started goes with it. */
static void kill_slot(struct slot *s)
{
	if (s->state != SLOT_RUNNING)
		return;
	s->state = SLOT_KILLED;
	s->killed_us = now_us();
	kill(-s->pid, SIGKILL);
	kill(s->pid, SIGKILL);	/* it may not have made its group yet */
}

static void answer(struct slot *s, enum proto_type type)
{
	uint8_t out[64];
	struct proto_msg m = { .type = type, .word = { s->id } };
	size_t n = proto_encode(&m, out, NULL);

	s->asking = false;
	if (s->sock >= 0)
		(void)proto_send(s->sock, out, n);	/* a dead one is reaped */
}

static void stop_slot(struct slot *s)
{
	s->stop = true;
	if (s->asking)
		answer(s, PROTO_STOP);
	else if (!s->writer)
		kill_slot(s);
}

static void report_hung(struct slot *s)
{
	s->state = SLOT_HUNG;
	send_msg(&(struct proto_msg){ .type = PROTO_HUNG, .hung = {
		.id = s->id, .pid = (uint32_t)s->pid,
		.age_ms = (uint64_t)(now_us() - s->started_us) / 1000,
		.note = notes[s - slots] } });
}

/* Ms until the next thing is due, -1 for nothing. */
static int check_times(void)
{
	int64_t now = now_us(), next = INT64_MAX, due;

	for (size_t i = 0; i < SLOTS; i++) {
		struct slot *s = &slots[i];

		if (s->state == SLOT_RUNNING && now >= s->limit_us)
			kill_slot(s);
		if (s->state == SLOT_KILLED && now >= s->killed_us + HUNG_AFTER_US)
			report_hung(s);
		if (s->state != SLOT_RUNNING && s->state != SLOT_KILLED)
			continue;
		due = s->state == SLOT_RUNNING ? s->limit_us : s->killed_us + HUNG_AFTER_US;
		if (due < next)
			next = due;
	}
	if (next == INT64_MAX)
		return -1;
	due = (next - now) / 1000 + 1;
	return due > 3600000 ? 3600000 : (int)due;
}

/* ---- children ---- */

static void on_ask(struct slot *s, const struct proto_msg *m, size_t n)
{
	s->writer = false;
	s->limit_us = s->own_limit_us;
	s->asking = true;
	if (s->stop || draining) {
		answer(s, PROTO_STOP);
		return;
	}
	if (m->ask.phase == PHASE_MKFS || m->ask.phase == PHASE_FSCK)
		s->writer = true;	/* once it is let go */
	tell_daemon(packet, n);
}

/* A child has read what is on the disk: its words are checked like anybody's. */
static void read_child(struct slot *s)
{
	int n = proto_recv(s->sock, packet);
	struct proto_msg m;

	if (n == -EAGAIN)
		n = 0;		/* only asked when readable, or dead */
	if (n <= 0 || proto_decode(packet, (size_t)n, &m, NULL) < 0) {
		close_sock(s);
		return;
	}
	if (m.type == PROTO_ASK && m.ask.id == s->id) {
		on_ask(s, &m, (size_t)n);
	} else if (m.type == PROTO_END && m.end.id == s->id && !s->end) {
		s->end = xmalloc((size_t)n);
		memcpy(s->end, packet, (size_t)n);
		s->end_len = (size_t)n;
		s->writer = false;
	}
}

/* In the child: nothing of the helper but its own socket, on descriptor 3. */
static void become_child(struct slot *s, int sock, const struct proto_act *act)
{
	static struct child c;
	sigset_t none;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(sock, DAEMON_FD) < 0)
		_exit(1);
	syscall(SYS_close_range, DAEMON_FD + 1, ~0U, 0);
	fcntl(DAEMON_FD, F_SETFD, FD_CLOEXEC);
	c.sock = DAEMON_FD;
	c.act = act;
	c.note = notes[s - slots];
	child_run(&c);
}

static void start(struct slot *s, const struct proto_act *act)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		refuse(act->id, GRPC_UNAVAILABLE, "the helper has no descriptors left");
		return;
	}
	memset(s, 0, sizeof(*s));
	s->started_us = now_us();
	snprintf(notes[s - slots], HELPER_NOTE, "starting");
	s->pid = fork();
	if (s->pid == 0)
		become_child(s, pair[1], act);
	close(pair[1]);
	if (s->pid < 0) {
		close(pair[0]);
		refuse(act->id, GRPC_UNAVAILABLE, "the helper cannot start a process (fork)");
		return;
	}
	s->state = SLOT_RUNNING;
	s->id = act->id;
	s->kind = act->kind;
	s->sock = pair[0];
	fcntl(s->sock, F_SETFL, O_NONBLOCK);
	s->own_limit_us = s->started_us + (act->limit_ms < LIMIT_MAX_MS ?
					   (int64_t)act->limit_ms : LIMIT_MAX_MS) * 1000;
	s->limit_us = s->own_limit_us;
}

static void on_act(const struct proto_act *act)
{
	struct slot *s = find_slot(act->id) ? NULL : free_slot();

	if (!s)
		refuse(act->id, GRPC_UNAVAILABLE, "the helper has no room for another act: "
		       "too many hang");
	else
		start(s, act);
}

/* ---- the daemon ---- */

static void drain(void)
{
	draining = true;
	for (size_t i = 0; i < SLOTS; i++)
		if (slots[i].state == SLOT_RUNNING)
			stop_slot(&slots[i]);
}

static void on_go(struct slot *s)
{
	if (!s->asking)
		return;
	if (s->writer)
		s->limit_us = now_us() + WRITER_LIMIT_US;
	answer(s, PROTO_GO);
}

static void read_daemon(void)
{
	int n = proto_recv(DAEMON_FD, packet);
	struct proto_msg m;
	struct slot *s;

	if (n == -EAGAIN)
		return;
	if (n <= 0) {
		drain();
		return;
	}
	if (proto_decode(packet, (size_t)n, &m, NULL) < 0) {
		dprintf(2, "ebs-csid-helper: a message that is none (%d bytes)\n", n);
		drain();
		return;
	}
	if (m.type == PROTO_ACT) {
		on_act(&m.act);
		return;
	}
	s = find_slot(m.word.id);
	if (!s)
		return;		/* it ended meanwhile */
	if (m.type == PROTO_GO)
		on_go(s);
	else if (m.type == PROTO_STOP)
		stop_slot(s);
}

static bool has_work(void)
{
	for (size_t i = 0; i < SLOTS; i++)
		if (slots[i].state == SLOT_RUNNING || slots[i].state == SLOT_KILLED)
			return true;
	return false;
}

static void serve(void)
{
	struct pollfd fds[2 + SLOTS];
	struct slot *of[2 + SLOTS];
	nfds_t n;

	while (!draining || has_work()) {
		int wait = check_times();

		n = 0;
		fds[n++] = (struct pollfd){ draining ? -1 : DAEMON_FD, POLLIN, 0 };
		fds[n++] = (struct pollfd){ signal_fd, POLLIN, 0 };
		for (size_t i = 0; i < SLOTS; i++) {
			if (slots[i].state == SLOT_FREE || slots[i].sock < 0)
				continue;
			of[n] = &slots[i];
			fds[n++] = (struct pollfd){ slots[i].sock, POLLIN, 0 };
		}
		if (poll(fds, n, wait) < 0 && errno != EINTR)
			die("poll");
		for (nfds_t i = 2; i < n; i++)
			if (fds[i].revents)
				read_child(of[i]);
		if (fds[1].revents)
			reap();
		if (fds[0].revents)
			read_daemon();
	}
}

/* ---- start ---- */

static bool may_mount(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct caps[2] = { { 0 } };

	return syscall(SYS_capget, &head, caps) == 0 &&
	       (caps[0].effective & (1u << CAP_SYS_ADMIN));
}

static void set_up(void)
{
	sigset_t chld;
	int type = 0;
	socklen_t len = sizeof(type);

	if (getsockopt(DAEMON_FD, SOL_SOCKET, SO_TYPE, &type, &len) < 0 ||
	    type != SOCK_SEQPACKET) {
		dprintf(2, "ebs-csid-helper is started by ebs-csid, not by hand\n");
		_exit(1);
	}
	fcntl(DAEMON_FD, F_SETFD, FD_CLOEXEC);
	syscall(SYS_close_range, DAEMON_FD + 1, ~0U, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);	/* the daemon decides when to end */
	signal(SIGTERM, SIG_IGN);
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_SETMASK, &chld, NULL);
	signal_fd = signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signal_fd < 0)
		die("signalfd");
	notes = mmap(NULL, SLOTS * HELPER_NOTE, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (notes == MAP_FAILED)
		die("mmap");
	umask(0022);
}

int main(void)
{
	set_up();
	send_msg(&(struct proto_msg){ .type = PROTO_HELLO, .hello = {
		PROTO_VERSION, (uint32_t)getpid(), may_mount() } });
	serve();
	return 0;
}
