/* A connected stream socket (unix or TCP) on the loop: reads pushed to the
 * owner, writes queued with a mark for back-pressure. */
#ifndef REACTOR_SOCK_H
#define REACTOR_SOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "reactor/reactor.h"

struct sock;

struct sock_handler {
	/* Bytes arrived; the memory is the reactor's and valid for the call. */
	void (*data)(void *ctx, const void *p, size_t n);
	/* The peer ended its side (err not set) or the socket broke (err set).
	 * Comes at most once, no data after it. The owner calls sock_close. */
	void (*eof)(void *ctx, const struct err *err);
	/* Queued output fell below the mark after sock_write had reported it
	 * above. May be NULL. */
	void (*drained)(void *ctx);
	/* After sock_close: last callback, the struct is freed after it returns.
	 * May be NULL. */
	void (*closed)(void *ctx);
};

#define SOCK_HIGH_MARK (256u << 10)	/* bytes of queued output */

/* Takes over a connected, non-blocking fd. */
struct sock *sock_new(struct reactor *r, int fd, const struct sock_handler *h, void *ctx);
#define SOCK_QUEUE_MAX (64u << 20)	/* more than that queued breaks the socket */

/* Copies the bytes, writes what the kernel takes at once and queues the rest.
 * True while the queue is below SOCK_HIGH_MARK. Errors arrive by eof, never from
 * inside this call; on a broken socket it is a no-op. */
bool sock_write(struct sock *s, const void *p, size_t n);
size_t sock_queued(const struct sock *s);
void sock_pause(struct sock *s, bool on);	/* stop / resume reading */
/* Flushes what is queued, ends our side and reads away what the peer still sends
 * until it ends its own (else TCP could cut off what it has not read yet), all
 * for at most flush_ms; then closes. 0 drops what is queued and closes at once.
 * No callbacks but closed after this, and that never from inside this call. */
void sock_close(struct sock *s, int flush_ms);
int sock_fd(const struct sock *s);

/* Connects; an endpoint as in listener.h. 0 and *ret, a descriptor for sock_new,
 * or -1. Unix sockets connect at once; TCP without blocking: a failure arrives
 * by eof. */
int sock_connect(const char *endpoint, int *ret, struct err *err);

#endif
