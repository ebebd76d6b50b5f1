/* One node RPC at a time for a volume: staging excludes everything else on it,
 * publishing excludes what has the same target. */
#ifndef CSI_INFLIGHT_H
#define CSI_INFLIGHT_H

#include "base/err.h"
#include "base/list.h"
#include "base/map.h"
#include "reactor/reactor.h"

struct inflight {
	struct reactor *reactor;
	struct map volumes;	/* volume id -> struct inflight_volume */
};

struct inflight_entry {
	struct list link;
	struct inflight *set;	/* NULL: not taken */
	const char *volume;
	const char *target;	/* NULL: the whole volume */
	const char *what;
	int64_t since;		/* reactor_now() */
};

void inflight_init(struct inflight *set, struct reactor *r);
void inflight_fini(struct inflight *set);	/* must be empty */

/* Strings must live until the release; what is the RPC's name. ABORTED, naming
 * what runs and since when, when another one excludes it: then nothing is taken. */
int inflight_take(struct inflight *set, struct inflight_entry *e, const char *volume,
		  const char *target, const char *what, struct err *err);
void inflight_release(struct inflight_entry *e);	/* no-op if not taken */

#endif
