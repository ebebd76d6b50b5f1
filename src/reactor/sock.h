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
/* Copies the bytes, writes what the kernel takes at once and queues the rest.
 * True while the queue is below SOCK_HIGH_MARK. Errors arrive by eof. */
bool sock_write(struct sock *s, const void *p, size_t n);
size_t sock_queued(const struct sock *s);
void sock_pause(struct sock *s, bool on);	/* stop / resume reading */
/* Flushes what is queued (for at most flush_ms, 0 = drop it), then closes. No
 * callbacks but closed after this. */
void sock_close(struct sock *s, int flush_ms);
int sock_fd(const struct sock *s);

/* Connects; an endpoint as in listener.h. On success *ret is a connected fd.
 * Unix sockets connect at once; TCP without blocking: the first write or read
 * reports failure. */
int sock_connect(const char *endpoint, int *ret, struct err *err);

#endif
