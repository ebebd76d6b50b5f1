/* HTTP client: libcurl multi by its socket action API on the loop. One exchange
 * is one operation. Names are resolved by net/resolve; libcurl never starts a
 * thread. */
#ifndef NET_HTTP_H
#define NET_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "net/resolve.h"
#include "reactor/op.h"

struct http;
struct curl_slist;
struct wire;

struct http_options {
	const char *ca_bundle;		/* file; NULL: $AWS_CA_BUNDLE, then the system's */
	const char *user_agent;		/* NULL: none */
	unsigned int max_connections;	/* 0 = 64 */
	struct resolver_options dns;
};

/* opt may be NULL; its texts are copied but for dns.servers. The proxy is that of
 * the environment at this moment: https_proxy, http_proxy (lower case only for
 * this one), all_proxy, no_proxy. Connections are pooled and reused by all exchanges; what is
 * over the limit waits for a free one (its total time-out runs). */
struct http *http_new(struct reactor *r, const struct http_options *opt);
void http_free(struct http *h);		/* no exchange may be active */
size_t http_connections_opened(const struct http *h);	/* since the start */

/* What a failed exchange may have done at the peer. */
enum http_fault {
	HTTP_FAULT_NONE,
	HTTP_FAULT_NOT_SENT,	/* no byte of the request left: certainly no effect
				   (name, connect, TLS, proxy, bad URL, cancel before) */
	HTTP_FAULT_UNKNOWN,	/* request (partly) sent, answer missing or broken */
};

enum {
	/* On a connection of its own, so that libcurl has no reason to send the
	 * request a second time when a kept connection turns out dead. Set for
	 * every request that must not be repeated. */
	HTTP_FRESH_CONNECTION = 1,
	HTTP_NO_PROXY = 2,	/* ignore http(s)_proxy (IMDS) */
	/* An answer of 400 or more is kept whole in `response` even if on_body is
	 * set: error texts are wanted as text. */
	HTTP_KEEP_ERROR_BODY = 4,
};

/* An exchange ends well when an answer of whatever status has come in whole. It
 * fails with UNAVAILABLE (not reached, cut), DEADLINE_EXCEEDED (time-out),
 * RESOURCE_EXHAUSTED (answer over max_response), INVALID_ARGUMENT (bad URL) or
 * what on_body said; fault tells whether the peer may have acted. A cancel takes
 * the exchange off the wire at once. */
struct http_exchange {
	struct op op;
	struct http *http;

	/* The request: set by the caller between init and start. Strings and body
	 * are the caller's and live as long as the op. */
	const char *method;	/* "GET" */
	const char *url;
	const char *socket_path;	/* a unix socket to reach its host by; NULL: TCP */
	struct str body;	/* sent if body.p is set, or for POST and PUT */
	int flags;
	int64_t connect_ms;	/* 0 = 5 s; name, connect, TLS */
	int64_t total_ms;	/* 0 = 30 s; of all */
	size_t max_response;	/* bytes of the body; 0 = 4 MiB */
	/* Instead of collecting the body: pieces as they come, with status and
	 * headers set; max_response counts them too. Return -1 with err set to give
	 * up. May be NULL. Comes from inside libcurl: start no exchange here. */
	int (*on_body)(struct http_exchange *x, struct str piece, struct err *err);
	void *user;

	/* The answer; released by op_fini. */
	int status;		/* 0: none came */
	struct buf response;	/* the body */
	enum http_fault fault;

	/* Own. */
	struct resolve resolve;
	struct curl_slist *request_headers;
	struct buf response_headers;	/* lines without CRLF, each with its NUL */
	struct timer timer;		/* total_ms */
	struct list queued;		/* waits for a connection, or to be taken off */
	struct wire *wire;		/* while with libcurl */
	char *host;			/* to look up: the URL's or the proxy's */
	int port;
	const char *proxy;
	size_t received;
	bool sent;			/* the request has begun to go out */
	bool head_whole;		/* the empty line after the headers has come */
	struct err body_err;
};

/* Prepares x (zeroed or op_fini'd memory) with the defaults above. */
void http_exchange_init(struct http_exchange *x, struct http *h, const char *method,
			const char *url);
/* After init. Copies. A value with CR, LF or NUL is refused: -1. */
int http_exchange_add_header(struct http_exchange *x, const char *name, const char *value);
/* A response header, or NULL; name without regard to case. The last answer's. */
const char *http_exchange_header(const struct http_exchange *x, const char *name);

#endif
