/* Whole files, read and written at once. */
#ifndef BENCH_FILE_H
#define BENCH_FILE_H

#include "base/buf.h"
#include "base/err.h"

/* Path "-" is standard input. -1 and err (with the path) on errors and on more
 * bytes than the limit of ret. */
int bench_file_read(const char *path, struct buf *ret, struct err *err);

/* Path "-" is standard output. An ordinary file appears as a whole or stays as it
 * was: written beside, synced and renamed. What is no ordinary file (a pipe, a
 * terminal) is written to. Refuses a text that overflowed its buffer. */
int bench_file_write(const char *path, const struct buf *text, struct err *err);

#endif
