/* The server's side of a connection in virtual time: deadlines, cancellation, flow
 * control, streaming, floods, the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "h2/subject.h"

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
	assert_int_equal(subject.begun - subject.released, 1);
	advance(p, 1);
	assert_failed(s, GRPC_DEADLINE_EXCEEDED, "in rpc/nap/sleep");
	assert_int_equal(subject.begun - subject.released, 0);
	assert_int_equal(p->done_by_code[GRPC_DEADLINE_EXCEEDED], 1);
	stop(p);
}

static void answers_at_the_deadline_though_the_operation_runs_on(void **state)
{
	struct pair *p = start(NULL);
	struct stream *s = start_nap(p, "deep", "100m");

	advance(p, 100);
	assert_failed(s, GRPC_DEADLINE_EXCEEDED, "deadline");
	assert_int_equal(subject.begun - subject.released, 1);
	assert_int_equal(h2_session_calls(p->server), 0);
	advance(p, 59900);
	assert_int_equal(subject.begun - subject.released, 0);
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
	assert_int_equal(subject.begun - subject.released, 1);	/* the shielded one */
	assert_int_equal(subject.gone, 1);
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
	assert_int_equal(subject.begun, 1);
	stream_cancel(p, s);
	pair_deliver(p);
	pair_settle(p);
	assert_int_equal(subject.released, 1);
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
	assert_int_equal(subject.begun, 1000);
	pair_drop(p);
	reactor_settle(p->reactor);
	assert_int_equal(subject.released, 500);
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
	assert_int_equal(subject.begun - subject.released, 1);
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
		pair_settle(p);
		stream_cancel(p, s);
		pair_settle(p);
	}
	assert_int_equal(subject.begun, 10000);
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
	assert_int_equal(subject.begun, 2);
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
	assert_int_equal(subject.gone, 0);
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
	assert_int_equal(subject.gone, 1);
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
	before = subject.chats;
	assert_true(before > 5 && before < 50);
	assert_true(p->host.buffered < 2 << 20);
	nghttp2_session_set_local_window_size(p->client, NGHTTP2_FLAG_NONE, 0, 1 << 30);
	nghttp2_session_set_local_window_size(p->client, NGHTTP2_FLAG_NONE, s->id, 1 << 30);
	pair_settle(p);
	assert_int_equal(subject.chats, 100);
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
	assert_int_equal(subject.begun - subject.released, 1);
	reactor_advance(p->reactor, 60000);
	err_fini(&err);
	stop(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(speaks_first),
		cmocka_unit_test(closes_on_another_protocol),
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
