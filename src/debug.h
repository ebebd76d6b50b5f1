/* The daemon's own HTTP endpoint: /healthz, /debug/ops (?format=json),
 * /debug/ec2, /debug/ebs, /debug/block, /debug/loop. For people and tools on this
 * machine; it changes nothing but the lag, which counts anew from each look. */
#ifndef DEBUG_H
#define DEBUG_H

#include <stdbool.h>

#include "base/err.h"
#include "reactor/reactor.h"

struct block;
struct ebs;
struct ec2;

/* What there is to show; a NULL is not served. All outlive the debug server. */
struct debug_sources {
	struct reactor *reactor;
	const struct ec2 *ec2;
	const struct ebs *ebs;
	const struct block *block;
	const bool *stopping;	/* /healthz answers 503 once this is true */
};

struct debug;

/* endpoint as in reactor/listener.h, TCP on a loopback address only. NULL and err
 * if it cannot be served there. */
struct debug *debug_new(const struct debug_sources *sources, const char *endpoint,
			struct err *err);
const char *debug_address(const struct debug *d);
void debug_free(struct debug *d);	/* NULL is fine */

#endif
