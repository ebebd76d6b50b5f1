/* The server's side of a connection, fed byte by byte in virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "h2/gzip.h"
#include "h2/message.h"
#include "h2/pair.h"

/* ---- a service to call ---- */

static int sleeping, slept, gone;	/* operations begun, ended; streams lost */
static int64_t seen_deadline;
static char seen_header[64];

static void echo(struct rpc *rpc, struct str msg)
{
	const char *value = rpc_header(rpc, "x-test");

	snprintf(seen_header, sizeof(seen_header), "%s", value ? value : "(none)");
	seen_deadline = rpc->deadline;
	rpc_reply(rpc, msg);
}

static void fail_with(struct rpc *rpc, struct str msg)
{
	struct err err = {0};

	err_set(&err, GRPC_NOT_FOUND, "%.*s", STR(msg));
	rpc_fail(rpc, &err);
	err_fini(&err);
}

/* Replies with as many bytes as the message says. */
static void big(struct rpc *rpc, struct str msg)
{
	size_t n = strtoul(msg.p, NULL, 10);
	char *bytes = arena_alloc(&rpc->arena, n);

	memset(bytes, 'b', n);
	rpc_reply(rpc, str_n(bytes, n));
}

static void sleep_fini(struct op *op)
{
	slept++;
}

struct nap {
	struct op op;
	struct op_sleep sleep;
	bool shielded;
};

static enum op_verdict nap_over(struct op *op)
{
	return OP_DONE;
}

static enum op_verdict nap_start(struct op *op)
{
	struct nap *nap = container_of(op, struct nap, op);

	op_shield(op, nap->shielded);
	op_sleep_init(&nap->sleep, op->reactor, 60000);
	return op_await(op, &nap->sleep.op, nap_over);
}

static const struct op_class nap_class = { .name = "nap", .fini = sleep_fini };

static void nap_encode(struct rpc *rpc, struct op *op)
{
	rpc_reply(rpc, str_c("awake"));
}

static void nap(struct rpc *rpc, struct str msg)
{
	struct nap *nap = arena_alloc(&rpc->arena, sizeof(*nap));

	sleeping++;
	nap->shielded = str_eq_c(msg, "deep");
	op_init(&nap->op, &nap_class, rpc->reactor, nap_start);
	rpc_run(rpc, &nap->op, nap_encode);
}

static enum op_verdict doomed_start(struct op *op)
{
	return op_fail(op, GRPC_ABORTED, "50%% done");
}

static const struct op_class doomed_class = { .name = "doomed", .fini = sleep_fini };

static void doomed(struct rpc *rpc, struct str msg)
{
	struct op *op = arena_alloc(&rpc->arena, sizeof(*op));

	op_init(op, &doomed_class, rpc->reactor, doomed_start);
	rpc_run(rpc, op, nap_encode);
}

/* Streaming: each message comes back; "bye" ends the call. */
static int chats;

static void chat(struct rpc *rpc, struct str msg)
{
	chats++;
	if (str_eq_c(msg, "bye"))
		rpc_end(rpc, NULL);
	else
		rpc_send(rpc, msg);
}

static void chat_half_closed(struct rpc *rpc)
{
	rpc_end(rpc, NULL);
}

static void chat_gone(struct rpc *rpc)
{
	gone++;
}

static const struct rpc_method methods[] = {
	{ .path = "/test.T/Echo", .message = echo },
	{ .path = "/test.T/Fail", .message = fail_with },
	{ .path = "/test.T/Big", .message = big },
	{ .path = "/test.T/Nap", .message = nap },
	{ .path = "/test.T/Doomed", .message = doomed },
	{ .path = "/test.T/Chat", .message = chat, .half_closed = chat_half_closed,
	  .gone = chat_gone },
};

static struct pair *start(const struct pair_options *opt)
{
	sleeping = slept = gone = chats = 0;
	return pair_new(opt, methods, ARRAY_SIZE(methods));
}

/* Everything a test began has ended and given its memory back. */
static void stop(struct pair *p)
{
	pair_drop(p);
	reactor_settle(p->reactor);
	assert_int_equal(op_count(p->reactor), 0);
	assert_true(list_empty(&p->host.calls));
	assert_int_equal(p->host.open, 0);
	assert_int_equal(p->host.buffered, 0);
	assert_int_equal(sleeping, slept);
	pair_free(p);
}

static void assert_body(const struct stream *s, const char *text)
{
	struct buf b;

	buf_init(&b, 32 << 20);
	message_write(&b, str_c(text), GRPC_IDENTITY);
	assert_int_equal(s->body.len, b.len);
	assert_memory_equal(s->body.data, b.data, b.len);
	buf_fini(&b);
}

static void assert_ok(const struct stream *s, const char *text)
{
	assert_int_equal(s->http, 200);
	assert_int_equal(s->status, 0);
	assert_false(s->early_status);
	assert_true(s->closed);
	assert_int_equal(s->reset, 0);
	assert_body(s, text);
}

static void assert_failed(const struct stream *s, enum grpc_code code, const char *text)
{
	assert_int_equal(s->status, code);
	assert_true(s->early_status);
	assert_int_equal(s->body.len, 0);
	if (!strstr(s->message, text))
		fail_msg("\"%s\" is not in \"%s\"", text, s->message);
	assert_true(s->closed);
}

/* ---- connection ---- */

static void speaks_first(void **state)
{
	struct pair *p = start(NULL);

	h2_session_flush(p->server);
	assert_true(p->to_client.len >= 9);
	assert_int_equal(p->to_client.data[3], NGHTTP2_SETTINGS);
	pair_settle(p);
	assert_true(h2_session_greeted(p->server));
	stop(p);
}

static void closes_on_another_protocol(void **state)
{
	static const char http1[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
	struct pair *p = start(NULL);

	assert_int_equal(h2_session_input(p->server, http1, sizeof(http1) - 1), -1);
	h2_session_flush(p->server);
	assert_true(h2_session_done(p->server));
	stop(p);
}

/* ---- unary calls ---- */

static void answers_however_the_request_is_cut(void **state)
{
	struct pair *p = start(NULL);
	struct stream *whole = pair_call(p, "/test.T/Echo", NULL);
	struct stream *bytes = pair_call(p, "/test.T/Echo", NULL);
	struct stream *late_end = pair_call(p, "/test.T/Echo", NULL);
	struct stream *empty = pair_call(p, "/test.T/Echo", NULL);

	stream_message(p, whole, "hello", true);
	bytes->piece = 1;
	stream_message(p, bytes, "in pieces", true);
	stream_message(p, late_end, "late", false);
	stream_message(p, empty, "", true);
	pair_settle(p);
	assert_ok(whole, "hello");
	assert_ok(bytes, "in pieces");
	assert_ok(empty, "");
	assert_int_equal(late_end->status, -1);	/* waits for the end of the request */
	stream_send(p, late_end, "", 0, true);
	pair_settle(p);
	assert_ok(late_end, "late");
	assert_int_equal(p->done, 4);
	assert_int_equal(p->done_by_code[GRPC_OK], 4);
	stop(p);
}

static void hands_on_metadata(void **state)
{
	static const char *const extra[] = {
		"x-test", " one ", "x-test", "two", "x-blob-bin", "AQI", "x-two-bin", "AQI=,/w",
		"grpc-unknown", "z", "x-odd", "caf\xc3\xa9", "user-agent", "t", NULL,
	};
	struct pair *p = start(NULL);
	struct stream *s = pair_call(p, "/test.T/Echo", extra);

	stream_message(p, s, "m", true);
	pair_settle(p);
	assert_ok(s, "m");
	assert_string_equal(seen_header, "one");
	assert_true(seen_deadline == INT64_MAX);
	stop(p);
}

static void sends_errors_in_one_block(void **state)
{
	struct pair *p = start(NULL);
	struct stream *plain = pair_call(p, "/test.T/Fail", NULL);
	struct stream *odd = pair_call(p, "/test.T/Fail", NULL);
	struct stream *none = pair_call(p, "/test.T/Fail", NULL);
	struct stream *op = pair_call(p, "/test.T/Doomed", NULL);

	stream_message(p, plain, "no such volume", true);
	stream_message(p, odd, "5% \xe2\x82\xac\n\xff", true);
	stream_message(p, none, "", true);
	stream_message(p, op, "", true);
	pair_settle(p);
	assert_failed(plain, GRPC_NOT_FOUND, "no such volume");
	assert_int_equal(plain->http, 200);
	assert_int_equal(plain->reset, 0);
	assert_failed(odd, GRPC_NOT_FOUND, "5%25 %E2%82%AC%0A%EF%BF%BD");
	assert_failed(none, GRPC_NOT_FOUND, "NotFound");	/* never without a text */
	assert_failed(op, GRPC_ABORTED, "50%25 done");
	sleeping++;	/* the doomed one */
	stop(p);
}

/* ---- request heads, in the order of checks ---- */

#define BASE ":method", "POST", ":scheme", "http", ":path", "/test.T/Echo"
#define TYPE "content-type", "application/grpc"

struct head_row {
	const char *headers[24];
	unsigned int http;	/* 0: reset with PROTOCOL_ERROR */
	int status;
	const char *text;
};

static const struct head_row heads[] = {
	{ { BASE, TYPE }, 200, 0, "" },
	{ { BASE, ":authority", "localhost", TYPE, "te", "trailers" }, 200, 0, "" },
	{ { BASE, ":authority", "/csi/csi.sock", TYPE }, 200, 0, "" },
	{ { BASE, ":authority", "%2Fcsi%2Fcsi.sock", TYPE }, 200, 0, "" },
	{ { BASE, ":authority", "", TYPE }, 200, 0, "" },
	{ { BASE, ":authority", "@", TYPE, "host", "" }, 200, 0, "" },
	{ { BASE, "content-type", "application/grpc+proto" }, 200, 0, "" },
	{ { BASE, "content-type", "application/grpc;x=y" }, 200, 0, "" },
	{ { BASE, TYPE, "grpc-encoding", "identity" }, 200, 0, "" },
	{ { BASE, TYPE, "grpc-timeout", "99999999H" }, 200, 0, "" },
	{ { BASE, TYPE, "bad name", "dropped" }, 200, 0, "" },
	{ { BASE, ":authority", "a", ":authority", "a", TYPE }, 400, 13, "more than one" },
	{ { BASE, TYPE, "host", "a", "host", "b" }, 400, 13, "more than one" },
	{ { BASE }, 415, 3, "content-type" },
	{ { BASE, "content-type", "text/plain" }, 415, 3, "text/plain" },
	{ { BASE, "content-type", "application/grpc-web" }, 415, 3, "grpc-web" },
	{ { BASE, "content-type", "APPLICATION/GRPC" }, 415, 3, "APPLICATION" },
	{ { BASE, "content-type", "application/grpc+json" }, 200, 12, "+json" },
	{ { BASE, "content-type", "text/plain", "x-bin", "!" }, 415, 3, "text/plain" },
	{ { BASE, TYPE, "x-bin", "!" }, 400, 13, "base64" },
	{ { BASE, TYPE, "grpc-timeout", "" }, 400, 13, "grpc-timeout" },
	{ { BASE, TYPE, "grpc-timeout", "100000000S" }, 400, 13, "100000000S" },
	{ { BASE, TYPE, "grpc-timeout", "1s" }, 400, 13, "1s" },
	{ { BASE, TYPE, "grpc-timeout", "0n" }, 200, 4, "deadline" },
	{ { ":method", "GET", ":scheme", "http", ":path", "/test.T/Echo", TYPE },
	  405, 13, "GET" },
	{ { ":method", "POST", ":scheme", "http", ":path", "test.T/Echo", TYPE },
	  200, 12, "malformed method name: \"test.T/Echo\"" },
	{ { ":method", "POST", ":scheme", "http", ":path", "/Echo", TYPE },
	  200, 12, "malformed method name" },
	{ { ":method", "POST", ":scheme", "http", ":path", "/no.Such/Echo", TYPE },
	  200, 12, "unknown service no.Such" },
	{ { ":method", "POST", ":scheme", "http", ":path", "/test.T/Nope", TYPE },
	  200, 12, "unknown method Nope for service test.T" },
	{ { ":method", "POST", ":scheme", "http", ":path", "/test.T/echo", TYPE },
	  200, 12, "unknown method echo" },
	{ { BASE, TYPE, "grpc-encoding", "snappy" }, 200, 12, "snappy" },
	{ { ":method", "POST", ":scheme", "http", TYPE }, 0, 0, NULL },
	{ { ":method", "POST", ":path", "/test.T/Echo", TYPE }, 0, 0, NULL },
	{ { ":scheme", "http", ":path", "/test.T/Echo", TYPE }, 0, 0, NULL },
	{ { ":method", "POST", ":scheme", "http", ":path", "", TYPE }, 0, 0, NULL },
	{ { BASE, ":method", "POST", TYPE }, 0, 0, NULL },
	{ { BASE, ":path", "/x/y", TYPE }, 0, 0, NULL },
	{ { BASE, ":status", "200", TYPE }, 0, 0, NULL },
	{ { BASE, ":strange", "x", TYPE }, 0, 0, NULL },
	{ { BASE, TYPE, ":authority", "late" }, 0, 0, NULL },
	{ { BASE, TYPE, "X-Upper", "x" }, 0, 0, NULL },
	{ { BASE, TYPE, "connection", "close" }, 0, 0, NULL },
	{ { BASE, TYPE, "transfer-encoding", "chunked" }, 0, 0, NULL },
	{ { BASE, TYPE, "te", "gzip" }, 0, 0, NULL },
	{ { BASE, TYPE, "x-break", "a\nb" }, 0, 0, NULL },
	{ { BASE, TYPE, "content-length", "7" }, 0, 0, NULL },
	{ { BASE, TYPE, "content-length", "5" }, 0, 0, NULL },
	{ { BASE, TYPE, "content-length", "six" }, 0, 0, NULL },
	{ { BASE, TYPE, "content-length", "6", "content-length", "6" }, 0, 0, NULL },
	{ { BASE, TYPE, "content-length", "6" }, 200, 0, "" },
};

static void check_head(const struct head_row *row)
{
	struct pair *p = start(NULL);
	struct stream *s = pair_request(p, row->headers, false);

	stream_message(p, s, "x", true);
	pair_settle(p);
	assert_true(s->closed);
	if (row->http == 0) {
		assert_int_equal(s->reset, NGHTTP2_PROTOCOL_ERROR);
		assert_int_equal(s->http, 0);
	} else {
		assert_int_equal(s->http, row->http);
		assert_int_equal(s->status, row->status);
		assert_non_null(strstr(s->message, row->text));
	}
	assert_int_equal(p->done, 1);
	assert_false(p->goaway);
	stop(p);
}

static void answers_each_head_as_clients_expect(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		print_message("# head %zu\n", i);
		check_head(&heads[i]);
	}
}

static void refuses_a_header_list_over_the_limit(void **state)
{
	struct pair_options opt = { .server.max_header_list = 1000 };
	const char *extra[] = { "x-test", NULL, NULL };
	struct pair *p = start(&opt);
	char value[900];
	struct stream *s;

	memset(value, 'v', sizeof(value));
	value[sizeof(value) - 1] = '\0';
	extra[1] = value;
	s = pair_call(p, "/test.T/Echo", extra);
	stream_message(p, s, "x", true);
	pair_settle(p);
	assert_int_equal(s->http, 431);
	assert_failed(s, GRPC_RESOURCE_EXHAUSTED, "larger than 1000");
	stop(p);
}

/* ---- request bodies ---- */

static void check_body(const char *bytes, size_t n, enum grpc_code code, const char *text)
{
	struct pair_options opt = { .server.max_message = 1000 };
	struct pair *p = start(&opt);
	struct stream *s = pair_call(p, "/test.T/Echo", NULL);

	stream_send(p, s, bytes, n, true);
	pair_settle(p);
	assert_failed(s, code, text);
	stop(p);
}

static void refuses_malformed_bodies(void **state)
{
	check_body("", 0, GRPC_INTERNAL, "no message");
	check_body("\0\0\0", 3, GRPC_INTERNAL, "inside a message prefix");
	check_body("\0\0\0\0\5ab", 7, GRPC_INTERNAL, "inside a message, after 2 of 5");
	check_body("\2\0\0\0\0", 5, GRPC_INTERNAL, "flag 2");
	check_body("\1\0\0\0\1x", 6, GRPC_INTERNAL, "compressed");
	check_body("\0\0\0\0\1x\0\0\0\0\1y", 12, GRPC_INTERNAL, "more than one message");
	check_body("\0\0\0\4\0", 5, GRPC_RESOURCE_EXHAUSTED, "1024 vs. 1000");
}

static void stops_a_client_that_still_sends(void **state)
{
	struct pair_options opt = { .server.max_message = 1000 };
	struct pair *p = start(&opt);
	struct stream *s = pair_call(p, "/test.T/Echo", NULL);

	stream_send(p, s, "\0\0\1\0\0", 5, false);	/* 64 KiB announced */
	pair_settle(p);
	assert_failed(s, GRPC_RESOURCE_EXHAUSTED, "larger than max");
	assert_int_equal(s->reset, NGHTTP2_NO_ERROR);
	assert_int_equal(h2_session_calls(p->server), 0);
	stop(p);
}

static void takes_packed_requests_and_packs_the_answer(void **state)
{
	static const char *const extra[] = {
		"grpc-encoding", "gzip", "grpc-accept-encoding", "identity, gzip", NULL,
	};
	struct pair *p = start(NULL);
	struct stream *s = pair_call(p, "/test.T/Echo", extra);
	struct stream *small = pair_call(p, "/test.T/Echo", extra);
	struct message_reader r;
	struct err err = {0};
	struct buf text, packed;
	struct str in, msg;

	buf_init(&text, 100000);
	buf_init(&packed, 100000);
	for (int i = 0; i < 5000; i++)
		buf_addc(&text, 'a' + (char)(i % 7));
	message_write(&packed, buf_view(&text), GRPC_GZIP);
	assert_int_equal(packed.data[0], 1);
	stream_send(p, s, packed.data, packed.len, true);
	stream_message(p, small, "tiny", true);	/* flag 0 among packed ones is fine */
	pair_settle(p);
	assert_string_equal(s->encoding, "gzip");
	assert_ok(small, "tiny");
	assert_true(s->body.len < text.len);
	message_reader_init(&r, GRPC_GZIP, 100000);
	in = buf_view(&s->body);
	assert_int_equal(message_read(&r, &in, &msg, &err), 1);
	assert_true(str_eq(msg, buf_view(&text)));
	message_reader_fini(&r);
	buf_fini(&text);
	buf_fini(&packed);
	stop(p);
}

static void refuses_a_packed_bomb(void **state)
{
	static const char *const extra[] = { "grpc-encoding", "gzip", NULL };
	struct pair *p = start(NULL);
	struct stream *s = pair_call(p, "/test.T/Echo", extra);
	struct buf zeros, packed;

	buf_init(&zeros, 16 << 20);
	buf_init(&packed, 16 << 20);
	while (buf_add(&zeros, (char[4096]){0}, 4096) == 0)
		;
	zeros.overflow = false;
	message_write(&packed, buf_view(&zeros), GRPC_GZIP);
	stream_send(p, s, packed.data, packed.len, true);
	pair_settle(p);
	assert_failed(s, GRPC_RESOURCE_EXHAUSTED, "after gunzip");
	buf_fini(&zeros);
	buf_fini(&packed);
	stop(p);
}

/* ---- deadlines and cancellation ---- */

static struct stream *start_nap(struct pair *p, const char *kind, const char *timeout)
{
	const char *const extra[] = { "grpc-timeout", timeout, NULL };
	struct stream *s = pair_call(p, "/test.T/Nap", timeout ? extra : NULL);

	stream_message(p, s, kind, true);
	pair_settle(p);
	return s;
}

static void advance(struct pair *p, int64_t ms)
{
	reactor_advance(p->reactor, ms);
	pair_settle(p);
}

static void answers_when_the_operation_has_ended(void **state)
{
	struct pair *p = start(NULL);
	struct stream *s = start_nap(p, "", "100S");

	advance(p, 59999);
	assert_int_equal(s->status, -1);
	advance(p, 1);
	assert_ok(s, "awake");
	stop(p);
}

static void answers_at_the_deadline(void **state)
{
	struct pair *p = start(NULL);
	struct stream *s = start_nap(p, "", "100m");

	advance(p, 99);
	assert_int_equal(s->status, -1);
	assert_int_equal(sleeping - slept, 1);
	advance(p, 1);
	assert_failed(s, GRPC_DEADLINE_EXCEEDED, "in rpc/nap/sleep");
	assert_int_equal(sleeping - slept, 0);
	assert_int_equal(p->done_by_code[GRPC_DEADLINE_EXCEEDED], 1);
	stop(p);
}

static void answers_at_the_deadline_though_the_operation_runs_on(void **state)
{
	struct pair *p = start(NULL);
	struct stream *s = start_nap(p, "deep", "100m");

	advance(p, 100);
	assert_failed(s, GRPC_DEADLINE_EXCEEDED, "deadline");
	assert_int_equal(sleeping - slept, 1);
	assert_int_equal(h2_session_calls(p->server), 0);
	advance(p, 59900);
	assert_int_equal(sleeping - slept, 0);
	assert_int_equal(p->done, 1);
	stop(p);
}

static void ends_calls_that_never_get_complete(void **state)
{
	static const char *const extra[] = { "grpc-timeout", "100m", NULL };
	struct pair *p = start(NULL);
	struct stream *s = pair_call(p, "/test.T/Echo", extra);

	stream_send(p, s, "\0\0", 2, false);
	pair_settle(p);
	advance(p, 100);
	assert_failed(s, GRPC_DEADLINE_EXCEEDED, "deadline");
	stop(p);
}

static void cancels_at_every_state(void **state)
{
	static const char *const extra[] = { "grpc-timeout", "1S", NULL };
	struct pair_options opt = { .client_window = 1 };	/* a window of 0 */
	struct pair *p = start(&opt);
	struct stream *head = pair_call(p, "/test.T/Echo", extra);
	struct stream *half = pair_call(p, "/test.T/Echo", extra);
	struct stream *running = pair_call(p, "/test.T/Nap", extra);
	struct stream *deep = pair_call(p, "/test.T/Nap", extra);
	struct stream *blocked = pair_call(p, "/test.T/Echo", extra);
	struct stream *talk = pair_call(p, "/test.T/Chat", extra);
	struct stream *all[] = { head, half, running, deep, blocked, talk };

	stream_send(p, half, "\0\0\0\0\5a", 6, false);
	stream_message(p, running, "", true);
	stream_message(p, deep, "deep", true);
	stream_message(p, blocked, "waits for the window", true);
	stream_message(p, talk, "hi", false);
	pair_settle(p);
	assert_int_equal(h2_session_calls(p->server), 6);
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		stream_cancel(p, all[i]);
	pair_settle(p);
	assert_int_equal(h2_session_calls(p->server), 0);
	assert_int_equal(sleeping - slept, 1);	/* the shielded one */
	assert_int_equal(gone, 1);
	assert_int_equal(p->done, 6);
	assert_int_equal(p->done_by_code[GRPC_CANCELLED], 5);
	advance(p, 60000);
	assert_int_equal(p->done, 6);
	stop(p);
}

/* The operation has been handed over, but has not had its first turn. */
static void cancels_what_has_not_begun(void **state)
{
	struct pair *p = start(NULL);
	struct stream *s;

	pair_settle(p);
	s = pair_call(p, "/test.T/Nap", NULL);
	stream_message(p, s, "", true);
	pair_deliver(p);
	assert_int_equal(sleeping, 1);
	stream_cancel(p, s);
	pair_deliver(p);
	pair_settle(p);
	assert_int_equal(slept, 1);
	s = pair_call(p, "/test.T/Nap", NULL);
	stream_message(p, s, "", true);
	pair_deliver(p);
	stop(p);
}

static void resets_an_answer_nobody_takes_until_the_deadline(void **state)
{
	static const char *const extra[] = { "grpc-timeout", "1S", NULL };
	struct pair_options opt = { .client_window = 1 };
	struct pair *p = start(&opt);
	struct stream *s = pair_call(p, "/test.T/Echo", extra);

	stream_message(p, s, "x", true);
	pair_settle(p);
	advance(p, 1999);
	assert_false(s->closed);
	advance(p, 1);
	assert_true(s->closed);
	assert_int_equal(s->reset, NGHTTP2_CANCEL);
	assert_int_equal(p->done_by_code[GRPC_OK], 1);
	stop(p);
}

static void survives_a_lost_connection_with_many_calls(void **state)
{
	struct pair *p = start(NULL);

	for (int i = 0; i < 1000; i++)
		stream_message(p, pair_call(p, "/test.T/Nap", NULL), i % 2 ? "" : "deep", true);
	pair_settle(p);
	assert_int_equal(sleeping, 1000);
	pair_drop(p);
	reactor_settle(p->reactor);
	assert_int_equal(slept, 500);
	assert_int_equal(p->done_by_code[GRPC_CANCELLED], 1000);
	reactor_advance(p->reactor, 60000);
	stop(p);
}

static void outlives_the_server(void **state)
{
	struct pair *p = start(NULL);

	start_nap(p, "deep", NULL);
	pair_drop(p);
	h2_host_fini(&p->host);
	h2_host_init(&p->host, p->reactor, NULL);
	assert_int_equal(sleeping - slept, 1);
	reactor_advance(p->reactor, 60000);
	stop(p);
}

static void keeps_a_connection_that_cancels_a_lot(void **state)
{
	struct pair *p = start(NULL);
	struct stream *last;

	for (int i = 0; i < 10000; i++) {
		struct stream *s = pair_call(p, "/test.T/Nap", NULL);

		stream_message(p, s, "", true);
		if (i % 100 == 0)
			pair_settle(p);
		stream_cancel(p, s);
	}
	pair_settle(p);
	assert_false(p->goaway);
	last = pair_call(p, "/test.T/Echo", NULL);
	stream_message(p, last, "still here", true);
	pair_settle(p);
	assert_ok(last, "still here");
	stop(p);
}

/* ---- flow control ---- */

static void trickles_through_a_tiny_window(void **state)
{
	struct pair_options opt = { .client_window = 1, .manual_window = true };
	struct pair *p = start(&opt);
	struct stream *s = pair_call(p, "/test.T/Echo", NULL);

	stream_message(p, s, "drop by drop", true);
	pair_settle(p);
	assert_int_equal(s->http, 200);
	for (size_t i = 1; i <= 5 + strlen("drop by drop"); i++) {
		assert_int_equal(s->status, -1);
		nghttp2_submit_window_update(p->client, NGHTTP2_FLAG_NONE, s->id, 1);
		pair_settle(p);
		assert_int_equal(s->body.len, i);
	}
	assert_ok(s, "drop by drop");
	stop(p);
}

/* The new window makes that of the open stream negative. */
static void survives_a_window_that_shrinks(void **state)
{
	nghttp2_settings_entry shrink = { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 10 };
	struct pair_options opt = { .client_window = 20001 };
	struct pair *p = start(&opt);
	struct stream *s = pair_call(p, "/test.T/Big", NULL);

	stream_message(p, s, "200000", true);
	nghttp2_submit_settings(p->client, NGHTTP2_FLAG_NONE, &shrink, 1);
	pair_settle(p);
	assert_int_equal(s->status, 0);
	assert_int_equal(s->body.len, 200005);
	stop(p);
}

static void carries_big_messages_both_ways(void **state)
{
	struct pair *p = start(NULL);
	struct stream *s = pair_call(p, "/test.T/Echo", NULL);
	char *text = xcalloc(1, (4 << 20) + 1);

	memset(text, 'x', 4 << 20);
	stream_message(p, s, text, true);
	pair_settle(p);
	assert_ok(s, text);
	free(text);
	stop(p);
}

static void bounds_the_memory_of_all_requests(void **state)
{
	struct pair_options opt = { .server.max_buffered = 100000 };
	struct pair *p = start(&opt);
	char chunk[30000] = "\0\0\1\0\0";	/* of a message of 64 KiB */
	struct stream *s[5];

	for (size_t i = 0; i < ARRAY_SIZE(s); i++) {
		s[i] = pair_call(p, "/test.T/Echo", NULL);
		stream_send(p, s[i], chunk, sizeof(chunk), false);
		pair_settle(p);
	}
	assert_int_equal(s[0]->status, -1);
	assert_failed(s[4], GRPC_UNAVAILABLE, "messages of all calls");
	assert_true(p->host.buffered <= 100000);
	stop(p);
}

static void bounds_the_number_of_calls(void **state)
{
	struct pair_options opt = { .server.max_calls = 2 };
	struct pair *p = start(&opt);
	struct stream *extra;

	start_nap(p, "", NULL);
	start_nap(p, "", NULL);
	extra = start_nap(p, "", NULL);
	assert_failed(extra, GRPC_UNAVAILABLE, "limit is 2");
	assert_int_equal(sleeping, 2);
	stop(p);
}

static void stops_while_the_transport_is_full(void **state)
{
	struct pair *p = start(NULL);
	struct stream *s = pair_call(p, "/test.T/Big", NULL);
	size_t held;

	pair_settle(p);
	nghttp2_session_set_local_window_size(p->client, NGHTTP2_FLAG_NONE, 0, 8 << 20);
	nghttp2_submit_window_update(p->client, NGHTTP2_FLAG_NONE, s->id, 8 << 20);
	stream_message(p, s, "2000000", true);
	p->choked = true;
	pair_settle(p);
	h2_session_flush(p->server);
	held = p->to_client.len;
	assert_true(held > 0 && held < 3 * H2_SCRATCH);
	p->choked = false;
	pair_settle(p);
	assert_int_equal(s->body.len, 2000005);
	stop(p);
}

/* ---- streaming ---- */

static void streams_both_ways(void **state)
{
	struct pair *p = start(NULL);
	struct stream *s = pair_call(p, "/test.T/Chat", NULL);

	stream_message(p, s, "one", false);
	pair_settle(p);
	assert_body(s, "one");
	assert_int_equal(s->status, -1);
	stream_message(p, s, "two", true);
	pair_settle(p);
	assert_int_equal(s->body.len, 16);
	assert_int_equal(s->status, 0);
	assert_int_equal(gone, 0);
	stop(p);
}

static void ends_streams_without_a_message(void **state)
{
	struct pair *p = start(NULL);
	struct stream *none = pair_call(p, "/test.T/Chat", NULL);
	struct stream *early = pair_call(p, "/test.T/Chat", NULL);
	struct stream *broken = pair_call(p, "/test.T/Chat", NULL);

	stream_send(p, none, "", 0, true);
	stream_message(p, early, "bye", false);
	stream_send(p, broken, "\0\0\0\0\2a", 6, true);
	pair_settle(p);
	assert_int_equal(none->status, 0);
	assert_int_equal(none->body.len, 0);
	assert_int_equal(early->status, 0);
	assert_true(early->closed);
	assert_failed(broken, GRPC_INTERNAL, "inside a message");
	assert_int_equal(gone, 1);
	stop(p);
}

/* A client that asks and asks but takes no answer is not listened to. */
static void holds_back_a_client_that_does_not_read(void **state)
{
	struct pair_options opt = { .client_window = 1 };
	struct pair *p = start(&opt);
	struct stream *s = pair_call(p, "/test.T/Chat", NULL);
	char text[10001];
	int before;

	memset(text, 'q', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (int i = 0; i < 100; i++)
		stream_message(p, s, text, i == 99);
	pair_settle(p);
	before = chats;
	assert_true(before > 5 && before < 50);
	assert_true(p->host.buffered < 2 << 20);
	nghttp2_session_set_local_window_size(p->client, NGHTTP2_FLAG_NONE, 0, 1 << 30);
	nghttp2_session_set_local_window_size(p->client, NGHTTP2_FLAG_NONE, s->id, 1 << 30);
	pair_settle(p);
	assert_int_equal(chats, 100);
	assert_int_equal(s->body.len, 100 * (sizeof(text) - 1 + 5));
	assert_int_equal(s->status, 0);
	stop(p);
}

/* ---- floods ---- */

static void answers_pings(void **state)
{
	struct pair *p = start(NULL);

	pair_settle(p);
	for (int i = 0; i < 5000; i++)
		nghttp2_submit_ping(p->client, NGHTTP2_FLAG_NONE, (uint8_t[8]){0});
	pair_settle(p);
	assert_int_equal(p->pongs, 5000);
	assert_false(p->goaway);
	stop(p);
}

static void wants_fewer_pings_on_tcp(void **state)
{
	struct pair_options opt = { .tcp = true };
	struct pair *p = start(&opt);
	struct stream *s;

	for (int i = 0; i < 3; i++) {
		nghttp2_submit_ping(p->client, NGHTTP2_FLAG_NONE, (uint8_t[8]){0});
		pair_settle(p);
	}
	assert_false(p->goaway);
	s = pair_call(p, "/test.T/Echo", NULL);	/* an answer clears the record */
	stream_message(p, s, "x", true);
	pair_settle(p);
	for (int i = 0; i < 4; i++) {
		assert_false(p->goaway);
		nghttp2_submit_ping(p->client, NGHTTP2_FLAG_NONE, (uint8_t[8]){0});
		pair_settle(p);
	}
	assert_true(p->goaway);
	assert_int_equal(p->goaway_code, NGHTTP2_ENHANCE_YOUR_CALM);
	assert_true(h2_session_done(p->server));
	stop(p);
}

static void closes_on_a_flood_of_empty_frames(void **state)
{
	struct pair *p = start(NULL);
	struct stream *s = pair_call(p, "/test.T/Chat", NULL);
	char frame[9] = { 0, 0, 0, NGHTTP2_DATA, 0, 0, 0, 0, 1 };

	pair_settle(p);
	frame[8] = (char)s->id;
	for (int i = 0; i < 10001; i++)
		assert_int_equal(h2_session_input(p->server, frame, sizeof(frame)), 0);
	pair_settle(p);
	assert_true(p->goaway);
	assert_int_equal(p->goaway_code, NGHTTP2_ENHANCE_YOUR_CALM);
	assert_true(h2_session_done(p->server));
	stop(p);
}

/* ---- the end ---- */

static void drains(void **state)
{
	struct pair *p = start(NULL);
	struct stream *running = start_nap(p, "", NULL), *crossing, *late;

	/* A call that the client sends before it hears of the end still counts. */
	h2_session_drain(p->server);
	crossing = pair_call(p, "/test.T/Echo", NULL);
	stream_message(p, crossing, "crossing", true);
	pair_settle(p);
	assert_true(p->goaway);
	assert_int_equal(p->goaway_code, NGHTTP2_NO_ERROR);
	assert_ok(crossing, "crossing");
	assert_false(h2_session_done(p->server));
	late = pair_call(p, "/test.T/Echo", NULL);
	pair_settle(p);
	assert_int_equal(late->status, -1);
	advance(p, 60000);
	assert_ok(running, "awake");
	assert_true(h2_session_done(p->server));
	stop(p);
}

static void fails_what_does_not_end_in_time(void **state)
{
	struct err err = {0};
	struct pair *p = start(NULL);
	struct stream *s = start_nap(p, "", NULL), *deep = start_nap(p, "deep", NULL);

	err_set(&err, GRPC_UNAVAILABLE, "going down");
	h2_session_drain(p->server);
	h2_session_drain_now(p->server);
	h2_session_fail_calls(p->server, &err);
	pair_settle(p);
	assert_failed(s, GRPC_UNAVAILABLE, "going down");
	assert_failed(deep, GRPC_UNAVAILABLE, "going down");
	assert_true(h2_session_done(p->server));
	assert_int_equal(sleeping - slept, 1);
	reactor_advance(p->reactor, 60000);
	err_fini(&err);
	stop(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(speaks_first),
		cmocka_unit_test(closes_on_another_protocol),
		cmocka_unit_test(answers_however_the_request_is_cut),
		cmocka_unit_test(hands_on_metadata),
		cmocka_unit_test(sends_errors_in_one_block),
		cmocka_unit_test(answers_each_head_as_clients_expect),
		cmocka_unit_test(refuses_a_header_list_over_the_limit),
		cmocka_unit_test(refuses_malformed_bodies),
		cmocka_unit_test(stops_a_client_that_still_sends),
		cmocka_unit_test(takes_packed_requests_and_packs_the_answer),
		cmocka_unit_test(refuses_a_packed_bomb),
		cmocka_unit_test(answers_when_the_operation_has_ended),
		cmocka_unit_test(answers_at_the_deadline),
		cmocka_unit_test(answers_at_the_deadline_though_the_operation_runs_on),
		cmocka_unit_test(ends_calls_that_never_get_complete),
		cmocka_unit_test(cancels_at_every_state),
		cmocka_unit_test(cancels_what_has_not_begun),
		cmocka_unit_test(resets_an_answer_nobody_takes_until_the_deadline),
		cmocka_unit_test(survives_a_lost_connection_with_many_calls),
		cmocka_unit_test(outlives_the_server),
		cmocka_unit_test(keeps_a_connection_that_cancels_a_lot),
		cmocka_unit_test(trickles_through_a_tiny_window),
		cmocka_unit_test(survives_a_window_that_shrinks),
		cmocka_unit_test(carries_big_messages_both_ways),
		cmocka_unit_test(bounds_the_memory_of_all_requests),
		cmocka_unit_test(bounds_the_number_of_calls),
		cmocka_unit_test(stops_while_the_transport_is_full),
		cmocka_unit_test(streams_both_ways),
		cmocka_unit_test(ends_streams_without_a_message),
		cmocka_unit_test(holds_back_a_client_that_does_not_read),
		cmocka_unit_test(answers_pings),
		cmocka_unit_test(wants_fewer_pings_on_tcp),
		cmocka_unit_test(closes_on_a_flood_of_empty_frames),
		cmocka_unit_test(drains),
		cmocka_unit_test(fails_what_does_not_end_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
