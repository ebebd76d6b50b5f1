/* Stream sockets: back-pressure, ends, closing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "reactor/listener.h"
#include "reactor/sock.h"

struct end {
	struct sock *sock;
	struct buf got;
	size_t bytes;
	int eofs, drains, closes, eof_code;
	int close_after;	/* sock_close from inside data, with this flush + 1 */
};

struct fixture {
	struct reactor *r;
	struct end a;
	int peer;		/* the other end, a plain descriptor */
};

static void on_data(void *ctx, const void *p, size_t n)
{
	struct end *e = ctx;

	assert_int_equal(e->eofs, 0);
	e->bytes += n;
	buf_add(&e->got, p, n);
	if (e->close_after)
		sock_close(e->sock, e->close_after - 1);
}

static void on_eof(void *ctx, const struct err *err)
{
	struct end *e = ctx;

	e->eofs++;
	e->eof_code = err->code;
}

static void on_drained(void *ctx)
{
	((struct end *)ctx)->drains++;
}

static void on_closed(void *ctx)
{
	((struct end *)ctx)->closes++;
}

static const struct sock_handler handler = { on_data, on_eof, on_drained, on_closed };

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	int fds[2];

	f->r = reactor_new();
	buf_init(&f->a.got, 1u << 20);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
	f->a.sock = sock_new(f->r, fds[0], &handler, &f->a);
	f->peer = fds[1];
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	if (!f->a.closes)
		sock_close(f->a.sock, 0);
	reactor_advance(f->r, 0);
	assert_int_equal(f->a.closes, 1);
	if (f->peer >= 0)
		close(f->peer);
	buf_fini(&f->a.got);
	reactor_free(f->r);
	free(f);
	return 0;
}

static void turn(struct fixture *f)
{
	reactor_advance(f->r, 5);
}

/* Reads all that is there; their number, or -1 at the end. */
static ssize_t slurp(struct fixture *f)
{
	static char junk[1 << 16];
	ssize_t all = 0, n;

	while ((n = read(f->peer, junk, sizeof(junk))) > 0)
		all += n;
	return n == 0 && all == 0 ? -1 : all;
}

static void bytes_arrive(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(write(f->peer, "hello", 5), 5);
	turn(f);
	assert_string_equal(buf_cstr(&f->a.got), "hello");
	assert_true(sock_write(f->a.sock, "yes", 3));
	assert_int_equal(slurp(f), 3);		/* written at once */
	assert_int_equal(sock_queued(f->a.sock), 0);
}

static void writes_push_back(void **state)
{
	struct fixture *f = *state;
	char block[4096] = { 0 };
	size_t sent = 0, got = 0;

	while (sock_write(f->a.sock, block, sizeof(block)))
		sent += sizeof(block);
	sent += sizeof(block);
	assert_true(sock_queued(f->a.sock) >= SOCK_HIGH_MARK);
	assert_int_equal(f->a.drains, 0);
	while (got < sent) {
		ssize_t n = slurp(f);

		assert_true(n >= 0);
		got += (size_t)n;
		reactor_advance(f->r, 1);
	}
	assert_int_equal(got, sent);
	assert_int_equal(f->a.drains, 1);
	assert_true(sock_write(f->a.sock, "x", 1));
}

static void a_queue_without_end_breaks(void **state)
{
	struct fixture *f = *state;
	size_t n = 8u << 20;
	auto_free char *block = xcalloc(1, n);

	for (int i = 0; i < 10; i++)
		sock_write(f->a.sock, block, n);
	assert_int_equal(f->a.eofs, 0);		/* not from inside the write */
	turn(f);
	assert_int_equal(f->a.eofs, 1);
	assert_int_not_equal(f->a.eof_code, GRPC_OK);
	assert_int_equal(sock_queued(f->a.sock), 0);
}

static void a_pause_keeps_bytes_in_the_kernel(void **state)
{
	struct fixture *f = *state;

	sock_pause(f->a.sock, true);
	assert_int_equal(write(f->peer, "hello", 5), 5);
	turn(f);
	assert_int_equal(f->a.bytes, 0);
	sock_pause(f->a.sock, false);
	turn(f);
	assert_int_equal(f->a.bytes, 5);
}

static void the_peers_end_is_told_once_and_writing_goes_on(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(write(f->peer, "last", 4), 4);
	shutdown(f->peer, SHUT_WR);
	turn(f);
	assert_int_equal(f->a.bytes, 4);
	assert_int_equal(f->a.eofs, 1);
	assert_int_equal(f->a.eof_code, GRPC_OK);
	sock_write(f->a.sock, "answer", 6);
	turn(f);
	assert_int_equal(slurp(f), 6);
	assert_int_equal(f->a.eofs, 1);
}

static void a_peer_gone_is_found_by_writing(void **state)
{
	struct fixture *f = *state;

	sock_pause(f->a.sock, true);
	close(f->peer);
	f->peer = -1;
	assert_true(sock_write(f->a.sock, "x", 1));
	assert_int_equal(f->a.eofs, 0);
	turn(f);
	assert_int_equal(f->a.eofs, 1);
	assert_int_equal(f->a.eof_code, GRPC_UNAVAILABLE);
	assert_true(sock_write(f->a.sock, "x", 1));	/* harmless */
}

static void closing_flushes_what_is_queued(void **state)
{
	struct fixture *f = *state;
	size_t n = 1u << 20, got = 0;
	auto_free char *block = xcalloc(1, n);
	ssize_t k;

	sock_write(f->a.sock, block, n);
	sock_close(f->a.sock, 10000);
	while ((k = slurp(f)) >= 0) {
		got += (size_t)k;
		reactor_advance(f->r, 1);
	}
	assert_int_equal(got, n);
	assert_int_equal(f->a.closes, 0);	/* it waits for the peer's end */
	assert_int_equal(write(f->peer, "late", 4), 4);
	turn(f);
	assert_int_equal(f->a.bytes, 0);	/* read away, not delivered */
	close(f->peer);
	f->peer = -1;
	turn(f);
	assert_int_equal(f->a.closes, 1);
	assert_int_equal(f->a.eofs, 0);
}

static void flushing_has_its_time(void **state)
{
	struct fixture *f = *state;
	size_t n = 1u << 20;
	auto_free char *block = xcalloc(1, n);

	sock_write(f->a.sock, block, n);
	sock_close(f->a.sock, 200);
	turn(f);
	assert_int_equal(f->a.closes, 0);
	reactor_advance(f->r, 250);
	assert_int_equal(f->a.closes, 1);
}

static void closing_from_inside_a_callback(void **state)
{
	struct fixture *f = *state;

	f->a.close_after = 1;
	assert_int_equal(write(f->peer, "one", 3), 3);
	turn(f);
	assert_int_equal(f->a.closes, 1);
	assert_int_equal(slurp(f), -1);
}

static void closing_at_once_drops_the_queue(void **state)
{
	struct fixture *f = *state;
	size_t n = 1u << 20;
	auto_free char *block = xcalloc(1, n);

	sock_write(f->a.sock, block, n);
	sock_close(f->a.sock, 0);
	sock_close(f->a.sock, 1000);
	assert_int_equal(f->a.closes, 0);	/* not from inside */
	turn(f);
	assert_int_equal(f->a.closes, 1);
	assert_true(slurp(f) < (ssize_t)n);
}

static void a_refused_connection_arrives_as_eof(void **state)
{
	struct fixture *f = *state;
	struct listener *l;
	struct err err = { 0 };
	struct end e = { 0 };
	auto_free char *address = NULL;
	int fd;

	l = listener_new(f->r, "tcp://127.0.0.1:0", NULL, NULL, NULL, &err);
	assert_non_null(l);
	address = xstrdup(listener_address(l));
	listener_close(l);
	if (sock_connect(address, &fd, &err) == 0) {
		buf_init(&e.got, 100);
		e.sock = sock_new(f->r, fd, &handler, &e);
		sock_write(e.sock, "queued until connected", 22);
		turn(f);
		assert_int_equal(e.eofs, 1);
		assert_int_equal(e.eof_code, GRPC_UNAVAILABLE);
		sock_close(e.sock, 0);
		turn(f);
	} else {
		assert_int_equal(err.code, GRPC_UNAVAILABLE);
		err_fini(&err);
	}
	assert_int_equal(sock_connect("unix:///no/such/socket", &fd, &err), -1);
	assert_non_null(strstr(err_msg(&err), "unix:///no/such/socket"));
	err_fini(&err);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(bytes_arrive),
		TEST(writes_push_back),
		TEST(a_queue_without_end_breaks),
		TEST(a_pause_keeps_bytes_in_the_kernel),
		TEST(the_peers_end_is_told_once_and_writing_goes_on),
		TEST(a_peer_gone_is_found_by_writing),
		TEST(closing_flushes_what_is_queued),
		TEST(flushing_has_its_time),
		TEST(closing_from_inside_a_callback),
		TEST(closing_at_once_drops_the_queue),
		TEST(a_refused_connection_arrives_as_eof),
	};

	return cmocka_run_group_tests_name("sock", tests, NULL, NULL);
}
