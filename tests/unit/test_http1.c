/* The HTTP/1.1 server against raw bytes on loopback and unix sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/buf.h"
#include "net/http1.h"
#include "reactor/sock.h"

struct fixture {
	struct reactor *r;
	struct http1_server *server;
	struct http1_request *held;	/* the handler answers later */
	int calls, gone, number;
	char seen[512];
};

struct numbered {
	struct sock *sock;
	int next;
};

/* A client that sends bytes and collects what comes back. */
struct peer {
	struct sock *sock;
	struct buf got;
	bool ended, closed;
	size_t want;		/* done when so many bytes have come */
	bool done;
};

static void peer_data(void *ctx, const void *p, size_t n)
{
	struct peer *peer = ctx;

	buf_add(&peer->got, p, n);
	peer->done |= peer->want && peer->got.len >= peer->want;
}

static void peer_eof(void *ctx, const struct err *err)
{
	struct peer *peer = ctx;

	peer->ended = peer->done = true;
}

static void peer_closed(void *ctx)
{
	((struct peer *)ctx)->closed = true;
}

static const struct sock_handler peer_handler = {
	.data = peer_data, .eof = peer_eof, .closed = peer_closed,
};

static void peer_open(struct fixture *f, struct peer *p)
{
	struct err err = { 0 };
	int fd;

	memset(p, 0, sizeof(*p));
	buf_init(&p->got, 64u << 20);
	assert_int_equal(sock_connect(http1_server_address(f->server, 0), &fd, &err), 0);
	p->sock = sock_new(f->r, fd, &peer_handler, p);
}

static void peer_say(struct peer *p, const char *text)
{
	sock_write(p->sock, text, strlen(text));
}

static void wait_for(struct fixture *f, struct peer *p, size_t bytes)
{
	p->want = bytes;
	p->done = p->ended || (bytes && p->got.len >= bytes);
	assert_true(reactor_run_until(f->r, &p->done, 20000));
}

static void wait_end(struct fixture *f, struct peer *p)
{
	p->want = 0;
	p->done = p->ended;
	assert_true(reactor_run_until(f->r, &p->done, 20000));
	assert_true(p->ended);
}

static void peer_done(struct fixture *f, struct peer *p)
{
	sock_close(p->sock, 0);
	assert_true(reactor_run_until(f->r, &p->closed, 1000));
	buf_fini(&p->got);
}

static void on_gone(struct http1_request *req)
{
	struct fixture *f = req->ctx;

	assert_null(req->conn);
	f->gone++;
}

static void answer_echo(struct http1_request *req)
{
	struct fixture *f = req->ctx;

	f->calls++;
	snprintf(f->seen, sizeof(f->seen), "%s %s|%.*s|%.*s|%s|%s", req->method, req->path,
		 STR(req->query), STR(req->body), http1_header(req, "X-One") ?: "-",
		 http1_query(req, "a b") ?: "-");
	http1_add_header(req, "X-Got", "1");
	http1_reply(req, 200, "text/plain", str_c("hello"));
}

static void answer_number(struct http1_request *req)
{
	struct fixture *f = req->ctx;
	size_t n = 600u << 10;		/* over the mark of a socket */
	auto_free char *body = xcalloc(1, n);

	assert_int_equal(atoi(req->path + strlen("/number/")), f->number);
	f->number++;
	http1_reply(req, 200, NULL, str_n(body, n));
}

static void answer_later(struct http1_request *req)
{
	struct fixture *f = req->ctx;

	f->calls++;
	assert_null(f->held);
	f->held = req;
	req->on_gone = on_gone;
}

static void answer_big(struct http1_request *req)
{
	size_t n = 8u << 20;
	auto_free char *body = xmalloc(n);

	memset(body, 'x', n);
	http1_reply(req, 200, NULL, str_n(body, n));
}

static const struct http1_route routes[] = {
	{ "GET", "/echo", answer_echo },
	{ "POST", "/echo", answer_echo },
	{ "GET", "/tree/*", answer_echo },
	{ "GET", "/later", answer_later },
	{ "GET", "/number/*", answer_number },
	{ "GET", "/big", answer_big },
	{ "GET", "/abort", http1_abort },
};

static void handle(struct http1_request *req)
{
	http1_dispatch(req, routes, ARRAY_SIZE(routes));
}

static void make_server(struct fixture *f, const struct http1_server_options *opt,
			const char *endpoint)
{
	struct err err = { 0 };

	http1_server_free(f->server);
	f->server = http1_server_new(f->r, opt, handle, f);
	if (http1_server_listen(f->server, endpoint, &err) < 0)
		fail_msg("%s", err_msg(&err));
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	f->r = reactor_new();
	make_server(f, NULL, "tcp://127.0.0.1:0");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	http1_server_free(f->server);
	reactor_free(f->r);
	free(f);
	return 0;
}

/* Sends text, waits for the end, compares the beginning of the answer. */
static void expect_refusal(struct fixture *f, const char *text, const char *status)
{
	struct peer p;
	char want[64];

	snprintf(want, sizeof(want), "HTTP/1.1 %s", status);
	peer_open(f, &p);
	peer_say(&p, text);
	wait_end(f, &p);
	assert_int_equal(strncmp(buf_cstr(&p.got), want, strlen(want)), 0);
	assert_non_null(strstr(buf_cstr(&p.got), "Connection: close"));
	peer_done(f, &p);
}

static void answers_a_request(void **state)
{
	struct fixture *f = *state;
	struct peer p;

	peer_open(f, &p);
	peer_say(&p, "GET /echo?a%20b=c+d&e=f HTTP/1.1\r\nHost: x\r\nEmpty:\r\nx-one: 1\r\n\r\n");
	wait_for(f, &p, 1);
	assert_string_equal(f->seen, "GET /echo|a%20b=c+d&e=f||1|c d");
	assert_int_equal(strncmp(buf_cstr(&p.got), "HTTP/1.1 200 OK\r\nDate: ", 23), 0);
	assert_non_null(strstr(buf_cstr(&p.got), "GMT\r\nContent-Type: text/plain\r\n"
			       "Content-Length: 5\r\nX-Got: 1\r\n\r\nhello"));
	assert_int_equal(http1_server_connections(f->server), 1);
	peer_done(f, &p);
}

static void any_split_of_the_bytes_reads_the_same(void **state)
{
	static const char text[] = "POST /echo?q HTTP/1.1\r\nX-One: yes\r\nTransfer-Encoding: "
		"chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: t\r\n\r\n";
	struct fixture *f = *state;

	for (size_t cut = 1; cut < sizeof(text) - 1; cut++) {
		struct peer p;

		f->seen[0] = '\0';
		peer_open(f, &p);
		sock_write(p.sock, text, cut);
		reactor_advance(f->r, 0);
		sock_write(p.sock, text + cut, sizeof(text) - 1 - cut);
		wait_for(f, &p, 1);
		assert_string_equal(f->seen, "POST /echo|q|abcde|yes|-");
		peer_done(f, &p);
	}
}

static void pipelined_requests_are_answered_in_order(void **state)
{
	struct fixture *f = *state;
	struct buf all;
	struct peer p;

	buf_init(&all, 1u << 20);
	buf_adds(&all, "GET /later HTTP/1.1\r\n\r\n");
	for (int i = 0; i < 2000; i++)
		buf_adds(&all, "GET /tree/x HTTP/1.1\r\n\r\n");
	buf_adds(&all, "GET /nothing HTTP/1.1\r\nConnection: close\r\n\r\n");
	peer_open(f, &p);
	sock_write(p.sock, all.data, all.len);
	while (!f->held)
		reactor_advance(f->r, 1);
	assert_int_equal(f->calls, 1);	/* the others wait */
	http1_reply(f->held, 200, NULL, str_c("first"));
	f->held = NULL;
	wait_end(f, &p);
	assert_int_equal(f->calls, 2001);
	assert_non_null(strstr(buf_cstr(&p.got), "\r\n\r\nfirstHTTP/1.1 200"));
	assert_non_null(strstr(buf_cstr(&p.got), "helloHTTP/1.1 404 Not Found"));
	assert_null(strstr(buf_cstr(&p.got), "400 Bad"));
	buf_fini(&all);
	peer_done(f, &p);
}

static void refuses_what_is_not_http(void **state)
{
	struct fixture *f = *state;

	expect_refusal(f, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400");
	expect_refusal(f, "\x16\x03\x01\x02garbage", "400");
	expect_refusal(f, "GET / HTTP/1.1\r\nContent-Length: 3x\r\n\r\n", "400");
	expect_refusal(f, "POST /echo HTTP/1.1\r\nContent-Length: 3\r\n"
		       "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400");
	expect_refusal(f, "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400");
	assert_int_equal(f->calls, 0);
}

static void refuses_what_is_too_big(void **state)
{
	struct fixture *f = *state;
	struct buf b;

	expect_refusal(f, "POST /echo HTTP/1.1\r\nContent-Length: 1048577\r\n\r\n", "413");
	buf_init(&b, 2u << 20);
	buf_adds(&b, "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 1025; i++)
		buf_printf(&b, "400\r\n%01024d\r\n", i);
	expect_refusal(f, buf_cstr(&b), "413");
	buf_reset(&b);
	buf_printf(&b, "GET /%070000d HTTP/1.1\r\n\r\n", 1);
	expect_refusal(f, buf_cstr(&b), "431");
	buf_reset(&b);
	buf_printf(&b, "GET / HTTP/1.1\r\nA: %070000d\r\n\r\n", 1);
	expect_refusal(f, buf_cstr(&b), "431");
	buf_reset(&b);
	buf_adds(&b, "GET / HTTP/1.1\r\n");
	for (int i = 0; i < 129; i++)
		buf_printf(&b, "H%d: v\r\n", i);
	buf_adds(&b, "\r\n");
	expect_refusal(f, buf_cstr(&b), "431");
	buf_fini(&b);
	assert_int_equal(f->calls, 0);
}

static void wrong_paths_and_methods(void **state)
{
	struct fixture *f = *state;
	struct peer p;

	expect_refusal(f, "GET /x HTTP/1.0\r\n\r\n", "404");
	peer_open(f, &p);
	peer_say(&p, "DELETE /echo HTTP/1.1\r\nConnection: close\r\n\r\n");
	wait_end(f, &p);
	assert_non_null(strstr(buf_cstr(&p.got), "405 Method Not Allowed"));
	assert_non_null(strstr(buf_cstr(&p.got), "Allow: GET, POST\r\n"));
	peer_done(f, &p);
}

static void head_has_no_body(void **state)
{
	struct fixture *f = *state;
	struct peer p;

	peer_open(f, &p);
	peer_say(&p, "HEAD /echo HTTP/1.1\r\nConnection: close\r\n\r\n");
	wait_end(f, &p);
	assert_non_null(strstr(buf_cstr(&p.got), "Content-Length: 5\r\n"));
	assert_int_equal(strcmp(buf_cstr(&p.got) + p.got.len - 4, "\r\n\r\n"), 0);
	peer_done(f, &p);
}

static void continues_when_asked(void **state)
{
	struct fixture *f = *state;
	struct peer p;

	peer_open(f, &p);
	peer_say(&p, "POST /echo HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
	wait_for(f, &p, 1);
	assert_string_equal(buf_cstr(&p.got), "HTTP/1.1 100 Continue\r\n\r\n");
	peer_say(&p, "ok");
	wait_for(f, &p, p.got.len + 1);
	assert_string_equal(f->seen, "POST /echo||ok|-|-");
	peer_done(f, &p);
}

static void slow_senders_are_dropped(void **state)
{
	static const struct http1_server_options opt = { .request_ms = 50, .idle_ms = 100000 };
	struct fixture *f = *state;
	struct peer p;

	make_server(f, &opt, "tcp://127.0.0.1:0");
	peer_open(f, &p);
	peer_say(&p, "GET /echo HTTP/1.1\r\nX");
	for (int i = 0; i < 20 && !p.ended; i++) {	/* slow, but never silent */
		reactor_advance(f->r, 10);
		peer_say(&p, "x");
	}
	wait_end(f, &p);
	assert_non_null(strstr(buf_cstr(&p.got), "408 Request Timeout"));
	assert_int_equal(f->calls, 0);
	peer_done(f, &p);
}

static void silent_connections_are_closed(void **state)
{
	static const struct http1_server_options opt = { .request_ms = 100000, .idle_ms = 50 };
	struct fixture *f = *state;
	struct peer silent, served;

	make_server(f, &opt, "tcp://127.0.0.1:0");
	peer_open(f, &silent);
	peer_open(f, &served);
	peer_say(&served, "GET /echo HTTP/1.1\r\n\r\n");
	wait_end(f, &silent);
	assert_int_equal(silent.got.len, 0);
	wait_end(f, &served);
	assert_int_equal(f->calls, 1);
	peer_done(f, &silent);
	peer_done(f, &served);
}

static void the_handler_learns_that_the_peer_went(void **state)
{
	struct fixture *f = *state;
	struct peer p;

	peer_open(f, &p);
	peer_say(&p, "GET /later HTTP/1.1\r\n\r\n");
	while (!f->held)
		reactor_advance(f->r, 1);
	peer_done(f, &p);
	while (!f->gone)
		reactor_advance(f->r, 1);
	assert_string_equal(f->held->path, "/later");	/* still valid */
	http1_reply(f->held, 200, NULL, str_c("nobody reads this"));
	assert_int_equal(f->gone, 1);
}

static void freeing_the_server_is_a_peer_gone(void **state)
{
	struct fixture *f = *state;
	struct peer p;

	peer_open(f, &p);
	peer_say(&p, "GET /later HTTP/1.1\r\n\r\n");
	while (!f->held)
		reactor_advance(f->r, 1);
	http1_server_free(f->server);
	f->server = NULL;
	assert_int_equal(f->gone, 1);
	http1_fail(f->held, 500, "late");
	wait_end(f, &p);
	assert_int_equal(p.got.len, 0);
	peer_done(f, &p);
}

static void abort_cuts_the_connection(void **state)
{
	struct fixture *f = *state;
	struct peer p;

	peer_open(f, &p);
	peer_say(&p, "GET /abort HTTP/1.1\r\n\r\n");
	wait_end(f, &p);
	assert_int_equal(p.got.len, 0);
	peer_done(f, &p);
}

static void connections_are_limited(void **state)
{
	static const struct http1_server_options opt = { .max_connections = 1 };
	struct fixture *f = *state;
	struct peer one, two;

	make_server(f, &opt, "tcp://127.0.0.1:0");
	peer_open(f, &one);
	peer_say(&one, "GET /echo HTTP/1.1\r\n\r\n");
	wait_for(f, &one, 1);
	peer_open(f, &two);
	wait_end(f, &two);
	assert_non_null(strstr(buf_cstr(&two.got), "503 Service Unavailable"));
	peer_done(f, &one);
	peer_done(f, &two);
	expect_refusal(f, "GET /x HTTP/1.0\r\n\r\n", "404");	/* there is room again */
}

static void big_answers_wait_for_the_reader(void **state)
{
	struct fixture *f = *state;
	struct peer p;
	size_t whole = 8u << 20;

	peer_open(f, &p);
	sock_pause(p.sock, true);
	peer_say(&p, "GET /big HTTP/1.1\r\n\r\nGET /echo HTTP/1.1\r\n\r\n");
	reactor_advance(f->r, 20);
	assert_int_equal(f->calls, 0);		/* the second waits for the first to go */
	sock_pause(p.sock, false);
	wait_for(f, &p, whole + 100);
	while (!f->calls)
		reactor_advance(f->r, 1);
	peer_done(f, &p);
}

/* Says the next number each time something comes: requests that arrive just when
 * the answer before has drained must not overtake those that wait. */
static void on_numbers(void *ctx, const void *p, size_t n)
{
	struct numbered *c = ctx;
	char text[64];

	snprintf(text, sizeof(text), "GET /number/%d HTTP/1.1\r\n\r\n", c->next++);
	if (c->next <= 200)
		sock_write(c->sock, text, strlen(text));
}

static void on_numbers_eof(void *ctx, const struct err *err)
{
	fail_msg("the server has closed");
}

static void requests_keep_their_order_under_load(void **state)
{
	static const struct sock_handler h = { .data = on_numbers, .eof = on_numbers_eof };
	struct fixture *f = *state;
	struct numbered c = { .next = 0 };
	struct err err = { 0 };
	int fd;

	assert_int_equal(sock_connect(http1_server_address(f->server, 0), &fd, &err), 0);
	c.sock = sock_new(f->r, fd, &h, &c);
	sock_write(c.sock, "GET /big HTTP/1.1\r\n\r\n", 21);
	for (int i = 0; i < 20000 && f->number < 100; i++)
		reactor_advance(f->r, 1);
	assert_true(f->number >= 100);
	sock_close(c.sock, 0);
	reactor_advance(f->r, 1);
}

static void serves_a_unix_socket(void **state)
{
	char dir[] = "/tmp/test_http1.XXXXXX";
	struct fixture *f = *state;
	auto_free char *endpoint = NULL;
	struct stat st;
	struct peer p;

	assert_non_null(mkdtemp(dir));
	endpoint = xasprintf("unix://%s/h.sock", dir);
	make_server(f, NULL, endpoint);
	assert_int_equal(stat(endpoint + 7, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	peer_open(f, &p);
	peer_say(&p, "GET /echo HTTP/1.1\r\n\r\n");
	wait_for(f, &p, 1);
	peer_done(f, &p);
	http1_server_free(f->server);
	f->server = NULL;
	assert_int_equal(rmdir(dir), 0);	/* the socket is unlinked */
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(answers_a_request),
		TEST(any_split_of_the_bytes_reads_the_same),
		TEST(pipelined_requests_are_answered_in_order),
		TEST(refuses_what_is_not_http),
		TEST(refuses_what_is_too_big),
		TEST(wrong_paths_and_methods),
		TEST(head_has_no_body),
		TEST(continues_when_asked),
		TEST(slow_senders_are_dropped),
		TEST(silent_connections_are_closed),
		TEST(the_handler_learns_that_the_peer_went),
		TEST(freeing_the_server_is_a_peer_gone),
		TEST(abort_cuts_the_connection),
		TEST(connections_are_limited),
		TEST(big_answers_wait_for_the_reader),
		TEST(requests_keep_their_order_under_load),
		TEST(serves_a_unix_socket),
	};

	return cmocka_run_group_tests_name("http1", tests, NULL, NULL);
}
