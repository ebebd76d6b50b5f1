/* A result for people: plain text of at most TABLE_WIDTH columns. */
#ifndef BENCH_TABLE_H
#define BENCH_TABLE_H

#include "base/buf.h"
#include "bench/result.h"

#define TABLE_WIDTH 100

/* Appends all there is to say: what was run, figures (with several runs: median,
 * least, greatest), times by RPC, answers, EC2 calls, leaks, budgets, and what was
 * not measured and why. */
void bench_table_write(struct buf *out, const struct bench_result *r);

/* What a report opens with; comparisons use it too. */
void bench_table_head(struct buf *out, const struct bench_result *r);

#endif
