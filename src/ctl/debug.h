/* GET from the daemon's debug endpoint. */
#ifndef CTL_DEBUG_H
#define CTL_DEBUG_H

#include "base/buf.h"
#include "base/err.h"
#include "reactor/reactor.h"

/* The body of target ("/debug/ops") into ret, which is initialised by the caller.
 * -1 and err: not connected (UNAVAILABLE), no answer within ms, or not a 200. */
int ctl_debug_get(struct reactor *r, const char *endpoint, const char *target, int64_t ms,
		  struct buf *ret, struct err *err);

#endif
