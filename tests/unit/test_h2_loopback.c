/* Our client and our server over sockets, in one reactor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "h2/client.h"
#include "h2/echo.h"
#include "h2/echo.pb-c.h"
#include "h2/health.h"
#include "h2/health.pb-c.h"
#include "reactor/sock.h"

#define PATIENCE_MS 120000	/* only a broken test waits that long */

struct fixture {
	struct reactor *reactor;
	struct grpc_server *server;
	struct grpc_client *client;
	char dir[64];
	char endpoint[128];
	unsigned int done, done_by_code[17];
	bool drained;
};

static void on_rpc_done(void *ctx, const struct rpc *rpc, const struct err *err, int64_t took_ms)
{
	struct fixture *f = ctx;

	f->done++;
	f->done_by_code[err->code]++;
}

static struct fixture *start_with(size_t max_connections, bool tcp)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	const struct grpc_server_options opt = {
		.max_connections = max_connections, .on_rpc_done = on_rpc_done, .ctx = f,
	};
	struct err err = {0};

	echo_counts = (struct echo_counts){0};
	snprintf(f->dir, sizeof(f->dir), "/tmp/h2-loopback-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->endpoint, sizeof(f->endpoint), "unix://%s/csi.sock", f->dir);
	f->reactor = reactor_new();
	f->server = grpc_server_new(f->reactor, &opt);
	echo_add_to(f->server);
	assert_int_equal(grpc_server_listen(f->server, tcp ? "tcp://127.0.0.1:0" : f->endpoint,
					    &err), 0);
	if (tcp)
		snprintf(f->endpoint, sizeof(f->endpoint), "%s",
			 grpc_server_address(f->server, 0));
	f->client = grpc_client_new(f->reactor, f->endpoint, &err);
	assert_non_null(f->client);
	return f;
}

static struct fixture *start(void)
{
	return start_with(0, false);
}

static bool nothing_left(const struct fixture *f)
{
	return op_count(f->reactor) == 0 && echo_counts.naps == echo_counts.woken;
}

/* Turns the loop until what holds. */
#define until(f, what) do { \
		bool never_ = false; \
		int64_t end_ = reactor_now((f)->reactor) + PATIENCE_MS; \
		while (!(what)) { \
			assert_true(reactor_now((f)->reactor) < end_); \
			reactor_run_until((f)->reactor, &never_, 1); \
		} \
	} while (0)

static void stop(struct fixture *f)
{
	grpc_client_free(f->client);
	grpc_server_free(f->server);
	until(f, nothing_left(f));
	reactor_free(f->reactor);
	assert_int_equal(rmdir(f->dir), 0);	/* the socket is unlinked */
	free(f);
}

/* ---- calls ---- */

struct batch {
	struct fixture *f;
	size_t n, ended;
	bool done;
	struct call {
		struct grpc_call call;
		struct batch *batch;
	} *calls;
};

static void on_end(struct op *op)
{
	struct batch *b = container_of(op, struct call, call.op)->batch;

	b->done = ++b->ended == b->n;
}

static struct grpc_call *call_at(struct batch *b, size_t i)
{
	return &b->calls[i].call;
}

static void batch_init(struct batch *b, struct fixture *f, size_t n, const char *path)
{
	*b = (struct batch){ .f = f, .n = n, .calls = xcalloc(n, sizeof(*b->calls)) };
	for (size_t i = 0; i < n; i++) {
		b->calls[i].batch = b;
		grpc_call_init(call_at(b, i), f->client, path);
	}
}

static void batch_start(struct batch *b)
{
	for (size_t i = 0; i < b->n; i++)
		op_start(&call_at(b, i)->op, on_end);
}

static void batch_wait(struct batch *b)
{
	assert_true(reactor_run_until(b->f->reactor, &b->done, PATIENCE_MS));
}

static void batch_fini(struct batch *b)
{
	for (size_t i = 0; i < b->n; i++)
		op_fini(&call_at(b, i)->op);
	free(b->calls);
}

static void set_nap(struct grpc_call *call, int64_t ms)
{
	Test__Nap nap = TEST__NAP__INIT;
	uint8_t out[32];

	nap.ms = ms;
	buf_add(&call->request, out, test__nap__pack(&nap, out));
}

static void assert_call(const struct grpc_call *call, enum grpc_code code, const char *text)
{
	assert_int_equal(call->op.err.code, code);
	if (!strstr(err_msg(&call->op.err), text))
		fail_msg("\"%s\" is not in \"%s\"", text, err_msg(&call->op.err));
}

/* One call to the end; the caller finishes the batch. */
static struct grpc_call *one(struct batch *b, struct fixture *f, const char *path,
			     const void *msg, size_t n)
{
	batch_init(b, f, 1, path);
	buf_add(&call_at(b, 0)->request, msg, n);
	batch_start(b);
	batch_wait(b);
	return call_at(b, 0);
}

static void says(struct fixture *f)
{
	struct batch b;
	struct grpc_call *call = one(&b, f, "/test.Echo/Say", "hello", 5);

	assert_call(call, GRPC_OK, "");
	assert_string_equal(buf_cstr(&call->response), "hello");
	batch_fini(&b);
}

/* ---- tests ---- */

static void echoes_over_unix_and_tcp(void **state)
{
	struct fixture *f = start();
	struct batch b;

	says(f);
	assert_true(grpc_client_connected(f->client));
	one(&b, f, "/test.Echo/Say", "", 0);
	assert_call(call_at(&b, 0), GRPC_OK, "");
	assert_int_equal(call_at(&b, 0)->response.len, 0);
	batch_fini(&b);
	stop(f);
	f = start_with(0, true);
	says(f);
	stop(f);
}

static void brings_errors(void **state)
{
	struct fixture *f = start();
	Test__Failure failure = TEST__FAILURE__INIT;
	char text[] = "100% of vol-1\n\xe2\x82\xac";
	uint8_t out[64];
	struct batch b;

	failure.code = GRPC_ALREADY_EXISTS;
	failure.message = text;
	one(&b, f, "/test.Echo/Fail", out, test__failure__pack(&failure, out));
	assert_call(call_at(&b, 0), GRPC_ALREADY_EXISTS, text);
	batch_fini(&b);
	one(&b, f, "/test.Echo/Nothing", "", 0);
	assert_call(call_at(&b, 0), GRPC_UNIMPLEMENTED, "unknown method Nothing");
	batch_fini(&b);
	stop(f);
}

static void carries_big_messages(void **state)
{
	struct fixture *f = start();
	struct batch b;

	batch_init(&b, f, 8, "/test.Echo/Say");
	for (size_t i = 0; i < b.n; i++)
		while (buf_add(&call_at(&b, i)->request, "0123456789abcdef", 16) == 0)
			;
	batch_start(&b);
	batch_wait(&b);
	for (size_t i = 0; i < b.n; i++) {
		assert_call(call_at(&b, i), GRPC_OK, "");
		assert_int_equal(call_at(&b, i)->response.len, 4 << 20);
	}
	batch_fini(&b);
	stop(f);
}

static void runs_thousands_at_once(void **state)
{
	struct fixture *f = start();
	struct batch b;

	batch_init(&b, f, 5000, "/test.Echo/Sleep");
	for (size_t i = 0; i < b.n; i++)
		set_nap(call_at(&b, i), 1 + (int64_t)(i % 50));
	batch_start(&b);
	batch_wait(&b);
	for (size_t i = 0; i < b.n; i++)
		assert_call(call_at(&b, i), GRPC_OK, "");
	assert_int_equal(f->done_by_code[GRPC_OK], 5000);
	batch_fini(&b);
	stop(f);
}

static long resident_kib(void)
{
	long pages = 0, resident = 0;
	FILE *statm = fopen("/proc/self/statm", "r");

	assert_non_null(statm);
	assert_int_equal(fscanf(statm, "%ld %ld", &pages, &resident), 2);
	fclose(statm);
	return resident * 4;
}

/* nghttp2 can keep what is left of closed streams for ever. */
static void keeps_nothing_of_calls_that_ended(void **state)
{
	struct fixture *f = start();
	long before = 0;

	for (int round = 0; round < 60; round++) {
		struct batch b;

		batch_init(&b, f, 1000, "/test.Echo/Say");
		batch_start(&b);
		batch_wait(&b);
		batch_fini(&b);
		if (round == 9)
			before = resident_kib();
	}
#ifndef __SANITIZE_ADDRESS__
	assert_true(resident_kib() - before < 2000);
#endif
	assert_true(before > 0);
	stop(f);
}

static void ends_at_the_deadline(void **state)
{
	struct fixture *f = start();
	struct batch b;

	batch_init(&b, f, 100, "/test.Echo/Sleep");
	for (size_t i = 0; i < b.n; i++)
		set_nap(call_at(&b, i), 1000000);
	batch_start(&b);
	for (size_t i = 0; i < b.n; i++)
		op_set_deadline(&call_at(&b, i)->op, 1 + (int64_t)(i % 20));
	batch_wait(&b);
	for (size_t i = 0; i < b.n; i++)
		assert_call(call_at(&b, i), GRPC_DEADLINE_EXCEEDED, "");
	batch_fini(&b);
	until(f, nothing_left(f) && grpc_server_calls(f->server) == 0);
	says(f);
	stop(f);
}

static void cancels(void **state)
{
	struct fixture *f = start();
	struct batch b;

	batch_init(&b, f, 1000, "/test.Echo/Sleep");
	for (size_t i = 0; i < b.n; i++)
		set_nap(call_at(&b, i), 1000000);
	batch_start(&b);
	/* Some before they are sent, the others while they run. */
	for (size_t i = 0; i < 300; i++)
		op_cancel(&call_at(&b, i)->op, GRPC_CANCELLED, "no more wanted");
	until(f, echo_counts.naps == 700);
	for (size_t i = 300; i < b.n; i++)
		op_cancel(&call_at(&b, i)->op, GRPC_CANCELLED, "no more wanted");
	batch_wait(&b);
	for (size_t i = 0; i < b.n; i++)
		assert_call(call_at(&b, i), GRPC_CANCELLED, "no more wanted");
	batch_fini(&b);
	until(f, nothing_left(f) && grpc_server_calls(f->server) == 0);
	assert_int_equal(f->done_by_code[GRPC_CANCELLED], 700);
	says(f);	/* on the same connection */
	assert_int_equal(grpc_server_connections(f->server), 1);
	stop(f);
}

static void hears_of_a_lost_client(void **state)
{
	struct fixture *f = start();
	struct batch b;

	batch_init(&b, f, 1000, "/test.Echo/Sleep");
	for (size_t i = 0; i < b.n; i++)
		set_nap(call_at(&b, i), 1000000);
	batch_start(&b);
	until(f, echo_counts.naps == 1000);
	grpc_client_free(f->client);
	f->client = NULL;
	batch_wait(&b);
	assert_call(call_at(&b, 0), GRPC_CANCELLED, "closed");
	batch_fini(&b);
	until(f, echo_counts.woken == 1000 && grpc_server_connections(f->server) == 0);
	assert_int_equal(f->done_by_code[GRPC_CANCELLED], 1000);
	stop(f);
}

static void hears_of_a_lost_server(void **state)
{
	struct fixture *f = start();
	struct batch b;

	batch_init(&b, f, 1000, "/test.Echo/Sleep");
	for (size_t i = 0; i < b.n; i++)
		set_nap(call_at(&b, i), 1000000);
	batch_start(&b);
	until(f, echo_counts.naps == 1000);
	grpc_server_free(f->server);
	f->server = NULL;
	batch_wait(&b);
	for (size_t i = 0; i < b.n; i++)
		assert_call(call_at(&b, i), GRPC_UNAVAILABLE, "connection");
	batch_fini(&b);
	assert_false(grpc_client_connected(f->client));
	one(&b, f, "/test.Echo/Say", "", 0);
	assert_call(call_at(&b, 0), GRPC_UNAVAILABLE, "connection");
	batch_fini(&b);
	stop(f);
}

static void tells_who_cannot_be_reached(void **state)
{
	struct fixture *f = start();
	struct err err = {0};
	struct batch b;

	assert_null(grpc_client_new(f->reactor, "unix:///tmp/no-such-directory/x.sock", &err));
	assert_non_null(strstr(err_msg(&err), "/tmp/no-such-directory/x.sock"));
	err_fini(&err);
	grpc_client_free(f->client);
	f->client = grpc_client_new(f->reactor, "tcp://127.0.0.1:1", &err);
	assert_non_null(f->client);
	one(&b, f, "/test.Echo/Say", "", 0);
	assert_call(call_at(&b, 0), GRPC_UNAVAILABLE, "connection");
	batch_fini(&b);
	stop(f);
}

/* As kubelet does it: a connection for every call. */
static void takes_a_connection_per_call(void **state)
{
	struct fixture *f = start();
	struct err err = {0};

	for (int i = 0; i < 500; i++) {
		says(f);
		grpc_client_free(f->client);
		f->client = grpc_client_new(f->reactor, f->endpoint, &err);
		assert_non_null(f->client);
	}
	assert_int_equal(f->done_by_code[GRPC_OK], 500);
	until(f, grpc_server_connections(f->server) <= 1);
	stop(f);
}

/* ---- peers that misbehave ---- */

struct raw {
	struct sock *sock;
	size_t got;
	bool ended;
};

static void raw_data(void *ctx, const void *p, size_t n)
{
	((struct raw *)ctx)->got += n;
}

static void raw_eof(void *ctx, const struct err *err)
{
	((struct raw *)ctx)->ended = true;
}

static void raw_open(struct raw *raw, struct fixture *f)
{
	static const struct sock_handler handler = { .data = raw_data, .eof = raw_eof };
	struct err err = {0};
	int fd;

	assert_int_equal(sock_connect(f->endpoint, &fd, &err), 0);
	*raw = (struct raw){ .sock = sock_new(f->reactor, fd, &handler, raw) };
}

static void shows_strangers_the_door(void **state)
{
	static const char http1[] = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
	struct fixture *f = start();
	struct raw raw;

	raw_open(&raw, f);
	sock_write(raw.sock, http1, sizeof(http1) - 1);
	until(f, raw.ended);
	sock_close(raw.sock, 0);
	says(f);
	until(f, grpc_server_connections(f->server) == 1);
	stop(f);
}

static void speaks_to_silent_peers_first(void **state)
{
	struct fixture *f = start();
	struct raw raw;

	raw_open(&raw, f);
	until(f, raw.got >= 9);
	assert_false(raw.ended);
	sock_close(raw.sock, 0);
	stop(f);
}

#define PINGS 400000

/* One that only talks: once the answers pile up the server stops listening, and
 * goes on when they are taken. */
static void stops_reading_from_a_peer_that_does_not(void **state)
{
	static const char hello[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
				    "\0\0\0\4\0\0\0\0\0";
	static const char ping[17] = { 0, 0, 8, 6 };
	struct fixture *f = start();
	struct raw raw;

	raw_open(&raw, f);
	sock_pause(raw.sock, true);
	sock_write(raw.sock, hello, sizeof(hello) - 1);
	for (int i = 0; i < PINGS; i++)
		sock_write(raw.sock, ping, sizeof(ping));
	for (int i = 0; i < 50; i++)
		says(f);	/* the others are served meanwhile */
	assert_true(sock_queued(raw.sock) > 0);
	sock_pause(raw.sock, false);
	until(f, raw.ended || raw.got >= PINGS * sizeof(ping));
	assert_false(raw.ended);
	sock_close(raw.sock, 0);
	stop(f);
}

static void limits_connections(void **state)
{
	struct fixture *f = start_with(3, false);
	struct raw raw[4];

	says(f);
	for (int i = 0; i < 4; i++)
		raw_open(&raw[i], f);
	until(f, raw[2].ended && raw[3].ended);
	assert_false(raw[0].ended || raw[1].ended);
	assert_int_equal(grpc_server_connections(f->server), 3);
	for (int i = 0; i < 4; i++)
		sock_close(raw[i].sock, 0);
	says(f);
	stop(f);
}

/* ---- the end of a server ---- */

static void on_drained(void *ctx)
{
	struct fixture *f = ctx;

	f->drained = true;
}

static void ends_gracefully(void **state)
{
	struct fixture *f = start();
	struct batch running, late;
	struct err err = {0};

	batch_init(&running, f, 50, "/test.Echo/Sleep");
	for (size_t i = 0; i < running.n; i++)
		set_nap(call_at(&running, i), 30);
	batch_start(&running);
	until(f, echo_counts.naps == 50);
	grpc_server_drain(f->server, PATIENCE_MS, on_drained, f);
	assert_false(f->drained);
	assert_null(grpc_client_new(f->reactor, f->endpoint, &err));
	err_fini(&err);
	batch_wait(&running);
	for (size_t i = 0; i < running.n; i++)
		assert_call(call_at(&running, i), GRPC_OK, "");
	until(f, f->drained);
	one(&late, f, "/test.Echo/Say", "", 0);
	assert_call(call_at(&late, 0), GRPC_UNAVAILABLE, "");
	batch_fini(&running);
	batch_fini(&late);
	stop(f);
}

static void does_not_wait_for_ever(void **state)
{
	struct fixture *f = start();
	struct batch b;

	batch_init(&b, f, 50, "/test.Echo/Sleep");
	for (size_t i = 0; i < b.n; i++)
		set_nap(call_at(&b, i), 1000000);
	batch_start(&b);
	until(f, echo_counts.naps == 50);
	grpc_server_drain(f->server, 20, on_drained, f);
	batch_wait(&b);
	for (size_t i = 0; i < b.n; i++)
		assert_call(call_at(&b, i), GRPC_UNAVAILABLE, "shutting down");
	until(f, f->drained);
	batch_fini(&b);
	stop(f);
}

static void ends_at_once_without_connections(void **state)
{
	struct fixture *f = start();

	grpc_client_free(f->client);
	f->client = NULL;
	until(f, grpc_server_connections(f->server) == 0);
	grpc_server_drain(f->server, PATIENCE_MS, on_drained, f);
	until(f, f->drained);
	stop(f);
}

/* ---- health ---- */

static int health_of(struct fixture *f, const char *service, enum grpc_code code)
{
	Grpc__Health__V1__HealthCheckRequest req = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
	Grpc__Health__V1__HealthCheckResponse *resp;
	uint8_t out[64];
	struct batch b;
	int status = -1;

	req.service = (char *)(uintptr_t)service;
	one(&b, f, "/grpc.health.v1.Health/Check", out,
	    grpc__health__v1__health_check_request__pack(&req, out));
	assert_call(call_at(&b, 0), code, "");
	if (code == GRPC_OK) {
		const struct buf *got = &call_at(&b, 0)->response;

		resp = grpc__health__v1__health_check_response__unpack(
			NULL, got->len, (const uint8_t *)buf_cstr(got));
		assert_non_null(resp);
		status = resp->status;
		grpc__health__v1__health_check_response__free_unpacked(resp, NULL);
	}
	batch_fini(&b);
	return status;
}

static void tells_its_health(void **state)
{
	struct fixture *f = start();
	struct grpc_health *h = grpc_health_new();

	grpc_health_add_to(h, f->server);
	grpc_health_set(h, "csi.v1.Node", false);
	assert_int_equal(health_of(f, "", GRPC_OK), 1);
	assert_int_equal(health_of(f, "csi.v1.Node", GRPC_OK), 2);
	grpc_health_set(h, "csi.v1.Node", true);
	assert_int_equal(health_of(f, "csi.v1.Node", GRPC_OK), 1);
	health_of(f, "csi.v1.Nothing", GRPC_NOT_FOUND);
	grpc_health_shutdown(h);
	assert_int_equal(health_of(f, "", GRPC_OK), 2);
	stop(f);
	grpc_health_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(echoes_over_unix_and_tcp),
		cmocka_unit_test(brings_errors),
		cmocka_unit_test(carries_big_messages),
		cmocka_unit_test(runs_thousands_at_once),
		cmocka_unit_test(keeps_nothing_of_calls_that_ended),
		cmocka_unit_test(ends_at_the_deadline),
		cmocka_unit_test(cancels),
		cmocka_unit_test(hears_of_a_lost_client),
		cmocka_unit_test(hears_of_a_lost_server),
		cmocka_unit_test(tells_who_cannot_be_reached),
		cmocka_unit_test(takes_a_connection_per_call),
		cmocka_unit_test(shows_strangers_the_door),
		cmocka_unit_test(speaks_to_silent_peers_first),
		cmocka_unit_test(stops_reading_from_a_peer_that_does_not),
		cmocka_unit_test(limits_connections),
		cmocka_unit_test(ends_gracefully),
		cmocka_unit_test(does_not_wait_for_ever),
		cmocka_unit_test(ends_at_once_without_connections),
		cmocka_unit_test(tells_its_health),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
