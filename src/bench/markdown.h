/* Rows for a document such as docs/performance.md. */
#ifndef BENCH_MARKDOWN_H
#define BENCH_MARKDOWN_H

#include "base/buf.h"
#include "base/err.h"
#include "bench/result.h"

/* A table with a column for each result ("median (least-greatest)" when it has
 * several runs) and below it what was run on which machine. Rows: the metrics of the
 * paths given, or with npaths == 0 the main ones somebody measured. NOT_FOUND for a
 * path no result has. */
int markdown_write(struct buf *out, const struct bench_result *const *results,
		   const char *const *names, size_t n, const char *const *paths, size_t npaths,
		   struct err *err);

#endif
