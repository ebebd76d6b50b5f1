#include "h2/client.h"

#include <nghttp2/nghttp2.h>
#include <string.h>

#include "base/log.h"
#include "h2/message.h"
#include "reactor/sock.h"

#define STREAM_WINDOW (1 << 20)
#define CONNECTION_WINDOW (16 << 20)

struct grpc_client {
	struct reactor *reactor;
	struct sock *sock;	/* NULL once closed */
	nghttp2_session *ng;
	struct list calls;	/* exchanges */
	struct task flush;
	bool connected;		/* the server's SETTINGS have come */
	bool was_connected;
	bool blocked;
	struct err lost;	/* set: why no new call can start */
};

/* What a call is while it is on the wire. The stream's user data, until the call
 * has ended; a stream may live longer than its call. */
struct exchange {
	struct grpc_call *call;
	struct list link;
	int32_t stream;
	struct buf out;
	size_t out_at;
	struct message_reader in;
	unsigned int http;
	enum grpc_encoding encoding;
	size_t messages;
	bool has_status;
	enum grpc_code code;
	struct buf text;	/* of grpc-message, decoded */
	struct err broken;	/* a response that cannot be read */
};

static void want_flush(struct grpc_client *c)
{
	if (c->sock)
		reactor_defer(c->reactor, &c->flush);
}

/* ---- ends of calls ---- */

/* x is left to op_fini. */
static void detach(struct grpc_client *c, struct exchange *x)
{
	list_del(&x->link);
	nghttp2_session_set_stream_user_data(c->ng, x->stream, NULL);
}

static void exchange_end(struct grpc_client *c, struct exchange *x)
{
	detach(c, x);
	op_finish(&x->call->op);
}

/* No new call from here on; those on the wire end if `now`. */
static void lose(struct grpc_client *c, const char *why)
{
	if (!err_is_set(&c->lost))
		err_set(&c->lost, GRPC_UNAVAILABLE, "%s", why);
	c->connected = false;
}

static void lose_now(struct grpc_client *c, const char *why)
{
	lose(c, why);
	if (c->sock)
		sock_close(c->sock, 0);
	c->sock = NULL;
	reactor_cancel_task(&c->flush);
	list_for_each_safe(l, &c->calls) {
		struct exchange *x = list_entry(l, struct exchange, link);

		op_err(&x->call->op, GRPC_UNAVAILABLE, "%s", why);
		exchange_end(c, x);
	}
}

static void judge(struct exchange *x, uint32_t reset)
{
	struct op *op = &x->call->op;

	if (err_is_set(&x->broken))
		err_move(&op->err, &x->broken);
	else if (x->has_status && x->code != GRPC_OK)
		op_err(op, x->code, "%s", buf_cstr(&x->text));
	else if (x->has_status && x->messages != 1)
		op_err(op, GRPC_INTERNAL, "answer has %zu messages, expected 1", x->messages);
	else if (x->has_status)
		return;
	else if (x->http && x->http != 200)
		op_err(op, grpc_code_of_http(x->http), "HTTP status %u", x->http);
	else if (reset)
		op_err(op, grpc_code_of_reset(reset), "stream reset by the server: %s",
		       nghttp2_http2_strerror(reset));
	else
		op_err(op, GRPC_UNKNOWN, "answer without grpc-status");
}

/* ---- incoming ---- */

static int on_header(nghttp2_session *ng, const nghttp2_frame *frame, const uint8_t *name,
		     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
		     void *user)
{
	struct exchange *x = nghttp2_session_get_stream_user_data(ng, frame->hd.stream_id);
	struct str n = str_n((const char *)name, name_len);
	struct str v = str_n((const char *)value, value_len);

	if (!x)
		return 0;
	if (str_eq_c(n, ":status"))
		x->http = (unsigned int)strtoul((const char *)value, NULL, 10);
	else if (str_eq_c(n, "grpc-encoding"))
		x->encoding = str_eq_c(v, "gzip") ? GRPC_GZIP : GRPC_IDENTITY;
	else if (str_eq_c(n, "grpc-message"))
		grpc_message_decode(&x->text, v);
	if (!str_eq_c(n, "grpc-status"))
		return 0;
	x->has_status = true;
	x->code = grpc_status_parse(v);
	return 0;
}

static int on_frame_recv(nghttp2_session *ng, const nghttp2_frame *frame, void *user)
{
	struct grpc_client *c = user;
	struct exchange *x;

	switch (frame->hd.type) {
	case NGHTTP2_SETTINGS:
		c->connected = !err_is_set(&c->lost);
		c->was_connected |= c->connected;
		break;
	case NGHTTP2_GOAWAY:
		lose(c, "the server is shutting down");
		break;
	case NGHTTP2_HEADERS:
		x = nghttp2_session_get_stream_user_data(ng, frame->hd.stream_id);
		if (x && frame->headers.cat == NGHTTP2_HCAT_RESPONSE)
			x->in.encoding = x->encoding;
		break;
	}
	return 0;
}

static int on_data_chunk(nghttp2_session *ng, uint8_t flags, int32_t stream,
			 const uint8_t *p, size_t n, void *user)
{
	struct exchange *x = nghttp2_session_get_stream_user_data(ng, stream);
	struct str in = str_n((const char *)p, n), msg;

	while (x && in.n && !err_is_set(&x->broken)) {
		if (message_read(&x->in, &in, &msg, &x->broken) <= 0)
			continue;
		x->messages++;
		buf_reset(&x->call->response);
		buf_add(&x->call->response, msg.p, msg.n);
	}
	return 0;
}

static int on_stream_close(nghttp2_session *ng, int32_t stream, uint32_t code, void *user)
{
	struct exchange *x = nghttp2_session_get_stream_user_data(ng, stream);

	if (!x)
		return 0;
	judge(x, code);
	exchange_end(user, x);
	return 0;
}

/* ---- outgoing ---- */

static ssize_t read_body(nghttp2_session *ng, int32_t stream, uint8_t *p, size_t n,
			 uint32_t *flags, nghttp2_data_source *source, void *user)
{
	struct exchange *x = nghttp2_session_get_stream_user_data(ng, stream);
	size_t left;

	if (!x)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	left = x->out.len - x->out_at;
	if (n > left)
		n = left;
	memcpy(p, x->out.data + x->out_at, n);
	x->out_at += n;
	if (n == left)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)n;
}

static void flush_now(struct grpc_client *c)
{
	char scratch[16 << 10];
	const uint8_t *p;
	size_t used = 0;
	bool room = true;
	ssize_t n;

	while (room && (n = nghttp2_session_mem_send(c->ng, &p)) > 0) {
		if (used + (size_t)n > sizeof(scratch)) {
			room = sock_write(c->sock, scratch, used);
			used = 0;
		}
		if ((size_t)n > sizeof(scratch)) {
			room = sock_write(c->sock, p, (size_t)n);
			continue;
		}
		memcpy(scratch + used, p, (size_t)n);
		used += (size_t)n;
	}
	if (used)
		room = sock_write(c->sock, scratch, used);
	c->blocked = !room;
}

static void flush_or_close(struct grpc_client *c)
{
	if (c->sock && !c->blocked)
		flush_now(c);
	if (c->sock && !nghttp2_session_want_read(c->ng) && !nghttp2_session_want_write(c->ng))
		lose_now(c, "the server has ended the connection");
}

static void on_flush(struct task *t)
{
	flush_or_close(container_of(t, struct grpc_client, flush));
}

/* ---- socket ---- */

static void on_data(void *ctx, const void *p, size_t n)
{
	struct grpc_client *c = ctx;
	ssize_t rc;

	if (!c->sock)
		return;
	rc = nghttp2_session_mem_recv(c->ng, p, n);
	if (rc < 0)
		lose_now(c, "the server does not speak HTTP/2");
	else
		flush_or_close(c);
}

static void on_eof(void *ctx, const struct err *err)
{
	struct grpc_client *c = ctx;
	auto_free char *why = NULL;

	if (err && err_is_set(err))
		why = xasprintf("connection lost: %s", err_msg(err));
	lose_now(c, why ? why : "connection closed by the server");
}

static void on_drained(void *ctx)
{
	struct grpc_client *c = ctx;

	c->blocked = false;
	want_flush(c);
}

static const struct sock_handler sock_handler = {
	.data = on_data,
	.eof = on_eof,
	.drained = on_drained,
};

/* ---- life ---- */

static void make_session(struct grpc_client *c)
{
	static const nghttp2_settings_entry iv[] = {
		{ NGHTTP2_SETTINGS_ENABLE_PUSH, 0 },
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW },
	};
	nghttp2_session_callbacks *cb;
	nghttp2_option *opt;

	if (nghttp2_session_callbacks_new(&cb) != 0 || nghttp2_option_new(&opt) != 0)
		abort();
	nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame_recv);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data_chunk);
	nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_stream_close);
	/* Until the server's SETTINGS say otherwise any number of calls may run. */
	nghttp2_option_set_peer_max_concurrent_streams(opt, 1u << 30);
	if (nghttp2_session_client_new2(&c->ng, cb, c, opt) != 0)
		abort();
	nghttp2_option_del(opt);
	nghttp2_session_callbacks_del(cb);
	nghttp2_submit_settings(c->ng, NGHTTP2_FLAG_NONE, iv, ARRAY_SIZE(iv));
	nghttp2_session_set_local_window_size(c->ng, NGHTTP2_FLAG_NONE, 0, CONNECTION_WINDOW);
}

struct grpc_client *grpc_client_new(struct reactor *r, const char *endpoint, struct err *err)
{
	struct grpc_client *c;
	int fd;

	if (sock_connect(endpoint, &fd, err) < 0)
		return NULL;
	c = xcalloc(1, sizeof(*c));
	c->reactor = r;
	list_init(&c->calls);
	c->flush.run = on_flush;
	c->sock = sock_new(r, fd, &sock_handler, c);
	make_session(c);
	want_flush(c);
	return c;
}

void grpc_client_free(struct grpc_client *c)
{
	if (!c)
		return;
	list_for_each_safe(l, &c->calls) {
		struct exchange *x = list_entry(l, struct exchange, link);

		op_err(&x->call->op, GRPC_CANCELLED, "the client is closed");
		exchange_end(c, x);
	}
	reactor_cancel_task(&c->flush);
	if (c->sock) {
		nghttp2_submit_goaway(c->ng, NGHTTP2_FLAG_NONE, 0, NGHTTP2_NO_ERROR, NULL, 0);
		if (!c->blocked)
			flush_now(c);
		sock_close(c->sock, 0);	/* the end of the stream says the rest */
	}
	nghttp2_session_del(c->ng);
	err_fini(&c->lost);
	free(c);
}

bool grpc_client_connected(const struct grpc_client *c)
{
	return c->connected;
}

bool grpc_client_was_connected(const struct grpc_client *c)
{
	return c->was_connected;
}

/* ---- a call ---- */

static struct exchange *exchange_new(struct grpc_call *call)
{
	struct exchange *x = xcalloc(1, sizeof(*x));

	x->call = call;
	message_reader_init(&x->in, GRPC_IDENTITY, call->response.max);
	buf_init(&x->text, 2 * GRPC_STATUS_TEXT_MAX);
	buf_init(&x->out, call->request.max + GRPC_PREFIX);
	message_write(&x->out, buf_view(&call->request), GRPC_IDENTITY);
	return x;
}

#define FIELD(name_, value_) { \
	.name = (uint8_t *)(uintptr_t)(name_), .namelen = strlen(name_), \
	.value = (uint8_t *)(uintptr_t)(value_), .valuelen = strlen(value_) }

static int submit(struct grpc_client *c, struct exchange *x)
{
	char timeout[GRPC_TIMEOUT_SIZE] = "";
	int64_t left = op_time_left(&x->call->op);
	nghttp2_data_provider source = { .read_callback = read_body };

	if (left != INT64_MAX)
		grpc_timeout_format(timeout, left);
	const nghttp2_nv nv[] = {
		FIELD(":method", "POST"), FIELD(":scheme", "http"),
		FIELD(":path", x->call->path), FIELD(":authority", "localhost"),
		FIELD("content-type", "application/grpc"), FIELD("user-agent", "ebs-csid"),
		FIELD("te", "trailers"), FIELD("grpc-accept-encoding", GRPC_ENCODINGS),
		FIELD("grpc-timeout", timeout),
	};
	x->stream = nghttp2_submit_request(c->ng, NULL, nv,
					   ARRAY_SIZE(nv) - (left == INT64_MAX), &source, x);
	return x->stream;
}

static enum op_verdict grpc_call_start(struct op *op)
{
	struct grpc_call *call = container_of(op, struct grpc_call, op);
	struct grpc_client *c = call->client;
	struct exchange *x;

	if (err_is_set(&c->lost))
		return op_fail(op, c->lost.code, "%s", err_msg(&c->lost));
	call->impl = x = exchange_new(call);
	if (submit(c, x) < 0)
		return op_fail(op, GRPC_UNAVAILABLE, "no stream left on the connection: %s",
			       nghttp2_strerror(x->stream));
	list_add_tail(&c->calls, &x->link);
	want_flush(c);
	return OP_PENDING;
}

static void grpc_call_stop(struct op *op)
{
	struct grpc_call *call = container_of(op, struct grpc_call, op);
	struct exchange *x = call->impl;

	nghttp2_submit_rst_stream(call->client->ng, NGHTTP2_FLAG_NONE, x->stream,
				  NGHTTP2_CANCEL);
	want_flush(call->client);
	exchange_end(call->client, x);
}

static void grpc_call_fini(struct op *op)
{
	struct grpc_call *call = container_of(op, struct grpc_call, op);
	struct exchange *x = call->impl;

	buf_fini(&call->request);
	buf_fini(&call->response);
	if (!x)
		return;
	message_reader_fini(&x->in);
	buf_fini(&x->out);
	buf_fini(&x->text);
	err_fini(&x->broken);
	free(x);
	call->impl = NULL;
}

static void grpc_call_describe(const struct op *op, struct buf *out)
{
	buf_adds(out, container_of(op, struct grpc_call, op)->path);
}

static const struct op_class grpc_call_class = {
	.name = "grpc_call",
	.stop = grpc_call_stop,
	.fini = grpc_call_fini,
	.describe = grpc_call_describe,
};

void grpc_call_init(struct grpc_call *call, struct grpc_client *c, const char *path)
{
	op_init(&call->op, &grpc_call_class, c->reactor, grpc_call_start);
	call->client = c;
	call->path = path;
	call->impl = NULL;
	buf_init(&call->request, GRPC_MAX_MESSAGE);
	buf_init(&call->response, GRPC_MAX_MESSAGE);
}
