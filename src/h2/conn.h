/* One connection of the server: a session on a socket. Internal to h2. */
#ifndef H2_CONN_H
#define H2_CONN_H

#include "base/list.h"
#include "h2/host.h"

struct h2_conn;

/* Takes over fd. on_gone is the last thing heard of it; it is freed after. Not
 * called from inside h2_conn_new. */
struct h2_conn *h2_conn_new(struct h2_host *host, int fd,
			    void (*on_gone)(void *ctx, struct h2_conn *c), void *ctx);
struct list *h2_conn_link(struct h2_conn *c);	/* for the owner's list */
struct h2_conn *h2_conn_of(struct list *link);

/* GOAWAY now; closes once its calls have ended. */
void h2_conn_drain(struct h2_conn *c);
/* Answers open calls with err, then closes within a second. */
void h2_conn_finish(struct h2_conn *c, const struct err *err);
/* Closes at once; open calls end as CANCELLED. on_gone is not called any more. */
void h2_conn_cut(struct h2_conn *c);

#endif
