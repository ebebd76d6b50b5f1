#include "h2/pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "h2/message.h"

/* ---- what the client hears ---- */

static struct stream *stream_of(nghttp2_session *ng, int32_t id)
{
	return nghttp2_session_get_stream_user_data(ng, id);
}

static int on_header(nghttp2_session *ng, const nghttp2_frame *frame, const uint8_t *name,
		     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
		     void *user)
{
	struct stream *s = stream_of(ng, frame->hd.stream_id);
	const char *n = (const char *)name, *v = (const char *)value;

	if (!s)
		return 0;
	if (strcmp(n, ":status") == 0)
		s->http = (unsigned int)atoi(v);
	if (strcmp(n, "grpc-status") == 0) {
		s->status = atoi(v);
		s->early_status = frame->headers.cat == NGHTTP2_HCAT_RESPONSE;
	}
	if (strcmp(n, "grpc-message") == 0)
		snprintf(s->message, sizeof(s->message), "%s", v);
	if (strcmp(n, "grpc-encoding") == 0)
		snprintf(s->encoding, sizeof(s->encoding), "%s", v);
	return 0;
}

static int on_data_chunk(nghttp2_session *ng, uint8_t flags, int32_t id, const uint8_t *p,
			 size_t n, void *user)
{
	struct stream *s = stream_of(ng, id);

	if (s)
		buf_add(&s->body, p, n);
	return 0;
}

static int on_stream_close(nghttp2_session *ng, int32_t id, uint32_t code, void *user)
{
	struct stream *s = stream_of(ng, id);

	if (s) {
		s->closed = true;
		s->reset = code;
	}
	return 0;
}

static int on_frame_recv(nghttp2_session *ng, const nghttp2_frame *frame, void *user)
{
	struct pair *p = user;

	if (frame->hd.type == NGHTTP2_GOAWAY) {
		p->goaway = true;
		p->goaway_code = frame->goaway.error_code;
		p->goaway_last = frame->goaway.last_stream_id;
	}
	if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK))
		p->pongs++;
	return 0;
}

static ssize_t read_upload(nghttp2_session *ng, int32_t id, uint8_t *out, size_t n,
			   uint32_t *flags, nghttp2_data_source *source, void *user)
{
	struct stream *s = source->ptr;
	size_t left = s->up.len - s->up_at;

	if (s->piece && n > s->piece)
		n = s->piece;
	if (n > left)
		n = left;
	if (n)
		memcpy(out, s->up.data + s->up_at, n);
	s->up_at += n;
	if (s->up_at == s->up.len && s->up_end)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	else if (n == 0)
		return NGHTTP2_ERR_DEFERRED;
	return (ssize_t)n;
}

static void make_client(struct pair *p, uint32_t window, bool manual)
{
	nghttp2_settings_entry iv = { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window - 1 };
	nghttp2_session_callbacks *cb;
	nghttp2_option *opt;

	nghttp2_session_callbacks_new(&cb);
	nghttp2_option_new(&opt);
	nghttp2_option_set_peer_max_concurrent_streams(opt, 1u << 30);
	nghttp2_option_set_no_auto_window_update(opt, manual);
	nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data_chunk);
	nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_stream_close);
	nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame_recv);
	nghttp2_session_client_new2(&p->client, cb, p, opt);
	nghttp2_submit_settings(p->client, NGHTTP2_FLAG_NONE, &iv, window ? 1 : 0);
	nghttp2_session_callbacks_del(cb);
	nghttp2_option_del(opt);
}

/* ---- the server's side ---- */

static bool io_write(void *ctx, const void *bytes, size_t n)
{
	struct pair *p = ctx;

	buf_add(&p->to_client, bytes, n);
	return !p->choked;
}

static void io_wants_flush(void *ctx)
{
}

static const struct h2_session_io io = { .write = io_write, .wants_flush = io_wants_flush };

static void on_rpc_done(void *ctx, const struct rpc *rpc, const struct err *err, int64_t took_ms)
{
	struct pair *p = ctx;

	p->done++;
	p->done_by_code[err->code]++;
	p->last_rpc = rpc;
}

struct pair *pair_new(const struct pair_options *opt, const struct rpc_method *methods, size_t n)
{
	static const struct pair_options defaults;
	struct pair *p = xcalloc(1, sizeof(*p));
	struct grpc_server_options server;

	if (!opt)
		opt = &defaults;
	server = opt->server;
	server.on_rpc_done = on_rpc_done;
	server.ctx = p;
	p->reactor = reactor_new_virtual(0);
	list_init(&p->streams);
	buf_init(&p->to_client, 64 << 20);
	h2_host_init(&p->host, p->reactor, &server);
	h2_host_add(&p->host, methods, n);
	p->server = h2_session_new(&p->host, opt->tcp, &io, p);
	make_client(p, opt->client_window, opt->manual_window);
	return p;
}

void pair_drop(struct pair *p)
{
	if (p->server)
		h2_session_free(p->server, "connection lost");
	p->server = NULL;
}

void pair_free(struct pair *p)
{
	pair_drop(p);
	reactor_settle(p->reactor);
	h2_host_fini(&p->host);
	nghttp2_session_del(p->client);
	list_for_each_safe(l, &p->streams) {
		struct stream *s = list_entry(l, struct stream, link);

		buf_fini(&s->up);
		buf_fini(&s->body);
		free(s);
	}
	buf_fini(&p->to_client);
	reactor_free(p->reactor);
	free(p);
}

bool pair_deliver(struct pair *p)
{
	const uint8_t *bytes;
	bool moved = false;
	ssize_t n;

	while ((n = nghttp2_session_mem_send(p->client, &bytes)) > 0) {
		moved = true;
		if (p->server && !p->server_failed &&
		    h2_session_input(p->server, bytes, (size_t)n) < 0)
			p->server_failed = true;
	}
	return moved;
}

static bool server_to_client(struct pair *p)
{
	bool moved;

	if (p->server && !p->choked)
		h2_session_flush(p->server);
	moved = p->to_client.len > 0 && !p->choked;
	if (!moved)
		return false;
	nghttp2_session_mem_recv(p->client, (uint8_t *)p->to_client.data, p->to_client.len);
	buf_reset(&p->to_client);
	return true;
}

void pair_settle(struct pair *p)
{
	bool moved;

	do {
		moved = pair_deliver(p);
		reactor_settle(p->reactor);
		moved |= server_to_client(p);
	} while (moved);
}

/* ---- requests ---- */

struct stream *pair_request(struct pair *p, const char *const *headers, bool end)
{
	struct stream *s = xcalloc(1, sizeof(*s));
	nghttp2_data_provider source = { .source.ptr = s, .read_callback = read_upload };
	nghttp2_nv nv[64];
	size_t n = 0;

	for (; headers[2 * n]; n++)
		nv[n] = (nghttp2_nv){
			.name = (uint8_t *)(uintptr_t)headers[2 * n],
			.namelen = strlen(headers[2 * n]),
			.value = (uint8_t *)(uintptr_t)headers[2 * n + 1],
			.valuelen = strlen(headers[2 * n + 1]),
			/* Else nghttp2 folds upper case. */
			.flags = NGHTTP2_NV_FLAG_NO_COPY_NAME,
		};
	s->status = -1;
	buf_init(&s->up, 64 << 20);
	buf_init(&s->body, 64 << 20);
	list_add_tail(&p->streams, &s->link);
	s->id = nghttp2_submit_request(p->client, NULL, nv, n, end ? NULL : &source, s);
	return s;
}

struct stream *pair_call(struct pair *p, const char *path, const char *const *extra)
{
	const char *headers[64] = {
		":method", "POST", ":scheme", "http", ":path", path,
		":authority", "localhost", "content-type", "application/grpc",
		"te", "trailers",
	};

	for (size_t i = 0; extra && extra[i]; i++)
		headers[12 + i] = extra[i];
	return pair_request(p, headers, false);
}

void stream_send(struct pair *p, struct stream *s, const void *bytes, size_t n, bool end)
{
	buf_add(&s->up, bytes, n);
	s->up_end = end;
	nghttp2_session_resume_data(p->client, s->id);
}

void stream_message(struct pair *p, struct stream *s, const char *text, bool end)
{
	struct buf b;

	buf_init(&b, 32 << 20);
	message_write(&b, str_c(text), GRPC_IDENTITY);
	stream_send(p, s, b.data, b.len, end);
	buf_fini(&b);
}

void stream_cancel(struct pair *p, struct stream *s)
{
	nghttp2_submit_rst_stream(p->client, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_CANCEL);
}
