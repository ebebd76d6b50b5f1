/* Signals on the loop. */
#ifndef REACTOR_SIGNALS_H
#define REACTOR_SIGNALS_H

#include "reactor/reactor.h"

struct signals;

/* on_signal comes on the loop for each of the n signals in list. */
struct signals *signals_new(struct reactor *r, const int *list, int n,
			    void (*on_signal)(void *ctx, int sig), void *ctx);
void signals_free(struct signals *s);

#endif
