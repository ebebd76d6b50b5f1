/* One thing wanted of a driver: a call, repeated with growing pauses until its
 * answer is good or time is up, as the sidecars repeat theirs. Measures itself. */
#ifndef BENCH_WANT_H
#define BENCH_WANT_H

#include "h2/client.h"
#include "reactor/op.h"

struct bench;
struct want;

/* Connections to one endpoint: one at a time, replaced when lost; the old one goes
 * with its last call. */
struct channel {
	struct reactor *reactor;
	const char *endpoint;	/* NULL: none */
	struct connection *current;
	uint64_t reconnects;
};
void channel_close(struct channel *c);	/* no call may be active */

/* So many calls at a time; who comes later waits in line. Zeroed: any number. */
struct workers {
	uint64_t limit, busy;
	struct list waiting;	/* of struct want; the owner initialises it */
};

struct want {
	struct op op;
	/* Set by the owner between want_init and the start. */
	struct channel *channel;
	struct workers *workers;	/* NULL: none */
	const char *path;	/* "/csi.v1.Controller/CreateVolume" */
	void (*fill)(struct want *w, struct buf *request);
	void *user;		/* for fill */
	int64_t timeout_ms;	/* of one attempt */
	int64_t give_up_ms;	/* with all repeats */
	bool once;		/* no repeat, whatever the answer */
	bool unmeasured;	/* tidying up */
	int64_t intended_us;	/* when it was to begin: what its response time counts from */

	/* The answer, after success; until op_fini. */
	struct buf *response;
	int64_t response_us;	/* of the whole */

	/* Own. */
	struct bench *bench;
	struct op_gate turn;
	struct list link;
	struct connection *connection;
	struct grpc_call call;
	struct op_sleep pause;
	int64_t sent_us, backoff_ms;
	unsigned int tries;
	bool working;		/* holds a worker */
};

/* The name is that of the path's last part. Intended to begin now. */
void want_init(struct want *w, struct bench *b, const char *path,
	       void (*fill)(struct want *w, struct buf *request), void *user);
/* "CreateVolume" */
const char *want_name(const struct want *w);

#endif
