#include "h2/call.h"

#include <string.h>

#define OUT_MAX (64u << 20)	/* one unary response */
#define STREAM_OUT_MAX (8u << 20)
/* Streaming: above this much unsent output no further request is looked at. */
#define OUT_MARK (256u << 10)
/* For an answer to leave once the deadline has passed. */
#define TAKE_MS 1000
/* The client's stream window bounds what can be held. */
#define HELD_MAX (1u << 20)

/* What a call that reached no method is logged under. */
static const struct rpc_method no_method = { .path = "unknown" };

static void on_deadline(struct timer *t);
static void on_pump(struct task *t);

static bool streaming(const struct call *c)
{
	return c->rpc.method->half_closed;
}

struct call *call_new(struct h2_host *host, struct h2_session *s, int32_t stream)
{
	struct call *c = xcalloc(1, sizeof(*c));

	c->host = host;
	c->session = s;
	c->stream = stream;
	c->rpc.reactor = host->reactor;
	c->rpc.method = &no_method;
	c->rpc.started = reactor_now(host->reactor);
	c->rpc.deadline = INT64_MAX;
	c->rpc.id = ++host->next_id;
	c->pump.run = on_pump;
	arena_init(&c->rpc.arena);
	head_init(&c->head, host->opt.max_header_list);
	timer_init(&c->deadline, host->reactor, on_deadline);
	list_add_tail(&host->calls, &c->on_host);
	host->open++;
	return c;
}

/* Keeps host->buffered true after anything that grew or shrank. */
static void count_bytes(struct call *c)
{
	size_t now = message_reader_size(&c->in) + c->held.cap + c->out.cap;

	if (!c->host)
		return;
	c->host->buffered += now - c->counted;
	c->counted = now;
}

void call_release(struct call *c)
{
	if (c->session || op_active(&c->op))
		return;
	op_fini(&c->op);
	if (c->root && !c->root_started)
		op_fini(c->root);	/* cancelled before its first turn */
	timer_disarm(&c->deadline);
	reactor_cancel_task(&c->pump);
	message_reader_fini(&c->in);
	buf_fini(&c->held);
	buf_fini(&c->out);
	count_bytes(c);
	err_fini(&c->status);
	list_del(&c->on_host);
	arena_fini(&c->rpc.arena);
	free(c);
}

/* ---- the end ---- */

static void decide(struct call *c, const struct err *err)
{
	int64_t now = reactor_now(c->rpc.reactor);

	c->ended = true;
	if (timer_armed(&c->deadline) || c->rpc.deadline <= now)
		timer_arm_at(&c->deadline,
			     (c->rpc.deadline > now ? c->rpc.deadline : now) + TAKE_MS);
	if (err && err_is_set(err))
		err_copy(&c->status, err);
	if (c->host && c->host->opt.on_rpc_done)
		c->host->opt.on_rpc_done(c->host->opt.ctx, &c->rpc, &c->status,
					 now - c->rpc.started);
}

/* Once a message is on its way the status follows it as trailers; before, an
 * error is one header block. */
static void answer(struct call *c, unsigned int http)
{
	if (!c->session)
		return;
	if (c->responded) {
		h2_session_resume(c->session, c);
		return;
	}
	c->responded = true;
	h2_session_respond(c->session, c, http, !err_is_set(&c->status));
}

static void end_http(struct call *c, const struct err *err, unsigned int http)
{
	if (c->ended)
		return;
	decide(c, err);
	answer(c, http);
}

void call_end(struct call *c, const struct err *err)
{
	end_http(c, err, 200);
}

/* Stops whatever works for the call; its end is told to nobody any more. */
static void abandon(struct call *c, const struct err *why)
{
	if (c->rpc.method->gone)
		c->rpc.method->gone(&c->rpc);
	op_cancel(&c->op, why->code, "%s", err_msg(why));
}

void call_abort(struct call *c, const struct err *err)
{
	if (c->ended)
		return;
	call_end(c, err);
	abandon(c, err);
}

void call_reset(struct call *c, uint32_t h2_error, const struct err *err)
{
	if (!c->ended) {
		decide(c, err);
		abandon(c, err);
	}
	if (c->session)
		h2_session_reset(c->session, c, h2_error);
}

void call_stream_closed(struct call *c, const struct err *why)
{
	c->session = NULL;
	list_del(&c->on_session);
	timer_disarm(&c->deadline);
	if (c->host)
		c->host->open--;
	if (!c->ended) {
		decide(c, why);
		abandon(c, why);
	}
	call_release(c);
}

/* A client that does not take its answer in time loses it. */
static void on_deadline(struct timer *t)
{
	struct call *c = container_of(t, struct call, deadline);
	struct err err = {0};

	if (c->ended) {
		call_reset(c, NGHTTP2_CANCEL, NULL);
		return;
	}
	if (err_is_set(&c->op.cancel_err))
		err_copy(&err, &c->op.cancel_err);	/* says where it stood */
	else
		err_set(&err, GRPC_DEADLINE_EXCEEDED, "deadline exceeded after %lld ms",
			(long long)(c->rpc.deadline - c->rpc.started));
	call_abort(c, &err);
	err_fini(&err);
}

/* ---- request head ---- */

static int find_method(struct call *c, struct err *err)
{
	struct str path = str_c(c->head.path), service, method;
	const struct rpc_method *found;

	if (grpc_path_split(path, &service, &method) < 0)
		return err_set(err, GRPC_UNIMPLEMENTED, "malformed method name: \"%s\"",
			       c->head.path);
	found = map_get(&c->host->methods, c->head.path);
	if (found) {
		c->rpc.method = found;
		return 0;
	}
	if (!map_getn(&c->host->services, service.p, service.n))
		return err_set(err, GRPC_UNIMPLEMENTED, "unknown service %.*s", STR(service));
	return err_set(err, GRPC_UNIMPLEMENTED, "unknown method %.*s for service %.*s",
		       STR(method), STR(service));
}

static bool accepts_gzip(const struct request_head *h)
{
	struct str rest = str_c(h->accept_encoding);

	while (h->accept_encoding && rest.p)
		if (str_eq_c(str_trim(str_cut(&rest, ',')), "gzip"))
			return true;
	return false;
}

/* Answers are packed for those who pack their requests and take it back. */
static int set_up(struct call *c, struct err *err)
{
	enum grpc_encoding enc;
	bool many;

	if (c->host->open > c->host->opt.max_calls)
		return err_set(err, GRPC_UNAVAILABLE,
			       "%zu calls are open, the limit is %zu; try again later",
			       c->host->open, c->host->opt.max_calls);
	if (find_method(c, err) < 0)
		return -1;
	if (grpc_encoding_parse(c->head.encoding, &enc) < 0)
		return err_set(err, GRPC_UNIMPLEMENTED,
			       "grpc-encoding \"%s\" is not supported, use one of: "
			       GRPC_ENCODINGS, c->head.encoding);
	many = streaming(c);
	c->reply_encoding = enc == GRPC_GZIP && accepts_gzip(&c->head) ? GRPC_GZIP :
								       GRPC_IDENTITY;
	message_reader_init(&c->in, enc, c->host->opt.max_message);
	buf_init(&c->held, many ? HELD_MAX : 0);
	buf_init(&c->out, many ? STREAM_OUT_MAX : OUT_MAX);
	return 0;
}

void call_head_done(struct call *c, bool end_stream)
{
	struct head_answer how;
	struct err err = {0};
	int64_t timeout;

	head_done(&c->head, end_stream);
	if (head_check(&c->head, &timeout, &how, &err) < 0) {
		if (how.reset)
			call_reset(c, NGHTTP2_PROTOCOL_ERROR, &err);
		else
			end_http(c, &err, how.http);
	} else if (set_up(c, &err) < 0) {
		call_end(c, &err);
	} else if (timeout != INT64_MAX) {
		c->rpc.deadline = c->rpc.started + timeout;
		timer_arm_at(&c->deadline, c->rpc.deadline);
	}
	err_fini(&err);
	if (end_stream)
		call_half_closed(c);
}

/* ---- request body ---- */

static bool over_budget(struct call *c)
{
	struct err err = {0};

	count_bytes(c);
	if (c->host->buffered <= c->host->opt.max_buffered)
		return false;
	err_set(&err, GRPC_UNAVAILABLE,
		"messages of all calls take %zu bytes, the limit is %zu; try again later",
		c->host->buffered, c->host->opt.max_buffered);
	call_abort(c, &err);
	err_fini(&err);
	return true;
}

static int unary_read(struct call *c, struct str in, struct err *err)
{
	while (in.n) {
		int rc;

		if (c->have_msg)
			return err_set(err, GRPC_INTERNAL,
				       "request of a unary call has more than one message");
		rc = message_read(&c->in, &in, &c->msg, err);
		if (rc < 0)
			return -1;
		c->have_msg = rc > 0;
	}
	return 0;
}

static int unary_closed(struct call *c, struct err *err)
{
	if (!c->have_msg && message_read_end(&c->in, err) == 0)
		err_set(err, GRPC_INTERNAL, "request of a unary call has no message");
	if (!c->have_msg)
		return -1;
	c->rpc.method->message(&c->rpc, c->msg);
	return 0;
}

static bool has_room(const struct call *c)
{
	return c->out.len - c->out_at < OUT_MARK;
}

static int stream_read(struct call *c, struct str *in, struct err *err)
{
	while (!c->ended && in->n && has_room(c)) {
		struct str msg;
		int rc = message_read(&c->in, in, &msg, err);

		if (rc < 0)
			return -1;
		if (rc > 0)
			c->rpc.method->message(&c->rpc, msg);
	}
	return 0;
}

/* Streaming: hands on what has come, as far as the client takes the answers. */
static int stream_pump(struct call *c, struct err *err)
{
	struct str in = buf_view(&c->held);
	int rc = stream_read(c, &in, err);
	size_t used = c->held.len - in.n;

	buf_consume(&c->held, used);
	if (used && c->session)
		h2_session_consume(c->session, c, used);
	if (rc < 0)
		return -1;
	if (c->ended || c->held.len || !c->in_closed || c->told_closed)
		return 0;
	if (message_read_end(&c->in, err) < 0)
		return -1;
	c->told_closed = true;
	c->rpc.method->half_closed(&c->rpc);
	return 0;
}

static void fail_on(struct call *c, int rc, struct err *err)
{
	if (rc < 0)
		call_abort(c, err);
	err_fini(err);
}

static void on_pump(struct task *t)
{
	struct call *c = container_of(t, struct call, pump);
	struct err err = {0};

	if (!c->ended)
		fail_on(c, stream_pump(c, &err), &err);
}

/* True when the body does not match content-length; the stream is reset then. */
static bool wrong_length(struct call *c, bool at_end)
{
	int64_t want = c->head.content_length;
	struct err err = {0};

	if (c->ended || want < 0 || c->received == want || (!at_end && c->received < want))
		return false;
	err_set(&err, GRPC_INTERNAL, "body of %lld bytes does not match content-length %lld",
		(long long)c->received, (long long)want);
	call_reset(c, NGHTTP2_PROTOCOL_ERROR, &err);
	err_fini(&err);
	return true;
}

void call_data(struct call *c, struct str bytes)
{
	struct err err = {0};

	c->received += (int64_t)bytes.n;
	if (wrong_length(c, false) || c->ended)
		return;
	if (streaming(c)) {
		if (buf_add(&c->held, bytes.p, bytes.n) < 0)
			err_set(&err, GRPC_RESOURCE_EXHAUSTED,
				"the client sends faster than it reads");
		fail_on(c, err_is_set(&err) ? -1 : stream_pump(c, &err), &err);
	} else {
		h2_session_consume(c->session, c, bytes.n);
		fail_on(c, unary_read(c, bytes, &err), &err);
	}
	if (!c->ended)
		over_budget(c);
}

void call_half_closed(struct call *c)
{
	struct err err = {0};

	c->in_closed = true;
	if (wrong_length(c, true) || c->ended)
		return;
	fail_on(c, streaming(c) ? stream_pump(c, &err) : unary_closed(c, &err), &err);
}

/* ---- response ---- */

int call_send(struct call *c, struct str msg, struct err *err)
{
	if (c->out_at == c->out.len) {
		buf_reset(&c->out);
		c->out_at = 0;
	}
	if (message_write(&c->out, msg, c->reply_encoding) < 0)
		return err_set(err, GRPC_RESOURCE_EXHAUSTED,
			       "response of %zu bytes, with %zu unsent before it, is over the "
			       "limit of %zu", msg.n, c->out.len - c->out_at, c->out.max);
	count_bytes(c);
	if (!streaming(c) || !c->session)
		return 0;
	if (c->responded) {
		h2_session_resume(c->session, c);
		return 0;
	}
	c->responded = true;
	h2_session_respond(c->session, c, 200, true);
	return 0;
}

ssize_t call_read(struct call *c, void *p, size_t n, bool *last)
{
	size_t left = c->out.len - c->out_at;

	if (n > left)
		n = left;
	if (n)
		memcpy(p, c->out.data + c->out_at, n);
	c->out_at += n;
	*last = c->ended && c->out_at == c->out.len;
	if (!c->ended && streaming(c) && (c->held.len || c->in_closed) && has_room(c))
		reactor_defer(c->rpc.reactor, &c->pump);
	return n || *last ? (ssize_t)n : -1;
}
