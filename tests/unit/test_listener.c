/* Listening sockets: endpoint texts, what may lie at the path, activation, running
 * out of descriptors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/log.h"
#include "base/mem.h"
#include "reactor/listener.h"
#include "reactor/sock.h"

struct fixture {
	struct reactor *r;
	char dir[64];
	char endpoint[128];	/* unix, in dir */
	const char *path;	/* within endpoint */
	int accepted;
	int last_fd;
	bool keep;		/* do not close what is accepted */
};

static void on_accept(void *ctx, int fd)
{
	struct fixture *f = ctx;

	f->accepted++;
	f->last_fd = fd;
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	if (!f->keep)
		close(fd);
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/test_listener.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->endpoint, sizeof(f->endpoint), "unix://%s/csi.sock", f->dir);
	f->path = f->endpoint + 7;
	f->r = reactor_new();
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	reactor_free(f->r);
	unlink(f->path);
	assert_int_equal(rmdir(f->dir), 0);	/* nothing else was left in it */
	free(f);
	return 0;
}

static struct listener *open_one(struct fixture *f, struct err *err)
{
	return listener_new(f->r, f->endpoint, NULL, on_accept, f, err);
}

static void connect_one(struct fixture *f, const char *endpoint)
{
	struct err err = { 0 };
	int fd, before = f->accepted;

	if (sock_connect(endpoint, &fd, &err) < 0)
		fail_msg("%s", err_msg(&err));
	for (int i = 0; i < 1000 && f->accepted == before; i++)
		reactor_advance(f->r, 1);
	assert_int_equal(f->accepted, before + 1);
	close(fd);
}

static void endpoints(void **state)
{
	static const struct {
		const char *text;
		int family;
		const char *path;	/* unix */
		int port;
	} good[] = {
		{ "unix:///run/x.sock", AF_UNIX, "/run/x.sock", 0 },
		{ "unix:/csi/csi.sock", AF_UNIX, "/csi/csi.sock", 0 },
		{ "unix://tmp/csi.sock", AF_UNIX, "/tmp/csi.sock", 0 },
		{ "UNIX:///run/X.sock", AF_UNIX, "/run/X.sock", 0 },
		{ "tcp://127.0.0.1:10000", AF_INET, NULL, 10000 },
		{ "Tcp://127.0.0.1:10000/", AF_INET, NULL, 10000 },
		{ "tcp://localhost:1", AF_INET, NULL, 1 },
		{ "tcp://[::1]:65535", AF_INET6, NULL, 65535 },
		{ "tcp://:80", AF_INET6, NULL, 80 },
	};
	static const char *const bad[] = {
		"", "unix:", "unix://", "unix:///", "unix:rel.sock", "unix:///dir/", "http://x:1",
		"tcp://127.0.0.1", "tcp://127.0.0.1:", "tcp://127.0.0.1:65536", "tcp://127.0.0.1:-1",
		"tcp://host.example:80", "tcp://127.0.0.1:80/path", "/run/x.sock", "tcp:127.0.0.1:1",
		("unix:///0123456789012345678901234567890123456789012345678901234567890123456789"
		 "0123456789012345678901234567890123456.sock"),
	};
	struct sockaddr_storage sa;
	struct err err = { 0 };
	socklen_t len;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		if (endpoint_parse(good[i].text, &sa, &len, &err) < 0)
			fail_msg("%s", err_msg(&err));
		assert_int_equal(sa.ss_family, good[i].family);
		if (good[i].path)
			assert_string_equal(((struct sockaddr_un *)&sa)->sun_path, good[i].path);
		else
			assert_int_equal(ntohs(((struct sockaddr_in *)&sa)->sin_port), good[i].port);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (endpoint_parse(bad[i], &sa, &len, &err) == 0)
			fail_msg("\"%s\" was taken", bad[i]);
		assert_int_equal(err.code, GRPC_INVALID_ARGUMENT);
		assert_non_null(strstr(err_msg(&err), bad[i]));
	}
	err_fini(&err);
}

static void the_socket_has_its_mode_and_goes_at_the_end(void **state)
{
	struct listener_options opt = { .mode = 0600 };
	struct fixture *f = *state;
	struct listener *l = listener_new(f->r, f->endpoint, &opt, on_accept, f, NULL);
	struct stat st;

	assert_non_null(l);
	assert_string_equal(listener_address(l), f->endpoint);
	assert_int_equal(lstat(f->path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0600);
	connect_one(f, f->endpoint);
	listener_close(l);
	assert_int_equal(lstat(f->path, &st), -1);
	listener_close(NULL);
}

static void a_live_socket_is_respected(void **state)
{
	struct fixture *f = *state;
	struct listener *l = open_one(f, NULL);
	struct err err = { 0 };

	assert_null(open_one(f, &err));
	assert_int_equal(err.code, GRPC_ALREADY_EXISTS);
	assert_non_null(strstr(err_msg(&err), f->path));
	err_fini(&err);
	reactor_advance(f->r, 5);
	connect_one(f, f->endpoint);	/* the first one is unharmed */
	listener_close(l);
}

static void a_stale_socket_is_replaced(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct listener *l;

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", f->path);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	close(fd);			/* its owner has crashed */
	l = open_one(f, NULL);
	assert_non_null(l);
	connect_one(f, f->endpoint);
	listener_close(l);
}

static void another_file_is_refused(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };
	int fd = open(f->path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	assert_null(open_one(f, &err));
	assert_int_equal(err.code, GRPC_FAILED_PRECONDITION);
	assert_non_null(strstr(err_msg(&err), "is not a socket"));
	assert_int_equal(unlink(f->path), 0);	/* still there */
	close(fd);
	assert_int_equal(symlink("/tmp", f->path), 0);
	assert_null(open_one(f, &err));
	assert_int_equal(err.code, GRPC_FAILED_PRECONDITION);
	err_fini(&err);
}

static void a_missing_directory_is_told(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };

	assert_null(listener_new(f->r, "unix:///no/such/dir/x.sock", NULL, on_accept, f, &err));
	assert_int_equal(err.code, GRPC_NOT_FOUND);
	assert_non_null(strstr(err_msg(&err), "/no/such/dir/x.sock"));
	err_fini(&err);
}

static void a_successors_socket_is_left_alone(void **state)
{
	struct fixture *f = *state;
	struct listener *l = open_one(f, NULL), *next;
	struct stat st;

	assert_int_equal(unlink(f->path), 0);	/* as the Go driver does */
	next = open_one(f, NULL);
	assert_non_null(next);
	listener_close(l);
	assert_int_equal(lstat(f->path, &st), 0);
	connect_one(f, f->endpoint);
	listener_close(next);
}

static void tcp_ports(void **state)
{
	struct fixture *f = *state;
	struct listener *l = listener_new(f->r, "tcp://127.0.0.1:0", NULL, on_accept, f, NULL);
	struct err err = { 0 };

	assert_non_null(l);
	assert_null(strstr(listener_address(l), ":0"));
	connect_one(f, listener_address(l));
	assert_null(listener_new(f->r, listener_address(l), NULL, on_accept, f, &err));
	assert_int_equal(err.code, GRPC_ALREADY_EXISTS);
	err_fini(&err);
	listener_close(l);
}

static void quiet(enum log_area area, enum log_level level, const char *line)
{
}

static void without_descriptors_it_sheds_and_recovers(void **state)
{
	struct fixture *f = *state;
	struct listener *l = open_one(f, NULL);
	struct rlimit old, tight;
	struct err err = { 0 };
	int fds[2], n;
	char c;

	log_set_hook(quiet);
	assert_int_equal(sock_connect(f->endpoint, &fds[0], &err), 0);
	assert_int_equal(sock_connect(f->endpoint, &fds[1], &err), 0);
	getrlimit(RLIMIT_NOFILE, &old);
	tight = old;
	n = dup(0);
	tight.rlim_cur = (rlim_t)n;	/* nothing below it is free */
	close(n);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	reactor_advance(f->r, 20);
	setrlimit(RLIMIT_NOFILE, &old);
	assert_int_equal(f->accepted, 0);
	/* Both were answered by a close, not left hanging. */
	assert_int_equal(read(fds[0], &c, 1), 0);
	assert_int_equal(read(fds[1], &c, 1), 0);
	close(fds[0]);
	close(fds[1]);
	connect_one(f, f->endpoint);
	listener_close(l);
	log_set_hook(NULL);
}

static struct listener *closing;

static void on_accept_close(void *ctx, int fd)
{
	((struct fixture *)ctx)->accepted++;
	close(fd);
	listener_close(closing);
}

static void it_may_be_closed_from_its_callback(void **state)
{
	struct fixture *f = *state;
	int a, b;

	closing = listener_new(f->r, f->endpoint, NULL, on_accept_close, f, NULL);
	assert_int_equal(sock_connect(f->endpoint, &a, NULL), 0);
	assert_int_equal(sock_connect(f->endpoint, &b, NULL), 0);
	reactor_advance(f->r, 10);
	assert_int_equal(f->accepted, 1);
	close(a);
	close(b);
}

/* ---- socket activation, in a child that has descriptor 3 for itself ---- */

static int listen_at_3(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	if (bind(fd, (struct sockaddr *)&un, sizeof(un)) < 0 || listen(fd, 5) < 0 ||
	    dup2(fd, 3) < 0)
		return -1;
	if (fd != 3)
		close(fd);
	return 0;
}

static int activated_child(struct fixture *f)
{
	struct listener *l;
	struct stat st;
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "1", 1);
	setenv("LISTEN_FDNAMES", "csi", 1);
	if (listen_at_3(f->path) < 0)
		return 10;
	f->r = reactor_new();
	f->accepted = 0;
	l = open_one(f, NULL);
	if (!l)
		return 11;	/* it saw a live socket instead of its own */
	if (getenv("LISTEN_FDS") || getenv("LISTEN_PID") || getenv("LISTEN_FDNAMES"))
		return 12;
	if (!(fcntl(3, F_GETFD) & FD_CLOEXEC) || !(fcntl(3, F_GETFL) & O_NONBLOCK))
		return 13;
	connect_one(f, f->endpoint);
	listener_close(l);
	if (lstat(f->path, &st) < 0)
		return 14;	/* not ours to unlink */
	reactor_free(f->r);
	return f->accepted == 1 ? 0 : 15;
}

static void sockets_handed_over_are_used(void **state)
{
	struct fixture *f = *state;
	pid_t pid = fork();
	int status = -1;

	if (pid == 0)
		_exit(activated_child(f));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(endpoints),
		TEST(the_socket_has_its_mode_and_goes_at_the_end),
		TEST(a_live_socket_is_respected),
		TEST(a_stale_socket_is_replaced),
		TEST(another_file_is_refused),
		TEST(a_missing_directory_is_told),
		TEST(a_successors_socket_is_left_alone),
		TEST(tcp_ports),
		TEST(without_descriptors_it_sheds_and_recovers),
		TEST(it_may_be_closed_from_its_callback),
		TEST(sockets_handed_over_are_used),
	};

	return cmocka_run_group_tests_name("listener", tests, NULL, NULL);
}
