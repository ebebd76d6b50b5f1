/* One HTTP/2 connection of the server without its socket: bytes in, bytes out,
 * calls in between. Internal to h2; conn.c and the fuzz target feed it. */
#ifndef H2_SESSION_H
#define H2_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "h2/host.h"

struct call;
struct h2_session;

struct h2_session_io {
	/* Takes all bytes; false: the peer does not read fast enough, no more
	 * until the next h2_session_flush. */
	bool (*write)(void *ctx, const void *p, size_t n);
	/* Something made outside of h2_session_input waits for a flush. May
	 * come often and from anywhere: only note it. */
	void (*wants_flush)(void *ctx);
};

/* Queues SETTINGS; the caller flushes at once, before any input. */
struct h2_session *h2_session_new(struct h2_host *host, bool tcp,
				  const struct h2_session_io *io, void *ctx);
/* Its open calls end as CANCELLED with why as text. */
void h2_session_free(struct h2_session *s, const char *why);

/* -1: the peer broke the protocol beyond repair; flush (a GOAWAY may be queued),
 * then close. The caller flushes in any case. */
int h2_session_input(struct h2_session *s, const void *p, size_t n);
void h2_session_flush(struct h2_session *s);
/* Nothing more to read or write: close. */
bool h2_session_done(const struct h2_session *s);
bool h2_session_greeted(const struct h2_session *s);	/* client SETTINGS seen */
size_t h2_session_calls(const struct h2_session *s);

/* Graceful end: GOAWAY that refuses nothing yet, and a PING; the second GOAWAY
 * follows the PING's answer, or h2_session_drain_now if it does not come. */
void h2_session_drain(struct h2_session *s);
void h2_session_drain_now(struct h2_session *s);
/* Answers what is open with err and cancels its operations. */
void h2_session_fail_calls(struct h2_session *s, const struct err *err);

/* For every session of a host. */
nghttp2_session_callbacks *h2_session_callbacks(void);

/* ---- for call.c ---- */

/* Response head; body: DATA and trailers follow from call_read, else the head
 * carries the status and ends the stream. */
void h2_session_respond(struct h2_session *s, struct call *c, unsigned int http, bool body);
void h2_session_resume(struct h2_session *s, struct call *c);	/* call_read has news */
void h2_session_reset(struct h2_session *s, struct call *c, uint32_t h2_error);
void h2_session_consume(struct h2_session *s, struct call *c, size_t n);

#endif
