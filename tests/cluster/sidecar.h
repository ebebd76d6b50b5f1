/* A sidecar: what it wants, it asks for again and again, with as many workers as
 * it has and a back-off per item, as external-provisioner and external-attacher
 * do. */
#ifndef CLUSTER_SIDECAR_H
#define CLUSTER_SIDECAR_H

#include "call.h"

struct cluster;
struct life;
struct node;

enum rpc_kind { RPC_CREATE, RPC_PUBLISH, RPC_UNPUBLISH, RPC_DELETE, RPC_KINDS };
extern const char *const rpc_names[RPC_KINDS];

struct sidecar {
	struct cluster *cluster;
	unsigned int workers, busy;
	int64_t timeout_ms, retry_min_ms, retry_max_ms;
	double duplicate, impatient;	/* chances of a second call, of hanging up */
	struct list waiting;		/* wants that are due, for a worker */
};

/* One thing wanted of the controller, until the answer is OK, or the owner has
 * enough. */
struct want {
	struct list link;
	struct sidecar *sidecar;
	struct life *life;
	enum rpc_kind kind;
	struct node *node;	/* publish, unpublish */
	struct call *calls[2];	/* the second: a duplicate */
	unsigned int open;	/* of them */
	struct answer best;	/* of the calls of this try; arena's memory */
	struct arena arena;
	struct timer again, hang_up;
	int64_t backoff;
	unsigned int tries;
	bool active;	/* wanted */
	/* After each try that has ended; true: try again. Not after want_stop. */
	bool (*tried)(struct want *w, const struct answer *a);
};

void sidecar_init(struct sidecar *s, struct cluster *c);

void want_init(struct want *w, struct sidecar *s, struct life *l, enum rpc_kind kind,
	       bool (*tried)(struct want *w, const struct answer *a));
void want_start(struct want *w, struct node *n);	/* not while active */
/* No further try; a call under way is hung up on. */
void want_stop(struct want *w);
/* The client loses patience with the calls under way. */
void want_hang_up(struct want *w);
bool want_idle(const struct want *w);	/* no call is under way, none will be */
void want_fini(struct want *w);

#endif
