/* Whole gzip members in memory (RFC 1952), with a limit on what comes out. */
#ifndef H2_GZIP_H
#define H2_GZIP_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/* Appends the inflated bytes of one member to out, whose max is the limit: no
 * more than that is ever inflated. -1: RESOURCE_EXHAUSTED over the limit,
 * INTERNAL for data that is no complete gzip member, nothing after it. */
int gzip_inflate(struct buf *out, struct str packed, struct err *err);
/* Appends one member. -1 when out's max is too small. */
int gzip_deflate(struct buf *out, struct str plain);

#endif
