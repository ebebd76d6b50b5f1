/* What http1.c (connections) and http1_request.c (requests) share. */
#ifndef NET_HTTP1_INTERNAL_H
#define NET_HTTP1_INTERNAL_H

#include "base/arena.h"
#include "base/buf.h"
#include "net/http1.h"

struct field {
	uint32_t name, value;	/* offsets into text, NUL-terminated there */
};

/* A request with what it is made of. Kept by its connection and used again for
 * the next one, unless the peer goes while a handler still works on it. */
struct request {
	struct http1_request pub;
	struct buf text;	/* target, path, header names and values */
	struct buf body;
	struct buf extra;	/* header lines of the answer */
	struct arena arena;	/* decoded query values */
	struct field fields[HTTP1_FIELDS_MAX];
	size_t count;
	bool head;		/* the answer has no body */
	bool dated;		/* the handler has set Date */
};

struct request *request_new(size_t max_body);
void request_reset(struct request *q);
void request_free(struct request *q);

/* Sends head and body; the connection goes on with the next request. */
void conn_answer(struct http1_conn *c, struct request *q, int status, const char *type,
		 struct str body);
void conn_abort(struct http1_conn *c);

#endif
