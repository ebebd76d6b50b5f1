/* The HTTP client against our server and against one that misbehaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "../lib/fake_dns.h"
#include "net/http.h"
#include "net/http1.h"
#include "net/proxy.h"
#include "reactor/listener.h"
#include "reactor/sock.h"

/* One connection of the misbehaving server: says its line when asked, and perhaps
 * closes. */
struct rogue_conn {
	struct list link;
	struct fixture *f;
	struct sock *sock;
};

struct fixture {
	struct reactor *r;
	struct http *http;
	struct http1_server *server;
	struct fake_dns dns;
	struct listener *rogue;
	struct list rogue_conns;
	const char *rogue_says;
	bool rogue_closes;
	int rogue_asked;
	bool ended;
	int requests, held;
	struct http1_request *holding[200];
	char seen[512];
	struct buf url;
};

/* ---- servers ---- */

static void serve(struct http1_request *req)
{
	struct fixture *f = req->ctx;

	f->requests++;
	snprintf(f->seen, sizeof(f->seen), "%s %s %.*s|%s|%s", req->method, req->target,
		 STR(req->body), http1_header(req, "X-One") ?: "-",
		 http1_header(req, "Content-Length") ?: "-");
	if (strcmp(req->path, "/hold") == 0) {
		f->holding[f->held++] = req;
	} else if (strcmp(req->path, "/abort") == 0) {
		http1_abort(req);
	} else if (strcmp(req->path, "/big") == 0) {
		auto_free char *body = xcalloc(1, 1u << 20);

		http1_reply(req, 200, NULL, str_n(body, 1u << 20));
	} else if (strcmp(req->path, "/teapot") == 0) {
		http1_reply(req, 418, "text/plain", str_c("short and stout"));
	} else {
		http1_add_header(req, "X-Request-Id", "r-1");
		http1_reply(req, 200, "text/plain", str_c("hello"));
	}
}

static void rogue_data(void *ctx, const void *p, size_t n)
{
	struct rogue_conn *c = ctx;

	c->f->rogue_asked++;
	sock_write(c->sock, c->f->rogue_says, strlen(c->f->rogue_says));
	if (c->f->rogue_closes)
		sock_close(c->sock, 1000);
}

static void rogue_eof(void *ctx, const struct err *err)
{
	sock_close(((struct rogue_conn *)ctx)->sock, 0);
}

static void rogue_closed(void *ctx)
{
	struct rogue_conn *c = ctx;

	list_del(&c->link);
	free(c);
}

static const struct sock_handler rogue_handler = {
	.data = rogue_data, .eof = rogue_eof, .closed = rogue_closed,
};

static void rogue_accept(void *ctx, int fd)
{
	struct fixture *f = ctx;
	struct rogue_conn *c = xcalloc(1, sizeof(*c));

	c->f = f;
	list_add_tail(&f->rogue_conns, &c->link);
	c->sock = sock_new(f->r, fd, &rogue_handler, c);
}

/* ---- fixture ---- */

static void open_client(struct fixture *f)
{
	struct http_options opt = { .user_agent = "test/1", .max_connections = 4,
		.dns = { .servers = f->dns.address, .timeout_ms = 100 } };

	http_free(f->http);
	f->http = http_new(f->r, &opt);
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct http1_server_options opt = { .request_ms = 1000 };
	struct err err = { 0 };

	f->r = reactor_new();
	f->server = http1_server_new(f->r, &opt, serve, f);
	assert_int_equal(http1_server_listen(f->server, "tcp://127.0.0.1:0", &err), 0);
	list_init(&f->rogue_conns);
	f->rogue = listener_new(f->r, "tcp://127.0.0.1:0", NULL, rogue_accept, f, &err);
	assert_non_null(f->rogue);
	f->rogue_says = "";
	fake_dns_start(&f->dns, f->r);
	open_client(f);
	buf_init(&f->url, 1024);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	http_free(f->http);
	for (int i = 0; i < f->held; i++)
		http1_abort(f->holding[i]);
	http1_server_free(f->server);
	listener_close(f->rogue);
	list_for_each(l, &f->rogue_conns)
		sock_close(list_entry(l, struct rogue_conn, link)->sock, 0);
	fake_dns_stop(&f->dns);
	reactor_free(f->r);
	assert_true(list_empty(&f->rogue_conns));
	buf_fini(&f->url);
	free(f);
	return 0;
}

/* "http://host:port/path" of one of the servers. */
static const char *url_of(struct fixture *f, const char *address, const char *host,
			  const char *path)
{
	buf_reset(&f->url);
	buf_printf(&f->url, "http://%s%s%s", host, strrchr(address, ':'), path);
	return buf_cstr(&f->url);
}

static const char *url(struct fixture *f, const char *path)
{
	return url_of(f, http1_server_address(f->server, 0), "127.0.0.1", path);
}

static const char *rogue_url(struct fixture *f)
{
	return url_of(f, listener_address(f->rogue), "127.0.0.1", "/");
}

static struct fixture *current;

static void on_end(struct op *op)
{
	current->ended = true;
}

static void start(struct fixture *f, struct http_exchange *x)
{
	current = f;
	f->ended = false;
	op_start(&x->op, on_end);
}

static void run(struct fixture *f, struct http_exchange *x)
{
	start(f, x);
	assert_true(reactor_run_until(f->r, &f->ended, 20000));
}

static void get(struct fixture *f, struct http_exchange *x, const char *u)
{
	http_exchange_init(x, f->http, "GET", u);
	run(f, x);
}

static void assert_fails(struct http_exchange *x, enum grpc_code code, enum http_fault fault)
{
	assert_true(op_failed(&x->op));
	if (x->op.err.code != code || x->fault != fault)
		fail_msg("code %d fault %d: %s", x->op.err.code, x->fault, err_msg(&x->op.err));
	op_fini(&x->op);
}

/* ---- tests ---- */

static void a_request_and_its_answer(void **state)
{
	struct fixture *f = *state;
	struct http_exchange x = { 0 };

	http_exchange_init(&x, f->http, "POST", url(f, "/a%2Fb/../c?d=e"));
	x.body = str_c("Action=X");
	assert_int_equal(http_exchange_add_header(&x, "X-One", "1"), 0);
	assert_int_equal(http_exchange_add_header(&x, "X-Bad", "1\r\nX-Two: 2"), -1);
	run(f, &x);
	if (op_failed(&x.op))
		fail_msg("%s", err_msg(&x.op.err));
	assert_string_equal(f->seen, "POST /a%2Fb/../c?d=e Action=X|1|8");
	assert_int_equal(x.status, 200);
	assert_string_equal(buf_cstr(&x.response), "hello");
	assert_string_equal(http_exchange_header(&x, "x-request-id"), "r-1");
	assert_null(http_exchange_header(&x, "x-request"));
	assert_int_equal(x.fault, HTTP_FAULT_NONE);
	op_fini(&x.op);
}

static void methods(void **state)
{
	struct fixture *f = *state;
	struct http_exchange x = { 0 };

	http_exchange_init(&x, f->http, "PUT", url(f, "/token"));
	run(f, &x);
	assert_string_equal(f->seen, "PUT /token |-|0");
	op_fini(&x.op);
	http_exchange_init(&x, f->http, "HEAD", url(f, "/h"));
	run(f, &x);
	assert_string_equal(f->seen, "HEAD /h |-|-");
	assert_int_equal(x.response.len, 0);
	assert_string_equal(http_exchange_header(&x, "Content-Length"), "5");
	op_fini(&x.op);
	http_exchange_init(&x, f->http, "DELETE", url(f, "/d"));
	run(f, &x);
	assert_string_equal(f->seen, "DELETE /d |-|-");
	op_fini(&x.op);
}

static void connections_are_reused_unless_fresh(void **state)
{
	struct fixture *f = *state;
	struct http_exchange x = { 0 };

	for (int i = 0; i < 3; i++) {
		get(f, &x, url(f, "/"));
		op_fini(&x.op);
	}
	assert_int_equal(http_connections_opened(f->http), 1);
	http_exchange_init(&x, f->http, "POST", url(f, "/"));
	x.flags = HTTP_FRESH_CONNECTION;
	run(f, &x);
	op_fini(&x.op);
	assert_int_equal(http_connections_opened(f->http), 2);
}

static void an_error_status_is_an_answer(void **state)
{
	struct fixture *f = *state;
	struct http_exchange x = { 0 };

	get(f, &x, url(f, "/teapot"));
	assert_false(op_failed(&x.op));
	assert_int_equal(x.status, 418);
	assert_string_equal(buf_cstr(&x.response), "short and stout");
	op_fini(&x.op);
}

static void unreachable_peers_are_not_sent(void **state)
{
	struct fixture *f = *state;
	struct http_exchange x = { 0 };
	auto_free char *closed = xstrdup(rogue_url(f));

	listener_close(f->rogue);
	f->rogue = NULL;
	get(f, &x, closed);
	assert_non_null(strstr(err_msg(&x.op.err), closed));
	assert_fails(&x, GRPC_UNAVAILABLE, HTTP_FAULT_NOT_SENT);
	get(f, &x, "http://absent.test/");
	assert_fails(&x, GRPC_NOT_FOUND, HTTP_FAULT_NOT_SENT);
	get(f, &x, "http://silent.test/");
	assert_fails(&x, GRPC_UNAVAILABLE, HTTP_FAULT_NOT_SENT);
}

static void bad_urls_are_refused(void **state)
{
	static const char *const bad[] = { "", "http://", "ftp://127.0.0.1/", "http://a b/",
					   "http://127.0.0.1:99999/", "file:///etc/passwd",
					   "http://b\303\274cher.test/" };
	struct fixture *f = *state;
	struct http_exchange x = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		get(f, &x, bad[i]);
		assert_fails(&x, GRPC_INVALID_ARGUMENT, HTTP_FAULT_NOT_SENT);
	}
}

static void lost_answers_may_have_had_an_effect(void **state)
{
	static const char *const says[] = {
		"", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive5",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "\x15\x03garbage",
	};
	struct fixture *f = *state;
	struct http_exchange x = { 0 };

	f->rogue_closes = true;
	for (size_t i = 0; i < ARRAY_SIZE(says); i++) {
		f->rogue_says = says[i];
		get(f, &x, rogue_url(f));
		assert_fails(&x, GRPC_UNAVAILABLE, HTTP_FAULT_UNKNOWN);
	}
	get(f, &x, url(f, "/abort"));
	assert_fails(&x, GRPC_UNAVAILABLE, HTTP_FAULT_UNKNOWN);
}

static void tls_failures_are_not_sent(void **state)
{
	struct fixture *f = *state;
	struct http_exchange x = { 0 };
	auto_free char *u = xasprintf("https%s", rogue_url(f) + 4);

	f->rogue_says = "HTTP/1.1 400 this is not TLS\r\n\r\n";
	f->rogue_closes = true;
	get(f, &x, u);
	assert_fails(&x, GRPC_UNAVAILABLE, HTTP_FAULT_NOT_SENT);
}

static void headers_without_end_are_cut_off(void **state)
{
	struct fixture *f = *state;
	struct http_exchange x = { 0 };
	struct buf b;

	buf_init(&b, 1u << 20);
	buf_adds(&b, "HTTP/1.1 200 OK\r\n");
	for (int i = 0; i < 700; i++)
		buf_printf(&b, "H%d: %0100d\r\n", i, i);
	f->rogue_says = buf_cstr(&b);
	get(f, &x, rogue_url(f));
	assert_fails(&x, GRPC_RESOURCE_EXHAUSTED, HTTP_FAULT_UNKNOWN);
	buf_fini(&b);
}

static void a_dead_kept_connection_is_not_asked_twice(void **state)
{
	struct fixture *f = *state;
	struct http_exchange x = { 0 };

	/* Kept alive, then closed by the server just when the next request comes. */
	f->rogue_says = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	get(f, &x, rogue_url(f));
	assert_false(op_failed(&x.op));
	op_fini(&x.op);
	f->rogue_says = "";
	f->rogue_closes = true;
	f->rogue_asked = 0;
	http_exchange_init(&x, f->http, "POST", rogue_url(f));
	x.flags = HTTP_FRESH_CONNECTION;
	run(f, &x);
	assert_fails(&x, GRPC_UNAVAILABLE, HTTP_FAULT_UNKNOWN);
	assert_int_equal(f->rogue_asked, 1);
	/* The same without the flag: libcurl sends it again. If it ever stops doing
	 * so, the flag and its cost may go. */
	f->rogue_says = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	f->rogue_closes = false;
	get(f, &x, rogue_url(f));
	op_fini(&x.op);
	f->rogue_says = "";
	f->rogue_closes = true;
	f->rogue_asked = 0;
	http_exchange_init(&x, f->http, "POST", rogue_url(f));
	run(f, &x);
	assert_fails(&x, GRPC_UNAVAILABLE, HTTP_FAULT_UNKNOWN);
	assert_int_equal(f->rogue_asked, 2);
}

static void time_outs_tell_where(void **state)
{
	struct fixture *f = *state;
	struct http_exchange x = { 0 };

	http_exchange_init(&x, f->http, "GET", url(f, "/hold"));
	x.total_ms = 50;
	run(f, &x);
	assert_non_null(strstr(err_msg(&x.op.err), "no (whole) answer within 50 ms"));
	assert_fails(&x, GRPC_DEADLINE_EXCEEDED, HTTP_FAULT_UNKNOWN);
	/* The server has seen the peer go. */
	while (f->holding[0]->conn)
		reactor_advance(f->r, 1);
}

static void limits_on_the_answer(void **state)
{
	struct fixture *f = *state;
	struct http_exchange x = { 0 };

	http_exchange_init(&x, f->http, "GET", url(f, "/big"));
	x.max_response = (1u << 20) - 1;
	run(f, &x);
	assert_fails(&x, GRPC_RESOURCE_EXHAUSTED, HTTP_FAULT_UNKNOWN);
	http_exchange_init(&x, f->http, "GET", url(f, "/big"));
	x.max_response = 1u << 20;
	run(f, &x);
	assert_int_equal(x.response.len, 1u << 20);
	op_fini(&x.op);
}

static int count_bytes(struct http_exchange *x, struct str piece, struct err *err)
{
	*(size_t *)x->user += piece.n;
	assert_int_equal(x->status, 200);
	return 0;
}

static int refuse_bytes(struct http_exchange *x, struct str piece, struct err *err)
{
	return err_set(err, GRPC_DATA_LOSS, "not what I wanted");
}

static int cancel_itself(struct http_exchange *x, struct str piece, struct err *err)
{
	op_cancel(&x->op, GRPC_ABORTED, "seen enough");
	return 0;
}

static void bodies_can_be_streamed(void **state)
{
	struct fixture *f = *state;
	struct http_exchange x = { 0 };
	size_t n = 0;

	http_exchange_init(&x, f->http, "GET", url(f, "/big"));
	x.on_body = count_bytes;
	x.user = &n;
	run(f, &x);
	assert_int_equal(n, 1u << 20);
	assert_int_equal(x.response.len, 0);
	op_fini(&x.op);

	http_exchange_init(&x, f->http, "GET", url(f, "/big"));
	x.on_body = refuse_bytes;
	run(f, &x);
	assert_non_null(strstr(err_msg(&x.op.err), "not what I wanted"));
	assert_fails(&x, GRPC_DATA_LOSS, HTTP_FAULT_UNKNOWN);

	http_exchange_init(&x, f->http, "GET", url(f, "/teapot"));
	x.on_body = refuse_bytes;
	x.flags = HTTP_KEEP_ERROR_BODY;
	run(f, &x);
	assert_string_equal(buf_cstr(&x.response), "short and stout");
	op_fini(&x.op);

	http_exchange_init(&x, f->http, "GET", url(f, "/big"));
	x.on_body = cancel_itself;
	run(f, &x);
	assert_fails(&x, GRPC_ABORTED, HTTP_FAULT_UNKNOWN);
}

static void a_cancel_takes_it_off_at_once(void **state)
{
	struct fixture *f = *state;
	struct http_exchange x = { 0 };

	http_exchange_init(&x, f->http, "GET", url(f, "/hold"));
	start(f, &x);
	while (!f->held)
		reactor_advance(f->r, 1);
	op_cancel(&x.op, GRPC_CANCELLED, "no more wanted");
	assert_true(reactor_run_until(f->r, &f->ended, 0) || reactor_run_until(f->r, &f->ended, 9));
	assert_fails(&x, GRPC_CANCELLED, HTTP_FAULT_UNKNOWN);
	while (f->holding[0]->conn)
		reactor_advance(f->r, 1);

	http_exchange_init(&x, f->http, "GET", "http://silent.test/");
	start(f, &x);
	while (!f->dns.queries)
		reactor_advance(f->r, 1);
	op_cancel(&x.op, GRPC_CANCELLED, "no more wanted");
	assert_true(reactor_run_until(f->r, &f->ended, 1000));
	assert_fails(&x, GRPC_CANCELLED, HTTP_FAULT_NOT_SENT);
}

static int left;

static void on_one_end(struct op *op)
{
	if (--left == 0)
		current->ended = true;
}

static void connections_are_bounded_and_the_rest_waits(void **state)
{
	struct fixture *f = *state;
	struct http_exchange x[20] = { 0 };
	auto_free char *u = xstrdup(url(f, "/hold"));

	current = f;
	f->ended = false;
	left = ARRAY_SIZE(x);
	for (size_t i = 0; i < ARRAY_SIZE(x); i++) {
		http_exchange_init(&x[i], f->http, "GET", u);
		x[i].flags = i % 2 ? HTTP_FRESH_CONNECTION : 0;
		op_start(&x[i].op, on_one_end);
	}
	while (f->held < 4)
		reactor_advance(f->r, 1);
	reactor_advance(f->r, 20);
	assert_int_equal(f->held, 4);
	assert_int_equal(http1_server_connections(f->server), 4);
	op_cancel(&x[10].op, GRPC_CANCELLED, "not this one");	/* it waits */
	while (!f->ended) {
		assert_true(http1_server_connections(f->server) <= 5);
		for (int i = 0; i < f->held; i++)
			http1_reply(f->holding[i], 200, NULL, str_c("ok"));
		f->held = 0;
		reactor_advance(f->r, 1);
	}
	for (size_t i = 0; i < ARRAY_SIZE(x); i++) {
		assert_int_equal(op_failed(&x[i].op), i == 10);
		op_fini(&x[i].op);
	}
}

static void waiting_counts_for_the_time_out(void **state)
{
	struct fixture *f = *state;
	struct http_exchange x[5] = { 0 };
	auto_free char *u = xstrdup(url(f, "/hold"));

	current = f;
	f->ended = false;
	left = ARRAY_SIZE(x);
	for (size_t i = 0; i < ARRAY_SIZE(x); i++) {
		http_exchange_init(&x[i], f->http, "GET", u);
		x[i].total_ms = i == 4 ? 100 : 300;
		op_start(&x[i].op, on_one_end);
	}
	assert_true(reactor_run_until(f->r, &f->ended, 20000));
	assert_non_null(strstr(err_msg(&x[4].op.err), "no free connection within 100 ms"));
	assert_fails(&x[4], GRPC_DEADLINE_EXCEEDED, HTTP_FAULT_NOT_SENT);
	for (size_t i = 0; i < 4; i++)
		assert_fails(&x[i], GRPC_DEADLINE_EXCEEDED, HTTP_FAULT_UNKNOWN);
}

static int threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *e;
	int n = 0;

	while ((e = readdir(dir)))
		n += e->d_name[0] != '.';
	closedir(dir);
	return n;
}

static void on_body_threads(struct http_exchange *x, int *most)
{
	int n = threads();

	if (n > *most)
		*most = n;
}

static int watch_threads(struct http_exchange *x, struct str piece, struct err *err)
{
	on_body_threads(x, x->user);
	return 0;
}

/* Looks at the tasks all the time while the exchange runs. */
static void run_watched(struct fixture *f, struct http_exchange *x, int *most)
{
	x->on_body = watch_threads;
	x->user = most;
	start(f, x);
	while (!f->ended) {
		int n = threads();

		if (n > *most)
			*most = n;
		reactor_advance(f->r, 1);
	}
}

static void names_start_no_thread(void **state)
{
	static const char *const hosts[] = { "good.test", "good.test.", "GOOD2.test", "localhost" };
	struct fixture *f = *state;
	struct http_exchange x = { 0 };
	int before = threads(), most = 0;

	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		http_exchange_init(&x, f->http, "GET",
				   url_of(f, http1_server_address(f->server, 0), hosts[i], "/x"));
		run_watched(f, &x, &most);
		if (op_failed(&x.op))
			fail_msg("%s: %s", hosts[i], err_msg(&x.op.err));
		assert_int_equal(x.status, 200);
		op_fini(&x.op);
	}
	http_exchange_init(&x, f->http, "GET", "http://absent.test:81/");
	run_watched(f, &x, &most);
	op_fini(&x.op);
	assert_int_equal(most, before);
}

static void proxies_by_name_start_no_thread(void **state)
{
	struct fixture *f = *state;
	struct http_exchange x = { 0 };
	int before = threads(), most = 0;

	setenv("http_proxy", url_of(f, http1_server_address(f->server, 0), "good.proxy", ""), 1);
	setenv("no_proxy", "10.0.0.0/8,.internal", 1);
	open_client(f);
	unsetenv("http_proxy");
	unsetenv("no_proxy");
	http_exchange_init(&x, f->http, "GET", "http://ec2.example.test/y");
	run_watched(f, &x, &most);
	assert_false(op_failed(&x.op));
	assert_string_equal(f->seen, "GET http://ec2.example.test/y |-|-");
	op_fini(&x.op);
	assert_int_equal(most, before);
	/* IMDS never goes by the proxy. */
	http_exchange_init(&x, f->http, "GET", url(f, "/direct"));
	x.flags = HTTP_NO_PROXY;
	run(f, &x);
	assert_string_equal(f->seen, "GET /direct |-|-");
	op_fini(&x.op);
	setenv("http_proxy", "socks5://127.0.0.1:1", 1);
	open_client(f);
	unsetenv("http_proxy");
	get(f, &x, "http://ec2.example.test/y");
	assert_fails(&x, GRPC_INVALID_ARGUMENT, HTTP_FAULT_NOT_SENT);
}

static void no_proxy_lists(void **state)
{
	static const char list[] = "localhost, 10.0.0.0/8 .internal,example.com,fd00::/8,1.2.3.4";
	static const char *const in[] = { "localhost", "10.200.3.4", "a.internal", "example.com",
					  "x.example.com", "[fd12::1]", "1.2.3.4", "EXAMPLE.com" };
	static const char *const out[] = { "11.0.0.1", "notexample.com", "internal.a", "[fe80::1]",
					   "1.2.3.5", "com" };

	for (size_t i = 0; i < ARRAY_SIZE(in); i++)
		assert_true(proxy_excluded(list, in[i]));
	for (size_t i = 0; i < ARRAY_SIZE(out); i++)
		assert_false(proxy_excluded(list, out[i]));
	assert_true(proxy_excluded("*", "anything"));
	assert_false(proxy_excluded(NULL, "anything"));
	assert_false(proxy_excluded(", ,,10.0.0.0/99", "10.0.0.1"));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_request_and_its_answer),
		TEST(methods),
		TEST(connections_are_reused_unless_fresh),
		TEST(an_error_status_is_an_answer),
		TEST(unreachable_peers_are_not_sent),
		TEST(bad_urls_are_refused),
		TEST(lost_answers_may_have_had_an_effect),
		TEST(tls_failures_are_not_sent),
		TEST(headers_without_end_are_cut_off),
		TEST(a_dead_kept_connection_is_not_asked_twice),
		TEST(time_outs_tell_where),
		TEST(limits_on_the_answer),
		TEST(bodies_can_be_streamed),
		TEST(a_cancel_takes_it_off_at_once),
		TEST(connections_are_bounded_and_the_rest_waits),
		TEST(waiting_counts_for_the_time_out),
		TEST(names_start_no_thread),
		TEST(proxies_by_name_start_no_thread),
		TEST(no_proxy_lists),
	};

	return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
