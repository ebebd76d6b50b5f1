/* What the files of this folder share and others must not see. */
#ifndef REACTOR_INTERNAL_H
#define REACTOR_INTERNAL_H

#include <stdint.h>
#include <sys/socket.h>

#include "base/heap.h"
#include "base/list.h"

struct reactor;
struct timer;

void reactor_timer_add(struct reactor *r, struct timer *t);
void reactor_timer_del(struct reactor *r, struct timer *t);
uint64_t reactor_next_seq(struct reactor *r);

/* Roots of operation trees, for dumps. */
struct list *reactor_roots(const struct reactor *r);

/* "unix:///run/x.sock", "tcp://[::1]:80"; the caller frees. */
char *endpoint_format(const struct sockaddr *sa, socklen_t len);

/* A listening socket for this address that the service manager handed over
 * (LISTEN_FDS), or -1. Non-blocking; the caller owns it. */
int activation_take(const struct sockaddr *sa, socklen_t len);

#endif
