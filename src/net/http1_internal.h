/* What http1.c (connections), http1_parse.c (bytes to requests) and
 * http1_request.c (requests) share. */
#ifndef NET_HTTP1_INTERNAL_H
#define NET_HTTP1_INTERNAL_H

#include <http_parser.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/list.h"
#include "net/http1.h"
#include "reactor/timer.h"

#define LISTENERS_MAX 4

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

/* Life of a connection:
 *
 *   IDLE -> RECEIVING -> HANDLING -> (BLOCKED ->) IDLE   one request after another
 *     \________\___________\____________\__________-> CLOSED
 *
 * BLOCKED: the answer is still queued above the mark. */
enum conn_state { IDLE, RECEIVING, HANDLING, BLOCKED, CLOSED };

struct http1_server {
	struct reactor *reactor;
	struct http1_server_options opt;
	http1_handler *handle;
	void *ctx;
	struct listener *listeners[LISTENERS_MAX];
	size_t listener_count;
	struct list conns;
	size_t count;
	struct buf out;		/* scratch for heads of answers */
	int64_t date_sec;
	char date[40];
};

struct http1_conn {
	struct list link;		/* on server->conns */
	struct http1_server *server;	/* NULL once closed */
	struct reactor *reactor;
	struct sock *sock;
	struct request *req;		/* NULL before the first byte */
	http_parser parser;
	enum conn_state state;
	struct timer timer;
	struct task resume;
	struct buf ahead;		/* input that waits for the answer before */
	size_t head_bytes;
	int refuse;			/* status a parser callback decided on */
	bool in_handler;
	bool head_done;
	bool in_value;			/* the last header callback was for a value */
	bool keep_alive;
};

struct request *request_new(size_t max_body);
void request_reset(struct request *q);
void request_free(struct request *q);

/* Sends head and body; the connection goes on with the next request. */
void conn_answer(struct http1_conn *c, struct request *q, int status, const char *type,
		 struct str body);
void conn_abort(struct http1_conn *c);

/* Fills c->req; stops (HPE_PAUSED) after each whole request. When a callback gives
 * up, c->refuse is the status to answer with. */
extern const http_parser_settings conn_parser_settings;

#endif
