#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/encode.h"
#include "net/http1_internal.h"

#define KEEP_BODY (16u << 10)	/* an idle connection holds no more than this */
#define EXTRA_MAX (32u << 10)

static struct request *of(const struct http1_request *req)
{
	return container_of(req, struct request, pub);
}

struct request *request_new(size_t max_body)
{
	struct request *q = xcalloc(1, sizeof(*q));

	/* Names and values with their NULs and the path a second time: always less
	 * than twice what the parser lets through. */
	buf_init(&q->text, 2 * HTTP1_HEAD_MAX + 2 * HTTP1_FIELDS_MAX + 64);
	buf_init(&q->body, max_body);
	buf_init(&q->extra, EXTRA_MAX);
	return q;
}

void request_reset(struct request *q)
{
	memset(&q->pub, 0, sizeof(q->pub));
	buf_reset(&q->text);
	if (q->body.cap > KEEP_BODY)
		buf_fini(&q->body);
	buf_reset(&q->body);
	buf_reset(&q->extra);
	arena_fini(&q->arena);
	q->count = 0;
	q->head = q->dated = false;
}

void request_free(struct request *q)
{
	if (!q)
		return;
	buf_fini(&q->text);
	buf_fini(&q->body);
	buf_fini(&q->extra);
	arena_fini(&q->arena);
	free(q);
}

/* ---- what came ---- */

bool http1_header_at(const struct http1_request *req, size_t i, const char **name,
		     const char **value)
{
	const struct request *q = of(req);

	if (i >= q->count)
		return false;
	*name = q->text.data + q->fields[i].name;
	*value = q->text.data + q->fields[i].value;
	return true;
}

const char *http1_header(const struct http1_request *req, const char *name)
{
	const char *have, *value;

	for (size_t i = 0; http1_header_at(req, i, &have, &value); i++) {
		if (strcasecmp(have, name) == 0)
			return value;
	}
	return NULL;
}

const char *http1_query(struct http1_request *req, const char *name)
{
	struct str rest = req->query;
	const char *found = NULL;
	struct buf key, value;

	buf_init(&key, HTTP1_HEAD_MAX);
	buf_init(&value, HTTP1_HEAD_MAX);
	while (rest.p && !found) {
		struct str pair = str_cut(&rest, '&');

		buf_reset(&key);
		buf_reset(&value);
		if (decode_percent(&key, str_cut(&pair, '='), 1) == 0 &&
		    strcmp(buf_cstr(&key), name) == 0 && decode_percent(&value, pair, 1) == 0)
			found = arena_str(&of(req)->arena, buf_cstr(&value));
	}
	buf_fini(&key);
	buf_fini(&value);
	return found;
}

/* ---- what goes ---- */

static void add_clean(struct buf *b, const char *s)
{
	for (; *s; s++)
		buf_addc(b, (unsigned char)*s < 0x20 && *s != '\t' ? ' ' : *s);
}

void http1_add_header(struct http1_request *req, const char *name, const char *value)
{
	struct request *q = of(req);

	q->dated |= strcasecmp(name, "Date") == 0;
	add_clean(&q->extra, name);
	buf_adds(&q->extra, ": ");
	add_clean(&q->extra, value);
	buf_adds(&q->extra, "\r\n");
}

void http1_reply(struct http1_request *req, int status, const char *type, struct str body)
{
	if (req->conn)
		conn_answer(req->conn, of(req), status, type, body);
	else
		request_free(of(req));
}

void http1_fail(struct http1_request *req, int status, const char *fmt, ...)
{
	struct buf text;
	va_list ap;

	buf_init(&text, 8192);
	va_start(ap, fmt);
	if (buf_vprintf(&text, fmt, ap) < 0 || buf_addc(&text, '\n') < 0) {
		buf_reset(&text);
		buf_printf(&text, "%s\n", http1_status_text(status));
	}
	va_end(ap);
	http1_reply(req, status, "text/plain; charset=utf-8", buf_view(&text));
	buf_fini(&text);
}

void http1_abort(struct http1_request *req)
{
	if (req->conn)
		conn_abort(req->conn);
	else
		request_free(of(req));
}

const char *http1_status_text(int status)
{
	static const struct {
		int status;
		const char *text;
	} known[] = {
		{ 100, "Continue" }, { 200, "OK" }, { 201, "Created" }, { 202, "Accepted" },
		{ 204, "No Content" }, { 206, "Partial Content" }, { 301, "Moved Permanently" },
		{ 302, "Found" }, { 304, "Not Modified" }, { 400, "Bad Request" },
		{ 401, "Unauthorized" }, { 403, "Forbidden" }, { 404, "Not Found" },
		{ 405, "Method Not Allowed" }, { 408, "Request Timeout" }, { 409, "Conflict" },
		{ 410, "Gone" }, { 412, "Precondition Failed" }, { 413, "Payload Too Large" },
		{ 429, "Too Many Requests" }, { 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" }, { 501, "Not Implemented" },
		{ 502, "Bad Gateway" }, { 503, "Service Unavailable" },
		{ 504, "Gateway Timeout" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (known[i].status == status)
			return known[i].text;
	}
	return "Status";
}

/* ---- routes ---- */

static bool path_fits(const char *path, const char *pattern)
{
	size_t n = strlen(pattern);

	if (n && pattern[n - 1] == '*')
		return strncmp(path, pattern, n - 1) == 0;
	return strcmp(path, pattern) == 0;
}

static bool method_fits(const char *method, const struct http1_route *route)
{
	return strcmp(method, route->method) == 0 ||
	       (strcmp(method, "HEAD") == 0 && strcmp(route->method, "GET") == 0);
}

void http1_dispatch(struct http1_request *req, const struct http1_route *routes, size_t n)
{
	char allow[128] = "";
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		if (!path_fits(req->path, routes[i].path))
			continue;
		if (method_fits(req->method, &routes[i])) {
			routes[i].handle(req);
			return;
		}
		if (len < sizeof(allow))
			len += (size_t)snprintf(allow + len, sizeof(allow) - len, "%s%s",
						len ? ", " : "", routes[i].method);
	}
	if (!len) {
		http1_fail(req, 404, "%s: not found", req->path);
		return;
	}
	http1_add_header(req, "Allow", allow);
	http1_fail(req, 405, "%s: %s is not allowed, use %s", req->path, req->method, allow);
}
