/* A result as a JSON document (docs/bench-result.md) and back. What is written
 * reads back to the same result. */
#ifndef BENCH_RESULT_JSON_H
#define BENCH_RESULT_JSON_H

#include "base/buf.h"
#include "base/err.h"
#include "bench/result.h"

#define BENCH_FORMAT "ebs-csi-bench result"
#define BENCH_FORMAT_VERSION 1
#define BENCH_FILE_MAX (64u << 20)	/* bytes of a document */

/* Appends the document with a line end; out's limit should be BENCH_FILE_MAX. */
void bench_json_write(struct buf *out, const struct bench_result *r);

/* NULL and err (INVALID_ARGUMENT) when the text is no JSON, no result, one of a
 * newer format, or damaged: then the path of the key is named, as in
 * "runs[0].rpcs.CreateVolume.response.count". Unknown keys are passed over. */
struct bench_result *bench_json_read(struct str text, struct err *err);

/* The same from and to a file; path "-" is standard output. Writing is all or
 * nothing where the path is an ordinary file. Errors name the path. */
struct bench_result *bench_json_load(const char *path, struct err *err);
int bench_json_save(const struct bench_result *r, const char *path, struct err *err);

#endif
