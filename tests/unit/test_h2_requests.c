/* What the server makes of requests: heads, bodies, encodings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "h2/message.h"
#include "h2/subject.h"

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
	assert_string_equal(subject.header, "one");
	assert_true(subject.deadline == INT64_MAX);
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
	subject.begun++;	/* the doomed one */
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

/* A frame that nghttp2's client would not send. */
static void raw_frame(struct pair *p, uint8_t type, uint8_t flags, int32_t id,
		      const char *payload, size_t n)
{
	char frame[9 + 64] = { 0, 0, (char)n, (char)type, (char)flags, 0, 0, 0, (char)id };

	assert_true(n <= 64);
	memcpy(frame + 9, payload, n);
	if (h2_session_input(p->server, frame, 9 + n) < 0)
		p->server_failed = true;
	pair_settle(p);
}

enum { END_STREAM = 1, END_HEADERS = 4, PADDED = 8 };

static const struct {
	const char *what;
	uint8_t type, flags;
	const char *payload;
	size_t n;
	bool connection;	/* a GOAWAY, else the stream is reset */
	uint32_t code;
} faults[] = {
	/* 0x00 n name n value: a literal field. */
	{ "trailers that do not end the stream", NGHTTP2_HEADERS, END_HEADERS,
	  "\0\1x\1y", 5, false, NGHTTP2_PROTOCOL_ERROR },
	{ "a pseudo field in trailers", NGHTTP2_HEADERS, END_HEADERS | END_STREAM,
	  "\0\5:path\1y", 9, false, NGHTTP2_PROTOCOL_ERROR },
	{ "upper case in trailers", NGHTTP2_HEADERS, END_HEADERS | END_STREAM,
	  "\0\1X\1y", 5, false, NGHTTP2_PROTOCOL_ERROR },
	{ "more padding than frame", NGHTTP2_DATA, PADDED, "\77xx", 3,
	  true, NGHTTP2_PROTOCOL_ERROR },
	{ "a window update of nothing", NGHTTP2_WINDOW_UPDATE, 0, "\0\0\0\0", 4,
	  true, NGHTTP2_PROTOCOL_ERROR },
	{ "a window over the limit", NGHTTP2_WINDOW_UPDATE, 0, "\177\377\377\377", 4,
	  false, NGHTTP2_FLOW_CONTROL_ERROR },
	{ "a broken header block", NGHTTP2_HEADERS, END_HEADERS | END_STREAM, "\0\177x", 3,
	  true, NGHTTP2_COMPRESSION_ERROR },
};

static void resets_calls_that_break_the_rules_midway(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		struct pair *p = start(NULL);
		struct stream *s = pair_call(p, "/test.T/Echo", NULL);

		print_message("# %s\n", faults[i].what);
		stream_send(p, s, "\0\0", 2, false);
		pair_settle(p);
		raw_frame(p, faults[i].type, faults[i].flags, s->id, faults[i].payload,
			  faults[i].n);
		assert_int_equal(p->goaway, faults[i].connection);
		assert_int_equal(p->goaway ? p->goaway_code : s->reset, faults[i].code);
		if (!p->goaway)
			assert_int_equal(h2_session_calls(p->server), 0);
		stop(p);
	}
}

/* A DATA frame of 5 bytes and 255 of padding; both count for flow control. */
static void takes_padding(void **state)
{
	struct pair *p = start(NULL);
	struct stream *s = pair_call(p, "/test.T/Chat", NULL);
	char frame[9 + 1 + 6 + 255] = { 0, 1, 6, NGHTTP2_DATA, PADDED, 0, 0, 0, 0, (char)255 };

	pair_settle(p);
	frame[8] = (char)s->id;
	frame[9 + 1 + 4] = 1;	/* a message of one byte */
	frame[9 + 1 + 5] = 'p';
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(h2_session_input(p->server, frame, sizeof(frame)), 0);
		pair_settle(p);
	}
	assert_false(p->goaway);
	assert_int_equal(s->body.len, 6000);
	stop(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_however_the_request_is_cut),
		cmocka_unit_test(hands_on_metadata),
		cmocka_unit_test(sends_errors_in_one_block),
		cmocka_unit_test(answers_each_head_as_clients_expect),
		cmocka_unit_test(refuses_a_header_list_over_the_limit),
		cmocka_unit_test(refuses_malformed_bodies),
		cmocka_unit_test(stops_a_client_that_still_sends),
		cmocka_unit_test(takes_packed_requests_and_packs_the_answer),
		cmocka_unit_test(refuses_a_packed_bomb),
		cmocka_unit_test(resets_calls_that_break_the_rules_midway),
		cmocka_unit_test(takes_padding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
