/* JSON written key by key, so that the order is ours and lists of numbers stay on
 * one line. */
#ifndef BENCH_JSON_WRITER_H
#define BENCH_JSON_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct json_writer {
	struct buf *out;
	int depth;
	bool first;	/* nothing in the innermost object or list so far */
	int flat;	/* > 0: on one line from that depth on */
};

void jw_init(struct json_writer *w, struct buf *out);
/* key NULL: an element of a list, or the outermost value. */
void jw_open(struct json_writer *w, const char *key, char bracket);	/* '{' or '[' */
void jw_open_flat(struct json_writer *w, const char *key, char bracket);
void jw_close(struct json_writer *w, char bracket);			/* '}' or ']' */
void jw_text(struct json_writer *w, const char *key, const char *s);	/* NULL: null */
void jw_int(struct json_writer *w, const char *key, uint64_t v);	/* at most INT64_MAX */
/* The shortest decimal that reads back as the same number. */
void jw_number(struct json_writer *w, const char *key, double v);
void jw_bool(struct json_writer *w, const char *key, bool v);
void jw_null(struct json_writer *w, const char *key);

#endif
