#include "h2/session.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "h2/call.h"

#define CONNECTION_WINDOW (1 << 20)	/* many streams share it */
#define EMPTY_DATA_MAX 10000		/* frames that say nothing, a connection */

/* Clients on TCP may ping this often; more than two too early end it. */
#define PING_GAP_MS (5 * 60 * 1000)
#define PING_GAP_IDLE_MS (2 * 60 * 60 * 1000)
#define PING_STRIKES 2

static const uint8_t drain_ping[8] = { 'd', 'r', 'a', 'i', 'n', 'i', 'n', 'g' };

enum drain { DRAIN_NO, DRAIN_NOTICE, DRAIN_FINAL };

struct h2_session {
	nghttp2_session *ng;
	struct h2_host *host;
	const struct h2_session_io *io;
	void *ctx;
	struct list calls;
	size_t n_calls;
	bool tcp;
	bool greeted;
	bool broken;		/* said the last word: close once it is sent */
	enum drain drain;
	unsigned int empty_data;
	int64_t last_ping;	/* -1: none since we sent HEADERS or DATA */
	unsigned int strikes;
};

static void want_flush(struct h2_session *s)
{
	s->io->wants_flush(s->ctx);
}

/* nghttp2_submit_* fail only for a stream that is gone, which is no news. */
static void submitted(struct h2_session *s, int rc)
{
	if (rc != 0)
		log_debug(AREA_H2, "not sent: %s", nghttp2_strerror(rc));
	want_flush(s);
}

static struct call *call_of(struct h2_session *s, int32_t stream)
{
	return nghttp2_session_get_stream_user_data(s->ng, stream);
}

/* ---- incoming frames ---- */

static int on_begin_headers(nghttp2_session *ng, const nghttp2_frame *frame, void *user)
{
	struct h2_session *s = user;
	struct call *c;

	if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	c = call_new(s->host, s, frame->hd.stream_id);
	list_add_tail(&s->calls, &c->on_session);
	s->n_calls++;
	nghttp2_session_set_stream_user_data(ng, frame->hd.stream_id, c);
	return 0;
}

static int on_header(nghttp2_session *ng, const nghttp2_frame *frame, const uint8_t *name,
		     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
		     void *user)
{
	struct call *c = call_of(user, frame->hd.stream_id);
	struct str n = str_n((const char *)name, name_len);
	struct str v = str_n((const char *)value, value_len);

	if (!c)
		return 0;
	if (frame->headers.cat == NGHTTP2_HCAT_REQUEST)
		head_add(&c->head, &c->rpc.arena, n, v);
	else
		head_add_trailer(&c->head, n, v);
	return 0;
}

static void on_trailers(struct call *c, bool end_stream)
{
	struct err err = {0};

	if (c->head.fault == HEAD_OK && end_stream) {
		call_half_closed(c);
		return;
	}
	err_set(&err, GRPC_INTERNAL, "malformed trailers in a request");
	call_reset(c, NGHTTP2_PROTOCOL_ERROR, &err);
	err_fini(&err);
}

static void on_headers(struct h2_session *s, const nghttp2_frame *frame)
{
	struct call *c = call_of(s, frame->hd.stream_id);
	bool end_stream = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;

	if (!c)
		return;
	if (frame->headers.cat == NGHTTP2_HCAT_REQUEST)
		call_head_done(c, end_stream);
	else
		on_trailers(c, end_stream);
}

static void on_data(struct h2_session *s, const nghttp2_frame *frame)
{
	struct call *c = call_of(s, frame->hd.stream_id);

	if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) {
		if (c)
			call_half_closed(c);
	} else if (frame->hd.length == 0 && ++s->empty_data > EMPTY_DATA_MAX) {
		log_warn(AREA_H2, "closing a connection: %u empty DATA frames", s->empty_data);
		submitted(s, nghttp2_session_terminate_session(s->ng,
							       NGHTTP2_ENHANCE_YOUR_CALM));
		s->broken = true;
	}
}

static int on_data_chunk(nghttp2_session *ng, uint8_t flags, int32_t stream,
			 const uint8_t *p, size_t n, void *user)
{
	struct call *c = call_of(user, stream);

	nghttp2_session_consume_connection(ng, n);
	if (c)
		call_data(c, str_n((const char *)p, n));
	return 0;
}

static void too_many_pings(struct h2_session *s)
{
	static const char why[] = "too_many_pings";	/* clients look for this text */

	log_warn(AREA_H2, "closing a connection: it pings too often");
	submitted(s, nghttp2_submit_goaway(s->ng, NGHTTP2_FLAG_NONE,
					   nghttp2_session_get_last_proc_stream_id(s->ng),
					   NGHTTP2_ENHANCE_YOUR_CALM,
					   (const uint8_t *)why, strlen(why)));
	s->broken = true;
}

static void on_ping(struct h2_session *s, const nghttp2_frame *frame)
{
	int64_t now = reactor_now(s->host->reactor);
	int64_t gap = s->n_calls ? PING_GAP_MS : PING_GAP_IDLE_MS;

	if (frame->hd.flags & NGHTTP2_FLAG_ACK) {
		if (memcmp(frame->ping.opaque_data, drain_ping, sizeof(drain_ping)) == 0)
			h2_session_drain_now(s);
		return;
	}
	if (!s->tcp)
		return;
	if (s->last_ping >= 0 && now - s->last_ping < gap && ++s->strikes > PING_STRIKES)
		too_many_pings(s);
	s->last_ping = now;
}

static int on_frame_recv(nghttp2_session *ng, const nghttp2_frame *frame, void *user)
{
	struct h2_session *s = user;

	switch (frame->hd.type) {
	case NGHTTP2_HEADERS:
		on_headers(s, frame);
		break;
	case NGHTTP2_DATA:
		on_data(s, frame);
		break;
	case NGHTTP2_PING:
		on_ping(s, frame);
		break;
	case NGHTTP2_SETTINGS:
		s->greeted = true;
		break;
	}
	return 0;
}

/* ---- outgoing frames ---- */

/* A client still sending is told to stop, but only after the answer has left:
 * queued together with it, the reset would replace it. */
static int on_frame_send(nghttp2_session *ng, const nghttp2_frame *frame, void *user)
{
	struct h2_session *s = user;
	struct call *c;

	if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
		return 0;
	s->last_ping = -1;
	s->strikes = 0;
	if (!(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
		return 0;
	c = call_of(s, frame->hd.stream_id);
	if (c && !c->in_closed)
		submitted(s, nghttp2_submit_rst_stream(ng, NGHTTP2_FLAG_NONE,
						       frame->hd.stream_id, NGHTTP2_NO_ERROR));
	return 0;
}

static int on_stream_close(nghttp2_session *ng, int32_t stream, uint32_t code, void *user)
{
	struct h2_session *s = user;
	struct call *c = call_of(s, stream);
	struct err why = {0};

	if (!c)
		return 0;
	s->n_calls--;
	if (!c->ended)
		err_set(&why, GRPC_CANCELLED, "call cancelled by the client (%s)",
			nghttp2_http2_strerror(code));
	call_stream_closed(c, &why);
	err_fini(&why);
	return 0;
}

/* ---- responses ---- */

struct fields {
	nghttp2_nv nv[8];
	size_t n;
};

static void add_field(struct fields *f, const char *name, struct str value, uint8_t flags)
{
	f->nv[f->n++] = (nghttp2_nv){
		.name = (uint8_t *)(uintptr_t)name, .namelen = strlen(name),
		.value = (uint8_t *)(uintptr_t)value.p, .valuelen = value.n,
		.flags = flags,
	};
}

/* Numbers and texts that stay alive until the fields are submitted. */
struct status_text {
	char code[12];
	struct buf msg;
};

/* An error always has a text: CSI demands it. */
static void add_status(struct fields *f, struct status_text *t, const struct err *status)
{
	const char *msg = err_msg(status);

	if (err_is_set(status) && !*msg)
		msg = grpc_code_name(status->code);
	snprintf(t->code, sizeof(t->code), "%d", (int)status->code);
	buf_init(&t->msg, 2 * GRPC_STATUS_TEXT_MAX);
	grpc_message_encode(&t->msg, str_c(msg));
	add_field(f, "grpc-status", str_c(t->code), NGHTTP2_NV_FLAG_NONE);
	add_field(f, "grpc-message", str_n(buf_cstr(&t->msg), t->msg.len),
		  t->msg.len ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE);
}

/* Trailers must be queued from here: submitted any earlier they overtake the
 * DATA and end the stream without it. */
static ssize_t read_body(nghttp2_session *ng, int32_t stream, uint8_t *p, size_t n,
			 uint32_t *flags, nghttp2_data_source *source, void *user)
{
	struct call *c = source->ptr;
	struct fields f = {0};
	struct status_text t;
	bool last;
	ssize_t got = call_read(c, p, n, &last);

	if (got < 0)
		return NGHTTP2_ERR_DEFERRED;
	if (!last)
		return got;
	*flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
	add_status(&f, &t, &c->status);
	nghttp2_submit_trailer(ng, stream, f.nv, f.n);
	buf_fini(&t.msg);
	return got;
}

void h2_session_respond(struct h2_session *s, struct call *c, unsigned int http, bool body)
{
	nghttp2_data_provider source = { .source.ptr = c, .read_callback = read_body };
	enum grpc_content content = grpc_content_parse(str_c(c->head.content_type));
	struct fields f = {0};
	struct status_text t = {0};
	char status[12];

	snprintf(status, sizeof(status), "%u", http);
	add_field(&f, ":status", str_c(status), NGHTTP2_NV_FLAG_NONE);
	add_field(&f, "content-type",
		  str_c(content == GRPC_CONTENT_PROTO ? "application/grpc+proto" :
							"application/grpc"),
		  NGHTTP2_NV_FLAG_NONE);
	if (body && c->reply_encoding == GRPC_GZIP)
		add_field(&f, "grpc-encoding", str_c("gzip"), NGHTTP2_NV_FLAG_NONE);
	add_field(&f, "grpc-accept-encoding", str_c(GRPC_ENCODINGS), NGHTTP2_NV_FLAG_NONE);
	if (!body)
		add_status(&f, &t, &c->status);
	submitted(s, nghttp2_submit_response(s->ng, c->stream, f.nv, f.n,
					     body ? &source : NULL));
	buf_fini(&t.msg);
}

void h2_session_resume(struct h2_session *s, struct call *c)
{
	nghttp2_session_resume_data(s->ng, c->stream);	/* fails if not deferred: fine */
	want_flush(s);
}

void h2_session_reset(struct h2_session *s, struct call *c, uint32_t h2_error)
{
	submitted(s, nghttp2_submit_rst_stream(s->ng, NGHTTP2_FLAG_NONE, c->stream, h2_error));
}

void h2_session_consume(struct h2_session *s, struct call *c, size_t n)
{
	nghttp2_session_consume_stream(s->ng, c->stream, n);
	want_flush(s);
}

/* ---- life ---- */

static void submit_settings(struct h2_session *s)
{
	const nghttp2_settings_entry iv[] = {
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, (uint32_t)s->host->opt.max_header_list },
		{ NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1 },
	};

	nghttp2_submit_settings(s->ng, NGHTTP2_FLAG_NONE, iv, ARRAY_SIZE(iv));
	nghttp2_session_set_local_window_size(s->ng, NGHTTP2_FLAG_NONE, 0, CONNECTION_WINDOW);
}

struct h2_session *h2_session_new(struct h2_host *host, bool tcp,
				  const struct h2_session_io *io, void *ctx)
{
	struct h2_session *s = xcalloc(1, sizeof(*s));

	s->host = host;
	s->io = io;
	s->ctx = ctx;
	s->tcp = tcp;
	s->last_ping = -1;
	list_init(&s->calls);
	if (nghttp2_session_server_new2(&s->ng, host->callbacks, s,
					tcp ? host->remote : host->local) != 0)
		abort();	/* out of memory */
	submit_settings(s);
	return s;
}

/* nghttp2 tells nothing of the streams that go down with a session. */
void h2_session_free(struct h2_session *s, const char *why)
{
	struct err err = {0};

	err_set(&err, GRPC_CANCELLED, "%s", why);
	list_for_each_safe(l, &s->calls)
		call_stream_closed(list_entry(l, struct call, on_session), &err);
	err_fini(&err);
	nghttp2_session_del(s->ng);
	free(s);
}

int h2_session_input(struct h2_session *s, const void *p, size_t n)
{
	ssize_t rc;

	if (s->broken)
		return 0;	/* only waits for its GOAWAY to leave */
	rc = nghttp2_session_mem_recv(s->ng, p, n);
	if (rc >= 0)
		return 0;
	log_debug(AREA_H2, "connection broken: %s", nghttp2_strerror((int)rc));
	s->broken = true;
	return -1;
}

/* Collects frames, so that a write carries many. */
void h2_session_flush(struct h2_session *s)
{
	char *scratch = s->host->scratch;
	const uint8_t *p;
	size_t used = 0;
	bool room = true;
	ssize_t n;

	while (room && (n = nghttp2_session_mem_send(s->ng, &p)) > 0) {
		if (used + (size_t)n > H2_SCRATCH) {
			room = s->io->write(s->ctx, scratch, used);
			used = 0;
		}
		memcpy(scratch + used, p, (size_t)n);
		used += (size_t)n;
	}
	if (used)
		s->io->write(s->ctx, scratch, used);
}

bool h2_session_done(const struct h2_session *s)
{
	if (nghttp2_session_want_write(s->ng))
		return false;
	if (s->broken || s->drain == DRAIN_FINAL)
		return s->broken || s->n_calls == 0;
	return s->drain == DRAIN_NO && !nghttp2_session_want_read(s->ng);
}

bool h2_session_greeted(const struct h2_session *s)
{
	return s->greeted;
}

size_t h2_session_calls(const struct h2_session *s)
{
	return s->n_calls;
}

void h2_session_drain(struct h2_session *s)
{
	if (s->drain != DRAIN_NO)
		return;
	s->drain = DRAIN_NOTICE;
	nghttp2_submit_shutdown_notice(s->ng);
	submitted(s, nghttp2_submit_ping(s->ng, NGHTTP2_FLAG_NONE, drain_ping));
}

void h2_session_drain_now(struct h2_session *s)
{
	if (s->drain == DRAIN_FINAL)
		return;
	s->drain = DRAIN_FINAL;
	submitted(s, nghttp2_submit_goaway(s->ng, NGHTTP2_FLAG_NONE,
					   nghttp2_session_get_last_proc_stream_id(s->ng),
					   NGHTTP2_NO_ERROR, NULL, 0));
}

void h2_session_fail_calls(struct h2_session *s, const struct err *err)
{
	list_for_each_safe(l, &s->calls)
		call_abort(list_entry(l, struct call, on_session), err);
}

nghttp2_session_callbacks *h2_session_callbacks(void)
{
	nghttp2_session_callbacks *cb;

	if (nghttp2_session_callbacks_new(&cb) != 0)
		abort();
	nghttp2_session_callbacks_set_on_begin_headers_callback(cb, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame_recv);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data_chunk);
	nghttp2_session_callbacks_set_on_frame_send_callback(cb, on_frame_send);
	nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_stream_close);
	return cb;
}
