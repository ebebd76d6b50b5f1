/* A small HTTP/1.1 server on http-parser: /debug/ops, /healthz, the front of the
 * simulator. Keep-alive and pipelining (one request of a connection at a time,
 * in order), limits on everything a peer feeds, answers now or later.
 *
 * Answered here, before a handler sees anything: 400 (not HTTP), 408 (too slow),
 * 413 (body), 431 (headers over HTTP1_HEAD_MAX), 503 (too many connections);
 * the connection is closed after each of these. */
#ifndef NET_HTTP1_H
#define NET_HTTP1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "reactor/reactor.h"

#define HTTP1_HEAD_MAX (64u << 10)	/* request line and headers, bytes */
#define HTTP1_FIELDS_MAX 128		/* header fields */

struct http1_server;
struct http1_conn;

/* One request. It lives from the handler's call until http1_reply, http1_fail or
 * http1_abort: exactly one of them is called for every request, from inside the
 * handler or later, also when the peer has gone meanwhile (the answer is then
 * dropped). All memory below is valid until then. */
struct http1_request {
	const char *method;	/* "GET" */
	const char *target;	/* as sent: "/a%20b?x=1" */
	const char *path;	/* as sent, without the query: "/a%20b" */
	struct str query;	/* as sent, without '?'; p == NULL when there was none */
	struct str body;	/* de-chunked; NUL-terminated */
	struct reactor *reactor;
	struct http1_conn *conn;	/* NULL once the peer has gone */
	void *ctx;		/* of http1_server_new */
	/* The handler's. on_gone, if set, is called once when the peer goes away
	 * (or the server is freed) before the answer: stop working, then still
	 * answer; answering from inside on_gone is fine. */
	void *user;
	void (*on_gone)(struct http1_request *req);
};

typedef void http1_handler(struct http1_request *req);

struct http1_server_options {
	size_t max_body;		/* bytes of one request body; 0 = 1 MiB */
	size_t max_connections;		/* 0 = 1024 */
	int64_t request_ms;		/* for one request to come in; 0 = 10 s */
	int64_t idle_ms;		/* between requests, and for a peer that does
					   not read its answer; 0 = 60 s */
	unsigned int socket_mode;	/* of a unix socket; 0 = 0660 */
};

/* opt may be NULL. handle gets every request, with ctx in req->ctx. */
struct http1_server *http1_server_new(struct reactor *r, const struct http1_server_options *opt,
				      http1_handler *handle, void *ctx);
/* Endpoint as in reactor/listener.h; several are fine. */
int http1_server_listen(struct http1_server *s, const char *endpoint, struct err *err);
/* Of the i-th listener, with the port the kernel gave; NULL past the last. */
const char *http1_server_address(const struct http1_server *s, size_t i);
size_t http1_server_connections(const struct http1_server *s);
/* Closes listeners and connections. Requests not answered yet lose their peer
 * (on_gone) and stay valid until answered. NULL is fine. */
void http1_server_free(struct http1_server *s);

/* The value of a request header (case-insensitive name; the first of several),
 * or NULL. */
const char *http1_header(const struct http1_request *req, const char *name);
/* The i-th header field; false past the last. For code that signs requests. */
bool http1_header_at(const struct http1_request *req, size_t i, const char **name,
		     const char **value);
/* The decoded value of a query parameter, or NULL. Lives as long as req. */
const char *http1_query(struct http1_request *req, const char *name);

/* Adds a header to the answer; before http1_reply. Content-Length, Connection
 * and (unless added here) Date come by themselves. */
void http1_add_header(struct http1_request *req, const char *name, const char *value);
/* Answers; copies body. type is the Content-Type, NULL for none. HEAD, 204 and
 * 304 send no body. */
void http1_reply(struct http1_request *req, int status, const char *type, struct str body);
/* A one-line text/plain answer. */
void http1_fail(struct http1_request *req, int status, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Cuts the connection (TCP: by a reset) without an answer. */
void http1_abort(struct http1_request *req);
/* "Not Found"; "Status" for one it does not know. */
const char *http1_status_text(int status);

/* Chooses by path, then by method; 404 and 405 (with Allow) for the rest. A path
 * that ends in '*' fits all that begin so; the first fitting entry wins. A GET
 * entry takes HEAD too. */
struct http1_route {
	const char *method;
	const char *path;
	http1_handler *handle;
};
void http1_dispatch(struct http1_request *req, const struct http1_route *routes, size_t n);

#endif
