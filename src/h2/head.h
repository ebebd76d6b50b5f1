/* The header block of one request: our own checks, since nghttp2's refuse what
 * old clients send (":authority" holding a socket path, or nothing). No I/O. */
#ifndef H2_HEAD_H
#define H2_HEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* What is wrong with a block; the first fault found stays. */
enum head_fault {
	HEAD_OK,
	HEAD_MALFORMED,		/* no HTTP/2 request: reset with PROTOCOL_ERROR */
	HEAD_TOO_LARGE,		/* 431 */
	HEAD_TWO_HOSTS,		/* 400: :authority or host twice */
	HEAD_BAD_BINARY,	/* 400: a -bin field that is no base64 */
};

struct header {
	struct header *next;
	const char *name;
	const char *value;
};

struct request_head {
	size_t limit;		/* on the sum of name + value + 32 */
	size_t size;
	unsigned int seen;	/* bits: pseudo fields and others that come once */
	bool regular;		/* a field that is no pseudo field has come */
	enum head_fault fault;
	int64_t content_length;	/* -1: not given */

	/* NULL: not given. In the arena, as all that follows. */
	const char *method, *path, *content_type, *timeout;
	const char *encoding, *accept_encoding;
	struct header *first, **end;	/* metadata, in order, without grpc-* */
};

void head_init(struct request_head *h, size_t limit);
/* One field, in order of arrival. What is over the limit is counted, not kept. */
void head_add(struct request_head *h, struct arena *a, struct str name, struct str value);
/* After the last field. end_stream: no body follows. */
void head_done(struct request_head *h, bool end_stream);
/* A field of the trailers; their content does not matter to gRPC. */
void head_add_trailer(struct request_head *h, struct str name, struct str value);
/* The first value of a metadata field, or NULL. */
const char *head_get(const struct request_head *h, const char *name);

/* How a request with this head is answered before its method is looked at. */
struct head_answer {
	bool reset;		/* RST_STREAM PROTOCOL_ERROR instead of an answer */
	unsigned int http;	/* status of the answer: 200, 400, 405, 415, 431 */
};
/* 0: go on, *timeout_ms is set (INT64_MAX: none). -1: err and *ret are set. */
int head_check(const struct request_head *h, int64_t *timeout_ms,
	       struct head_answer *ret, struct err *err);

#endif
