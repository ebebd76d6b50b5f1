/* Bytes to requests: http-parser's callbacks. */
#include <limits.h>
#include <string.h>
#include <strings.h>

#include "net/http1_internal.h"
#include "reactor/sock.h"

static int stop_with(struct http1_conn *c, int status)
{
	c->refuse = status;
	return -1;
}

static int on_message_begin(http_parser *p)
{
	struct http1_conn *c = p->data;

	if (!c->req)
		c->req = request_new(c->server->opt.max_body);
	request_reset(c->req);
	c->head_done = c->in_value = false;
	c->head_bytes = 0;
	c->state = RECEIVING;
	timer_arm(&c->timer, c->server->opt.request_ms);
	return 0;
}

/* Adds a piece to what is under way in text, before the NUL. */
static int add_text(struct http1_conn *c, const char *s, size_t n)
{
	c->head_bytes += n;
	if (c->head_bytes > HTTP1_HEAD_MAX || buf_add(&c->req->text, s, n) < 0)
		return stop_with(c, 431);
	return 0;
}

static int on_url(http_parser *p, const char *s, size_t n)
{
	return add_text(p->data, s, n);
}

static int on_header_field(http_parser *p, const char *s, size_t n)
{
	struct http1_conn *c = p->data;
	struct request *q = c->req;

	if (c->head_done)
		return 0;	/* trailers are of no use to anybody */
	if (q->count == 0 || c->in_value) {
		if (q->count == HTTP1_FIELDS_MAX)
			return stop_with(c, 431);
		buf_addc(&q->text, '\0');	/* ends the target or the last value */
		q->fields[q->count].name = (uint32_t)q->text.len;
		q->fields[q->count++].value = (uint32_t)q->text.len;
		c->in_value = false;
	}
	return add_text(c, s, n);
}

static int on_header_value(http_parser *p, const char *s, size_t n)
{
	struct http1_conn *c = p->data;
	struct request *q = c->req;

	if (c->head_done)
		return 0;
	if (!c->in_value) {
		buf_addc(&q->text, '\0');
		q->fields[q->count - 1].value = (uint32_t)q->text.len;
		c->in_value = true;
	}
	return add_text(c, s, n);
}

/* text: target NUL name NUL value NUL … path NUL; it moves no more after this. */
static void find_target(struct request *q)
{
	size_t path_at, target_len, path_len;
	const char *query;

	buf_addc(&q->text, '\0');
	path_at = q->text.len;
	target_len = strlen(q->text.data);
	path_len = strcspn(q->text.data, "?");
	for (size_t i = 0; i < path_len; i++)
		buf_addc(&q->text, q->text.data[i]);
	buf_addc(&q->text, '\0');
	q->pub.target = q->text.data;
	q->pub.path = q->text.data + path_at;
	query = path_len < target_len ? q->text.data + path_len + 1 : NULL;
	q->pub.query = str_n(query, query ? target_len - path_len - 1 : 0);
}

static bool expects_continue(const struct request *q)
{
	const char *expect = http1_header(&q->pub, "Expect");

	return expect && strcasecmp(expect, "100-continue") == 0;
}

static int on_headers_complete(http_parser *p)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct http1_conn *c = p->data;
	struct request *q = c->req;
	bool has_body = p->flags & F_CHUNKED ||
			(p->content_length > 0 && p->content_length != ULLONG_MAX);

	c->head_done = true;
	find_target(q);
	if (q->text.overflow)
		return stop_with(c, 431);
	q->pub.method = http_method_str((enum http_method)p->method);
	q->head = p->method == HTTP_HEAD;
	if (has_body && !(p->flags & F_CHUNKED) && p->content_length > q->body.max)
		return stop_with(c, 413);
	if (has_body && expects_continue(q))
		sock_write(c->sock, go_on, sizeof(go_on) - 1);
	p->upgrade = 0;		/* no other protocol is spoken here */
	return 0;
}

static int on_body(http_parser *p, const char *s, size_t n)
{
	struct http1_conn *c = p->data;

	return buf_add(&c->req->body, s, n) < 0 ? stop_with(c, 413) : 0;
}

/* Back to feed(): a handler is not called from inside the parser. */
static int on_message_complete(http_parser *p)
{
	struct http1_conn *c = p->data;

	c->keep_alive = http_should_keep_alive(p);
	http_parser_pause(p, 1);
	return 0;
}

const http_parser_settings conn_parser_settings = {
	.on_message_begin = on_message_begin,
	.on_url = on_url,
	.on_header_field = on_header_field,
	.on_header_value = on_header_value,
	.on_headers_complete = on_headers_complete,
	.on_body = on_body,
	.on_message_complete = on_message_complete,
};
