/* A server session and a raw nghttp2 client joined in memory, in virtual time.
 * The client sends whatever headers and bytes a test wants. */
#ifndef TESTS_H2_PAIR_H
#define TESTS_H2_PAIR_H

#include "h2/session.h"

/* What the client has seen of a stream. */
struct stream {
	struct list link;
	int32_t id;
	/* Upload. */
	struct buf up;
	size_t up_at;
	size_t piece;		/* bytes per DATA frame; 0 = all there is */
	bool up_end;		/* END_STREAM after the last byte */
	/* Answer. */
	unsigned int http;
	int status;		/* grpc-status, -1: none */
	char message[256];	/* grpc-message as sent, cut */
	char encoding[16];
	bool early_status;	/* it came in the first header block */
	struct buf body;
	bool closed;
	uint32_t reset;		/* error code it was closed with */
};

struct pair {
	struct reactor *reactor;
	struct h2_host host;
	struct h2_session *server;	/* NULL after pair_drop */
	nghttp2_session *client;
	struct list streams;
	struct buf to_client;
	bool server_failed;	/* h2_session_input said so */
	bool choked;		/* the transport takes no more from the server */
	bool goaway;
	uint32_t goaway_code;
	int32_t goaway_last;
	int pongs;

	int done;		/* on_rpc_done calls, */
	int done_by_code[17];
	const struct rpc *last_rpc;	/* only to compare */
};

struct pair_options {
	struct grpc_server_options server;
	bool tcp;
	uint32_t client_window;	/* INITIAL_WINDOW_SIZE + 1; 0 = not sent */
	bool manual_window;	/* the client gives no credit by itself */
};

struct pair *pair_new(const struct pair_options *opt, const struct rpc_method *methods, size_t n);
void pair_free(struct pair *p);
/* Carries bytes both ways and runs tasks until nothing moves. */
void pair_settle(struct pair *p);
/* Hands what the client has to say to the server, and lets nobody act on it. */
bool pair_deliver(struct pair *p);
/* The connection is lost. */
void pair_drop(struct pair *p);

/* headers: name, value, …, NULL; names are literals. Sent at the next settle. */
struct stream *pair_request(struct pair *p, const char *const *headers, bool end);
/* A well-formed call of path; extra headers (or NULL) follow. */
struct stream *pair_call(struct pair *p, const char *path, const char *const *extra);
/* Bytes of the body as they are; end closes the client's side after them. */
void stream_send(struct pair *p, struct stream *s, const void *bytes, size_t n, bool end);
/* One message with its prefix. */
void stream_message(struct pair *p, struct stream *s, const char *text, bool end);
void stream_cancel(struct pair *p, struct stream *s);

#endif
