/* Readiness of a descriptor that something else owns (netlink, seqpacket,
 * mountinfo). A leaf of libuv's poll handle. */
#ifndef REACTOR_WATCH_H
#define REACTOR_WATCH_H

#include "reactor/reactor.h"

struct watch;

enum { WATCH_READ = 1, WATCH_WRITE = 2, WATCH_PRIO = 4 };

/* on_ready may come spuriously; level-triggered. The fd stays the caller's. A
 * broken descriptor shows as ready for everything: the read or write on it tells
 * why. NULL if fd cannot be polled (a regular file, a closed one). */
struct watch *watch_new(struct reactor *r, int fd, int events,
			void (*on_ready)(void *ctx, int events), void *ctx);
void watch_set(struct watch *w, int events);	/* 0 pauses */
/* No callback after this; the caller may close the fd at once. The struct is
 * freed by the loop later. NULL is fine. */
void watch_close(struct watch *w);

#endif
